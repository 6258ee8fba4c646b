"""The operator's page `/github-app`: an App is made on GitHub from a manifest, and its secrets are kept.

Three steps: a form of this page gets a state and a form for GitHub; GitHub sends the browser back with a
code, which is exchanged at once, and the browser is sent on to an address without it; the secrets go to a
file, or are shown once. An owner of a project never sees this page.
"""

import json
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from reconciler.errors import ReconcilerError, UsageError
from reconciler.logs import EventLogger
from reconciler.model.webhook import APP_WEBHOOK_PATH, PUBLIC_URL_MISSING, WEBHOOK_EVENTS
from reconciler.ports import AppSetup, NewApp
from reconciler.web.middleware import build_content_security_policy
from reconciler.web.pages.page import FlashMessage, PageResponder
from reconciler.web.security.access_control import Visitor, raise_not_found
from reconciler.web.security.sessions import OperatorSession
from reconciler.web.site import Site, parse_origin

log = EventLogger(__name__)
PAGE_PATH = "/github-app"
KEEP_SECONDS = 600.0
"""How long the secrets of a new App wait to be shown."""
MAX_WAITING_APPS = 8
WRONG_STATE = (
    "This address was not asked for by this sign-in, or was used already, or is older than an hour: nothing"
    " was done with it."
)
MAX_NAME_CHARACTERS = 34
"""Of an App's name on GitHub, where it can be changed before the App is made."""
APP_PERMISSIONS = {"issues": "write", "metadata": "read", "repository_hooks": "write"}
CREATED_PATH = "/github-app/created"
"""Where GitHub sends the browser back to, with the code."""
_ORGANIZATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestForm:
    """A form that is sent to GitHub."""

    action: str
    manifest: str  # JSON
    origin: str  # GitHub's, for the Content-Security-Policy


def build_manifest_form(site: Site, organization: str, state: str) -> ManifestForm:
    """Return the form that asks GitHub to make an App.

    It belongs to `organization` or, without one, to the person who sends the form. `site`: with
    `web.public_url`. Raises UsageError for what is no name of an organization.
    """
    if organization and not _ORGANIZATION.fullmatch(organization):
        raise UsageError("This is no name of an organization on GitHub: write it as in its address there.")
    whose = f"/organizations/{organization}" if organization else ""
    return ManifestForm(
        action=f"{site.github_url}{whose}/settings/apps/new?{urlencode({'state': state})}",
        manifest=json.dumps(build_manifest(site.public_url)),
        origin=parse_origin(site.github_url) or "",
    )


def build_manifest(public_url: str) -> dict[str, object]:
    """Return the manifest of an App that is private to its owner. `public_url`: of this service."""
    host = urlsplit(public_url).hostname or ""
    return {
        "name": f"BugSpark sync {host}"[:MAX_NAME_CHARACTERS].rstrip(" .-"),
        "url": public_url,
        "description": "Keeps BugSpark reports and GitHub issues equal.",
        "public": False,
        "hook_attributes": {"url": f"{public_url}{APP_WEBHOOK_PATH}", "active": True},
        "redirect_url": f"{public_url}{CREATED_PATH}",
        "default_permissions": APP_PERMISSIONS,
        "default_events": list(WEBHOOK_EVENTS),
    }


@dataclass(slots=True)
class WaitingApps:
    """New Apps whose secrets are to be shown once, in memory: the newest of each session."""

    _apps: OrderedDict[str, tuple[NewApp, float]] = field(default_factory=OrderedDict)

    def put(self, session: OperatorSession, app: NewApp, now: float) -> None:
        """Keep an App for KEEP_SECONDS. `now`: monotonic seconds."""
        self._drop_expired(now)
        self._apps[session.nonce] = (app, now + KEEP_SECONDS)
        if len(self._apps) > MAX_WAITING_APPS:
            self._apps.popitem(last=False)

    def is_waiting(self, session: OperatorSession, now: float) -> bool:
        """Whether an App waits for this session."""
        self._drop_expired(now)
        return session.nonce in self._apps

    def take(self, session: OperatorSession, now: float) -> NewApp | None:
        """Return this session's App and forget it."""
        self._drop_expired(now)
        found = self._apps.pop(session.nonce, None)
        return None if found is None else found[0]

    def _drop_expired(self, now: float) -> None:
        for nonce in [nonce for nonce, (_, until) in self._apps.items() if until <= now]:
            del self._apps[nonce]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSetupPage:
    """The page and its forms. All raise HTTPException 401 without a sign-in, 404 for any but the operator."""

    frame: PageResponder
    setup: AppSetup
    waiting: WaitingApps = field(default_factory=WaitingApps)

    async def render(self, request: Request) -> Response:
        """Render the page. It never has a secret."""
        visitor, session = await self._require_operator(request)
        return self._render_page(
            request, visitor, is_waiting=self.waiting.is_waiting(session, self._now), secrets=None
        )

    async def begin(self, request: Request) -> Response:
        """Render the form for GitHub, with a new state. Its page alone may send a form to GitHub."""
        visitor, session = await self._require_operator(request)
        fields = await self.frame.form_reader.read_form(request, visitor.subject)
        site = self.frame.access_control.site
        if not site.public_url:
            return self._redirect_with_problem(visitor, f"{PUBLIC_URL_MISSING}.")
        try:
            state = await self.frame.access_control.sessions.offer_app_state(session)
            form = build_manifest_form(site, fields.get("organization", "").strip(), state)
        except UsageError as error:
            return self._redirect_with_problem(visitor, str(error))
        answer = self.frame.render(request, visitor, "app_manifest.html", form=form)
        answer.headers["content-security-policy"] = build_content_security_policy(form.origin)
        return answer

    async def finish(self, request: Request) -> Response:
        """Exchange the code in the address, keep the secrets, and redirect to an address without the code."""
        access_control = self.frame.access_control
        visitor = await access_control.identify_visitor(request)
        if visitor is None:  # not the usual redirect: it would carry the code on
            return RedirectResponse(f"{access_control.site.path_prefix}/sign-in?next={PAGE_PATH}", 303)
        session = visitor.session or raise_not_found()
        query = request.query_params
        if not await access_control.sessions.use_app_state(session, query.get("state", "")):
            log.warning("a state of a GitHub App was refused")
            return self._redirect_with_problem(visitor, WRONG_STATE)
        try:
            app = await self.setup.convert_code(query.get("code", ""))
        except ReconcilerError as error:
            return self._redirect_with_problem(visitor, str(error))
        log.info("a GitHub App was made", app=app.id)
        return self.frame.redirect(visitor, PAGE_PATH, FlashMessage(text=self._keep_secrets(app, session)))

    async def reveal(self, request: Request) -> Response:
        """Render the secrets that wait, and forget them."""
        visitor, session = await self._require_operator(request)
        await self.frame.form_reader.read_form(request, visitor.subject)
        app = self.waiting.take(session, self._now)
        if app is None:
            return self._redirect_with_problem(visitor, "Nothing waits to be shown: it is shown once.")
        log.info("secrets of a GitHub App shown", app=app.id)
        return self._render_page(request, visitor, is_waiting=False, secrets=app)

    def _keep_secrets(self, app: NewApp, session: OperatorSession) -> str:
        """Write the secrets to a file, or let them wait; return a sentence about it."""
        file = self.setup.save(app)
        if file is not None:
            where = f"what goes into the configuration is in {file}"
        else:
            self.waiting.put(session, app, self._now)
            where = "what goes into the configuration waits below, to be shown once"
        return f"GitHub has made the App {app.slug} (id {app.id}), {app.address}; {where}."

    async def _require_operator(self, request: Request) -> tuple[Visitor, OperatorSession]:
        visitor = await self.frame.access_control.require_visitor(request)
        return visitor, visitor.session or raise_not_found()

    def _render_page(
        self, request: Request, visitor: Visitor, *, is_waiting: bool, secrets: NewApp | None
    ) -> Response:
        site = self.frame.access_control.site
        return self.frame.render(
            request,
            visitor,
            "github_app.html",
            is_ready=bool(site.public_url),
            unset=PUBLIC_URL_MISSING,
            is_waiting=is_waiting,
            secrets=secrets,
            apps_url=f"{site.github_url}/settings/apps",
        )

    def _redirect_with_problem(self, visitor: Visitor, text: str) -> Response:
        return self.frame.redirect(visitor, PAGE_PATH, FlashMessage(text=text, is_problem=True))

    @property
    def _now(self) -> float:
        return self.frame.clock.monotonic()


def router(page: AppSetupPage) -> APIRouter:
    """Build the routes."""
    api_router = APIRouter(include_in_schema=False)

    @api_router.get(PAGE_PATH)
    async def show(request: Request) -> Response:
        return await page.render(request)

    @api_router.post(PAGE_PATH)
    async def begin(request: Request) -> Response:
        return await page.begin(request)

    @api_router.get(CREATED_PATH)
    async def finish(request: Request) -> Response:
        return await page.finish(request)

    @api_router.post(f"{PAGE_PATH}/reveal")
    async def reveal(request: Request) -> Response:
        return await page.reveal(request)

    return api_router

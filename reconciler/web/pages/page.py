"""The parts that all signed-in pages share: frame, forms, the message after a form, the outage notice.

visitor = await frame.access_control.require_visitor(request)
return frame.render(request, visitor, "project.html", every=10, …)
return await frame.handle_form(request, project_id, f"/projects/{project_id}", action)

The outage notice at the end is pure (docs/reference/looks.md, Rules).
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from reconciler.errors import DatabaseError, ReconcilerError
from reconciler.logs import EventLogger
from reconciler.model.ids import ProjectId, parse_uuid
from reconciler.model.passes import Outcome, PassResult
from reconciler.model.viewer import Actor
from reconciler.ports import Clock
from reconciler.web.middleware import route_pattern
from reconciler.web.pages.templating import Templates
from reconciler.web.security.access_control import AccessControl, Visitor, raise_not_found
from reconciler.web.security.cross_origin import FormReader

log = EventLogger(__name__)
FormAction = Callable[[Actor, Mapping[str, str]], Awaitable[str]]
"""Runs a form's command for somebody and returns a sentence about the result, or raises a ReconcilerError."""
MAX_FLASH_CHARACTERS = 800
"""Length limit of a message."""
MAX_FLASH_COOKIE_BYTES = 3500
"""Limit of a message in its cookie. Browsers drop cookies over 4 KiB, with name and signature."""
FLASH_SECONDS = 60
"""Lifetime of the message until the next page shows it."""
LIVE_REFRESH_HEADER = "x-live"
"""The header of a request that only refreshes a page: it does not consume the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashMessage:
    """The result of the form that was sent before this page."""

    text: str
    is_problem: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContext:
    """The values that `base.html` and the macros of `ui.html` use."""

    viewer_name: str  # of the visitor
    form_token: str  # goes into every form
    may_sign_out: bool  # the visitor signed in by password
    now: datetime
    flash: FlashMessage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResponder:
    """Renders pages and handles forms for signed-in visitors."""

    access_control: AccessControl
    form_reader: FormReader
    templates: Templates
    clock: Clock

    def render(
        self,
        request: Request,
        visitor: Visitor,
        template: str,
        status: HTTPStatus = HTTPStatus.OK,
        **values: object,
    ) -> Response:
        """Render a page. With `every=SECONDS` in the values, its `data-live` parts are refreshed."""
        fresh = LIVE_REFRESH_HEADER in request.headers
        page = PageContext(
            viewer_name=visitor.viewer.name,
            form_token=self.access_control.sessions.form_token(visitor.subject),
            may_sign_out=visitor.session is not None,
            now=self.clock.now(),
            flash=None if fresh else self._read_flash(request, visitor),
        )
        answer = self.templates.render(template, status, page=page, **values)
        if self._flash_cookie_name in request.cookies and not fresh:
            self.access_control.set_cookie(answer, self._flash_cookie_name, "", 0)
        return answer

    async def handle_form(
        self, request: Request, project_id: ProjectId, back: str, action: FormAction
    ) -> Response:
        """Run the action of a form if the visitor may change the project, then redirect to `back`.

        That page shows the result or the reason of a failure. Raises HTTPException (401, 403, 404 and those
        of `FormReader.read_form`), DatabaseError.
        """
        visitor = await self.access_control.require_visitor(request)
        await self.access_control.require_change_access(visitor.viewer, project_id)
        form = await self.form_reader.read_form(request, visitor.subject)
        try:
            message = FlashMessage(text=await action(visitor.actor, form))
        except DatabaseError:
            raise
        except ReconcilerError as error:
            message = FlashMessage(
                text=await self.access_control.error_text(visitor.viewer, error), is_problem=True
            )
        kind = "refused" if message.is_problem else "done"
        log.info(
            "page",
            what=kind,
            by=visitor.subject.partition(" ")[0],
            user=_user_id_text(visitor),
            route=route_pattern(request.scope),
        )
        return self.redirect(visitor, back, message)

    async def authenticated_project_id(self, request: Request, text: str) -> ProjectId:
        """Parse a project's id. Raises HTTPException 401 without a sign-in, else 404 if it is no id."""
        await self.access_control.require_visitor(request)
        uuid = parse_uuid(text)
        return ProjectId(uuid) if uuid is not None else raise_not_found()

    def redirect(self, visitor: Visitor, path: str, message: FlashMessage | None = None) -> Response:
        """Redirect to a page of this site, which shows the message once."""
        answer = RedirectResponse(f"{self.access_control.site.path_prefix}{path}", HTTPStatus.SEE_OTHER)
        if message is not None:
            payload = _encode_flash(message)
            signed = f"{payload}.{self._flash_mac(visitor, payload)}"
            self.access_control.set_cookie(answer, self._flash_cookie_name, signed, FLASH_SECONDS)
        return answer

    def _read_flash(self, request: Request, visitor: Visitor) -> FlashMessage | None:
        payload, _, mac = request.cookies.get(self._flash_cookie_name, "").partition(".")
        if not mac or not compare_digest(mac.encode(), self._flash_mac(visitor, payload).encode()):
            return None
        text, problem = json.loads(urlsafe_b64decode(payload))
        return FlashMessage(text=text, is_problem=problem)

    def _flash_mac(self, visitor: Visitor, payload: str) -> str:
        return self.access_control.sessions.form_token(f"said {visitor.subject} {payload}")

    @property
    def _flash_cookie_name(self) -> str:
        return f"{self.access_control.session_cookie_name}-said"


def _encode_flash(message: FlashMessage) -> str:
    """Encode a message for its cookie, cut to fit: it may contain untrusted text of any length."""
    text = message.text[:MAX_FLASH_CHARACTERS]
    while True:
        payload = urlsafe_b64encode(
            json.dumps([text, message.is_problem], ensure_ascii=False).encode()
        ).decode()
        if len(payload) <= MAX_FLASH_COOKIE_BYTES:
            return payload
        text = text[: len(text) * 3 // 4]


def _user_id_text(visitor: Visitor) -> str | None:
    user = visitor.viewer.user_id
    return None if user is None else str(user)


OUTAGE_ERROR_KIND = "github"
"""`errors.GitHubError.kind`: no answer, a 5xx after retries, or an unreadable answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A last pass that GitHub did not answer. `next_at`: the time of the next automatic pass."""

    reason: str
    failures: int
    next_at: datetime | None


def outage_of_pass(last: PassResult | None) -> Outage | None:
    """Return the outage; None if the last pass did not fail because of GitHub."""
    if (
        last is None
        or last.outcome is not Outcome.FAILED
        or last.error is None
        or last.error.kind != OUTAGE_ERROR_KIND
    ):
        return None
    return Outage(reason=last.error.message, failures=last.failures, next_at=last.next_at)


def longest_outage(outages: Iterable[Outage | None]) -> Outage | None:
    """Return the outage with the most failures, because one notice is enough; None without any."""
    return max(
        (outage for outage in outages if outage is not None), key=lambda outage: outage.failures, default=None
    )

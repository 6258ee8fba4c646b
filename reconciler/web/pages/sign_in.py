"""The pages `/sign-in` and `/sign-out` of the operator: by password, or by an address of `reconcile open`.

BugSpark's users have BugSpark's cookie.
"""

from dataclasses import dataclass
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from reconciler.errors import LimitedError
from reconciler.logs import EventLogger
from reconciler.web.pages.templating import Templates
from reconciler.web.security.access_control import AccessControl
from reconciler.web.security.cross_origin import FormReader
from reconciler.web.security.passwords import GUESS_WINDOW_SECONDS, PasswordChecker
from reconciler.web.security.sessions import SESSION_LIFETIME

log = EventLogger(__name__)
USED_OFFER = (
    "This address has been used, is older than five minutes, or belongs to another database: run"
    " `reconcile open` again, with the daemon’s configuration."
)
MAX_ADDRESS_LENGTH = 64
"""Client addresses are cut to this length; the longest IPv6 address is shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPage:
    """The sign-in page and its forms."""

    access_control: AccessControl
    form_reader: FormReader
    password_checker: PasswordChecker
    templates: Templates
    has_password: bool

    async def render(self, request: Request, onward: str) -> Response:
        """Render the form, or redirect a visitor who is already signed in to the path `onward`."""
        if await self.access_control.identify_visitor(request) is not None:
            # With an empty fragment of its own: a browser would carry that of `reconcile open` on.
            return self._redirect(onward, fragment="#")
        return self._render_form(onward, None, HTTPStatus.OK)

    async def sign_in(self, request: Request) -> Response:
        """Check password or token and start a session. Raises HTTPException for a form from elsewhere."""
        form = await self.form_reader.read_form(request, None)
        onward, address = form.get("next", "/"), _client_address(request)
        if token := form.get("token", ""):
            return await self._sign_in_by_offer(token, onward, address)
        try:
            right = await self.password_checker.check_guess(form.get("password", ""), address)
        except LimitedError as limited:
            log.warning("sign-in throttled", address=address)
            answer = self._render_form(onward, str(limited), HTTPStatus.TOO_MANY_REQUESTS)
            answer.headers["retry-after"] = f"{GUESS_WINDOW_SECONDS:.0f}"
            return answer
        if not right:
            log.warning("sign-in refused", address=address)
            return self._render_form(onward, "That is not the password.", HTTPStatus.UNAUTHORIZED)
        return self._start_session("password", onward, address)

    async def _sign_in_by_offer(self, token: str, onward: str, address: str) -> Response:
        """Exchange a token of `reconcile open` for a session."""
        if await self.access_control.sessions.use_offer(token):
            return self._start_session("open", onward, address)
        log.warning("sign-in refused", address=address)
        return self._render_form(onward, USED_OFFER, HTTPStatus.UNAUTHORIZED)

    def _start_session(self, method: str, onward: str, address: str) -> Response:
        log.info("operator signed in", method=method, address=address)
        answer = self._redirect(onward)
        self._set_session_cookie(
            answer, self.access_control.sessions.create_token(), int(SESSION_LIFETIME.total_seconds())
        )
        return answer

    async def sign_out(self, request: Request) -> Response:
        """End the operator's session. BugSpark users sign out in BugSpark."""
        visitor = await self.access_control.require_visitor(request)
        await self.form_reader.read_form(request, visitor.subject)
        answer = self._redirect("/sign-in")
        if visitor.session is not None:
            await self.access_control.sessions.end(visitor.session)
            self._set_session_cookie(answer, "", 0)
        return answer

    def _render_form(self, onward: str, problem: str | None, status: HTTPStatus) -> Response:
        site = self.access_control.site
        return self.templates.render(
            "sign_in.html",
            status,
            next=safe_local_path(onward),
            problem=problem,
            by_password=self.has_password,
            by_bugspark=bool(self.access_control.jwt_secret),
            dashboard=site.dashboard_url,
        )

    def _redirect(self, path: str, *, fragment: str = "") -> RedirectResponse:
        prefix = self.access_control.site.path_prefix
        return RedirectResponse(f"{prefix}{safe_local_path(path)}{fragment}", HTTPStatus.SEE_OTHER)

    def _set_session_cookie(self, answer: Response, value: str, seconds: int) -> None:
        self.access_control.set_cookie(answer, self.access_control.session_cookie_name, value, seconds)


def router(sign_in: SignInPage) -> APIRouter:
    """Build the routes."""
    api_router = APIRouter(include_in_schema=False)

    @api_router.get("/sign-in")
    async def page(request: Request) -> Response:
        return await sign_in.render(request, request.query_params.get("next", "/"))

    @api_router.post("/sign-in")
    async def attempt(request: Request) -> Response:
        return await sign_in.sign_in(request)

    @api_router.post("/sign-out")
    async def leave(request: Request) -> Response:
        return await sign_in.sign_out(request)

    return api_router


def _client_address(request: Request) -> str:
    """Return the client's address, cut: a proxy may pass any text."""
    return request.client.host[:MAX_ADDRESS_LENGTH] if request.client else "?"


def safe_local_path(path: str) -> str:
    """Return the path if it stays on this site; any other becomes "/"."""
    safe = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if safe else "/"

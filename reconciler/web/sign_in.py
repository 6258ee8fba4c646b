"""Signing in and out: the operator by password. BugSpark's users come with BugSpark's own cookie."""

from dataclasses import dataclass
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from reconciler.errors import LimitedError
from reconciler.logs import Log
from reconciler.web.entrance import Entrance
from reconciler.web.passwords import WINDOW, Passwords
from reconciler.web.sessions import LASTS
from reconciler.web.templating import Pages

log = Log(__name__)
ADDRESS = 64
"""Characters of an address that are counted and logged; the longest IPv6 address has fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """The page, and what becomes of its form."""

    entrance: Entrance
    passwords: Passwords
    pages: Pages
    by_password: bool

    async def page(self, request: Request, onward: str) -> Response:
        """The form, or straight on for who is known already."""
        if await self.entrance.visitor(request) is not None:
            return self._onward(onward)
        return self._form(onward, None, HTTPStatus.OK)

    async def attempt(self, request: Request) -> Response:
        """A password. Raises HTTPException for a form that was not sent from here."""
        form = await self.entrance.form(request, None)
        onward, address = form.get("next", "/"), _address(request)
        try:
            right = await self.passwords.fits(form.get("password", ""), address)
        except LimitedError as limited:
            log.warning("sign-in throttled", address=address)
            answer = self._form(onward, str(limited), HTTPStatus.TOO_MANY_REQUESTS)
            answer.headers["retry-after"] = f"{WINDOW:.0f}"
            return answer
        if not right:
            log.warning("sign-in refused", address=address)
            return self._form(onward, "That is not the password.", HTTPStatus.UNAUTHORIZED)
        log.info("operator signed in", address=address)
        answer = self._onward(onward)
        self._set_cookie(answer, self.entrance.sessions.begin(), int(LASTS.total_seconds()))
        return answer

    async def leave(self, request: Request) -> Response:
        """End the operator's session; a BugSpark user's is BugSpark's to end."""
        visitor = await self.entrance.who(request)
        await self.entrance.form(request, visitor)
        answer = self._onward("/sign-in")
        if visitor.session is not None:
            self.entrance.sessions.end(visitor.session)
            self._set_cookie(answer, "", 0)
        return answer

    def _form(self, onward: str, problem: str | None, status: HTTPStatus) -> Response:
        site = self.entrance.site
        return self.pages.show(
            "sign_in.html",
            status,
            next=local(onward),
            problem=problem,
            by_password=self.by_password,
            by_bugspark=bool(self.entrance.jwt_secret),
            dashboard=site.dashboard_url,
        )

    def _onward(self, path: str) -> RedirectResponse:
        return RedirectResponse(f"{self.entrance.site.prefix}{local(path)}", HTTPStatus.SEE_OTHER)

    def _set_cookie(self, answer: Response, value: str, seconds: int) -> None:
        answer.set_cookie(
            self.entrance.cookie,
            value,
            max_age=seconds,
            path="/",
            secure=self.entrance.site.https,
            httponly=True,
            samesite="lax",
        )


def router(sign_in: SignIn) -> APIRouter:
    """`/sign-in` and `/sign-out`."""
    made = APIRouter(include_in_schema=False)

    @made.get("/sign-in")
    async def page(request: Request) -> Response:
        return await sign_in.page(request, request.query_params.get("next", "/"))

    @made.post("/sign-in")
    async def attempt(request: Request) -> Response:
        return await sign_in.attempt(request)

    @made.post("/sign-out")
    async def leave(request: Request) -> Response:
        return await sign_in.leave(request)

    return made


def _address(request: Request) -> str:
    """Where somebody comes from; a proxy may have put anything there."""
    return request.client.host[:ADDRESS] if request.client else "?"


def local(path: str) -> str:
    """A path of ours to go on to; anything that could lead elsewhere becomes "/"."""
    safe = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if safe else "/"

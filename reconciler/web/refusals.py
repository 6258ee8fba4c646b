"""Errors as pages for people and as JSON for programs: what to do, and what still works.

Source: docs/reference/looks.md.
"""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from reconciler.errors import DatabaseError
from reconciler.web.site import Site
from reconciler.web.templating import Pages

TITLES = {
    HTTPStatus.UNAUTHORIZED: "Sign in first",
    HTTPStatus.FORBIDDEN: "You may look, but not change this",
    HTTPStatus.NOT_FOUND: "Not here, or not yours",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database is away",
}
WHAT = {
    HTTPStatus.UNAUTHORIZED: "Your session is over, or there was none. Nothing was changed.",
    HTTPStatus.NOT_FOUND: "There is nothing at this address, or it belongs to a project that is not yours.",
}
STILL = {
    HTTPStatus.UNAUTHORIZED: (
        "Syncing goes on without anybody signed in, and GitHub’s deliveries are taken in.",
        "/healthz and /readyz answer without a sign-in.",
    ),
    HTTPStatus.FORBIDDEN: (
        "Every page of the project can be read, and keeps itself fresh.",
        "Its owner in BugSpark can do what you wanted to, and so can the operator.",
    ),
    HTTPStatus.NOT_FOUND: (
        "The overview lists every project that is yours.",
        "A project that somebody shares with you appears there once you accept their invitation in BugSpark.",
    ),
}
AWAY = (
    "Reports and comments in BugSpark and on GitHub are untouched; changes made meanwhile are found.",
    "Every write that was under way is written down, and is looked for before anything is sent again.",
    "/healthz and /readyz go on answering; the second says what exactly is wrong.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """Answers to what went wrong."""

    site: Site
    pages: Pages

    def install(self, app: FastAPI) -> None:
        """Let the application answer errors this way."""
        app.add_exception_handler(HTTPException, self.refused)
        app.add_exception_handler(DatabaseError, self.away)

    async def refused(self, request: Request, error: Exception) -> Response:
        """What a route raised, or the lack of one."""
        assert isinstance(error, HTTPException)
        status = HTTPStatus(error.status_code)
        if not for_people(request):
            return JSONResponse({"detail": _detail(error)}, status, error.headers)
        if status is HTTPStatus.UNAUTHORIZED and request.method == "GET":
            return RedirectResponse(
                f"{self.site.prefix}/sign-in?next={quote(self._here(request))}", HTTPStatus.SEE_OTHER
            )
        answer = self._page(status, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    async def away(self, request: Request, _error: Exception) -> Response:
        """The database. What exactly is wrong is told to the operator, by `/readyz` and the log."""
        status, later = HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "10"}
        if not for_people(request):
            return JSONResponse({"detail": "The database can't be used now."}, status, later)
        what = "It does not answer, or can't be written to. What you asked for was not begun."
        answer = self._page(
            status, what, AWAY, onward=self._here(request) if request.method == "GET" else "/"
        )
        answer.headers.update(later)
        return answer

    def _page(
        self, status: HTTPStatus, detail: str, still: tuple[str, ...] = (), onward: str | None = None
    ) -> Response:
        signed_out = status is HTTPStatus.UNAUTHORIZED
        return self.pages.show(
            "error.html",
            status,
            title=TITLES.get(status, status.phrase),
            what=WHAT.get(status, detail),
            still=still or STILL.get(status, ()),
            onward=onward or ("/sign-in" if signed_out else "/"),
            onward_text="Try again" if onward else "Sign in" if signed_out else "To the overview",
        )

    def _here(self, request: Request) -> str:
        """The address asked for, as our own links know it."""
        path = request.url.path.removeprefix(self.site.prefix) or "/"
        return f"{path}?{request.url.query}" if request.url.query else path


def _detail(error: HTTPException) -> str:
    """Of an address without a route the same as of a thing that is not there."""
    return "Not found." if error.status_code == HTTPStatus.NOT_FOUND else error.detail


def for_people(request: Request) -> bool:
    """A browser asks for a page. Whatever is below /api/ is for programs, whoever asks."""
    return "text/html" in request.headers.get("accept", "") and "/api/" not in request.url.path

"""Error responses, as pages for people and as JSON for programs: what to do, and what still works.

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
from reconciler.web.pages.templating import Templates
from reconciler.web.security.cross_origin import RefusedFormError
from reconciler.web.site import Site

TITLES_BY_STATUS = {
    HTTPStatus.BAD_REQUEST: "This request can’t be used",
    HTTPStatus.UNAUTHORIZED: "Sign in first",
    HTTPStatus.FORBIDDEN: "You may look, but not change this",
    HTTPStatus.NOT_FOUND: "Not found",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address takes no such request",
    HTTPStatus.REQUEST_TIMEOUT: "The request came too slowly",
    HTTPStatus.CONFLICT: "This is not possible now",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "This is too large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "This is no form",
    HTTPStatus.SERVICE_UNAVAILABLE: "Too busy",
}
EXPLANATIONS_BY_STATUS = {
    HTTPStatus.UNAUTHORIZED: "Your session is over, or there was none. Nothing was changed.",
    HTTPStatus.NOT_FOUND: "There is nothing at this address, or you have no access to it.",
    HTTPStatus.METHOD_NOT_ALLOWED: "It has a page, or takes a form, but not both. Nothing was changed.",
    HTTPStatus.REQUEST_TIMEOUT: "It was not complete in time. Nothing was changed; send it again.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Nothing was changed. Send less text.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Only forms of these pages are taken here. Nothing was changed.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Nothing was changed; send it again in ten seconds.",
}
STILL_WORKING_BY_STATUS = {
    HTTPStatus.UNAUTHORIZED: (
        "Syncing goes on without anybody signed in, and GitHub’s deliveries are received.",
        "/healthz and /readyz answer without a sign-in.",
    ),
    HTTPStatus.FORBIDDEN: (
        "Every page of the project can be read, and keeps itself fresh.",
        "Its owner in BugSpark can do what you wanted to, and so can the operator.",
    ),
    HTTPStatus.NOT_FOUND: (
        "The overview lists every project that you have access to.",
        "A project that somebody shares with you appears there once you accept their invitation in BugSpark.",
    ),
}
REFUSED_FORM_TITLE = "This form was not taken"
STILL_WORKING_AFTER_REFUSED_FORM = (
    "Nothing was changed. Load the page again, and send the form from there.",
)
WITHOUT_DATABASE_TITLE = "The database is unreachable"
STILL_WORKING_WITHOUT_DATABASE = (
    "Reports and comments in BugSpark and on GitHub are untouched; changes made until then are found.",
    "Every write under way is recorded, and is searched for before anything is sent again.",
    "/healthz and /readyz go on answering; the log and reconcile status say what exactly is wrong.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPages:
    """Exception handlers that answer with a page or with JSON."""

    site: Site
    templates: Templates

    def install_handlers(self, app: FastAPI) -> None:
        """Register the handlers with the application."""
        app.add_exception_handler(HTTPException, self.answer_http_error)
        app.add_exception_handler(DatabaseError, self.answer_database_error)

    async def answer_http_error(self, request: Request, error: Exception) -> Response:
        """Answer an HTTPException, including the 404 of an unknown path."""
        assert isinstance(error, HTTPException)
        status = HTTPStatus(error.status_code)
        if not is_page_request(request):
            return JSONResponse({"detail": _detail_text(error)}, status, error.headers)
        if status is HTTPStatus.UNAUTHORIZED and request.method == "GET":
            return RedirectResponse(
                f"{self.site.path_prefix}/sign-in?next={quote(self._requested_path(request))}",
                HTTPStatus.SEE_OTHER,
            )
        title = TITLES_BY_STATUS.get(status, status.phrase)
        still: tuple[str, ...] = STILL_WORKING_BY_STATUS.get(status, ())
        if isinstance(error, RefusedFormError):
            title, still = REFUSED_FORM_TITLE, STILL_WORKING_AFTER_REFUSED_FORM
        answer = self._render(status, title, EXPLANATIONS_BY_STATUS.get(status, str(error.detail)), still)
        answer.headers.update(error.headers or {})
        return answer

    async def answer_database_error(self, request: Request, _error: Exception) -> Response:
        """Answer a DatabaseError without its text, which the operator finds in the log."""
        status, later = HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "10"}
        if not is_page_request(request):
            return JSONResponse({"detail": "The database can't be used now."}, status, later)
        what = "It does not answer, or can't be written to. What you asked for was not begun."
        answer = self._render(
            status,
            WITHOUT_DATABASE_TITLE,
            what,
            STILL_WORKING_WITHOUT_DATABASE,
            onward=self._requested_path(request) if request.method == "GET" else "/",
        )
        answer.headers.update(later)
        return answer

    def _render(
        self, status: HTTPStatus, title: str, what: str, still: tuple[str, ...], onward: str | None = None
    ) -> Response:
        signed_out = status is HTTPStatus.UNAUTHORIZED
        return self.templates.render(
            "error.html",
            status,
            title=title,
            what=what,
            still=still,
            onward=onward or ("/sign-in" if signed_out else "/"),
            onward_text="Try again" if onward else "Sign in" if signed_out else "To the overview",
        )

    def _requested_path(self, request: Request) -> str:
        """Return the requested path and query, without the site's prefix."""
        path = request.url.path.removeprefix(self.site.path_prefix) or "/"
        return f"{path}?{request.url.query}" if request.url.query else path


def _detail_text(error: HTTPException) -> str:
    """Return the error's text; for every 404 the same."""
    return "Not found." if error.status_code == HTTPStatus.NOT_FOUND else error.detail


def is_page_request(request: Request) -> bool:
    """Return whether a browser requests a page. Everything below /api/ is for programs."""
    return "text/html" in request.headers.get("accept", "") and "/api/" not in request.url.path

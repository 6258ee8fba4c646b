"""Whether a browser sent a form from a page of ours; and who else may read the API from theirs."""

from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.web.site import Site, origin_of

CORS_PATHS = ("/api/v1/projects", "/api/v1/reports")
"""What BugSpark's dashboard may read with its user's cookie. Never the webhooks."""


def is_same_origin_form(request: Request, site: Site) -> bool:
    """By Origin; where a browser leaves that out, by Sec-Fetch-Site or Referer. Nothing of these: no."""
    headers = request.headers
    ours = site.own_origins(request.url.scheme, headers.get("host", ""))
    if (origin := headers.get("origin")) is not None:
        return origin.lower() in ours
    if (fetch := headers.get("sec-fetch-site")) is not None:
        return fetch == "same-origin"
    return origin_of(headers.get("referer", "")) in ours


class CorsMiddleware:
    """An ASGI middleware: one foreign origin may read the API, and only read it."""

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._is_cors_path(scope):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        dashboard = self._site.dashboard_origin
        welcome = dashboard is not None and headers.get("origin", "").lower() == dashboard
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight_response(welcome=welcome)(
                scope, receive, _with_cors_headers(send, headers, welcome=welcome)
            )
            return
        await self._app(scope, receive, _with_cors_headers(send, headers, welcome=welcome))

    def _is_cors_path(self, scope: Scope) -> bool:
        path = scope["path"].removeprefix(self._site.prefix)
        return any(path == each or path.startswith(f"{each}/") for each in CORS_PATHS)


def _preflight_response(*, welcome: bool) -> Response:
    if not welcome:
        return Response(status_code=HTTPStatus.FORBIDDEN)
    allowed = {
        "access-control-allow-methods": "GET",
        "access-control-allow-headers": "authorization",
        "access-control-max-age": "600",
    }
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=allowed)


def _with_cors_headers(send: Send, asked: Headers, *, welcome: bool) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.add_vary_header("Origin")
            if welcome:
                headers["access-control-allow-origin"] = asked["origin"]
                headers["access-control-allow-credentials"] = "true"
        await send(message)

    return marked

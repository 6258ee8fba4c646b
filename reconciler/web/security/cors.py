"""Cross-origin reads: BugSpark's dashboard may read the API from its own pages.

Starlette's CORSMiddleware is not used: it answers refused requests with other statuses, and it would apply to
the pages as well.
"""

from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.web.site import Site

CORS_PATHS = ("/api/v1/projects", "/api/v1/reports")
"""What BugSpark's dashboard may read with its user's cookie. Never the webhooks."""


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
        is_allowed = dashboard is not None and headers.get("origin", "").lower() == dashboard
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight_response(is_allowed=is_allowed)(
                scope, receive, _with_cors_headers(send, headers, is_allowed=is_allowed)
            )
            return
        await self._app(scope, receive, _with_cors_headers(send, headers, is_allowed=is_allowed))

    def _is_cors_path(self, scope: Scope) -> bool:
        path = scope["path"].removeprefix(self._site.prefix)
        return any(path == each or path.startswith(f"{each}/") for each in CORS_PATHS)


def _preflight_response(*, is_allowed: bool) -> Response:
    if not is_allowed:
        return Response(status_code=HTTPStatus.FORBIDDEN)
    headers = {
        "access-control-allow-methods": "GET",
        "access-control-allow-headers": "authorization",
        "access-control-max-age": "600",
    }
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)


def _with_cors_headers(send: Send, asked: Headers, *, is_allowed: bool) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.add_vary_header("Origin")
            if is_allowed:
                headers["access-control-allow-origin"] = asked["origin"]
                headers["access-control-allow-credentials"] = "true"
        await send(message)

    return send_with_headers

"""Checks of every request and headers of every response, on all routes."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.logs import EventLogger
from reconciler.metrics import Metrics
from reconciler.model.webhook import WEBHOOK_PATH_PREFIX
from reconciler.ports import Clock
from reconciler.web.plain_input import is_plain_query
from reconciler.web.site import Site

log = EventLogger(__name__)
RESPONSE_TIMEOUT_SECONDS = 30.0
"""Time limit for a complete response, including database access."""
ANY_HOST_PATHS = ("/healthz", "/readyz", "/metrics")
"""Paths served under any Host header: these contain no names. (Webhooks too: deliveries are signed.)"""
WRONG_HOST_ADVICE = (
    "Pages and API are served only under the host of web.public_url. If a proxy sends another Host (Next.js"
    " rewrites send the destination's), name that host in web.hosts."
)


def build_content_security_policy(*form_origins: str) -> str:
    """Return the policy of a page: no inline script or style, nothing from other hosts, no embedding in
    frames, forms only to this server and to `form_origins`.
    """
    forms = " ".join(("'self'", *form_origins))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        f" form-action {forms}; base-uri 'none'; frame-ancestors 'none'"
    )


CONTENT_SECURITY_POLICY = "content-security-policy"
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # `no-referrer` would make browsers send `Origin: null` with this server's own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class RequestMiddleware:
    """An ASGI middleware: checks Host, limits the time, adds headers, records requests in log and metrics."""

    def __init__(self, app: ASGIApp, *, site: Site, metrics: Metrics, clock: Clock) -> None:
        self._app = app
        self._site = site
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        began = self._clock.monotonic()
        answer = _SecurityHeaderSender(send)
        path = _apply_prefix(scope, self._site.path_prefix)
        refused = _build_rejection(self._site, path, scope)
        app = self._app if refused is None else refused
        try:
            await _run_with_timeout(lambda: app(scope, receive, answer), answer, scope)
        except Exception:  # the last handler: logged and answered with 500
            log.exception("request failed", method=scope["method"], route=route_pattern(scope))
            await answer.send_error_instead(scope, HTTPStatus.INTERNAL_SERVER_ERROR)
        self._record_request(scope, answer.status, self._clock.monotonic() - began)

    def _record_request(self, scope: Scope, status: int, seconds: float) -> None:
        """Record a request under its route's pattern, not its path."""
        self._metrics.count_http_request(route_pattern(scope), status, seconds)
        ms = round(seconds * 1000)
        log.debug("request", method=scope["method"], route=route_pattern(scope), status=status, ms=ms)


class _SecurityHeaderSender:
    """ASGI `send` that adds the security headers to the response."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers[name] = value
            headers.setdefault(CONTENT_SECURITY_POLICY, build_content_security_policy())
            headers.setdefault("cache-control", "no-store")
        await self._send(message)

    async def send_error_instead(self, scope: Scope, status: HTTPStatus) -> None:
        """Send an error response with this status, unless a response has already started."""
        if not self.status:
            await _json_error_response(status)(scope, _receive_disconnect, self)


async def _run_with_timeout(
    work: Callable[[], Awaitable[None]], answer: _SecurityHeaderSender, scope: Scope
) -> None:
    try:
        async with asyncio.timeout(RESPONSE_TIMEOUT_SECONDS):
            await work()
    except TimeoutError:
        await answer.send_error_instead(scope, HTTPStatus.SERVICE_UNAVAILABLE)


def _apply_prefix(scope: Scope, prefix: str) -> str:
    """Set the prefix in the scope and return the path below it; the proxy may have removed the prefix.

    The prefix alone is its page with a slash: a redirect from one to the other would not end where the proxy
    redirects the other way, as Next.js does.
    """
    path: str = scope["path"]
    scope["root_path"] = prefix
    if prefix and path != prefix and not path.startswith(f"{prefix}/"):
        scope["path"] = prefix + path
        return path
    below = path[len(prefix) :] or "/"
    scope["path"] = prefix + below
    return below


def _build_rejection(site: Site, path: str, scope: Scope) -> JSONResponse | None:
    headers = Headers(scope=scope)
    if not is_plain_query(scope["query_string"]):
        return _json_error_response(HTTPStatus.BAD_REQUEST)
    if path in ANY_HOST_PATHS or path.startswith(WEBHOOK_PATH_PREFIX):
        return None
    if not site.is_allowed_host(headers.get("host", "")):
        return _json_error_response(HTTPStatus.MISDIRECTED_REQUEST, WRONG_HOST_ADVICE)
    is_for_tokens = site.has_api_tokens and path.startswith("/api/")
    if not (site.has_sign_in or is_for_tokens or site.is_local_request(headers)):
        return _json_error_response(HTTPStatus.NOT_FOUND)
    return None


def _json_error_response(status: HTTPStatus, detail: str = "") -> JSONResponse:
    return JSONResponse({"detail": detail or f"{status.phrase}."}, status)


async def _receive_disconnect() -> Message:
    return {"type": "http.disconnect"}


def route_pattern(scope: Scope) -> str:
    """Return the pattern of the matched route. Paths are untrusted, and may contain secrets."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "none"

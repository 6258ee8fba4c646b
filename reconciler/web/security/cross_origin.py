"""Requests from pages of other origins: their forms are refused; BugSpark's dashboard may use the API.

`FormReader` protects against cross-site request forgery. `CorsMiddleware` lets BugSpark's dashboard use the
API from its own pages; Starlette's CORSMiddleware is not used: it answers refused requests with other
statuses, and it would apply to the pages as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.web.plain_input import require_plain_lines, require_plain_word
from reconciler.web.request_body import FORM_TYPE, BodyReader, content_type_of
from reconciler.web.security.access_control import Visitor, origin_kind
from reconciler.web.security.sessions import OperatorSessions
from reconciler.web.site import OriginKind, Site, parse_origin

FORM_TOKEN_FIELD = "form_token"  # noqa: S105  # the name of a field
MAX_FORM_BYTES, MAX_FORM_FIELDS = 64 * 1024, 1000
CORS_PATHS = ("/api/v1/projects", "/api/v1/reports")
"""The paths that BugSpark's dashboard may use with its user's cookie."""
PREFLIGHT_HEADERS = {
    "access-control-allow-methods": "GET, POST, PUT",
    "access-control-allow-headers": (
        "authorization, content-type, x-csrf-token, accept-language, if-match, if-none-match"
    ),
    "access-control-max-age": "600",
}
"""Besides what the API reads: BugSpark's own client sends `X-CSRF-Token` and `Accept-Language`."""


class RefusedFormError(HTTPException):
    """A form that was not sent from a page of this server, or is too old: it says nothing of rights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormReader:
    """Reads forms that were sent from this server's own pages."""

    site: Site
    sessions: OperatorSessions
    body_reader: BodyReader

    async def read_form(
        self, request: Request, subject: str | None, *, has_lines: bool = False
    ) -> Mapping[str, str]:
        """Return a form's fields, without its token.

        `subject`: the session or user that the page was rendered for; None for the sign-in form;
        `has_lines`: fields may have several lines.
        Raises HTTPException: 403 unless the form was sent from a page of this server, rendered for this
        subject; 415 for another content type, 400 for a malformed form or word; and what
        `BodyReader.read_body` raises.
        """
        if not is_same_origin_form(request, self.site):
            raise RefusedFormError(HTTPStatus.FORBIDDEN, "This form was not sent from here.")
        fields = await self._read_fields(request, has_lines=has_lines)
        token = fields.pop(FORM_TOKEN_FIELD, "")
        if subject is not None and not self.sessions.is_form_token(subject, token):
            raise RefusedFormError(HTTPStatus.FORBIDDEN, "This form is too old; load the page again.")
        return fields

    async def _read_fields(self, request: Request, *, has_lines: bool) -> dict[str, str]:
        if content_type_of(request) != FORM_TYPE:
            raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send a form.")
        async with self.body_reader.read_body(request) as body:
            try:
                text = body.decode("ascii")
                found = parse_qsl(
                    text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FORM_FIELDS
                )
            except ValueError:
                raise HTTPException(HTTPStatus.BAD_REQUEST, "The form can't be read.") from None
        for word in chain.from_iterable(found):
            (require_plain_lines if has_lines else require_plain_word)(word)
        return dict(found)


def is_same_origin_form(request: Request, site: Site) -> bool:
    """Return whether the form comes from this server's own pages.

    Checks Origin; if the browser leaves that out, Sec-Fetch-Site or Referer. False without any of them.
    """
    headers = request.headers
    own_origins = site.own_origins(request.url.scheme, headers.get("host", ""))
    if (origin := headers.get("origin")) is not None:
        return origin.lower() in own_origins
    if (fetch := headers.get("sec-fetch-site")) is not None:
        return fetch == "same-origin"
    return parse_origin(headers.get("referer", "")) in own_origins


def require_allowed_origin(
    request: Request, site: Site, visitor: Visitor, *, is_sensitive: bool = False
) -> None:
    """Check where a command of the API comes from. Raises HTTPException 403.

    A bearer token is sent by programs that have it; a cookie is sent by any page's request, so its `Origin`
    must be this server's own or one of BugSpark's dashboard. `is_sensitive`: not from a preview of that.
    Source: docs/reference/contract.md, HTTP.
    """
    kind = origin_kind(request, site)
    if visitor.session is not None:
        is_allowed = kind is OriginKind.OWN
    elif kind is OriginKind.PREVIEW:
        is_allowed = not is_sensitive
    else:
        has_token = request.headers.get("authorization", "").lower().startswith("bearer ")
        is_allowed = has_token or kind in (OriginKind.OWN, OriginKind.DASHBOARD)
    if not is_allowed:
        raise HTTPException(HTTPStatus.FORBIDDEN, "This was not sent from a page that may do this.")


class CorsMiddleware:
    """An ASGI middleware that lets BugSpark's dashboard use the API, and do nothing else."""

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._is_cors_path(scope):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "").lower()
        is_allowed = bool(origin) and origin in {self._site.dashboard_origin, *self._site.preview_origins}
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight_response(is_allowed=is_allowed)(
                scope, receive, _with_cors_headers(send, headers, is_allowed=is_allowed)
            )
            return
        await self._app(scope, receive, _with_cors_headers(send, headers, is_allowed=is_allowed))

    def _is_cors_path(self, scope: Scope) -> bool:
        path = scope["path"].removeprefix(self._site.path_prefix)
        return any(path == each or path.startswith(f"{each}/") for each in CORS_PATHS)


def _preflight_response(*, is_allowed: bool) -> Response:
    if not is_allowed:
        return Response(status_code=HTTPStatus.FORBIDDEN)
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=PREFLIGHT_HEADERS)


def _with_cors_headers(send: Send, request_headers: Headers, *, is_allowed: bool) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.add_vary_header("Origin")
            if is_allowed:
                headers["access-control-allow-origin"] = request_headers["origin"]
                headers["access-control-allow-credentials"] = "true"
                headers["access-control-expose-headers"] = "ETag, Retry-After"
        await send(message)

    return send_with_headers

"""The routes of the embedded module. No sign-in is needed: the files contain no data.

Pages of any origin may load them, as the headers say; the API that the module then calls answers only to the
origins of BugSpark's dashboard (`web.security.cross_origin`).

Source: docs/reference/contract.md, HTTP, `/embed/…`.
"""

import gzip
import hashlib
from collections.abc import Callable, Mapping
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from reconciler.web.embed.files import STABLE_NAME, TYPES_NAME, EmbedFiles
from reconciler.web.pages.static_files import CONTENT_TYPES, IMMUTABLE_CACHE_CONTROL

SHORT_CACHE_CONTROL = "public, max-age=300"
"""For the stable names: a new version of the program is used within minutes."""
CROSS_ORIGIN_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def router(files: EmbedFiles) -> APIRouter:
    """Build the routes of the module under both names, and of its type declarations."""
    script = CONTENT_TYPES[".js"]
    api_router = APIRouter(prefix="/embed", include_in_schema=False)
    for name, content, kind, cache_control in (
        (STABLE_NAME, files.module, script, SHORT_CACHE_CONTROL),
        (files.hashed_name, files.module, script, IMMUTABLE_CACHE_CONTROL),
        (TYPES_NAME, files.types, "text/plain; charset=utf-8", SHORT_CACHE_CONTROL),
    ):
        endpoint = _file_endpoint(content, kind, cache_control)
        api_router.add_api_route(f"/{name}", endpoint, methods=["GET"])
    return api_router


def _file_endpoint(content: bytes, kind: str, cache_control: str) -> Callable[[Request], Response]:
    # Weak: the same for the compressed form. Compressed once, at the start: the content never changes.
    etag, compressed = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"', gzip.compress(content, mtime=0)
    headers: Mapping[str, str] = {
        **CROSS_ORIGIN_HEADERS,
        "Cache-Control": cache_control,
        "ETag": etag,
        "Vary": "Accept-Encoding",
    }

    def endpoint(request: Request) -> Response:
        known = {each.strip() for each in request.headers.get("if-none-match", "").split(",")}
        if etag in known or "*" in known:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(content, media_type=kind, headers=headers)
        return Response(compressed, media_type=kind, headers={**headers, "Content-Encoding": "gzip"})

    return endpoint

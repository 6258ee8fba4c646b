"""Answers that programs ask for again and again: with an ETag, 304 while nothing changed, compressed.

Only for answers without a secret and without a form token: the length of a compressed answer reveals
what is in it (BREACH). Caches keep nothing of them (`no-store`, by the middleware): clients keep the ETag.

Source: docs/reference/contract.md, HTTP.
"""

import gzip
import hashlib
from http import HTTPStatus

import msgspec
from fastapi import Request
from starlette.responses import Response

from reconciler.web.request_body import JSON_TYPE

MIN_COMPRESSED_BYTES = 1024
COMPRESSION_LEVEL = 5


def build_polled_response(request: Request, value: object) -> Response:
    """Encode a response model for this request. The ETag is that of the content, uncompressed."""
    body = msgspec.json.encode(value)
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": etag, "vary": "Accept-Encoding"}
    if has_etag(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if len(body) >= MIN_COMPRESSED_BYTES and accepts_gzip(request.headers.get("accept-encoding", "")):
        # mtime 0: the same content is the same bytes
        return Response(
            gzip.compress(body, COMPRESSION_LEVEL, mtime=0),
            media_type=JSON_TYPE,
            headers=headers | {"content-encoding": "gzip"},
        )
    return Response(body, media_type=JSON_TYPE, headers=headers)


def has_etag(header: str, etag: str) -> bool:
    """Return whether If-None-Match names this ETag, by the weak comparison (RFC 9110, 13.1.2)."""
    named = {each.strip().removeprefix("W/") for each in header.split(",")}
    return "*" in named or etag.removeprefix("W/") in named


def accepts_gzip(header: str) -> bool:
    """Return whether Accept-Encoding names gzip, and not with the weight 0."""
    for each in header.lower().split(","):
        name, _, weight = each.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False

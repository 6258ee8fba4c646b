"""Request bodies: each is limited in size and time, all together are limited in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"
MAX_BODY_BYTES = 1024 * 1024
"""Larger bodies are answered 413 (docs/reference/contract.md, HTTP)."""
MAX_TOTAL_BYTES = 32 * MAX_BODY_BYTES
BODY_TIMEOUT_SECONDS = 10.0
"""Time limit for a complete body. GitHub stops after ten seconds (docs/reference/github.md, Webhooks)."""


class BodyReader:
    """Reads bodies within limits, and counts the bytes of those that are being read or processed."""

    def __init__(
        self,
        *,
        max_bytes: int = MAX_BODY_BYTES,
        max_total_bytes: int = MAX_TOTAL_BYTES,
        timeout_seconds: float = BODY_TIMEOUT_SECONDS,
    ) -> None:
        self._max_bytes = max_bytes
        self._max_total_bytes = max_total_bytes
        self._timeout_seconds = timeout_seconds
        self._held = 0

    @asynccontextmanager
    async def read_body(self, request: Request) -> AsyncIterator[bytearray]:
        """Yield the complete body; its bytes are counted until the end of the block.

        Raises HTTPException: 413 over the size limit, 408 over the time limit, 503 when all bodies together
        take too much memory, 400 when the client disconnected. The rest of the body is then discarded.
        """
        if int(request.headers.get("content-length") or 0) > self._max_bytes:
            raise _http_exception(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = bytearray()
        try:
            await self._read_into(body, request)
            yield body
        finally:
            self._held -= len(body)

    async def _read_into(self, body: bytearray, request: Request) -> None:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                async for piece in request.stream():
                    self._check_limits(len(body) + len(piece), len(piece))
                    body += piece
                    self._held += len(piece)
        except TimeoutError:
            raise _http_exception(HTTPStatus.REQUEST_TIMEOUT) from None
        except ClientDisconnect:
            raise _http_exception(HTTPStatus.BAD_REQUEST) from None

    def _check_limits(self, size: int, more: int) -> None:
        if size > self._max_bytes:
            raise _http_exception(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if self._held + more > self._max_total_bytes:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "Too busy.", {"Retry-After": "10"})


def content_type_of(request: Request) -> str:
    """Return the media type of the body, without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _http_exception(status: HTTPStatus) -> HTTPException:
    return HTTPException(status, f"{status.phrase}.")

"""Request bodies from strangers: each bounded in size and time, all of them together in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

MAX_BODY_BYTES = 1024 * 1024
"""docs/reference/contract.md, HTTP: 413 over 1 MiB."""
MAX_TOTAL_BYTES = 32 * MAX_BODY_BYTES
BODY_TIMEOUT_SECONDS = 10.0
"""Seconds for a whole body. GitHub itself gives up after ten (docs/reference/github.md, Webhooks)."""


class BodyReader:
    """The bodies that are being read or worked on now."""

    def __init__(
        self,
        *,
        largest: int = MAX_BODY_BYTES,
        together: int = MAX_TOTAL_BYTES,
        patience: float = BODY_TIMEOUT_SECONDS,
    ) -> None:
        self._largest = largest
        self._together = together
        self._patience = patience
        self._held = 0

    @property
    def held_bytes(self) -> int:
        """Bytes of all bodies that are held now."""
        return self._held

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytearray]:
        """The whole body, held as long as the block lasts.

        Raises HTTPException: 413 over the size, 408 over the time, 503 when all bodies together are too many
        bytes, 400 when the client left in the middle. What comes after that is not kept.
        """
        if int(request.headers.get("content-length") or 0) > self._largest:
            raise _http_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = bytearray()
        try:
            await self._read_into(body, request)
            yield body
        finally:
            self._held -= len(body)

    async def _read_into(self, body: bytearray, request: Request) -> None:
        try:
            async with asyncio.timeout(self._patience):
                async for piece in request.stream():
                    self._check_limits(len(body) + len(piece), len(piece))
                    body += piece
                    self._held += len(piece)
        except TimeoutError:
            raise _http_error(HTTPStatus.REQUEST_TIMEOUT) from None
        except ClientDisconnect:
            raise _http_error(HTTPStatus.BAD_REQUEST) from None

    def _check_limits(self, size: int, more: int) -> None:
        if size > self._largest:
            raise _http_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if self._held + more > self._together:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "Too busy.", {"Retry-After": "10"})


def _http_error(status: HTTPStatus) -> HTTPException:
    return HTTPException(status, f"{status.phrase}.")

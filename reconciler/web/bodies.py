"""Request bodies from strangers: each bounded in size and time, all of them together in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

LARGEST = 1024 * 1024
"""docs/reference/contract.md, HTTP: 413 over 1 MiB."""
TOGETHER = 32 * LARGEST
PATIENCE = 10.0
"""Seconds for a whole body. GitHub itself gives up after ten (docs/reference/github.md, Webhooks)."""


class Bodies:
    """The bodies that are being read or worked on now."""

    def __init__(
        self, *, largest: int = LARGEST, together: int = TOGETHER, patience: float = PATIENCE
    ) -> None:
        self._largest = largest
        self._together = together
        self._patience = patience
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes of all bodies that are held now."""
        return self._held

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytearray]:
        """The whole body, held as long as the block lasts.

        Raises HTTPException: 413 over the size, 408 over the time, 503 when all bodies together are too many
        bytes, 400 when the client left in the middle. What comes after that is not kept.
        """
        if int(request.headers.get("content-length") or 0) > self._largest:
            raise _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = bytearray()
        try:
            await self._fill(body, request)
            yield body
        finally:
            self._held -= len(body)

    async def _fill(self, body: bytearray, request: Request) -> None:
        try:
            async with asyncio.timeout(self._patience):
                async for piece in request.stream():
                    self._admit(len(body) + len(piece), len(piece))
                    body += piece
                    self._held += len(piece)
        except TimeoutError:
            raise _refusal(HTTPStatus.REQUEST_TIMEOUT) from None
        except ClientDisconnect:
            raise _refusal(HTTPStatus.BAD_REQUEST) from None

    def _admit(self, size: int, more: int) -> None:
        if size > self._largest:
            raise _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if self._held + more > self._together:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "Too busy.", {"Retry-After": "10"})


def _refusal(status: HTTPStatus) -> HTTPException:
    return HTTPException(status, f"{status.phrase}.")

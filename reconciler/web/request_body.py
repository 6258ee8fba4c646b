"""Request bodies: each is limited in size and time, all together are limited in memory."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

from reconciler.web.client_addresses import client_network

JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"
MAX_BODY_BYTES = 1024 * 1024
"""Larger bodies are answered 413 (docs/reference/contract.md, HTTP)."""
MAX_TOTAL_BYTES = 32 * MAX_BODY_BYTES
BODY_TIMEOUT_SECONDS = 10.0
"""Time limit for a complete body. GitHub stops after ten seconds (docs/reference/github.md, Webhooks)."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Incoming:
    """A body that is being read. Cutting it frees its memory at once."""

    address: str
    deadline: asyncio.Timeout
    body: bytearray
    is_cut: bool = False

    def cut(self) -> None:
        self.is_cut = True
        self.body.clear()
        self.deadline.reschedule(0)


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
        self._incoming: dict[_Incoming, None] = {}  # oldest first

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
        deadline = asyncio.timeout(self._timeout_seconds)
        address = client_network(request.client.host) if request.client else ""
        incoming = _Incoming(address=address, deadline=deadline, body=body)
        self._incoming[incoming] = None
        try:
            async with deadline:
                async for piece in request.stream():
                    self._make_room(incoming, len(piece))
                    body += piece
                    self._held += len(piece)
        except TimeoutError:
            if incoming.is_cut:
                raise _too_busy_error() from None
            raise _http_exception(HTTPStatus.REQUEST_TIMEOUT) from None
        except ClientDisconnect:
            raise _http_exception(HTTPStatus.BAD_REQUEST) from None
        finally:
            del self._incoming[incoming]

    def _make_room(self, incoming: _Incoming, more: int) -> None:
        """Make room for a piece: where all bodies take too much, cut those of the address that holds most.

        So bodies that are held back take no room from a delivery that arrives whole.
        """
        if incoming.is_cut:
            raise _too_busy_error()
        if len(incoming.body) + more > self._max_bytes:
            raise _http_exception(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        while self._held + more > self._max_total_bytes:
            victim = self._find_heaviest(incoming, more)
            if victim is None or victim is incoming:
                raise _too_busy_error()
            self._held -= len(victim.body)
            victim.cut()

    def _find_heaviest(self, newest: _Incoming, more: int) -> _Incoming | None:
        """Return the oldest unfinished body of the address whose unfinished bodies are the largest."""
        sizes: Counter[str] = Counter()
        for each in self._incoming:
            sizes[each.address] += len(each.body) + (more if each is newest else 0)
        candidates = [each for each in self._incoming if not each.is_cut]
        return max(candidates, key=lambda each: sizes[each.address], default=None)


def _too_busy_error() -> HTTPException:
    return HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "Too busy.", {"Retry-After": "10"})


def content_type_of(request: Request) -> str:
    """Return the media type of the body, without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _http_exception(status: HTTPStatus) -> HTTPException:
    return HTTPException(status, f"{status.phrase}.")

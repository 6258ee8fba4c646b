"""A connection that waits for a request only so long: uvicorn itself would wait for ever."""

import asyncio
import socket

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

REQUEST_HEAD_TIMEOUT_SECONDS = 10.0
"""For the whole head of a request, and for what is left of a body that was answered already."""


class TimedH11Protocol(H11Protocol):
    """HTTP/1.1, closed when no request has begun so long after the connection, or after the last answer."""

    _timeout_handle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        _disable_nagle(transport)
        self._start_timeout()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_busy():
            self._cancel_timeout()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_busy():
            self._start_timeout()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timeout()
        super().connection_lost(exc)

    def _is_busy(self) -> bool:
        """A request's head has come and its answer is not complete."""
        cycle: RequestResponseCycle | None = self.cycle  # None at first, whatever uvicorn's types say
        return cycle is not None and not cycle.response_complete

    def _start_timeout(self) -> None:
        self._cancel_timeout()
        self._timeout_handle = self.loop.call_later(REQUEST_HEAD_TIMEOUT_SECONDS, self.transport.abort)

    def _cancel_timeout(self) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
            self._timeout_handle = None


def _disable_nagle(transport: asyncio.Transport) -> None:
    """asyncio knows TCP only by a protocol number, which `socket.create_server` leaves out. Without this the
    second part of an answer waits until the client has acknowledged the first: 40 ms.
    """
    there = transport.get_extra_info("socket")
    if there.family in (socket.AF_INET, socket.AF_INET6):
        there.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

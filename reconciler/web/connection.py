"""A connection that waits for a request only so long: uvicorn itself would wait for ever."""

import asyncio
import socket

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_SECONDS = 10.0
"""For the whole head of a request, and for what is left of a body that was answered already."""


class Patient(H11Protocol):
    """HTTP/1.1, closed when no request has begun so long after the connection, or after the last answer."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        _send_at_once(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._at_work():
            self._wait_no_more()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._at_work():
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def _at_work(self) -> bool:
        """A request's head has come and its answer is not complete."""
        cycle: RequestResponseCycle | None = self.cycle  # None at first, whatever uvicorn's types say
        return cycle is not None and not cycle.response_complete

    def _wait(self) -> None:
        self._wait_no_more()
        self._waiting = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def _send_at_once(transport: asyncio.Transport) -> None:
    """asyncio knows TCP only by a protocol number, which `socket.create_server` leaves out. Without this the
    second part of an answer waits until the client has acknowledged the first: 40 ms.
    """
    there = transport.get_extra_info("socket")
    if there.family in (socket.AF_INET, socket.AF_INET6):
        there.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

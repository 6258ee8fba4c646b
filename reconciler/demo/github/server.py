"""HTTP on loopback, by hand over h11, so that a connection can be dropped at exactly the wanted moment."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import h11

from reconciler.demo.github.courier import deliver_for_ever
from reconciler.demo.github.faults import Delay, Drop, Fault
from reconciler.demo.github.messages import Answer, Request

if TYPE_CHECKING:
    from reconciler.demo.github.simulator import Simulator

_CHUNK = 65_536


@asynccontextmanager
async def listening(simulator: Simulator, host: str, port: int) -> AsyncIterator[str]:
    """Listen until left; gives the address. Connections still open are then cut."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # asyncio's server always runs this callback as a task
        tasks.add(task)
        try:
            await _Connection(simulator, reader, writer).serve()
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)

    listener = await asyncio.start_server(connected, host, port)
    courier = asyncio.create_task(deliver_for_ever(simulator.hooks))
    bound = listener.sockets[0].getsockname()[1]
    try:
        yield f"http://{host}:{bound}"
    finally:
        listener.close()
        for task in (courier, *tasks):
            task.cancel()
        await asyncio.gather(courier, *tasks, return_exceptions=True)


class _Connection:
    """One client, request after request."""

    def __init__(
        self, simulator: Simulator, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._simulator = simulator
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER)

    async def serve(self) -> None:
        """Answer until the client leaves or a fault ends it."""
        try:
            while (request := await self._request()) is not None and await self._exchange(request):
                self._http.start_next_cycle()
        except (ConnectionError, h11.RemoteProtocolError):
            pass  # the client left or spoke nonsense: nobody is there to be told
        finally:
            self._writer.close()
            with suppress(ConnectionError):
                await self._writer.wait_closed()

    async def _exchange(self, request: Request) -> bool:
        """Answer one request; False when the connection is over."""
        simulator = self._simulator
        fault = simulator.fault_for(request)
        simulator.in_flight += 1
        simulator.most_in_flight = max(simulator.most_in_flight, simulator.in_flight)
        try:
            answer = await self._answered(request, fault)
        finally:
            simulator.in_flight -= 1
        if answer is None:
            self._cut(reset=isinstance(fault, Drop) and fault.reset)
            return False
        return await self._send(answer)

    async def _answered(self, request: Request, fault: Fault | None) -> Answer | None:
        before, after = _pauses(fault)
        if before:
            await asyncio.sleep(before)
        answer = self._simulator.answer(request, fault)
        if after:
            await asyncio.sleep(after)
        return answer

    async def _request(self) -> Request | None:
        """Read one whole request; None when the client has left."""
        head: h11.Request | None = None
        body = b""
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    self._write(h11.InformationalResponse(status_code=100, headers=[]))
                self._http.receive_data(await self._reader.read(_CHUNK))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return _plain(head, body)
            else:
                return None

    async def _send(self, answer: Answer) -> bool:
        length = len(answer.body) if answer.declared is None else answer.declared
        headers = [
            (name.encode(), value.encode("latin-1", "replace")) for name, value in answer.headers.items()
        ]
        headers.append((b"Content-Length", str(length).encode()))
        self._write(h11.Response(status_code=answer.status, headers=headers))
        if answer.body:
            self._write(h11.Data(data=answer.body))
        if length == len(answer.body):
            self._write(h11.EndOfMessage())
        await self._writer.drain()
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    def _write(self, event: h11.Event) -> None:
        self._writer.write(self._http.send(event) or b"")

    def _cut(self, *, reset: bool) -> None:
        if reset:
            raw = self._writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()


def _pauses(fault: Fault | None) -> tuple[float, float]:
    """Return the seconds to wait before and after the effect."""
    if isinstance(fault, Delay):
        return (0.0, fault.seconds) if fault.applied else (fault.seconds, 0.0)
    return (0.0, fault.seconds) if isinstance(fault, Drop) else (0.0, 0.0)


def _plain(head: h11.Request, body: bytes) -> Request:
    return Request(
        method=head.method.decode("ascii"),
        target=head.target.decode("ascii", "replace"),
        headers={name.decode("ascii"): value.decode("latin-1") for name, value in head.headers},
        body=bytes(body),
    )

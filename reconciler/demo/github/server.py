"""HTTP on loopback, by hand over h11, so that a connection can be dropped at an exact moment."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager, suppress

import h11

from reconciler.demo.github.faults import Delay, Drop, Fault
from reconciler.demo.github.messages import Answer, Request
from reconciler.demo.github.simulator import Simulator
from reconciler.demo.github.webhook_sender import send_deliveries

_CHUNK = 65_536
_THREAD_TIMEOUT_SECONDS = 10.0


@asynccontextmanager
async def serve(simulator: Simulator, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Answer HTTP in the running event loop; yields the address for an API client. On leaving, open
    connections are cut.
    """
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
    sender = asyncio.create_task(send_deliveries(simulator.hooks))
    bound = listener.sockets[0].getsockname()[1]
    simulator.views.api = f"http://{host}:{bound}{simulator.base_path}"
    try:
        yield simulator.views.api
    finally:
        listener.close()
        for task in (sender, *tasks):
            task.cancel()
        await asyncio.gather(sender, *tasks, return_exceptions=True)


@contextmanager
def running_in_thread(simulator: Simulator, port: int = 0) -> Iterator[str]:
    """Serve from a background thread within the block; yields the address. Users may act from any thread."""
    started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve_until_stopped() -> None:
        stop = asyncio.Event()
        async with serve(simulator, port) as address:
            started.set_result((address, asyncio.get_running_loop(), stop))
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(serve_until_stopped())
        except OSError as error:  # the port is in use: reported to the caller
            started.set_exception(error)

    thread = threading.Thread(target=run, name="github-simulator", daemon=True)
    thread.start()
    address, loop, stop = started.result(_THREAD_TIMEOUT_SECONDS)
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(_THREAD_TIMEOUT_SECONDS)


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
            pass  # the client left or sent invalid HTTP: there is no one to answer
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

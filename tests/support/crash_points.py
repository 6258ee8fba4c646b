"""Crash points: every request and every commit of the program passes one, and there it can be made to crash.

Within `intercept_process(crash_points, simulator)` the program calls the simulator in process, without
sockets, and its transactions report their progress to `crash_points`. After a crash nothing is sent or stored
any more.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any
from unittest.mock import patch

import httpx
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.bootstrap import container
from reconciler.demo.github.faults import Drop, Fault
from reconciler.demo.github.messages import Answer, Request
from reconciler.demo.github.simulator import Simulator
from reconciler.github.transport import Transport
from reconciler.store.schema.engine import Database

HOST = "127.0.0.1"


class Crash(BaseException):
    """The simulated crash of the process."""


def any_point(_: str) -> bool:
    """Accept every point."""
    return True


def is_durable(name: str) -> bool:
    """Whether something that outlives the process has just been done. Crashes between two such points leave
    the same state as a crash at the earlier one.
    """
    return name == "committed" or (name.endswith(": answered") and not name.startswith("GET"))


class Pause:
    """Stops the process once, before the request that follows `requests` others, until `over` is set."""

    def __init__(self, requests: int) -> None:
        self._left = requests
        self.reached = asyncio.Event()
        self.over = asyncio.Event()

    async def reach(self) -> None:
        self._left -= 1
        if self._left == -1:
            self.reached.set()
            await self.over.wait()


class CrashPoints:
    """The points that a process has reached, by name, and what happens at each."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.is_dead = False
        self._crash_at: int | None = None
        self._is_fatal: Callable[[str], bool] = any_point
        self._acts: dict[int, Callable[[], object]] = {}
        self.pause: Pause | None = None

    def reset(
        self,
        *,
        crash_at: int | None = None,
        is_fatal: Callable[[str], bool] = any_point,
        acts: dict[int, Callable[[], object]] | None = None,
    ) -> None:
        """Count from zero. `acts`: calls to make at these points; `crash_at`: the point at which the process
        crashes, counting only points that are `is_fatal`.
        """
        self.reached = []
        self._crash_at, self._is_fatal, self._acts = crash_at, is_fatal, dict(acts or {})

    def reach(self, name: str, *, locked: bool = False) -> None:
        """Record a point; raises Crash. `locked`: the transaction holds row locks, so `acts` would block."""
        if self.is_dead:
            raise Crash(f"after the crash: {name}")
        index = len(self.reached)
        self.reached.append(name)
        for due in [at for at in self._acts if at <= index and not locked]:
            self._acts.pop(due)()
        if self._crash_at is None or not self._is_fatal(name):
            return
        self._crash_at -= 1
        if self._crash_at < 0:
            self.is_dead = True
            raise Crash(name)


class InProcessTransport(httpx.AsyncBaseTransport):
    """A transport that calls the simulator directly."""

    def __init__(self, simulator: Simulator, crash_points: CrashPoints) -> None:
        self._simulator = simulator
        self._crash_points = crash_points

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        plain = Request(
            method=request.method,
            target=request.url.raw_path.decode(),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.aread(),
        )
        if request.url.host != HOST:
            raise Crash(f"unexpected host: {request.url.host}")
        self._crash_points.reach(f"{plain.method} {plain.path}")
        if self._crash_points.pause is not None:
            await self._crash_points.pause.reach()
        fault = self._simulator.fault_for(plain)
        answer = self._simulator.answer(plain, fault)
        self._crash_points.reach(f"{plain.method} {plain.path}: answered")
        if answer is None:
            raise _dropped(fault)
        return httpx.Response(answer.status, headers=dict(answer.headers), stream=_Body(answer))


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._answer.body
        if self._answer.declared not in (None, len(self._answer.body)):
            raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


def _dropped(fault: Fault | None) -> httpx.HTTPError:
    if isinstance(fault, Drop) and fault.seconds:
        return httpx.ReadTimeout("no answer in time")
    if isinstance(fault, Drop) and fault.reset:
        return httpx.ReadError("connection reset by peer")
    return httpx.RemoteProtocolError("server disconnected without sending a response")


@contextmanager
def intercept_process(crash_points: CrashPoints, simulator: Simulator) -> Iterator[None]:
    """Let the requests and commits of programs that are opened within pass `crash_points`."""
    original: Callable[[Database], AbstractAsyncContextManager[AsyncConnection]] = Database.write

    @asynccontextmanager
    async def write(database: Database) -> AsyncIterator[AsyncConnection]:
        crash_points.reach("begin")
        async with original(database) as connection:
            yield connection
            crash_points.reach("commit", locked=True)
        crash_points.reach("committed")

    def transport(**options: Any) -> Transport:
        return Transport(**options, inner=InProcessTransport(simulator, crash_points))

    with patch.object(Database, "write", write), patch.object(container, "Transport", transport):
        yield

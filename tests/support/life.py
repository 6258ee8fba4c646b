"""One life of the program: every request and every commit passes here, and here people act or it dies.

Within `living(life, simulator)` the program talks to the simulator in process, without sockets, and its
transactions tell `life` where they stand. A life ends for good: once dead, nothing is sent or stored.
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
    """The process is dead."""


def anything(_: str) -> bool:
    """Any point at all."""
    return True


def lasting(name: str) -> bool:
    """Something that outlives the process has just been done. What dies between two of these leaves the world
    as the earlier one did.
    """
    return name == "committed" or (name.endswith(": answered") and not name.startswith("GET"))


class Pause:
    """Once, the request after `requests` others waits, as the whole process would, until it is let go."""

    def __init__(self, requests: int) -> None:
        self._left = requests
        self.reached = asyncio.Event()
        self.over = asyncio.Event()

    async def meet(self) -> None:
        self._left -= 1
        if self._left == -1:
            self.reached.set()
            await self.over.wait()


class Life:
    """The points of a process's life, by name, and what happens at them."""

    def __init__(self) -> None:
        self.points: list[str] = []
        self.dead = False
        self._cut: int | None = None
        self._fatal: Callable[[str], bool] = anything
        self._acts: dict[int, Callable[[], object]] = {}
        self.pause: Pause | None = None

    def begin(
        self,
        *,
        cut: int | None = None,
        fatal: Callable[[str], bool] = anything,
        acts: dict[int, Callable[[], object]] | None = None,
    ) -> None:
        """Count again. `acts`: who acts at which of the coming points; `cut`: at which it dies, counting only
        those that are `fatal`.
        """
        self.points = []
        self._cut, self._fatal, self._acts = cut, fatal, dict(acts or {})

    def meet(self, name: str, *, locked: bool = False) -> None:
        """A point is reached. Raises Crash. `locked`: rows are held, so people would wait for us."""
        if self.dead:
            raise Crash(f"after death: {name}")
        index = len(self.points)
        self.points.append(name)
        for due in [at for at in self._acts if at <= index and not locked]:
            self._acts.pop(due)()
        if self._cut is None or not self._fatal(name):
            return
        self._cut -= 1
        if self._cut < 0:
            self.dead = True
            raise Crash(name)


class Direct(httpx.AsyncBaseTransport):
    """The simulator, without a network between."""

    def __init__(self, simulator: Simulator, life: Life) -> None:
        self._simulator = simulator
        self._life = life

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        plain = Request(
            method=request.method,
            target=request.url.raw_path.decode(),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.aread(),
        )
        if request.url.host != HOST:
            raise Crash(f"a stranger was asked: {request.url.host}")
        self._life.meet(f"{plain.method} {plain.path}")
        if self._life.pause is not None:
            await self._life.pause.meet()
        fault = self._simulator.fault_for(plain)
        answer = self._simulator.answer(plain, fault)
        self._life.meet(f"{plain.method} {plain.path}: answered")
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
def living(life: Life, simulator: Simulator) -> Iterator[None]:
    """Programs opened within live this life."""
    original: Callable[[Database], AbstractAsyncContextManager[AsyncConnection]] = Database.write

    @asynccontextmanager
    async def write(database: Database) -> AsyncIterator[AsyncConnection]:
        life.meet("begin")
        async with original(database) as connection:
            yield connection
            life.meet("commit", locked=True)
        life.meet("committed")

    def transport(**options: Any) -> Transport:
        return Transport(**options, inner=Direct(simulator, life))

    with patch.object(Database, "write", write), patch.object(container, "Transport", transport):
        yield

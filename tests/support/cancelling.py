"""Cancellation at every single await, and what is left open after it.

In: a coroutine function that opens connections and closes them. Out: it was cancelled at each of its awaits,
and every connection that was opened is known, closed or not. None of them is garbage: whether a forgotten one
would be collected in time does not matter.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from typing import Any

import aiosqlite
import psycopg
import psycopg.waiting
import pytest

THREAD_SECONDS = 60.0


class OpenedConnections:
    """Every connection that this process has opened asynchronously in the time of the block."""

    def __init__(self) -> None:
        self.postgresql: list[psycopg.AsyncConnection[Any]] = []
        self.sqlite: list[aiosqlite.Connection] = []

    def __len__(self) -> int:
        return len(self.postgresql) + len(self.sqlite)

    async def still_open(self) -> list[object]:
        """Return the connections that are still open. SQLite's are closed in threads, within a moment."""
        for each in self.sqlite:
            await asyncio.to_thread(each._thread.join, THREAD_SECONDS)
        return [
            *(each for each in self.postgresql if not each.closed),
            *(each for each in self.sqlite if each._thread.is_alive()),
        ]


@contextmanager
def record_connections() -> Iterator[OpenedConnections]:
    """Record what both drivers open."""
    opened = OpenedConnections()
    with pytest.MonkeyPatch.context() as patch:
        _record_instances(patch, psycopg.AsyncConnection, opened.postgresql)
        _record_instances(patch, aiosqlite.Connection, opened.sqlite)
        yield opened


def _record_instances(patch: pytest.MonkeyPatch, kind: type, row: list[Any]) -> None:
    make = kind.__init__  # type: ignore[misc]  # the class is looked at, not an instance

    def made(self: Any, *args: Any, **values: Any) -> None:
        make(self, *args, **values)
        row.append(self)

    patch.setattr(kind, "__init__", made)


class Cancelled(Awaitable[None]):
    """`work`, whose task is cancelled at its `first` await, and so many awaits later at each of `again`."""

    def __init__(self, work: Coroutine[Any, Any, None], first: int, again: tuple[int, ...] = ()) -> None:
        self._work = work
        self._at = {first + each for each in (0, *again)}
        self.awaits = 0

    def __await__(self) -> Generator[Any, Any, None]:
        steps = self._work.__await__()
        task = asyncio.current_task()
        assert task is not None
        resume: Callable[[], Any] = lambda: next(steps)  # noqa: E731 — replaced below
        while True:
            try:
                waited_for = resume()
            except StopIteration:
                return
            self.awaits += 1
            if self.awaits in self._at:
                task.cancel()
            try:
                yield waited_for
            except BaseException as error:  # noqa: BLE001 — handed on to the work, as a task does
                resume = _throwing(steps, error)
            else:
                resume = lambda: next(steps)  # noqa: E731


def _throwing(steps: Generator[Any, Any, None], error: BaseException) -> Callable[[], Any]:
    return lambda: steps.throw(error)


async def cancel_everywhere(
    work: Callable[[], Coroutine[Any, Any, None]], patch: pytest.MonkeyPatch, *again: int
) -> AsyncIterator[int]:
    """Run `work` once per await, cancelled there and so many awaits later `again`; yields after each run
    which await that was. Ends when it comes through uncancelled.
    """
    # psycopg gives way to other tasks where the loop was busy for some milliseconds; here it always does.
    patch.setattr(psycopg.waiting, "MAX_BUSY_TIME", -1.0)
    for number in count(1):
        cancelled = Cancelled(work(), number, again)
        (ended,) = await asyncio.gather(_run(cancelled), return_exceptions=True)
        if cancelled.awaits < number:
            assert ended is None, ended
            return
        assert ended is None or isinstance(ended, asyncio.CancelledError), ended
        yield number


async def _run(cancelled: Cancelled) -> None:
    await cancelled


@asynccontextmanager
async def no_task_left() -> AsyncIterator[None]:
    """All tasks that the block starts have ended at its end."""
    before = asyncio.all_tasks()
    yield
    assert not asyncio.all_tasks() - before

"""The queue of passes as the daemon sees it: `ports.Queue`, what puts due projects in, what works them off.

One contract, two implementations, `in_process` and `on_postgresql`; tests/daemon/test_queue.py holds both to
it.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from reconciler.model.ids import ProjectId
from reconciler.ports import Queue

SLOTS_PER_RESERVED_SLOT = 4
"""Every fourth place of a worker is kept for passes that were asked for: those that are merely due, which may
take long, never fill them all.
"""

RunPass = Callable[[ProjectId], Awaitable[None]]
"""One pass. It raises nothing but CancelledError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What is in the queue, of all daemons that share it."""

    waiting: frozenset[ProjectId] = frozenset()
    running: frozenset[ProjectId] = frozenset()


class QueueWorker(Protocol):
    """One worker's time at the queue."""

    async def serve(self) -> None:
        """Take passes and run them until stopped; returns when the last one ended. Raises DatabaseError."""
        ...

    def stop(self, grace: float | None) -> None:
        """Take nothing more; what still runs after `grace` seconds is cancelled (None: it may finish)."""
        ...


class PassQueue(Queue, Protocol):
    """The queue, seen from the daemon. A project waits once at most and runs once at a time."""

    async def put_due(self, projects: Collection[ProjectId]) -> None:
        """These are due; they wait behind what was nudged. Raises DatabaseError."""
        ...

    async def backlog(self) -> Backlog:
        """What waits and what runs. Raises DatabaseError."""
        ...

    async def requeue_stalled(self) -> int:
        """Put back what a worker that died was running; how many those were. Raises DatabaseError."""
        ...

    def create_worker(self, run: RunPass, concurrency: int) -> QueueWorker:
        """A worker that runs so many passes at a time, of those that are merely due fewer (`for_due`).
        Several may work side by side.
        """
        ...


def due_slot_count(concurrency: int) -> int:
    """So many of a worker's places are for passes that are merely due, at least one."""
    return concurrency - concurrency // SLOTS_PER_RESERVED_SLOT

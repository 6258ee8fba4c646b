"""The queue of passes as the daemon sees it: `ports.Queue`, due projects, and workers.

One contract, two implementations: `memory_queue` and `procrastinate_queue`; tests/daemon/test_queue.py tests
both against it.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from reconciler.model.ids import ProjectId
from reconciler.ports import Queue

SLOTS_PER_RESERVED_SLOT = 4
"""Every fourth slot of a worker is reserved for nudged passes: passes that are merely due, which may take
long, never fill all slots.
"""

RunPass = Callable[[ProjectId], Awaitable[None]]
"""Runs one pass. It raises nothing but CancelledError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """The content of the queue, for all daemons that share it."""

    waiting: frozenset[ProjectId] = frozenset()
    running: frozenset[ProjectId] = frozenset()


class QueueWorker(Protocol):
    """One worker at the queue, from `serve` to `stop`."""

    async def serve(self) -> None:
        """Take passes and run them until stopped; returns when the last one ended. Raises DatabaseError."""
        ...

    def stop(self, grace: float | None) -> None:
        """Take no more; passes that still run after `grace` seconds are cancelled (None: they may finish)."""
        ...


class PassQueue(Queue, Protocol):
    """The queue as the daemon uses it. A project waits once at most and runs once at a time."""

    async def put_due(self, projects: Collection[ProjectId]) -> None:
        """Queue due projects behind those that were nudged. Raises DatabaseError."""
        ...

    async def backlog(self) -> Backlog:
        """Return what waits and what runs. Raises DatabaseError."""
        ...

    async def requeue_stalled(self) -> int:
        """Queue again what a dead worker was running; returns how many. Raises DatabaseError."""
        ...

    def create_worker(self, run: RunPass, concurrency: int) -> QueueWorker:
        """Create a worker for `concurrency` passes at a time, of which `due_slot_count` may be merely due.

        Several workers may serve one queue.
        """
        ...


def due_slot_count(concurrency: int) -> int:
    """Return how many of a worker's slots passes that are merely due may take, at least one."""
    return concurrency - concurrency // SLOTS_PER_RESERVED_SLOT

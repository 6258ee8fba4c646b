"""The queue of passes for the daemon: `ports.Queue`, due projects, and workers.

Who nudges a project may be another process than the one that runs its pass, so nudges are stored. Due
projects are not: every daemon reads in the database which are due
(docs/decisions/0098-due-passes-without-jobs.md).

There are two implementations, `memory_queue` and `procrastinate_queue`; tests/daemon/test_queue.py tests
both.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from reconciler.model.ids import ProjectId
from reconciler.ports import Queue

SLOTS_PER_RESERVED_SLOT = 4
"""One slot in four is reserved for nudged passes: due passes may take long, and must not fill all slots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedPass:
    """A pass that a worker takes from the queue."""

    project_id: ProjectId
    is_nudged: bool  # not only due


RunPass = Callable[[QueuedPass], Awaitable[bool]]
"""Runs one pass. Returns False if another process has the project, so that none was run.

Raises nothing but CancelledError.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueContent:
    """The content of the queue: nudged projects of all daemons that share it, due ones of this daemon."""

    waiting: frozenset[ProjectId] = frozenset()
    running: frozenset[ProjectId] = frozenset()
    waiting_jobs: frozenset[int] = frozenset()
    """The ids of waiting jobs, one for each waiting project. A project that waits again has a new one."""


class QueueWorker(Protocol):
    """One worker of the queue, from `serve` to `stop`."""

    async def serve(self) -> None:
        """Take and run passes until stopped. Returns when the last one has ended. Raises DatabaseError."""
        ...

    def stop(self, grace: float | None) -> None:
        """Take no more passes. Cancel those still running after `grace` seconds (None: let them finish)."""
        ...


class PassQueue(Queue, Protocol):
    """The queue for the daemon. Each project waits at most once, and has at most one running pass here."""

    def is_own(self, project_id: ProjectId) -> bool:
        """Whether this daemon, of all that share the database, makes the project's due passes.

        Others make them only when it is late (`due.ProjectDueTimes`).
        """
        ...

    def put_due(self, projects: Collection[ProjectId]) -> None:
        """Queue due projects in this process, behind those that were nudged."""
        ...

    async def backlog(self) -> QueueContent:
        """Return due passes of this process and nudged ones of all. Raises DatabaseError."""
        ...

    async def requeue_stalled(self) -> int:
        """Queue the projects of dead workers again. Returns their number. Raises DatabaseError."""
        ...

    def create_worker(self, run: RunPass, concurrency: int) -> QueueWorker:
        """Create a worker for `concurrency` passes at a time, up to `due_slot_count` of them due ones.

        Several workers may serve one queue.
        """
        ...


def due_slot_count(concurrency: int) -> int:
    """Return the number of a worker's slots that due passes may take: at least one."""
    return concurrency - concurrency // SLOTS_PER_RESERVED_SLOT

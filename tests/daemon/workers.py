"""Workers for tests of the queue: passes run until the test releases them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from reconciler.daemon.pass_queue import PassQueue, QueuedPass, QueueWorker
from reconciler.model.ids import ProjectId

TIMEOUT_SECONDS = 60.0


def project(number: int) -> ProjectId:
    return ProjectId(UUID(int=number))


@dataclass
class RecordingRunner:
    """Records the passes in order; those of `held` projects run until released."""

    began: list[ProjectId] = field(default_factory=list)
    ended: list[ProjectId] = field(default_factory=list)
    nudged: list[ProjectId] = field(default_factory=list)  # those of `began` that were not only due
    cut: list[ProjectId] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    twice: int = 0
    hold: bool = False
    _held: dict[ProjectId, asyncio.Event] = field(default_factory=dict)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _running: Counter[ProjectId] = field(default_factory=Counter)

    async def run(self, queued: QueuedPass) -> bool:
        project_id = queued.project_id
        await self._record(self.began, project_id)
        if queued.is_nudged:
            self.nudged.append(project_id)
        self._running[project_id] += 1
        self.twice += self._running[project_id] > 1
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            if self.hold:
                await self._held.setdefault(project_id, asyncio.Event()).wait()
        except asyncio.CancelledError:
            self.cut.append(project_id)
            raise
        finally:
            self.at_once -= 1
            self._running[project_id] -= 1
        await self._record(self.ended, project_id)
        return True

    def release(self, project_id: ProjectId) -> None:
        self._held.setdefault(project_id, asyncio.Event()).set()
        self._held.pop(project_id)

    async def until(self, count: int, *, ended: bool = False) -> None:
        """Wait until this many passes have begun (or ended)."""
        row = self.ended if ended else self.began
        async with asyncio.timeout(TIMEOUT_SECONDS), self._changed:
            await self._changed.wait_for(lambda: len(row) >= count)

    async def _record(self, row: list[ProjectId], project_id: ProjectId) -> None:
        async with self._changed:
            row.append(project_id)
            self._changed.notify_all()


@asynccontextmanager
async def working(
    queue: PassQueue, runner: RecordingRunner, concurrency: int = 2
) -> AsyncIterator[QueueWorker]:
    """Run a worker of the queue within the block, then stop it without grace."""
    queue_worker = queue.create_worker(runner.run, concurrency)
    task = asyncio.create_task(queue_worker.serve())
    try:
        yield queue_worker
    finally:
        queue_worker.stop(0.0)
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await task

"""The queue inside one process: for SQLite, where nobody shares it."""

import asyncio
from collections.abc import Collection

from reconciler.daemon.pass_queue import Backlog, RunPass, due_slot_count
from reconciler.model.ids import ProjectId


class MemoryQueue:
    """`daemon.passes.Passes` in memory. What waits is lost with the process: the next one finds it due."""

    def __init__(self) -> None:
        self._nudged_projects: dict[ProjectId, None] = {}  # dicts, because they keep the order
        self._due_projects: dict[ProjectId, None] = {}
        self._running: set[ProjectId] = set()
        self._workers: set[MemoryQueueWorker] = set()

    async def nudge(self, project_id: ProjectId) -> None:
        """Ahead of all that is merely due."""
        self._due_projects.pop(project_id, None)
        self._nudged_projects.setdefault(project_id)
        self._wake_workers()

    async def put_due(self, projects: Collection[ProjectId]) -> None:
        """Behind what waits already."""
        for project_id in projects:
            if project_id not in self._nudged_projects:
                self._due_projects.setdefault(project_id)
        self._wake_workers()

    async def backlog(self) -> Backlog:
        return Backlog(
            waiting=frozenset(self._nudged_projects) | frozenset(self._due_projects),
            running=frozenset(self._running),
        )

    async def requeue_stalled(self) -> int:
        """Nobody dies in here alone."""
        return 0

    def create_worker(self, run: RunPass, concurrency: int) -> "MemoryQueueWorker":
        return MemoryQueueWorker(self, run, concurrency)

    def register_worker(self, stint: "MemoryQueueWorker") -> None:
        """From now on it is woken when there is something to take."""
        self._workers.add(stint)

    def unregister_worker(self, stint: "MemoryQueueWorker") -> None:
        """It takes nothing any more."""
        self._workers.discard(stint)

    def take_nudged(self) -> ProjectId | None:
        """The next of those asked for that is not at work, which it is from now on."""
        return self._take(self._nudged_projects)

    def take_due(self) -> ProjectId | None:
        """The same of those that are merely due."""
        return self._take(self._due_projects)

    def _take(self, row: dict[ProjectId, None]) -> ProjectId | None:
        for project_id in row:
            if project_id not in self._running:
                del row[project_id]
                self._running.add(project_id)
                return project_id
        return None

    def mark_ended(self, project_id: ProjectId) -> None:
        """It may be taken again."""
        self._running.discard(project_id)
        self._wake_workers()

    def _wake_workers(self) -> None:
        for stint in self._workers:
            stint.wake()


class MemoryQueueWorker:
    """One worker: as many tasks at a time as it may have."""

    def __init__(self, queue: MemoryQueue, run: RunPass, concurrency: int) -> None:
        self._queue = queue
        self._run = run
        self._concurrency = concurrency
        self._tasks: set[asyncio.Task[None]] = set()
        self._due_tasks: set[asyncio.Task[None]] = set()  # those of them that nobody asked for
        self._woken = asyncio.Event()
        self._stopped = False
        self._grace: float | None = None

    async def serve(self) -> None:
        self._queue.register_worker(self)
        try:
            while not self._stopped:
                self._woken.clear()
                self._start_passes()
                await self._woken.wait()
        finally:
            self._queue.unregister_worker(self)
            await self._finish_passes()

    def stop(self, grace: float | None) -> None:
        self._stopped = True
        self._grace = grace
        self.wake()

    def wake(self) -> None:
        """There may be something to take, or reason to stop."""
        self._woken.set()

    def _start_passes(self) -> None:
        while len(self._tasks) < self._concurrency and (project_id := self._queue.take_nudged()) is not None:
            self._start_pass(project_id, self._tasks)
        while self._has_due_slot() and (project_id := self._queue.take_due()) is not None:
            self._start_pass(project_id, self._tasks, self._due_tasks)

    def _has_due_slot(self) -> bool:
        """For a pass that is merely due."""
        return len(self._tasks) < self._concurrency and len(self._due_tasks) < due_slot_count(
            self._concurrency
        )

    def _start_pass(self, project_id: ProjectId, *places: set[asyncio.Task[None]]) -> None:
        task = asyncio.create_task(self._run_pass(project_id))
        for each in places:
            each.add(task)
            task.add_done_callback(each.discard)

    async def _run_pass(self, project_id: ProjectId) -> None:
        try:
            await self._run(project_id)
        finally:
            self._queue.mark_ended(project_id)
            asyncio.get_running_loop().call_soon(self.wake)  # once the task has left its place

    async def _finish_passes(self) -> None:
        running = set(self._tasks)
        if running:
            await asyncio.wait(running, timeout=self._grace)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

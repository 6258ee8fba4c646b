"""The queue inside one process: with SQLite, where only one daemon runs, all of it."""

import asyncio
import itertools
from collections.abc import Collection

from reconciler.daemon.pass_queue import QueueContent, QueuedPass, RunPass, due_slot_count
from reconciler.model.ids import ProjectId


class MemoryQueue:
    """`pass_queue.PassQueue` in memory.

    Its content is lost with the process; the next one finds the due projects.
    """

    def __init__(self) -> None:
        self._job_ids = itertools.count(1)
        self._nudged_projects: dict[ProjectId, int] = {}  # → id of its job, in their order
        self._due_projects: dict[ProjectId, int] = {}
        self._running: set[ProjectId] = set()
        self._workers: set[MemoryQueueWorker] = set()

    async def nudge(self, project_id: ProjectId) -> None:
        self.put_nudged(project_id)

    def put_nudged(self, project_id: ProjectId) -> None:
        """Queue a project ahead of all due projects."""
        if project_id not in self._nudged_projects:
            job_id = self._due_projects.pop(project_id, None)
            self._nudged_projects[project_id] = next(self._job_ids) if job_id is None else job_id
        self._wake_workers()

    def is_own(self, project_id: ProjectId) -> bool:
        """Return True: there is no other daemon."""
        del project_id
        return True

    def put_due(self, projects: Collection[ProjectId]) -> None:
        """Queue projects behind those that are already waiting."""
        for project_id in projects:
            if project_id not in self._nudged_projects and project_id not in self._due_projects:
                self._due_projects[project_id] = next(self._job_ids)
        self._wake_workers()

    def withdraw_due(self, project_id: ProjectId) -> None:
        """Take back a due pass that has not begun, because a nudge goes ahead of it."""
        self._due_projects.pop(project_id, None)

    def withdraw_nudged(self, project_id: ProjectId) -> None:
        """Take back a nudge that no worker has taken."""
        self._nudged_projects.pop(project_id, None)

    async def backlog(self) -> QueueContent:
        return self.content

    @property
    def content(self) -> QueueContent:
        """What waits and runs in this process."""
        return QueueContent(
            waiting=frozenset(self._nudged_projects) | frozenset(self._due_projects),
            running=frozenset(self._running),
            waiting_jobs=frozenset((*self._nudged_projects.values(), *self._due_projects.values())),
        )

    async def requeue_stalled(self) -> int:
        """Return 0: a worker can't die without its queue."""
        return 0

    def create_worker(self, run: RunPass, concurrency: int) -> "MemoryQueueWorker":
        return MemoryQueueWorker(self, run, concurrency)

    def register_worker(self, worker: "MemoryQueueWorker") -> None:
        """Wake this worker whenever there is something to take."""
        self._workers.add(worker)

    def unregister_worker(self, worker: "MemoryQueueWorker") -> None:
        """Stop waking this worker."""
        self._workers.discard(worker)

    @property
    def has_workers(self) -> bool:
        """Whether any worker takes passes."""
        return bool(self._workers)

    def take_nudged(self) -> ProjectId | None:
        """Take the next nudged project that is not running, and mark it as running; None without one."""
        return self._take_first_not_running(self._nudged_projects)

    def take_due(self) -> ProjectId | None:
        """Take the next due project that is not running, and mark it as running; None without one."""
        return self._take_first_not_running(self._due_projects)

    def _take_first_not_running(self, waiting: dict[ProjectId, int]) -> ProjectId | None:
        for project_id in waiting:
            if project_id not in self._running:
                del waiting[project_id]
                self._running.add(project_id)
                return project_id
        return None

    def mark_ended(self, project_id: ProjectId) -> None:
        """Record the end of a pass, so that the project may be taken again."""
        self._running.discard(project_id)
        self._wake_workers()

    def _wake_workers(self) -> None:
        for worker in self._workers:
            worker.wake()


class MemoryQueueWorker:
    """A worker that runs up to `concurrency` passes at a time."""

    def __init__(self, queue: MemoryQueue, run: RunPass, concurrency: int) -> None:
        self._queue = queue
        self._run = run
        self._concurrency = concurrency
        self._tasks: set[asyncio.Task[None]] = set()
        self._due_tasks: set[asyncio.Task[None]] = set()  # the subset that was due, not nudged
        self._woken = asyncio.Event()
        self._stopped = False
        self._grace: float | None = None

    async def serve(self) -> None:
        if not self._stopped:
            self._queue.register_worker(self)
        try:
            while not self._stopped:
                self._woken.clear()
                self._start_passes()
                await self._woken.wait()
        finally:
            self._queue.unregister_worker(self)
            await self._await_or_cancel_passes()

    def stop(self, grace: float | None) -> None:
        self._stopped = True
        self._grace = grace
        self._queue.unregister_worker(self)
        self.wake()

    def wake(self) -> None:
        """Make the worker check for something to take, or for a stop."""
        self._woken.set()

    def _start_passes(self) -> None:
        while len(self._tasks) < self._concurrency and (project_id := self._queue.take_nudged()) is not None:
            self._start_pass(QueuedPass(project_id=project_id, is_nudged=True), self._tasks)
        while self._has_free_due_slot() and (project_id := self._queue.take_due()) is not None:
            queued = QueuedPass(project_id=project_id, is_nudged=False)
            self._start_pass(queued, self._tasks, self._due_tasks)

    def _has_free_due_slot(self) -> bool:
        """Return whether a due pass may start."""
        return len(self._tasks) < self._concurrency and len(self._due_tasks) < due_slot_count(
            self._concurrency
        )

    def _start_pass(self, queued: QueuedPass, *groups: set[asyncio.Task[None]]) -> None:
        task = asyncio.create_task(self._run_pass(queued))
        for each in groups:
            each.add(task)
            task.add_done_callback(each.discard)

    async def _run_pass(self, queued: QueuedPass) -> None:
        try:
            await self._run(queued)
        finally:
            self._queue.mark_ended(queued.project_id)
            asyncio.get_running_loop().call_soon(self.wake)  # once the task has freed its slot

    async def _await_or_cancel_passes(self) -> None:
        running = set(self._tasks)
        if running:
            await asyncio.wait(running, timeout=self._grace)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

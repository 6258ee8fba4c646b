"""The queue inside one process: for SQLite, where nobody shares it."""

import asyncio
from collections.abc import Collection

from reconciler.daemon.passes import Backlog, Run, for_due
from reconciler.model.ids import ProjectId


class InProcessQueue:
    """`daemon.passes.Passes` in memory. What waits is lost with the process: the next one finds it due."""

    def __init__(self) -> None:
        self._nudged: dict[ProjectId, None] = {}  # dicts, because they keep the order
        self._due: dict[ProjectId, None] = {}
        self._running: set[ProjectId] = set()
        self._stints: set[InProcessStint] = set()

    async def nudge(self, project_id: ProjectId) -> None:
        """Ahead of all that is merely due."""
        self._due.pop(project_id, None)
        self._nudged.setdefault(project_id)
        self._wake()

    async def put(self, projects: Collection[ProjectId]) -> None:
        """Behind what waits already."""
        for project_id in projects:
            if project_id not in self._nudged:
                self._due.setdefault(project_id)
        self._wake()

    async def backlog(self) -> Backlog:
        return Backlog(
            waiting=frozenset(self._nudged) | frozenset(self._due), running=frozenset(self._running)
        )

    async def rescue(self) -> int:
        """Nobody dies in here alone."""
        return 0

    def stint(self, run: Run, concurrency: int) -> "InProcessStint":
        return InProcessStint(self, run, concurrency)

    def enter(self, stint: "InProcessStint") -> None:
        """From now on it is woken when there is something to take."""
        self._stints.add(stint)

    def leave(self, stint: "InProcessStint") -> None:
        """It takes nothing any more."""
        self._stints.discard(stint)

    def nudged(self) -> ProjectId | None:
        """The next of those asked for that is not at work, which it is from now on."""
        return self._take(self._nudged)

    def due(self) -> ProjectId | None:
        """The same of those that are merely due."""
        return self._take(self._due)

    def _take(self, row: dict[ProjectId, None]) -> ProjectId | None:
        for project_id in row:
            if project_id not in self._running:
                del row[project_id]
                self._running.add(project_id)
                return project_id
        return None

    def ended(self, project_id: ProjectId) -> None:
        """It may be taken again."""
        self._running.discard(project_id)
        self._wake()

    def _wake(self) -> None:
        for stint in self._stints:
            stint.wake()


class InProcessStint:
    """One worker: as many tasks at a time as it may have."""

    def __init__(self, queue: InProcessQueue, run: Run, concurrency: int) -> None:
        self._queue = queue
        self._run = run
        self._concurrency = concurrency
        self._tasks: set[asyncio.Task[None]] = set()
        self._due: set[asyncio.Task[None]] = set()  # those of them that nobody asked for
        self._woken = asyncio.Event()
        self._stopped = False
        self._grace: float | None = None

    async def serve(self) -> None:
        self._queue.enter(self)
        try:
            while not self._stopped:
                self._woken.clear()
                self._fill()
                await self._woken.wait()
        finally:
            self._queue.leave(self)
            await self._finish()

    def stop(self, grace: float | None) -> None:
        self._stopped = True
        self._grace = grace
        self.wake()

    def wake(self) -> None:
        """There may be something to take, or reason to stop."""
        self._woken.set()

    def _fill(self) -> None:
        while len(self._tasks) < self._concurrency and (project_id := self._queue.nudged()) is not None:
            self._begin(project_id, self._tasks)
        while self._has_room() and (project_id := self._queue.due()) is not None:
            self._begin(project_id, self._tasks, self._due)

    def _has_room(self) -> bool:
        """For a pass that is merely due."""
        return len(self._tasks) < self._concurrency and len(self._due) < for_due(self._concurrency)

    def _begin(self, project_id: ProjectId, *places: set[asyncio.Task[None]]) -> None:
        task = asyncio.create_task(self._one(project_id))
        for each in places:
            each.add(task)
            task.add_done_callback(each.discard)

    async def _one(self, project_id: ProjectId) -> None:
        try:
            await self._run(project_id)
        finally:
            self._queue.ended(project_id)
            asyncio.get_running_loop().call_soon(self.wake)  # once the task has left its place

    async def _finish(self) -> None:
        running = set(self._tasks)
        if running:
            await asyncio.wait(running, timeout=self._grace)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

"""The schedule of one daemon: read from the database as far as something may have changed.

All projects are read rarely, because that takes the longer the more there are. In between the due times in
memory are enough: projects whose passes ended here are read again, and so are due ones before they are
queued, because another daemon may have made their passes. A due pass looks once more when it begins.
"""

from collections import Counter
from collections.abc import Callable, Collection

from reconciler.daemon.due import DueProjects
from reconciler.daemon.runtime import DaemonBackend
from reconciler.model.ids import Fingerprint, ProjectId
from reconciler.model.passes import DuePass
from reconciler.ports import Clock

PAUSE_AFTER_READING_FACTOR = 50.0
"""The pause after reading all projects, as a multiple of its duration: that takes at most 2 % of the time."""
CROWDED_SHARE = 4
"""A credential is crowded when one in so many slots is taken by a pass that waits for its writes."""


class Schedule:
    """Which projects are due, kept up to date."""

    def __init__(
        self, runtime: DaemonBackend, clock: Clock, interval: float, is_own: Callable[[ProjectId], bool]
    ) -> None:
        """`is_own`: whether this daemon makes a project's due passes (`pass_queue.PassQueue`)."""
        self.due_projects = DueProjects(interval)
        self._runtime = runtime
        self._clock = clock
        self._is_own = is_own
        self._read_all_monotonic = float("-inf")  # when all projects are to be read again
        self._ended: set[ProjectId] = set()  # projects whose passes ended since they were read

    def reset(self, interval: float) -> None:
        """Forget all times, because the configuration changed."""
        self.due_projects.interval_seconds = interval
        self.due_projects.reset()
        self._read_all_monotonic = float("-inf")

    def record_end(self, project_id: ProjectId) -> None:
        """Record that a pass of this daemon ended."""
        self._ended.add(project_id)

    def due_pass(self, project_id: ProjectId) -> DuePass:
        """Return what is known of a project whose due pass begins."""
        return DuePass(
            last_pass_at=self.due_projects.last_pass_at(project_id), is_own=self._is_own(project_id)
        )

    async def refresh(self) -> bool:
        """Read what may have changed; returns whether that was everything. Raises DatabaseError."""
        began = self._clock.monotonic()
        ended, self._ended = self._ended, set()
        if began < self._read_all_monotonic:
            await self._read_again(ended)
            return False
        projects = await self._runtime.pass_schedule()
        now = self._clock.monotonic()
        self.due_projects.replace_all(projects, self._clock.now(), now)
        self._read_all_monotonic = now + PAUSE_AFTER_READING_FACTOR * (now - began)
        return True

    async def find_due(
        self, limit: int, busy: Collection[ProjectId], concurrency: int, *, is_fresh: bool
    ) -> list[ProjectId]:
        """Return up to `limit` projects to be queued now. Raises DatabaseError.

        `busy`: projects that are waiting or running; `is_fresh`: all have just been read.
        """
        room = self._room_of_crowded_credentials(busy, concurrency)
        found = self.due_projects.select_due(self._clock.monotonic(), limit, busy, room, self._is_own)
        if found and not is_fresh:
            await self._read_again(found)
            late = set(self.due_projects.select_due(self._clock.monotonic(), None, busy))
            found = [project_id for project_id in found if project_id in late]
        return found

    async def find_overdue(
        self, running: Collection[ProjectId], busy: Collection[ProjectId], concurrency: int, *, is_fresh: bool
    ) -> list[ProjectId]:
        """Return a few projects that have waited so long that they are nudged. Raises DatabaseError.

        `running`, of those that are `busy`: projects whose pass has begun.
        """
        room = self._room_of_crowded_credentials(busy, concurrency)
        found = self.due_projects.select_overdue(self._clock.monotonic(), running, room)
        if found and not is_fresh:
            await self._read_again(found)
            late = set(self.due_projects.select_due(self._clock.monotonic(), None, running))
            found = [project_id for project_id in found if project_id in late]
        return found

    async def _read_again(self, project_ids: Collection[ProjectId]) -> None:
        if project_ids:
            projects = await self._runtime.pass_schedule(project_ids)
            self.due_projects.update(project_ids, projects, self._clock.now(), self._clock.monotonic())

    def _room_of_crowded_credentials(
        self, busy: Collection[ProjectId], concurrency: int
    ) -> dict[Fingerprint, int]:
        """Return how many more passes may be queued for credentials whose passes wait for their writes.

        They get half of the slots together with those that are waiting and running, as long as projects with
        other credentials are due or running.
        """
        waiting = self._runtime.waiting_writes()
        crowded = {each for each, count in waiting.items() if count * CROWDED_SHARE >= concurrency}
        if not crowded or self.due_projects.credentials <= crowded:
            return {}
        taken = Counter(self.due_projects.credential_of(project_id) for project_id in busy)
        return {each: max(0, concurrency // 2 - taken[each]) for each in crowded}

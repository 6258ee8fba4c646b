"""The schedule of one daemon: read from the database as far as something may have changed.

All projects are read rarely, because that takes the longer the more there are. In between the due times in
memory are enough: projects whose passes ended here are read again, and so are due ones before they are
queued, because another daemon may have made their passes. A due pass looks once more when it begins.

It also says how many passes at a time an owner may have, so that one owner's many or slow projects leave
slots to everybody else's. Source: docs/security.md, Of a pass.
"""

import sys
from collections import Counter
from collections.abc import Callable, Collection

from reconciler.daemon.due_times import ProjectDueTimes, Room
from reconciler.daemon.intervals import ServiceIntervals
from reconciler.daemon.pass_queue import due_slot_count
from reconciler.daemon.runtime import DaemonBackend
from reconciler.model.ids import Fingerprint, OwnerId, ProjectId
from reconciler.model.passes import DuePass
from reconciler.ports import Clock

PAUSE_AFTER_READING_FACTOR = 50.0
"""The pause after reading all projects, as a multiple of its duration: that takes at most 2 % of the time."""
CROWDED_SHARE = 4
"""A credential is crowded when one in so many slots is taken by a pass that waits for its writes; an owner
when one in so many is taken by a long pass.
"""
LONG_PASS_SECONDS = 10.0
"""A pass that has run for longer is long; most take a second or two."""


class Schedule:
    """Which projects are due, kept up to date."""

    def __init__(
        self,
        runtime: DaemonBackend,
        clock: Clock,
        intervals: ServiceIntervals,
        is_own: Callable[[ProjectId], bool],
    ) -> None:
        """`is_own`: whether this daemon makes a project's due passes (`pass_queue.PassQueue`)."""
        self.due_projects = ProjectDueTimes(intervals.interval)
        self._concurrency = intervals.concurrency
        self._runtime = runtime
        self._clock = clock
        self._is_own = is_own
        self._read_all_monotonic = float("-inf")  # when all projects are to be read again
        self._ended: set[ProjectId] = set()  # projects whose passes ended since they were read
        self._began: dict[ProjectId, float] = {}  # running passes of this daemon
        self._postponed: dict[ProjectId, None] = {}  # in the order in which they came

    def reset(self, intervals: ServiceIntervals) -> None:
        """Forget all times, because the configuration changed."""
        self._concurrency = intervals.concurrency
        self.due_projects.interval_seconds = intervals.interval
        self.due_projects.reset()
        self._read_all_monotonic = float("-inf")

    def begin_pass(self, project_id: ProjectId) -> bool:
        """Record that a pass of this daemon begins. False: not now, because its owner has enough of them.

        Then `find_overdue` returns the project when its owner may have another pass.
        """
        owner = self.due_projects.owner_of(project_id)
        if self._count_running()[owner] >= self._max_passes(owner):
            self._postponed.setdefault(project_id)
            return False
        self._postponed.pop(project_id, None)
        self._began[project_id] = self._clock.monotonic()
        return True

    def record_end(self, project_id: ProjectId) -> None:
        """Record that a pass of this daemon ended."""
        self._began.pop(project_id, None)
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

    async def find_due(self, limit: int, busy: Collection[ProjectId], *, is_fresh: bool) -> list[ProjectId]:
        """Return up to `limit` projects to be queued now. Raises DatabaseError.

        `busy`: projects that are waiting or running; `is_fresh`: all have just been read.
        """
        room = self._room_of_crowded_groups(busy)
        found = self.due_projects.select_due(self._clock.monotonic(), limit, busy, room, self._is_own)
        if found and not is_fresh:
            await self._read_again(found)
            late = set(self.due_projects.select_due(self._clock.monotonic(), None, busy))
            found = [project_id for project_id in found if project_id in late]
        return found

    async def find_overdue(
        self, running: Collection[ProjectId], busy: Collection[ProjectId], *, is_fresh: bool
    ) -> list[ProjectId]:
        """Return projects that are to be nudged. Raises DatabaseError.

        A few have waited for so long. While long passes of crowded owners have every slot of due passes, all
        due ones of other owners are nudged: other slots are left to them. And there are those that were
        postponed. `running`, of those that are `busy`: projects whose pass has begun.
        """
        room, now = self._room_of_crowded_groups(busy), self._clock.monotonic()
        if self._crowded_owners() and len(self._long_passes()) >= due_slot_count(self._concurrency):
            found = self.due_projects.select_due(now, self._concurrency, running, room)
        else:
            found = self.due_projects.select_overdue(now, running, room)
        if found and not is_fresh:
            await self._read_again(found)
            late = set(self.due_projects.select_due(self._clock.monotonic(), None, running))
            found = [project_id for project_id in found if project_id in late]
        return list(dict.fromkeys((*self._take_postponed(), *found)))

    async def _read_again(self, project_ids: Collection[ProjectId]) -> None:
        if project_ids:
            projects = await self._runtime.pass_schedule(project_ids)
            self.due_projects.update(project_ids, projects, self._clock.now(), self._clock.monotonic())

    def _room_of_crowded_groups(self, busy: Collection[ProjectId]) -> Room:
        """Return how many more passes may be queued for crowded owners, and for crowded credentials.

        Those that are waiting and running count too. The limits hold as long as other projects are due or
        running.
        """
        owners = self._crowded_owners()
        taken = Counter(self.due_projects.owner_of(project_id) for project_id in busy)
        room = self._free_slots_of_crowded_credentials(busy)
        room.update((owner, max(0, self._max_passes(owner) - taken[owner])) for owner in owners)
        return room

    def _free_slots_of_crowded_credentials(
        self, busy: Collection[ProjectId]
    ) -> dict[OwnerId | Fingerprint, int]:
        """Return it for credentials whose passes wait for their writes: they get half of the slots each."""
        waiting = self._runtime.passes_waiting_to_write()
        crowded = {each for each, count in waiting.items() if count * CROWDED_SHARE >= self._concurrency}
        if not crowded or self.due_projects.credentials <= crowded:
            return {}
        taken = Counter(self.due_projects.credential_of(project_id) for project_id in busy)
        return {each: max(0, self._concurrency // 2 - taken[each]) for each in crowded}

    def _max_passes(self, owner: OwnerId | None) -> int:
        """Return how many passes at a time this daemon runs for an owner.

        Crowded ones get half of the slots together, any other all but one, unless there is no other owner.
        Projects that are not scheduled, or not read yet after a start, count as those of one owner (None).
        """
        crowded = self._crowded_owners()
        if owner in crowded:
            return max(1, (self._concurrency + 1) // 2 // len(crowded))
        if owner is not None and self.due_projects.owners <= {owner}:
            return sys.maxsize
        return max(due_slot_count(self._concurrency), self._concurrency - 1)

    def _crowded_owners(self) -> set[OwnerId]:
        """Return the owners whose long passes take many slots; none if there are no others."""
        counts = Counter(self.due_projects.owner_of(project_id) for project_id in self._long_passes())
        crowded = {
            owner
            for owner, count in counts.items()
            if owner is not None and count * CROWDED_SHARE >= self._concurrency
        }
        return set() if not crowded or self.due_projects.owners <= crowded else crowded

    def _long_passes(self) -> list[ProjectId]:
        limit = self._clock.monotonic() - LONG_PASS_SECONDS
        return [project_id for project_id, began in self._began.items() if began < limit]

    def _count_running(self) -> Counter[OwnerId | None]:
        return Counter(self.due_projects.owner_of(project_id) for project_id in self._began)

    def _take_postponed(self) -> list[ProjectId]:
        """Return postponed projects whose owners may have another pass now, and forget them."""
        counts, found = self._count_running(), []
        for project_id in self._postponed:
            owner = self.due_projects.owner_of(project_id)
            if counts[owner] < self._max_passes(owner):
                counts[owner] += 1
                found.append(project_id)
        for project_id in found:
            del self._postponed[project_id]
        return found

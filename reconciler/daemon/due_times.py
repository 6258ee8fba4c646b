"""The due times of projects. Intervals use the monotonic clock, so a jump of the wall clock changes none.

The database has the time of each project's last pass (by any daemon); `model.passes.due_at` computes when it
is due again. The wall clock is used once per pass, to convert that time to the monotonic clock.
"""

import hashlib
import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.model.ids import Fingerprint, OwnerId, ProjectId
from reconciler.model.passes import MAX_IDLE_FACTOR, ScheduledProject, due_at

MAX_JITTER_SHARE = 0.1
"""A pass is delayed by up to this share of its interval, so that projects are not all due together."""
QUEUE_AGAIN_SECONDS = 5.0
"""Delay before a project is queued again if its pass recorded nothing: it was busy, or without a database."""
LATE_SECONDS = 5.0
"""How long a project is due before a daemon takes it that another one should have taken."""
MIN_OVERDUE_SECONDS = 30.0
"""A shorter interval is no promise: passes take their time."""
MAX_OVERDUE_AT_ONCE = 2
"""Few: where all projects are late, nudged ones shall still go ahead of most."""

Room = Mapping[OwnerId | Fingerprint, int]
"""How many more projects of these owners and credentials may be queued; of all others any number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _ProjectTimes:
    """A project at its last change, and the monotonic times computed from it."""

    project: ScheduledProject
    due_monotonic: float
    not_before_monotonic: float  # the local scan may not run it earlier either
    queued_monotonic: float = float("-inf")  # when this daemon queued it last


class ProjectDueTimes:
    """The projects of one daemon, with their due times."""

    def __init__(self, interval: float) -> None:
        self.interval_seconds = interval  # poll.interval_seconds
        self._times: dict[ProjectId, _ProjectTimes] = {}
        self.owners: set[OwnerId | None] = set()  # of these, and of those that left since all were read
        self._queue: list[tuple[float, ProjectId]] = []  # heap; an entry with another due time is outdated

    def __len__(self) -> int:
        return len(self._times)

    def replace_all(self, projects: Sequence[ScheduledProject], now: datetime, monotonic: float) -> None:
        """Take over the times of these projects, and forget all others."""
        self._times = {
            project.project_id: self._project_times(project, now, monotonic)
            for project in projects
            if _is_scheduled(project)
        }
        self.owners = {times.project.owner for times in self._times.values()}
        self._queue = [(times.due_monotonic, project_id) for project_id, times in self._times.items()]
        heapq.heapify(self._queue)

    def update(
        self,
        asked: Collection[ProjectId],
        projects: Sequence[ScheduledProject],
        now: datetime,
        monotonic: float,
    ) -> None:
        """Take over the times of the projects asked for; forget those of them that were not found."""
        found = {project.project_id: project for project in projects if _is_scheduled(project)}
        for project_id in asked:
            if (project := found.get(project_id)) is None:
                self._times.pop(project_id, None)
                continue
            before, times = self._times.get(project_id), self._project_times(project, now, monotonic)
            self._times[project_id] = times
            self.owners.add(project.owner)
            if before is None or before.due_monotonic != times.due_monotonic:
                heapq.heappush(self._queue, (times.due_monotonic, project_id))

    def select_due(
        self,
        monotonic: float,
        limit: int | None = None,
        skipped: Collection[ProjectId] = (),
        room: Room | None = None,
        is_own: Callable[[ProjectId], bool] = lambda _: True,
    ) -> list[ProjectId]:
        """Return projects that are due now: the owners in turn, each one's credentials in turn, and the
        longest overdue first.

        `limit`: at most so many; `skipped`: projects that are waiting or running; `is_own`: whether a project
        is this daemon's, others must be late. Looks at due projects only, however many there are.
        """
        late: list[tuple[float, ProjectId]] = []
        while self._queue and self._queue[0][0] <= monotonic:
            due, project_id = heapq.heappop(self._queue)
            known = self._times.get(project_id)
            if known is not None and known.due_monotonic == due:
                late.append((due, project_id))
        late = sorted(set(late))
        for entry in late:  # they stay due until a pass of theirs is recorded
            heapq.heappush(self._queue, entry)
        ready: list[tuple[float, ProjectId, ScheduledProject]] = []
        for due, project_id in late:
            times = self._times[project_id]
            again = times.queued_monotonic + QUEUE_AGAIN_SECONDS
            is_ready = project_id not in skipped and again <= monotonic
            if is_ready and (due + LATE_SECONDS <= monotonic or is_own(project_id)):
                ready.append((max(due, again), project_id, times.project))
        return _take_in_turn(sorted(ready, key=lambda each: each[:2]), room or {})[:limit]

    def select_overdue(
        self,
        monotonic: float,
        running: Collection[ProjectId],
        room: Room | None = None,
    ) -> list[ProjectId]:
        """Return those that have been due for a whole interval without a pass, a few, the longest first.

        Nudged projects go ahead of due ones, and anybody who has the secret of a webhook can nudge; so due
        ones that wait for too long are nudged too.

        Source: docs/security.md, Of a pass.
        """
        limit = monotonic - max(self.interval_seconds, MIN_OVERDUE_SECONDS)
        overdue = [
            (self._times[project_id].due_monotonic, project_id)
            for project_id in self.select_due(monotonic, skipped=running, room=room)
            if self._times[project_id].due_monotonic < limit
        ]
        return [project_id for _, project_id in sorted(overdue)[:MAX_OVERDUE_AT_ONCE]]

    @property
    def credentials(self) -> frozenset[Fingerprint | None]:
        """Return the credentials of all scheduled projects."""
        return frozenset(times.project.credential for times in self._times.values())

    def last_pass_at(self, project_id: ProjectId) -> datetime | None:
        """Return when the last pass of a project ended, as it was read; None: never, or it is unknown."""
        times = self._times.get(project_id)
        return None if times is None else times.project.last_pass_at

    def credential_of(self, project_id: ProjectId) -> Fingerprint | None:
        """Return the credential that passes of a project use, as far as it is known."""
        times = self._times.get(project_id)
        return None if times is None else times.project.credential

    def owner_of(self, project_id: ProjectId) -> OwnerId | None:
        """Return the owner of a project, as far as it is known."""
        times = self._times.get(project_id)
        return None if times is None else times.project.owner

    @property
    def scheduled(self) -> Sequence[ScheduledProject]:
        """Return the projects that are scheduled: all that are not paused."""
        return [times.project for times in self._times.values()]

    def overdue_seconds(self, monotonic: float) -> Mapping[ProjectId, float]:
        """Return for how long each project that is due has been due."""
        return {
            project_id: monotonic - times.due_monotonic
            for project_id, times in self._times.items()
            if times.due_monotonic <= monotonic
        }

    def mark_queued(self, projects: Iterable[ProjectId], monotonic: float) -> None:
        """Record that these projects were queued."""
        for project_id in projects:
            if times := self._times.get(project_id):
                self._times[project_id] = replace(times, queued_monotonic=monotonic)

    def may_run_early(self, project_id: ProjectId, monotonic: float) -> bool:
        """Return whether a project may be synced early: it is known, and no limit or back-off forbids it."""
        times = self._times.get(project_id)
        return times is not None and times.not_before_monotonic <= monotonic

    def reset(self) -> None:
        """Forget all times, because the configuration changed."""
        self._times, self._queue, self.owners = {}, [], set()

    def _project_times(self, project: ScheduledProject, now: datetime, monotonic: float) -> _ProjectTimes:
        times = self._times.get(project.project_id)
        if times is not None and _has_same_times(times.project, project):
            # The first pass of a project records its credential long before it ends; an owner may change.
            return times if _has_same_group(times.project, project) else replace(times, project=project)
        if times is not None and times.project.config != project.config:
            return _ProjectTimes(project=project, due_monotonic=monotonic, not_before_monotonic=monotonic)
        if times is None and project.failures:
            # A back-off from before this start or configuration: the cause may have been removed.
            return _ProjectTimes(project=project, due_monotonic=monotonic, not_before_monotonic=monotonic)
        wait = (due_at(project, timedelta(seconds=self.interval_seconds), now) - now).total_seconds()
        if project.next_at is not None:
            return _ProjectTimes(
                project=project, due_monotonic=monotonic + wait, not_before_monotonic=monotonic + wait
            )
        wait = max(
            -MAX_IDLE_FACTOR * self.interval_seconds,
            wait + self.interval_seconds * MAX_JITTER_SHARE * _jitter_fraction(project),
        )
        return _ProjectTimes(project=project, due_monotonic=monotonic + wait, not_before_monotonic=monotonic)


def _is_scheduled(project: ScheduledProject) -> bool:
    """Whether the project is synced by itself.

    One whose integration can't be used is: its pass makes no request, but records the problem, delays the
    next pass and sends alerts.
    """
    return not project.paused


def _take_in_turn(ready: Iterable[tuple[float, ProjectId, ScheduledProject]], room: Room) -> list[ProjectId]:
    """Order projects so that each owner's first one comes first, then each one's second one.

    An owner's own order is that of its credentials in turn, so that neither many projects nor many tokens put
    anybody ahead. A project without a known credential counts as one with a credential of its own.
    """
    counts: Counter[OwnerId | Fingerprint] = Counter()
    ranks: Counter[tuple[OwnerId | None, Fingerprint]] = Counter()
    by_owner: defaultdict[OwnerId | None, list[tuple[int, float, ProjectId]]] = defaultdict(list)
    for late_since, project_id, project in ready:
        groups = [group for group in (project.owner, project.credential) if group is not None]
        if any(counts[group] >= room.get(group, counts[group] + 1) for group in groups):
            continue
        counts.update(groups)
        rank = 0
        if project.credential is not None:
            rank = ranks[project.owner, project.credential]
            ranks[project.owner, project.credential] += 1
        by_owner[project.owner].append((rank, late_since, project_id))
    ranked = [
        (turn, late_since, project_id)
        for own in by_owner.values()
        for turn, (_, late_since, project_id) in enumerate(sorted(own))
    ]
    return [project_id for *_, project_id in sorted(ranked)]


def _has_same_group(first: ScheduledProject, second: ScheduledProject) -> bool:
    """Return whether both count for the same owner and credential."""
    return (first.owner, first.credential) == (second.owner, second.credential)


def _has_same_times(first: ScheduledProject, second: ScheduledProject) -> bool:
    """Return whether both have the same values for the due time."""
    return (first.last_pass_at, first.next_at, first.config) == (
        second.last_pass_at,
        second.next_at,
        second.config,
    )


def _jitter_fraction(project: ScheduledProject) -> float:
    """Return a fraction in [0, 1): new after each pass, equal on all machines, 0 before the first pass."""
    if project.last_pass_at is None:
        return 0.0
    digest = hashlib.sha256(project.project_id.bytes + repr(project.last_pass_at).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32

"""The due times of projects. Intervals use the monotonic clock, so a jump of the wall clock changes none.

The database has the time of each project's last pass (by any daemon); `model.passes.due_at` computes when it
is due again. The wall clock is used once per pass, to convert that time to the monotonic clock.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.model.ids import ProjectId
from reconciler.model.passes import MAX_IDLE_FACTOR, ScheduledProject, due_at

JITTER_SHARE = 0.1
"""A pass is delayed by up to this share of its interval, so that projects are not all due together."""
RETRY_SECONDS = 5.0
"""Delay before a project is queued again if its pass recorded nothing: it was busy, or without a database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _ProjectTimes:
    """A project at its last change, and the monotonic times computed from it."""

    project: ScheduledProject
    due_monotonic: float
    not_before_monotonic: float  # the local scan may not run it earlier either
    queued_monotonic: float = float("-inf")  # when this daemon queued it last


class DueProjects:
    """The projects of one daemon, with their due times."""

    def __init__(self, interval: float) -> None:
        self.interval_seconds = interval  # poll.interval_seconds
        self._times: dict[ProjectId, _ProjectTimes] = {}

    def __len__(self) -> int:
        return len(self._times)

    def select_due(
        self, projects: Sequence[ScheduledProject], now: datetime, monotonic: float
    ) -> list[ProjectId]:
        """Return the projects that are due now, the longest overdue first.

        Forgets those not in `projects`.
        """
        # A project whose integration can't be used is due too: its pass makes no request, but records the
        # problem, delays the next pass and sends alerts.
        wanted = [each for each in projects if not each.paused]
        self._times = {each.project_id: self._project_times(each, now, monotonic) for each in wanted}
        late = [
            (max(seen.due_monotonic, seen.queued_monotonic + RETRY_SECONDS), project_id)
            for project_id, seen in self._times.items()
            if seen.due_monotonic <= monotonic and seen.queued_monotonic + RETRY_SECONDS <= monotonic
        ]
        return [project_id for _, project_id in sorted(late)]

    def mark_queued(self, projects: Iterable[ProjectId], monotonic: float) -> None:
        """Record that these projects were queued."""
        for project_id in projects:
            if seen := self._times.get(project_id):
                self._times[project_id] = replace(seen, queued_monotonic=monotonic)

    def may_run_early(self, project_id: ProjectId, monotonic: float) -> bool:
        """Return whether a project may be synced early: it is known, and no limit or back-off forbids it."""
        seen = self._times.get(project_id)
        return seen is not None and seen.not_before_monotonic <= monotonic

    def reset(self) -> None:
        """Forget all times, because the configuration changed."""
        self._times = {}

    def _project_times(self, each: ScheduledProject, now: datetime, monotonic: float) -> _ProjectTimes:
        seen = self._times.get(each.project_id)
        if seen is not None and _has_same_times(seen.project, each):
            return seen
        if seen is not None and seen.project.config != each.config:
            return _ProjectTimes(project=each, due_monotonic=monotonic, not_before_monotonic=monotonic)
        if seen is None and each.failures:
            # A back-off from before this start or configuration: the cause may have been removed.
            return _ProjectTimes(project=each, due_monotonic=monotonic, not_before_monotonic=monotonic)
        wait = (due_at(each, timedelta(seconds=self.interval_seconds), now) - now).total_seconds()
        if each.next_at is not None:
            return _ProjectTimes(
                project=each, due_monotonic=monotonic + wait, not_before_monotonic=monotonic + wait
            )
        wait = max(
            -MAX_IDLE_FACTOR * self.interval_seconds,
            wait + self.interval_seconds * JITTER_SHARE * _jitter_fraction(each),
        )
        return _ProjectTimes(project=each, due_monotonic=monotonic + wait, not_before_monotonic=monotonic)


def _has_same_times(one: ScheduledProject, other: ScheduledProject) -> bool:
    """Return whether both have the same values for the due time."""
    return (one.last_pass_at, one.next_at, one.config) == (other.last_pass_at, other.next_at, other.config)


def _jitter_fraction(project: ScheduledProject) -> float:
    """Return a fraction in [0, 1): new after each pass, equal on all machines, 0 before the first pass."""
    if project.last_pass_at is None:
        return 0.0
    digest = hashlib.sha256(project.project_id.bytes + repr(project.last_pass_at).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32

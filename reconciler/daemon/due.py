"""The due times of projects. Intervals use the monotonic clock, so a jump of the wall clock changes none.

The database has the time of each project's last pass (by any daemon); `model.passes.due_at` computes when it
is due again. The wall clock is used once per pass, to convert that time to the monotonic clock.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.model.ids import ProjectId
from reconciler.model.passes import MAX_IDLE_FACTOR, ScheduledProject, due_at

MAX_JITTER_SHARE = 0.1
"""A pass is delayed by up to this share of its interval, so that projects are not all due together."""
QUEUE_AGAIN_SECONDS = 5.0
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
        due_projects = [project for project in projects if not project.paused]
        self._times = {
            project.project_id: self._project_times(project, now, monotonic) for project in due_projects
        }
        late = [
            (max(times.due_monotonic, times.queued_monotonic + QUEUE_AGAIN_SECONDS), project_id)
            for project_id, times in self._times.items()
            if times.due_monotonic <= monotonic and times.queued_monotonic + QUEUE_AGAIN_SECONDS <= monotonic
        ]
        return [project_id for _, project_id in sorted(late)]

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
        self._times = {}

    def _project_times(self, project: ScheduledProject, now: datetime, monotonic: float) -> _ProjectTimes:
        times = self._times.get(project.project_id)
        if times is not None and _has_same_times(times.project, project):
            # The first pass of a project records its credential long before it ends.
            return (
                times if times.project.credential == project.credential else replace(times, project=project)
            )
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

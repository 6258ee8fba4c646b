"""When a project is looked at next: idle ones more rarely, failing ones later and later. Pure."""

from datetime import datetime, timedelta

from reconciler.model.ids import ProjectId
from reconciler.model.passes import Outcome
from reconciler.model.values import dataclass

MAX_IDLE_FACTOR = 5
"""An idle project is polled up to so many times more rarely than `poll.interval_seconds`."""

ACTIVE_INTERVALS = 10
"""So many intervals after its last change a project still counts as active."""

MAX_BACK_OFF = timedelta(hours=1)
"""After failures the next try is never put off for longer than this (or the interval, if that is longer)."""

BACK_OFF_JITTER_SHARE = 0.25
"""So much of a back-off is left to chance: projects that failed together do not come back together."""

CLOCK_SLACK = timedelta(minutes=1)
"""A stored time that is further in the future than this was written by a clock that was wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledProject:
    """What the next pass of a project depends on. Times are the local clock's, `check_due` is GitHub's."""

    project_id: ProjectId
    name: str
    config: str  # changes with its integration: a new one is worth a look at once
    problem: str | None = None  # why its integration can't be used: a pass could only say so again
    paused: bool = False
    outcome: Outcome | None = None
    failures: int = 0  # in a row
    last_pass_at: datetime | None = None
    next_at: datetime | None = None  # a limit or a back-off says not before
    changed_at: datetime | None = None  # the last pass that had something to do
    verification_due: datetime | None = None  # the link whose verification is the longest overdue


def due_at(project: ScheduledProject, interval: timedelta, now: datetime) -> datetime:
    """From when on the project is due, if nobody nudges it. `now` or earlier: it is.

    Paused projects are the caller's to leave out. Issue "The service", Daemon.
    """
    last = project.last_pass_at
    if last is None or last > now + CLOCK_SLACK:
        return now
    if project.next_at is not None:
        return project.next_at
    return last + interval * _idle_factor(project, last, interval)


def _idle_factor(project: ScheduledProject, last: datetime, interval: timedelta) -> float:
    """1 (active, or with work left over) to RAREST (long idle)."""
    if project.outcome is not Outcome.OK or project.changed_at is None:
        return 1
    if project.verification_due is not None and project.verification_due < last - interval * MAX_IDLE_FACTOR:
        return 1  # verification is behind: rarer passes would hold it up further
    return min(MAX_IDLE_FACTOR, max(1, (last - project.changed_at) / (interval * ACTIVE_INTERVALS)))


def back_off(failures: int, interval: timedelta, chance: float) -> timedelta:
    """How long to wait after so many failures in a row, 1 or more; `chance` is a number in [0, 1)."""
    longest = max(MAX_BACK_OFF, interval)
    grown = min(longest, interval * 2.0 ** min(failures, 20))
    return grown * (1 - BACK_OFF_JITTER_SHARE * chance)

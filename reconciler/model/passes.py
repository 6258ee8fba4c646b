"""What a pass reports: outcome, cost, changes, progress; and when the next pass is due. Pure.

Idle projects are looked at more rarely, failing ones later and later. Source: docs/reference/contract.md,
JSON of a pass.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from reconciler.model.ids import ProjectId

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


class Outcome(StrEnum):
    """How a pass ended."""

    OK = "ok"
    PARTIAL = "partial"  # something is quarantined, withheld or of unknown outcome; the rest is done
    LIMITED = "limited"  # a limit of ours or GitHub's ended it; it goes on at `next_at`
    REFUSED = "refused"  # the project is at work elsewhere, paused, or not to be written to
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a pass asked of GitHub. `cost` is primary rate limit used: 304s are free."""

    requests: int = 0
    not_modified: int = 0
    writes: int = 0
    cost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedCounts:
    """What a pass changed, on both sides."""

    reports_updated: int = 0
    comments_imported: int = 0
    comments_edited: int = 0
    comments_removed: int = 0
    issues_created: int = 0
    issues_updated: int = 0
    comments_posted: int = 0
    remote_comments_removed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A sentence for people, and a word for programs."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationProgress:
    """How far a whole round of verification came."""

    compared: int  # in this round so far
    links: int  # there are to compare
    differed: int  # in this pass


@dataclass(frozen=True, slots=True, kw_only=True)
class PassResult:
    """One project, one pass."""

    project_id: ProjectId
    project_name: str
    repository: str | None
    outcome: Outcome
    error: Failure | None
    duration_ms: int
    github: Cost
    applied: AppliedCounts
    conflicts: int
    quarantined: int
    pending: int
    withheld: str | None = None  # the hash of withheld deletions, for --accept
    next_at: datetime | None = None  # with LIMITED, REFUSED, FAILED: no pass of ours before then
    failures: int = 0  # in a row, this one included
    linked: int = 0  # links taken up: their first contact was made
    ended: int = 0  # links that ended or rest
    verified: VerificationProgress | None = None  # of a whole round (`reconcile verify`)
    entered: int = 0  # things that began to need a person
    left: int = 0  # things that ceased to

    @property
    def has_changes(self) -> bool:
        """There is something to tell of it, however it ended."""
        did = self.applied != AppliedCounts() or self.github.writes or self.conflicts
        return bool(did or self.linked or self.ended or self.verified is not None)

    @property
    def is_uneventful(self) -> bool:
        """It ended well and there is nothing to tell."""
        return self.outcome is Outcome.OK and not self.has_changes


class Progress(Protocol):
    """The progress of long work; shown on a terminal, otherwise nowhere."""

    def start(self, what: str, total: int | None) -> None:
        """A piece of work begins, of so many steps (None: unknown)."""
        ...

    def advance(self, steps: int = 1) -> None:
        """So many more steps are done."""
        ...

    def finish(self) -> None:
        """It ended."""
        ...


class NoProgress:
    """Progress that nobody watches."""

    def start(self, what: str, total: int | None) -> None: ...

    def advance(self, steps: int = 1) -> None: ...

    def finish(self) -> None: ...


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

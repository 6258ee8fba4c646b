"""The result of a pass, its progress, and when the next pass of a project is due. Pure.

Idle projects are polled less often, and failing ones after longer and longer waits. Source:
docs/reference/contract.md, JSON of a pass.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from reconciler.model.formatting import format_count
from reconciler.model.ids import Fingerprint, OwnerId, ProjectId
from reconciler.model.report import MisnamedReport

MAX_IDLE_FACTOR = 5
"""The interval of an idle project grows up to this multiple of `poll.interval_seconds`."""
ACTIVE_INTERVALS = 10
"""A project counts as active for this many intervals after its last change."""
MAX_BACK_OFF = timedelta(hours=1)
"""The longest wait after failures (or the interval, if that is longer)."""
BACK_OFF_JITTER_SHARE = 0.25
"""The random share of a wait: projects that failed together do not come back together."""
CLOCK_SLACK = timedelta(minutes=1)
"""A stored time further in the future than this was written by a wrong clock."""


class Outcome(StrEnum):
    """The outcome of a pass."""

    OK = "ok"
    PARTIAL = "partial"  # something is quarantined, withheld or of unknown outcome; the rest is done
    LIMITED = "limited"  # a limit, ours or GitHub's, ended it; it continues at `next_at`
    REFUSED = "refused"  # another process works on the project, it is paused, or this database may not write
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A pass's requests to GitHub. `cost`: the primary rate limit it used; a 304 costs nothing."""

    requests: int = 0
    not_modified: int = 0
    writes: int = 0
    cost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedCounts:
    """The changes that a pass made, on both sides."""

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
    """An error: a sentence for people, and a word for programs."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationProgress:
    """The progress of a full verification."""

    compared: int  # so far
    links: int  # to be compared in total
    differed: int  # in this pass


TOKEN_WARNING_PERIOD = timedelta(days=14)
"""Time before the expiry of a token from which the expiry is shown and alerted."""
VERSION_WARNING_PERIOD = timedelta(days=90)
"""So long before a version of the API ends its project needs a person; until then it is only mentioned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedExpiries:
    """What the answers of one pass announced."""

    token_expires_at: datetime | None = None  # None: never, or an App's, which renews its tokens itself
    api_version: str = ""
    is_deprecated: bool = False  # this version of the API
    sunset_at: datetime | None = None  # when it ends, as far as GitHub says

    def token_warning(self, now: datetime) -> str | None:
        """Return a sentence from `TOKEN_WARNING_PERIOD` before the token expires on."""
        expires_at = self.token_expires_at
        if expires_at is None or expires_at - now > TOKEN_WARNING_PERIOD:
            return None
        if expires_at <= now:
            return f"the token expired on {expires_at:%Y-%m-%d}: enter a new one in the GitHub integration"
        left = expires_at - now
        when = f"in {format_count(left.days, 'day')}" if left.days else "within a day"
        return (
            f"the token expires on {expires_at:%Y-%m-%d} ({when}): enter a new one in the GitHub integration"
        )

    def version_warning(self) -> str | None:
        """Return a sentence if GitHub announced the end of the version."""
        if not self.is_deprecated and self.sunset_at is None:
            return None
        when = f" on {self.sunset_at:%Y-%m-%d}" if self.sunset_at is not None else ""
        return (
            f"GitHub ends version {self.api_version} of its API{when}: set github.api_version to a newer one"
        )

    def version_ends_soon(self, now: datetime) -> bool:
        """Whether the version ends within `VERSION_WARNING_PERIOD`."""
        return self.sunset_at is not None and self.sunset_at - now <= VERSION_WARNING_PERIOD


@dataclass(frozen=True, slots=True, kw_only=True)
class PassResult:
    """The result of one pass over one project."""

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
    next_at: datetime | None = None  # with LIMITED, REFUSED, FAILED: no pass before then
    failures: int = 0  # in a row, including this one
    linked: int = 0  # links whose initial sync was made
    ended: int = 0  # links that ended or were quarantined
    verified: VerificationProgress | None = None  # of a full verification (`reconcile verify`)
    entered: int = 0  # problems that began
    left: int = 0  # problems that ended
    misnamed: tuple[MisnamedReport, ...] | None = None  # None: the pass did not come so far
    announced: AnnouncedExpiries | None = None  # by GitHub's headers; None: GitHub was not asked

    @property
    def has_changes(self) -> bool:
        """Whether the pass changed or found something, for any outcome."""
        did = self.applied != AppliedCounts() or self.github.writes or self.conflicts
        return bool(did or self.linked or self.ended or self.verified is not None)

    @property
    def is_uneventful(self) -> bool:
        """Whether the pass succeeded and changed nothing."""
        return self.outcome is Outcome.OK and not self.has_changes


class Progress(Protocol):
    """The progress of long work. It is shown on a terminal and nowhere else."""

    def start(self, what: str, total: int | None) -> None:
        """Begin a piece of work of `total` steps (None: unknown)."""
        ...

    def advance(self, steps: int = 1) -> None:
        """Count `steps` more steps as done."""
        ...

    def finish(self) -> None:
        """End the piece of work."""
        ...


class NullProgress:
    """Progress that is not shown."""

    def start(self, what: str, total: int | None) -> None: ...

    def advance(self, steps: int = 1) -> None: ...

    def finish(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledProject:
    """What the next pass of a project depends on. Times are local; `verification_due` is GitHub's."""

    project_id: ProjectId
    name: str
    config: str  # changes with the integration; a project with a new one is due at once
    owner: OwnerId | None = None  # None: not known
    problem: str | None = None  # why the integration can't be used: a pass could only report it again
    paused: bool = False
    outcome: Outcome | None = None
    failures: int = 0  # in a row
    last_pass_at: datetime | None = None
    next_at: datetime | None = None  # not before then, because of a limit or failures
    changed_at: datetime | None = None  # when the last pass that changed something ended
    verification_due: datetime | None = None  # of the link whose verification is the longest overdue
    credential: Fingerprint | None = None  # that passes of it use; None: no pass has recorded one


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePass:
    """A pass that nobody asked for: its time has come, as one daemon read the schedule."""

    last_pass_at: datetime | None  # as the daemon read it; another time: another daemon has made the pass
    is_own: bool  # this daemon makes the project's due passes as long as it lives


def due_at(project: ScheduledProject, interval: timedelta, now: datetime) -> datetime:
    """Return when the project's next pass is due, if nothing asks for an earlier one. Due: `now` or earlier.

    The caller leaves out paused projects.
    """
    last = project.last_pass_at
    if last is None or last > now + CLOCK_SLACK:
        return now
    if project.next_at is not None:
        return project.next_at
    return last + interval * _idle_factor(project, last, interval)


def _idle_factor(project: ScheduledProject, last: datetime, interval: timedelta) -> float:
    """Return the multiple of the interval: 1 (active, or work left) to MAX_IDLE_FACTOR (long idle)."""
    if project.outcome is not Outcome.OK or project.changed_at is None:
        return 1
    if project.verification_due is not None and project.verification_due < last - interval * MAX_IDLE_FACTOR:
        return 1  # verification is late; fewer passes would delay it further
    return min(MAX_IDLE_FACTOR, max(1, (last - project.changed_at) / (interval * ACTIVE_INTERVALS)))


def back_off_wait(failures: int, interval: timedelta, chance: float) -> timedelta:
    """Return the wait after so many failures in a row (1 or more). `chance`: a number in [0, 1)."""
    longest = max(MAX_BACK_OFF, interval)
    grown = min(longest, interval * 2.0 ** min(failures, 20))
    return grown * (1 - BACK_OFF_JITTER_SHARE * chance)

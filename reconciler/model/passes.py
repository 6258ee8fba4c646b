"""What a pass reports: its outcome, what it cost, what it changed.

Source: docs/reference/contract.md, JSON of a pass.
"""

from datetime import datetime
from enum import StrEnum

from reconciler.model.ids import ProjectId
from reconciler.model.values import dataclass


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

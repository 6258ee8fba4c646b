"""How projects and credentials stand: for `reconcile status`, the pages, alerts and `/metrics`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.passes import PassResult
from reconciler.model.webhook import WebhookHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCounts:
    """A project's links, each counted once, by the most pressing thing about it."""

    synced: int = 0
    pending: int = 0  # first contact or a write is to come
    conflict: int = 0  # both sides had changed lately, and one value lost
    attention: int = 0  # rests, is frozen, was refused, or ended on GitHub


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionItem:
    """One thing about a link or a write that people should know of."""

    report: str  # BUG-0001, or the report's id where it is gone
    report_id: ReportId
    issue: str | None  # owner/repo#12
    what: str  # a link's state, `resting`, `frozen`, `refused`
    field: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationCoverage:
    """How much of a project has been compared whole of late (`poll.verify_seconds`)."""

    links: int = 0  # ACTIVE
    verified: int = 0  # of them, compared within the time, jitter included
    within: timedelta = timedelta(hours=6)
    oldest: datetime | None = None  # comparison of a link that has been compared at all
    p95: datetime | None = None  # 19 of 20 comparisons are later; known where one project is asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectHealth:
    """One project as `reconcile status` shows it."""

    project_id: ProjectId
    name: str
    repository: str | None
    paused: bool
    links: Mapping[str, int]  # by link state
    conflicts: int  # that still stand: as pages count and list them
    pending: int
    quarantined: int
    withheld: str | None  # the hash of deletions waiting for --accept
    withheld_count: int
    last_pass: PassResult | None
    last_pass_at: datetime | None
    last_success_at: datetime | None
    next_at: datetime | None
    problem: str | None
    coverage: VerificationCoverage = field(default_factory=VerificationCoverage)
    link_counts: LinkCounts = field(default_factory=LinkCounts)
    oldest_intent: datetime | None = None  # when the oldest unconfirmed write was wished for
    exposed: bool = False  # the repository has turned public, and text waits
    failures: int = 0  # passes in a row that failed; `next_at` is put off for it
    other_repository_links: int = (
        0  # links of another repository than the one the project is connected to now
    )
    attention: tuple[AttentionItem, ...] = ()
    newest_conflict: str | None = None  # the newest of the conflicts: `severity of BUG-0001`
    write_doubt: str | None = None  # why it is not certain that this database may write
    recovering: VerificationCoverage | None = None  # after a restore: how many links have been read again
    webhook: WebhookHealth = field(default_factory=WebhookHealth)


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialLimits:
    """One credential's limits as last told by GitHub and as reserved by us."""

    credential: str
    remaining: int | None
    limit: int | None
    reset_at: datetime | None
    blocked_until: datetime | None
    points_last_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectGauges:
    """One project's numbers for `/metrics`."""

    project_id: ProjectId
    links: Mapping[str, int] = field(default_factory=dict)  # by link state
    verified: int = 0  # ACTIVE links compared whole within the time
    intents: Mapping[str, int] = field(default_factory=dict)  # by intent state
    oldest_intent: datetime | None = None
    last_pass_at: datetime | None = None
    last_success_at: datetime | None = None
    next_at: datetime | None = None
    last_delivery_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """All of it, read at one moment."""

    projects: tuple[ProjectGauges, ...] = ()
    limits: tuple[CredentialLimits, ...] = ()

"""The state of projects and credentials: for `reconcile status`, pages, alerts and `/metrics`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.model.fields import RenamedLabel, Side
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.passes import PassResult
from reconciler.model.webhook import WebhookHealth

MISNAMED = "misnamed"
"""The word for a report whose link columns name no issue that it could be linked to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCountsByUrgency:
    """A project's links, each counted once, by the most urgent thing about it."""

    synced: int = 0
    pending: int = 0  # waits for its initial sync or for a write
    conflict: int = 0  # a conflict in the last days, in which one value was lost
    attention: int = 0  # quarantined, frozen, refused, or ended on GitHub
    unequal: int = 0  # live links whose sides are known to differ, or whose last comparison is not finished


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionItem:
    """A problem of one link or write."""

    report: str  # BUG-0001, or the report's id if the report was deleted
    report_id: ReportId
    issue: str | None  # owner/repo#12
    what: str  # a link's state, `resting`, `frozen`, `refused`
    field: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LostValue:
    """A value that lost a conflict: what `reconcile resolve` takes to bring it back."""

    report: str  # BUG-0001
    field: str
    side: Side  # whose value it was


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictSummary:
    """How many conflicts of a project stand, and the newest of them in words: `severity of BUG-0001`."""

    count: int
    newest: str
    lost_value: LostValue | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationCoverage:
    """How many links of a project were verified within `poll.verify_seconds`."""

    links: int = 0  # ACTIVE
    verified: int = 0  # of them, those compared within that time, jitter included
    within: timedelta = timedelta(hours=6)
    oldest: datetime | None = None  # the oldest comparison among the links that were ever compared
    p95: datetime | None = None  # 19 of 20 comparisons are later; only where one project is queried


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectHealth:
    """The health of one project, as `reconcile status` shows it."""

    project_id: ProjectId
    name: str
    repository: str | None
    paused: bool
    links: Mapping[str, int]  # by link state
    conflicts: int  # whose outcome still stands, as pages count and list them
    pending: int
    quarantined: int
    withheld: str | None  # the hash of the deletions that wait for --accept
    withheld_count: int
    last_pass: PassResult | None
    last_pass_at: datetime | None
    last_success_at: datetime | None
    next_at: datetime | None
    problem: str | None
    coverage: VerificationCoverage = field(default_factory=VerificationCoverage)
    link_counts: LinkCountsByUrgency = field(default_factory=LinkCountsByUrgency)
    oldest_intent: datetime | None = None  # when the oldest unconfirmed write was recorded
    exposed: bool = False  # the repository became public, and writes of text wait
    failures: int = 0  # failed passes in a row; `next_at` is later because of them
    # links to another repository than the one the project is connected to now
    other_repository_links: int = 0
    attention: tuple[AttentionItem, ...] = ()
    newest_conflict: str | None = None  # the newest of the conflicts: `severity of BUG-0001`
    newest_lost_value: LostValue | None = None  # of the newest conflict, while the report exists
    is_read_only: bool = False  # the database takes no writes: it is a standby
    reason_not_to_write: str | None = None  # why this database may not be the one that writes
    busy_since: datetime | None = None  # at work in another process for longer than two intervals
    renamed_labels: tuple[RenamedLabel, ...] = ()
    recovering: VerificationCoverage | None = None  # after a restore: how many links have been read again
    webhook: WebhookHealth = field(default_factory=WebhookHealth)
    followers: int = 0  # reports that follow another one's issue


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialLimits:
    """One credential's limits, as GitHub last sent them and as reserved by this program."""

    credential: str
    remaining: int | None
    limit: int | None
    reset_at: datetime | None
    blocked_until: datetime | None
    points_last_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectGauges:
    """The numbers of one project for `/metrics`."""

    project_id: ProjectId
    links: Mapping[str, int] = field(default_factory=dict)  # by link state
    verified: int = 0  # ACTIVE links verified within `poll.verify_seconds`
    intents: Mapping[str, int] = field(default_factory=dict)  # by intent state
    oldest_intent: datetime | None = None
    last_pass_at: datetime | None = None
    last_success_at: datetime | None = None
    next_at: datetime | None = None
    last_delivery_at: datetime | None = None
    conflicts: int = 0  # whose outcome still stands
    quarantined_links: int = 0
    withheld_deletions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLocks:
    """The project locks that this process holds, by what the database says of them."""

    alive: int = 0
    ended: int = 0  # the session ended, or another process has the lock: their passes write nothing more


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """The numbers for `/metrics` that are read from the database, at one moment."""

    projects: tuple[ProjectGauges, ...] = ()
    limits: tuple[CredentialLimits, ...] = ()
    locks: HeldLocks | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPasses:
    """The passes of one credential that wait in a daemon."""

    start: int = 0  # due or queued, and not running
    write: int = 0  # running, and waiting until the passes before them have written


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkGauges:
    """The numbers for `/metrics` that a daemon knows of its own work. Times are in seconds."""

    scheduled: frozenset[ProjectId] = frozenset()  # active, connected and not paused
    due: int = 0  # projects that are due and have no running pass
    schedule_lag: float = 0.0  # for how long the longest overdue of them has been due
    queue_length: int = 0
    queue_oldest: float = 0.0  # for how long the oldest job has waited
    full_scan_lag: float = 0.0  # since the last successful full scan began
    scan_lag: float = 0.0  # since the last successful scan of either kind began
    waiting: Mapping[ProjectId, WaitingPasses] = field(default_factory=dict)
    """By credential, which is named by the smallest id of its projects."""


def misnamed_items(last_pass: PassResult | None) -> Iterator[AttentionItem]:
    """Yield an item for each misnamed report that the pass found."""
    for each in (last_pass.misnamed or ()) if last_pass is not None else ():
        yield AttentionItem(
            report=each.tracking_id,
            report_id=each.report_id,
            issue=None,
            what=MISNAMED,
            field=None,
            reason=each.reason,
        )

"""What the database says, read in one consistent snapshot, and what is handed back to be stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.model.fields import Side
from reconciler.model.ids import AccountId, CommentPairId, LinkId, ProjectId, ReportId, RepositoryId
from reconciler.model.intent import Intent
from reconciler.model.issue import ListState
from reconciler.model.kinds import Kind
from reconciler.model.link import CommentPair, Link
from reconciler.model.passes import PassResult
from reconciler.model.plan import LinkPlan, RemoveLocal
from reconciler.model.report import LocalComment, Report
from reconciler.model.told import NO_ALERT_STATE, AlertState
from reconciler.model.viewer import LinkCounts
from reconciler.model.webhook import WebhookHealth

UNKNOWN_REPOSITORY = RepositoryId(0)
"""The repository has never been read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectState:
    """What is remembered about a project between passes (`sync_projects`, `sync_lists`)."""

    project_id: ProjectId
    repository_id: RepositoryId = UNKNOWN_REPOSITORY
    repository: str = ""  # the configured "owner/repo" that repository_id was read for
    private: bool | None = None  # as it was when the operator last knew: see `exposed`
    exposed: bool = False  # it has turned public since, and nobody has acknowledged that yet
    account: AccountId | None = None
    account_login: str | None = None
    account_credential: str | None = None  # fingerprint the account was read with
    first_seen_at: datetime | None = None  # GitHub's time: sync.export = "all" takes reports filed since
    issues: ListState | None = None
    comments: ListState | None = None
    initial_sync: ListState | None = None  # how far a walk over all issues for first contacts has come
    accepted_digest: str | None = None  # hash of withheld deletions the operator accepted
    is_paused: bool = False
    is_recovering: bool = False  # a restore was recognised: all is read before anything is written
    restored_at: datetime | None = None  # when the last one was
    has_unread_hints: bool = False  # deliveries name issues that no pass has read since
    has_webhook: bool = False  # a webhook is known to announce what happens
    failures: int = 0  # passes in a row that failed
    alert_state: AlertState = NO_ALERT_STATE  # of what needs a person


@dataclass(frozen=True, slots=True, kw_only=True)
class PoisonedItem:
    """One thing that can't be read or decided, and why; everything else goes on."""

    what: str  # "report 0b5e…", "issue acme/web#12"
    reason: str
    link_id: LinkId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The links a segment has to look at, with everything needed to decide them.

    `links` holds the ACTIVE links (none in quarantine) whose report differs from base, whose issue number or
    comment ids were asked for, or that have a new or vanished comment. `new` holds links without first
    contact: stored ones in state NEW, and ones made up here (revision 0) for reports whose columns name this
    repository and that have no link. `reports` has the report of each of them, absent when it was deleted.
    """

    links: tuple[Link, ...] = ()
    new: tuple[Link, ...] = ()
    reports: Mapping[ReportId, Report] = field(default_factory=dict)
    pairs: tuple[CommentPair, ...] = ()  # ledger rows of the comment ids asked for
    unrecorded_comments: tuple[
        LocalComment, ...
    ] = ()  # BugSpark comments the ledger does not know, of ACTIVE links
    vanished_pairs: tuple[
        CommentPair, ...
    ] = ()  # LIVE or PENDING rows whose BugSpark comment vanished, its report exists
    remote_comment_counts: Mapping[LinkId, int] = field(
        default_factory=dict
    )  # remote comments the ledger believes alive
    detached: tuple[Link, ...] = ()  # links whose report's columns were cleared or name another issue
    contested: tuple[Link, ...] = ()  # made up here: a second report names an issue that is already linked
    orphaned: tuple[Link, ...] = ()  # links whose report was deleted in BugSpark
    released: tuple[Link, ...] = ()  # links whose quarantine has ended: looked at whole
    poisoned: tuple[PoisonedItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldDeletions:
    """The deletions the guard holds back. `links` are looked at whole once they are accepted.

    `removals` are those of originals deleted on GitHub, as far as their link and ledger row still stand: a
    pass that reads nothing new of their issues does not decide them again. Deletions in BugSpark it does.
    """

    digest: str | None = None
    is_accepted: bool = False
    links: tuple[Link, ...] = ()
    pair_ids: frozenset[CommentPairId] = frozenset()
    removals: tuple[tuple[Link, RemoveLocal], ...] = ()

    @property
    def unaccepted_removals(self) -> tuple[tuple[Link, RemoveLocal], ...]:
        """The removals that are still to be accepted."""
        return () if self.is_accepted else self.removals


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkedReport:
    """What discovery compares an issue with."""

    report_id: ReportId
    project_id: ProjectId
    tracking_id: str
    title: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalThread:
    """BugSpark's half of one whole thread, from one snapshot. `report` is None when it was deleted."""

    report: Report | None
    pairs: tuple[CommentPair, ...]
    comments: tuple[LocalComment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalBatch:
    """One local transaction: changes, ledger, bases, intents, and the list positions they came from."""

    project_id: ProjectId
    at: datetime  # GitHub's time, for updated_at and the story
    plans: tuple[LinkPlan, ...] = ()
    intents: tuple[Intent, ...] = ()
    issues: ListState | None = None  # None: leave as it is
    comments: ListState | None = None
    initial_sync: ListState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreResult:
    """What became of a batch. Plans of stale reports were left out whole: decide them again."""

    stale_reports: frozenset[ReportId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a report's story (`sync_changes`)."""

    report_id: ReportId
    link_id: LinkId | None
    side: Side  # which side was written, or where it was seen
    kind: Kind
    field: str | None  # a Field, or "comment"
    base: str | None
    local: str | None
    remote: str | None
    to: str | None
    rule: str
    lost: str | None = None
    request_id: str | None = None
    since: datetime | None = None  # when its cause happened: what it waited for is known then


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One line of a field's story, as the flap breaker reads it."""

    field: str
    kind: str
    remote: str | None  # what GitHub said before
    to: str | None
    at: datetime


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
class RateLimit:
    """What an answer's headers said about the primary limit."""

    limit: int
    remaining: int
    reset_at: datetime

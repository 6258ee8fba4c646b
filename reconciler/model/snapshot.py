"""What the database says, read in one consistent snapshot, and what is handed back to be stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model.alerts import NO_ALERT_STATE, AlertState
from reconciler.model.fields import Side
from reconciler.model.ids import AccountId, CommentPairId, LinkId, ProjectId, ReportId, RepositoryId
from reconciler.model.intent import Intent
from reconciler.model.issue import ListState
from reconciler.model.kinds import Kind
from reconciler.model.link import CommentPair, Link
from reconciler.model.plan import LinkPlan, RemoveLocal
from reconciler.model.report import LocalComment, Report

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

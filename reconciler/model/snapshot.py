"""What the pass reads from the database in one consistent snapshot, and what it stores."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from reconciler.model.alerts import NO_ALERT_STATE, NO_MAIL_STATE, AlertState, MailState
from reconciler.model.database_identity import DatabaseInstance
from reconciler.model.fields import IssueState, PriorityField, RenamedLabel, Side
from reconciler.model.ids import (
    AccountId,
    CommentPairId,
    IssueNumber,
    LinkId,
    ProjectId,
    RemoteCommentId,
    ReportId,
    RepositoryId,
)
from reconciler.model.intent import Intent
from reconciler.model.issue import ListState
from reconciler.model.kinds import Kind
from reconciler.model.link import CommentPair, Link
from reconciler.model.plan import LinkPlan, RemoveLocalComment
from reconciler.model.report import LocalComment, MisnamedReport, Project, Report, unescape_html

UNKNOWN_REPOSITORY = RepositoryId(0)
"""The id of a repository that was never read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAccount:
    """What GitHub answered for a login in the settings. `account`: its numeric id; None: there is none."""

    user: str
    login: str
    account: int | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPeople:
    """What a project stores about its mapped people (`sync_projects.people`)."""

    accounts: tuple[KnownAccount, ...] = ()
    is_synced: bool = False  # every link has a base for its assignee


NO_PEOPLE = KnownPeople()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPriority:
    """What GitHub said of the organisation's field *Priority* (`sync_projects.priority`)."""

    at: datetime  # when it was asked
    repository: str  # "owner/repo", as it was then
    field: PriorityField | None = None  # None: labels stay in use
    problem: str | None = None  # why, in a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSettings:
    """One version of a project's own settings, as it is stored (`sync_settings`)."""

    version: int
    author_id: UUID | None  # a user of BugSpark's; None: the operator
    at: datetime
    content: str  # JSON
    history: str | None = None  # JSON of what counts of earlier versions
    author_name: str | None = None  # the user's, where it was read too
    people: KnownPeople = NO_PEOPLE  # stored beside the settings: whose accounts their logins are
    priority: KnownPriority | None = None  # likewise; None: the severity is in labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """A report that follows the one which leads an issue (`sync_followers`): its columns name no issue."""

    report_id: ReportId
    project_id: ProjectId
    link_id: LinkId  # of the report that leads
    state: IssueState  # of the issue, as the report last took it over
    followed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowingReport:
    """A follower with its report, and the link that it stands on."""

    follower: Follower
    report: Report
    link: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingWork:
    """What waits in a project's tables, independent of GitHub's lists and of BugSpark."""

    has_open_intents: bool
    has_withheld_deletions: bool
    verification_due: datetime | None  # of the link whose verification is the longest overdue
    second_reading_due: datetime | None  # of the comment whose second reading is the longest overdue
    has_waiting_followers: bool = False  # their issue was opened or closed, or no report leads it any more

    def is_due(self, now: datetime) -> bool:
        """Whether any of it is for a pass at `now`, GitHub's time."""
        due = (self.verification_due, self.second_reading_due)
        return (
            self.has_open_intents
            or self.has_withheld_deletions
            or self.has_waiting_followers
            or any(at is not None and at <= now for at in due)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectState:
    """What a project stores between passes (`sync_projects`, `sync_lists`)."""

    project_id: ProjectId
    repository_id: RepositoryId = UNKNOWN_REPOSITORY
    repository: str = ""  # the configured "owner/repo" that repository_id was read for
    private: bool | None = None  # when the operator last acknowledged it: see `exposed`
    exposed: bool = False  # it became public since, and the operator has not acknowledged it
    account: AccountId | None = None
    account_login: str | None = None
    account_credential: str | None = None  # fingerprint of the credential that the account was read with
    # by BugSpark's database; sync.export = "all" takes reports filed since then
    first_seen_at: datetime | None = None
    issues: ListState | None = None
    comments: ListState | None = None
    initial_sync: ListState | None = None  # the position in a scan of all issues for initial syncs
    accepted_digest: str | None = None  # hash of withheld deletions the operator accepted
    is_paused: bool = False
    is_recovering: bool = False  # a restore was detected: everything is read before anything is written
    restored_at: datetime | None = None  # the last restore
    has_unread_hints: bool = False  # deliveries name issues that no pass has read since
    has_webhook: bool = False  # a webhook is known to announce changes
    has_unannounced_changes: bool = False  # a change waits for its delivery, or a delivery was missed
    renamed_labels: tuple[RenamedLabel, ...] = ()  # labels of the mapping that have other names on GitHub
    failures: int = 0  # failed passes in a row
    last_pass_at: datetime | None = None  # when the last pass ended
    settings: StoredSettings | None = (
        None  # the version in force; None: the project has no settings of its own
    )
    alert_state: AlertState = NO_ALERT_STATE  # which problems are known, and which notices are to be sent
    mail_state: MailState = NO_MAIL_STATE  # what its owner was mailed about
    pending: PendingWork | None = None  # when the state was read; None: unknown
    misnamed: tuple[MisnamedReport, ...] | None = None  # those the last pass found
    has_followers: bool = False  # some of its reports follow another one's issue


@dataclass(frozen=True, slots=True, kw_only=True)
class PassStart:
    """What a due pass reads first, in one snapshot."""

    project: Project
    state: ProjectState
    identity: DatabaseInstance


@dataclass(frozen=True, slots=True, kw_only=True)
class PoisonedItem:
    """Something that can't be read or decided, with the reason; everything else continues."""

    what: str  # "report 0b5e…", "issue acme/web#12"
    reason: str = field(compare=False)  # it may name a request, which differs each time
    link_id: LinkId | None = None
    number: IssueNumber | None = None  # of GitHub's rows: the issue it belongs to, as far as it can be read
    comment_id: RemoteCommentId | None = None
    changed_before: datetime | None = field(
        default=None, compare=False
    )  # of a row that GitHub never shows: which issue's is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The links to decide in one step of a pass, with everything needed to decide them.

    `links`: ACTIVE links, not quarantined, whose report differs from the base, whose issue number or comment
    ids were asked for, or that have a new or deleted comment. `new`: links before their initial sync, either
    stored in state NEW or made up here (revision 0) for reports without a link whose columns name this
    repository. `reports`: the report of each of these links, unless it was deleted.
    """

    links: tuple[Link, ...] = ()
    new: tuple[Link, ...] = ()
    reports: Mapping[ReportId, Report] = field(default_factory=dict)
    pairs: tuple[CommentPair, ...] = ()  # ledger rows of the comment ids asked for
    # BugSpark comments without a ledger row, of ACTIVE links
    unrecorded_comments: tuple[LocalComment, ...] = ()
    # LIVE or PENDING rows whose BugSpark comment was deleted while its report exists
    vanished_pairs: tuple[CommentPair, ...] = ()
    # how many GitHub comments exist, according to the ledger
    remote_comment_counts: Mapping[LinkId, int] = field(default_factory=dict)
    detached: tuple[Link, ...] = ()  # links whose report's columns were cleared or name another issue
    contested: tuple[Link, ...] = ()  # made up here: a second report names an issue that is already linked
    orphaned: tuple[Link, ...] = ()  # links whose report was deleted in BugSpark
    unreadable: tuple[tuple[Link, str], ...] = ()  # synced so far; their report has an unknown value
    released: tuple[Link, ...] = ()  # links whose quarantine has ended: read in full
    poisoned: tuple[PoisonedItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldDeletions:
    """What the guard withholds: deletions of comments, and the ends of links whose reports are missing.

    `links` are those of comments: they are read in full once the deletions are accepted.

    `removals` are those in BugSpark, as far as their link and ledger row still hold: a pass that reads
    nothing new of their issues does not decide them again. Deletions on GitHub are decided again by each
    pass.
    """

    digest: str | None = None
    is_accepted: bool = False
    links: tuple[Link, ...] = ()
    pair_ids: frozenset[CommentPairId] = frozenset()
    ending_link_ids: frozenset[LinkId] = frozenset()
    removals: tuple[tuple[Link, RemoveLocalComment], ...] = ()

    @property
    def unaccepted_removals(self) -> tuple[tuple[Link, RemoveLocalComment], ...]:
        """The removals that are still to be accepted."""
        return () if self.is_accepted else self.removals


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportIdentity:
    """The part of a report that discovery compares with issues."""

    report_id: ReportId
    project_id: ProjectId
    tracking_id: str
    title: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalThread:
    """BugSpark's half of one complete thread, from one snapshot.

    `report` None: it was deleted, or has a value that this program does not know; `unreadable` says which.
    """

    report: Report | None
    pairs: tuple[CommentPair, ...]
    comments: tuple[LocalComment, ...]  # of the report, and of those that follow it
    unreadable: str | None = None
    followers: frozenset[ReportId] = frozenset()  # those that follow it, as far as `pairs` name them


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionBatch:
    """Everything stored in one local transaction: changes, ledger, bases, intents, and the list positions."""

    project_id: ProjectId
    at: datetime  # GitHub's time, for updated_at and the history
    plans: tuple[LinkPlan, ...] = ()
    intents: tuple[Intent, ...] = ()
    issues: ListState | None = None  # None: leave as it is
    comments: ListState | None = None
    initial_sync: ListState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreResult:
    """The result of storing a batch. Plans of stale reports were not stored at all: decide them again."""

    stale_reports: frozenset[ReportId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a report's history (`sync_changes`)."""

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
    since: datetime | None = None  # when its cause happened; shows how long it waited
    # BugSpark's value before and after, where `local` and `to` are its texts; not stored
    values: tuple[str, str] | None = None

    @property
    def value_before(self) -> str | None:
        """BugSpark's value that was changed, as it is stored there."""
        return self.values[0] if self.values else self.local

    @property
    def value_after(self) -> str | None:
        """BugSpark's new value, as it is stored there."""
        return self.values[1] if self.values else self.to


def with_readable_text(change: Change) -> Change:
    """Return a line about a comment with the text as its author wrote it.

    BugSpark stores its own text HTML-escaped (docs/reference/bugspark.md, Text); GitHub's is stored as it is.
    """
    local = unescape_html(change.local) if change.local else change.local
    to = unescape_html(change.to) if change.to and change.side is Side.GITHUB else change.to
    return replace(change, local=local, to=to)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One line of a field's history, for the flap breaker."""

    field: str
    kind: str
    remote: str | None  # GitHub's value before
    to: str | None
    at: datetime

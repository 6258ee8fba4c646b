"""Links between reports and issues, and the comment ledger's rows.

At the end: everything known about a link when it is decided.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from reconciler.model.fields import Base, Field, IssueFields, Side
from reconciler.model.ids import (
    AccountId,
    CommentId,
    CommentPairId,
    IssueNumber,
    LinkId,
    ProjectId,
    RemoteCommentId,
    ReportId,
    RepositoryId,
)
from reconciler.model.issue import Issue, RemoteComment, Resolution, ThreadEtags
from reconciler.model.report import IssueColumns, LocalComment, Report


class LinkState(StrEnum):
    """The state of a link. Only NEW and ACTIVE links are synced."""

    NEW = "new"  # before its initial sync
    ACTIVE = "active"
    UNLINKED = "unlinked"  # the ids on GitHub are kept, so that nothing is created twice
    CONTESTED = "contested"  # another report is linked to this issue
    GONE = "gone"  # the issue was deleted or became a discussion: GitHub does not say which
    TRANSFERRED = "transferred"
    CONVERTED = "converted"  # the number belongs to a pull request now
    REPORT_DELETED = "report_deleted"
    SECOND = "second"  # an issue of BugSpark's button that is not synced: a person decides what it is to be


LIVE_STATES = (LinkState.NEW, LinkState.ACTIVE)
"""States of a link that occupies its report and its issue: neither may have another link."""

PAST_STATES = (LinkState.UNLINKED, LinkState.REPORT_DELETED, LinkState.SECOND)
"""States of a link that is over: its report may be linked again."""

ENDED_STATES = (LinkState.GONE, LinkState.TRANSFERRED, LinkState.CONVERTED)
"""States that a link gets because of its issue. Nothing is changed on either side because of it."""


class LinkOrigin(StrEnum):
    """Who made the link. Decides whether older BugSpark comments are sent at the initial sync."""

    COLUMNS = "columns"  # BugSpark's export or an administrator filled the report's columns
    COMMAND = "command"
    EXPORT = "export"
    DISCOVERY = "discovery"
    TRANSFER = "transfer"  # its issue was transferred to the repository that the project is connected to now
    SUCCESSION = "succession"  # the report followed one that leads the issue no more


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenIssue(IssueFields):
    """The newest state of an issue that GitHub has shown: a row that says the same is no news."""

    comments: int
    locked: bool
    updated_at: datetime
    # GitHub's own id: the same number with another id is another issue, perhaps of another repository
    id: int | None = None


CLOCK_TOLERANCE = timedelta(minutes=1)
"""How far GitHub's time may be behind a time that it has sent: its machines differ by seconds."""

MAX_CLOCK_ERROR = timedelta(days=1)
"""How far GitHub's clock may have been ahead before it was corrected.

A `Date` that is further from the local clock is not believed (docs/reference/github.md, Credentials and
versions).
"""


def is_older_than_known(moment: datetime, known: datetime | None, now: datetime) -> bool:
    """Whether a row of this moment is older than what is known of its object.

    A known time that is later than GitHub's `now` proves nothing: GitHub's clock was ahead when it was stored
    (docs/reference/github.md, Lists).
    """
    return known is not None and moment < known <= now + CLOCK_TOLERANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """When both sides of a link were last compared in full, and when they will be again."""

    at: datetime
    due: datetime
    etags: ThreadEtags | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingIssue:
    """The state of an issue that one read found missing.

    The link ends if a second read, `settle_seconds` later, finds the same.
    """

    state: LinkState
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferTarget:
    """The present place of a transferred issue."""

    repository_id: RepositoryId
    number: IssueNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenField:
    """A field that is written on neither side, because our writes to it were undone again and again."""

    field: Field
    since: datetime
    reason: str  # a sentence that names GitHub's actor


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsyncedFieldChange:
    """Since when a field of BugSpark has had this value, which differs from its base, in this machine's time.

    `equal_at`: the last time when it was seen not to have it, if any.
    """

    base: str
    value: str
    seen_at: datetime
    equal_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The link between a report and an issue."""

    id: LinkId
    project_id: ProjectId
    report_id: ReportId
    repository_id: RepositoryId
    repository: str  # "owner/repo", for people
    number: IssueNumber
    origin: LinkOrigin
    backfill: bool  # older BugSpark comments are sent too
    state: LinkState
    reason: str | None  # why the state is not ACTIVE, or what is quarantined, in a sentence
    base: Base | None  # None until the initial sync
    seen: SeenIssue | None
    created_at: datetime  # GitHub's time when the link was made
    revision: int  # 0: not stored yet
    quarantined_until: datetime | None = None
    verification: Verification | None = None  # None: due for verification
    missing_issue: MissingIssue | None = None
    transfer_target: TransferTarget | None = None  # with TRANSFERRED, if GitHub shows it
    frozen_fields: tuple[FrozenField, ...] = ()
    # the instance of another database that wrote on the issue first: the issue is read, not written
    owner_instance: str | None = None
    resolution: Resolution | None = None  # how a person closed the issue; None also once it is open again

    @property
    def is_live(self) -> bool:
        """Whether the link occupies its report and its issue."""
        return self.state in LIVE_STATES

    @property
    def is_past(self) -> bool:
        """Whether the link is over: its report's columns say nothing about it."""
        return self.state in PAST_STATES

    def is_named_by_columns(self, columns: IssueColumns | None) -> bool:
        """Whether these columns name this link's issue."""
        return columns is not None and (columns.repository.lower(), columns.number) == (
            self.repository.lower(),
            self.number,
        )


def link_from_report_columns(
    report_id: ReportId,
    columns: IssueColumns,
    *,
    new_id: LinkId,
    project_id: ProjectId,
    repository_id: RepositoryId,
    state: LinkState,
    at: datetime,
    previous_link: Link | None,
) -> Link:
    """Return the link that a report's columns ask for.

    `previous_link`: the report's UNLINKED link to the same issue. It is used again, because its ledger knows
    which comments were copied.
    """
    return Link(
        id=previous_link.id if previous_link else new_id,
        project_id=project_id,
        report_id=report_id,
        repository_id=repository_id,
        repository=columns.repository,
        number=IssueNumber(columns.number),
        origin=LinkOrigin.COLUMNS,
        backfill=False,
        state=state,
        reason=None,
        base=None,
        seen=None,
        created_at=at,
        revision=previous_link.revision if previous_link else 0,
    )


class CommentPairState(StrEnum):
    """The state of a ledger row."""

    LIVE = "live"  # original and copy exist
    PENDING = "pending"  # the copy on GitHub is to be created; its intent is open
    TOMBSTONE = "tombstone"  # the copy was deleted; it is neither created again nor restored
    ENDED = "ended"  # the original was deleted; the copy was deleted too, or is kept by configuration
    SKIPPED = "skipped"  # known and not copied on purpose; `reason` says why


DELETED_ON_GITHUB = "deleted on GitHub"
HIDDEN_ON_GITHUB = "hidden on GitHub as spam or abuse"
NOT_FOUND_TO_DELETE = "deleted in BugSpark; GitHub did not show its copy"
"""Why a row's comment counts as absent on GitHub: until two readings show it again."""

UNLINKED_BEFORE_SENDING = "the link was cut before this was sent"
"""The reason of a row that ENDED while its comment exists: it is sent when the link is made again."""


class Presence(StrEnum):
    """Whether a comment is on GitHub."""

    ABSENT = "absent"  # not there, or hidden as spam or abuse
    PRESENT = "present"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstReading:
    """What one reading of GitHub showed, otherwise than the ledger has it. Alone it changes nothing.

    Source: docs/design.md, Comments.
    """

    presence: Presence
    at: datetime  # GitHub's time
    second_due: datetime  # from then on the comment is read alone, which decides


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentPair:
    """A row of the comment ledger: one original and its copy."""

    id: CommentPairId
    link_id: LinkId
    origin: Side  # where the original is
    state: CommentPairState
    local_id: CommentId | None
    remote_id: RemoteCommentId | None
    local_digest: str | None  # of the body as stored in BugSpark
    remote_digest: str | None  # of the body as last seen on GitHub
    remote_updated_at: datetime | None
    author: str | None  # GitHub login or BugSpark name, for people
    reason: str | None = None
    first_reading: FirstReading | None = None
    follower_id: ReportId | None = None  # the report with the comment, where that follows the link's

    @property
    def believed_presence(self) -> Presence | None:
        """Whether the ledger believes the comment to be on GitHub; None where nothing depends on it."""
        if self.remote_id is None:
            return None
        if self.state is CommentPairState.LIVE:
            return Presence.PRESENT
        is_absent = self.reason in (DELETED_ON_GITHUB, HIDDEN_ON_GITHUB, NOT_FOUND_TO_DELETE)
        return Presence.ABSENT if is_absent else None

    @property
    def is_about_link(self) -> bool:
        """Whether it is no copy of a comment, but says on GitHub what the issue is linked to."""
        return self.local_id is not None and self.local_id == self.link_id

    @property
    def is_missing(self) -> bool:
        """Whether one reading did not show the comment, and a second one is to decide."""
        first = self.first_reading
        return self.state is CommentPairState.LIVE and first is not None and first.presence is Presence.ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkObservation:
    """Everything known about one link when it is decided.

    `issue` is the newest state seen in this pass, or None where GitHub's list said nothing about it (then
    `link.seen` still holds). `comments` are the GitHub comments seen in this pass, and `pairs` their ledger
    rows.

    After a full read (`is_complete`) `comments` is the complete thread, `pairs` the link's whole ledger and
    `local_comments` all of the report's comments. Otherwise `local_comments` are only those without a ledger
    row, and `vanished_pairs` the rows whose BugSpark comment was deleted.
    """

    link: Link
    report: Report
    now: datetime  # GitHub's time when the rows were read
    issue: Issue | None = None
    comments: tuple[RemoteComment, ...] = ()
    pairs: tuple[CommentPair, ...] = ()
    local_comments: tuple[LocalComment, ...] = ()
    vanished_pairs: tuple[CommentPair, ...] = ()
    is_complete: bool = False
    # of this read, when `is_complete`; else the link's own, as it is to be stored
    verification: Verification | None = None
    # the instance of another database that wrote on the issue first, when `is_complete`
    owner_instance: str | None = None
    # the issue row is older than one shown before: the thread says nothing about which comments exist
    is_older_than_known: bool = False
    # of GitHub comments that were read alone, as second reading: they are gone or hidden, or they are there
    deleted_remote_ids: frozenset[int] = field(default_factory=frozenset)
    shown_remote_ids: frozenset[int] = field(default_factory=frozenset)
    # that this project has ever written as
    own_accounts: frozenset[AccountId] = field(default_factory=frozenset)
    # not decided: GitHub may show a value that we wrote
    unconfirmed_fields: frozenset[Field] = field(default_factory=frozenset)
    # reports that follow the link's, as far as ledger rows name them, when `is_complete`
    followers: frozenset[ReportId] = field(default_factory=frozenset)
    follower_names: tuple[str, ...] = ()  # tracking ids of all of them, where the issue is to name them

    @property
    def has_comments(self) -> bool:
        """Whether there is a comment on either side, or a ledger row of one, to be decided."""
        return bool(self.comments or self.pairs or self.local_comments or self.vanished_pairs)

"""A link: what both sides last agreed on, what GitHub last showed, which comment is whose.

At the end: all that is known about one when it is decided.
"""

from dataclasses import dataclass, field
from datetime import datetime
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
from reconciler.model.issue import Issue, RemoteComment, ThreadEtags
from reconciler.model.report import IssueColumns, LocalComment, Report


class LinkState(StrEnum):
    """Where a link stands. Only NEW and ACTIVE links are synced."""

    NEW = "new"  # first contact has not happened
    ACTIVE = "active"
    UNLINKED = "unlinked"  # remote ids are kept, so that nothing is made twice
    CONTESTED = "contested"  # another report holds this issue
    GONE = "gone"  # the issue was deleted, or made a discussion: GitHub does not say which
    TRANSFERRED = "transferred"
    CONVERTED = "converted"  # the number is a pull request now
    REPORT_DELETED = "report_deleted"


LIVE_STATES = (LinkState.NEW, LinkState.ACTIVE)
"""Of the links that hold their report and their issue: no other link may."""

PAST_STATES = (LinkState.UNLINKED, LinkState.REPORT_DELETED)
"""Of the links that are over: their report may be linked again."""

ENDED_STATES = (LinkState.GONE, LinkState.TRANSFERRED, LinkState.CONVERTED)
"""What becomes of a link because of its issue. Nothing on either side is changed because of it."""


class LinkOrigin(StrEnum):
    """Who made the link; decides whether older BugSpark comments go out at first contact."""

    COLUMNS = "columns"  # BugSpark's export or an administrator filled the report's columns
    COMMAND = "command"
    EXPORT = "export"
    DISCOVERY = "discovery"
    TRANSFER = "transfer"  # its issue was transferred to the repository that the project is connected to now


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenIssue(IssueFields):
    """The newest thing GitHub has shown us of an issue: rows that say the same are not news."""

    comments: int
    locked: bool
    updated_at: datetime
    id: int | None = None  # GitHub's own: the same number with another id is another repository's issue


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """When a link was last compared whole on both sides, and when it will be again."""

    at: datetime
    due: datetime
    etags: ThreadEtags | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingIssue:
    """What one look said became of the issue. A second that agrees, `settle_seconds` later, ends the link."""

    state: LinkState
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferTarget:
    """Where a transferred issue is now."""

    repository_id: RepositoryId
    number: IssueNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenField:
    """A field that is written on neither side, because our writes to it were undone again and again."""

    field: Field
    since: datetime
    reason: str  # a sentence that names GitHub's actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A report tied to an issue."""

    id: LinkId
    project_id: ProjectId
    report_id: ReportId
    repository_id: RepositoryId
    repository: str  # "owner/repo", for people
    number: IssueNumber
    origin: LinkOrigin
    backfill: bool  # older BugSpark comments go out too
    state: LinkState
    reason: str | None  # why the state is not ACTIVE, or what is quarantined, in a sentence
    base: Base | None  # None until first contact
    seen: SeenIssue | None
    created_at: datetime  # GitHub's time when the link was made
    revision: int  # 0: not stored yet
    quarantined_until: datetime | None = None
    verification: Verification | None = None  # None: due for verification
    missing_issue: MissingIssue | None = None
    transfer_target: TransferTarget | None = None  # with TRANSFERRED, as far as GitHub tells
    frozen_fields: tuple[FrozenField, ...] = ()
    owner_instance: str | None = (
        None  # the instance of another database that wrote on the issue first: read, not written
    )

    @property
    def is_live(self) -> bool:
        """Whether the link holds its report and its issue."""
        return self.state in LIVE_STATES

    @property
    def is_past(self) -> bool:
        """Whether the link is over: its report's columns say nothing about it."""
        return self.state in PAST_STATES

    def is_named_by(self, columns: IssueColumns | None) -> bool:
        """Whether a report's columns name this link's issue."""
        return columns is not None and (columns.repository.lower(), columns.number) == (
            self.repository.lower(),
            self.number,
        )


def link_from_columns(
    report_id: ReportId,
    columns: IssueColumns,
    *,
    new_id: LinkId,
    project_id: ProjectId,
    repository_id: RepositoryId,
    state: LinkState,
    at: datetime,
    past: Link | None,
) -> Link:
    """Return the link that a report's columns ask for.

    `past`: the report's UNLINKED link to the same issue, which is taken up again: its ledger knows the
    comments that were copied already.
    """
    return Link(
        id=past.id if past else new_id,
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
        revision=past.revision if past else 0,
    )


class CommentPairState(StrEnum):
    """Where a ledger row stands."""

    LIVE = "live"  # original and copy exist
    PENDING = "pending"  # the copy on GitHub is wished for, its intent is open
    TOMBSTONE = "tombstone"  # the copy was deleted: neither made again nor revived
    ENDED = "ended"  # the original was deleted and the copy went along, or is kept by configuration
    SKIPPED = "skipped"  # known and deliberately not copied; `reason` says why


UNLINKED_BEFORE_SENDING = "the link was cut before this was sent"
"""Why a row ENDED although its comment is there: it goes out when the link is made again."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkObservation:
    """All that is known about one link when it is decided.

    `issue` is the newest observation of this pass, or None where GitHub's list said nothing about it (then
    `link.seen` still stands). `comments` are the GitHub comments this pass saw, `pairs` the ledger rows of
    these and, when `is_complete`, of everything else: then `comments` is the complete thread and
    `local_comments` all of the report's comments. Otherwise `local_comments` is only what the ledger does not
    know yet, and `vanished_pairs` the rows whose BugSpark comment has vanished.
    """

    link: Link
    report: Report
    issue: Issue | None = None
    comments: tuple[RemoteComment, ...] = ()
    pairs: tuple[CommentPair, ...] = ()
    local_comments: tuple[LocalComment, ...] = ()
    vanished_pairs: tuple[CommentPair, ...] = ()
    is_complete: bool = False
    verification: Verification | None = None  # of this very read, when `is_complete`
    owner_instance: str | None = (
        None  # of a complete read: the instance of another database that wrote there first
    )
    deleted_remote_ids: frozenset[int] = field(
        default_factory=frozenset
    )  # remote ids read singly and found deleted
    own_accounts: frozenset[AccountId] = field(default_factory=frozenset)  # this project has ever written as
    unconfirmed_fields: frozenset[Field] = field(
        default_factory=frozenset
    )  # left alone: what we wrote may be there

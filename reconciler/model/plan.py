"""Plans: what a pass would do, as plain data. A dry run shows them, a pass applies them."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from reconciler.model.fields import Field, IssueState, RenamedLabel, Side
from reconciler.model.ids import LinkId
from reconciler.model.issue import Account, RemoteComment
from reconciler.model.kinds import COMMENT_FIELD, Kind
from reconciler.model.link import CommentPair, Link
from reconciler.model.report import LocalComment, Report


class Rule(StrEnum):
    """Why something is done. The texts are shown to people (`plan`, `why`, the dashboard)."""

    LOCAL_MOVED = "only BugSpark changed"
    REMOTE_MOVED = "only GitHub changed"
    NEWEST_LOCAL = "both changed, BugSpark's is newer"
    NEWEST_REMOTE = "both changed, GitHub's is newer"
    POLICY_LOCAL = "both changed, BugSpark wins by configuration"
    POLICY_REMOTE = "both changed, GitHub wins by configuration"
    DIRECTION = "both changed, and only one direction is open"
    CLOSED = "a closed issue has no stage"
    LABEL_MISSING = "the linked issue had no label of that kind"
    FOLLOWED = "the issue that the report follows was opened or closed"
    SWAP_UNFINISHED = "our label swap is finished"
    SETTINGS = "the settings are applied to existing links"
    COMMENT_CREATED = "new comment"
    COMMENT_EDITED = "original was edited"
    COMMENT_DELETED = "original was deleted"
    COMMENT_HIDDEN = "original was hidden as spam or abuse"
    COMMENT_SHOWN = "GitHub shows the original again"
    COMMENT_DOUBLED = "a second copy of ours"
    REPORTS_MISSING = "none of the linked reports is in BugSpark's table any more"
    EXPORT_ASKED = "export was asked for"
    EXPORT_ALL = "every new report is exported"
    RECORDED = "recorded by an earlier version"
    FOUND = "its lost answer was found by its marker"
    RESOLUTION = "somebody closed or reopened the issue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The values of both sides when a decision was made, and the rule that made it."""

    rule: Rule
    base: str | None = None
    local: str | None = None
    remote: str | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReportField:
    """Set a report's field to GitHub's value, if it still has the value the decision was based on."""

    kind: ClassVar[Kind] = Kind.SET_FIELD

    field: Field
    to: str  # as BugSpark stores it
    why: Why

    @property
    def field_name(self) -> str:
        """The field's name in plans and histories."""
        return self.field.value


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportComment:
    """Create BugSpark's copy of a comment written on GitHub."""

    kind: ClassVar[Kind] = Kind.IMPORT_COMMENT
    field_name: ClassVar[str] = COMMENT_FIELD

    comment: RemoteComment
    body: str  # rendered
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class EditLocalComment:
    """Carry an edit on GitHub over to BugSpark's copy."""

    kind: ClassVar[Kind] = Kind.EDIT_COMMENT
    field_name: ClassVar[str] = COMMENT_FIELD

    pair: CommentPair
    comment: RemoteComment
    body: str  # rendered
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveLocalComment:
    """Delete BugSpark's copy: its original on GitHub was deleted."""

    kind: ClassVar[Kind] = Kind.REMOVE_COMMENT
    field_name: ClassVar[str] = COMMENT_FIELD

    pair: CommentPair
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteLocalComment:
    """Write a comment about the issue into BugSpark. It has no original on GitHub and is never sent there."""

    kind: ClassVar[Kind] = Kind.WRITE_COMMENT
    field_name: ClassVar[str] = COMMENT_FIELD

    pair: CommentPair  # its ledger row, without a comment on GitHub
    body: str
    at: datetime
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateIssue:
    """Export a report, which has no link yet."""

    kind: ClassVar[Kind] = Kind.CREATE_ISSUE
    field_name: ClassVar[str | None] = None

    report: Report
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueFieldWrite:
    """Give a field of the issue the report's value; one class for each way to write it on GitHub."""

    kind: ClassVar[Kind]

    if TYPE_CHECKING:

        @property
        def field(self) -> Field:
            """The field that is written."""

        @property
        def why(self) -> Why:
            """The decision behind the write."""

    @property
    def field_name(self) -> str:
        """The field's name in plans and histories."""
        return self.field.value

    @property
    def details(self) -> tuple[object, ...]:
        """Everything that is written, as part of the plan's hash."""
        return tuple(getattr(self, each.name) for each in fields(self) if each.name != "why")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetIssueState(IssueFieldWrite):
    """Open or close the issue."""

    kind: ClassVar[Kind] = Kind.SET_STATE
    field: ClassVar[Field] = Field.STATUS

    state: IssueState
    reason: str | None
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapLabels(IssueFieldWrite):
    """Add one label of the mapping, and remove those of the same field that were seen; never any other."""

    kind: ClassVar[Kind] = Kind.SWAP_LABELS

    field: Field
    add: str | None
    remove: tuple[str, ...]
    why: Why

    @property
    def details(self) -> tuple[object, ...]:
        """The labels; those to remove in no particular order."""
        return self.add, *sorted(self.remove)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPriority(IssueFieldWrite):
    """Choose the option of the report's severity in the organisation's field *Priority*; no other field."""

    kind: ClassVar[Kind] = Kind.SET_PRIORITY
    field: ClassVar[Field] = Field.SEVERITY

    field_id: int
    option: str
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTitle(IssueFieldWrite):
    """Give the issue the report's title, prefix included."""

    kind: ClassVar[Kind] = Kind.SET_TITLE
    field: ClassVar[Field] = Field.TITLE

    title: str
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAssignees(IssueFieldWrite):
    """Assign one mapped person to the issue, and unassign others that are mapped; never anybody else."""

    kind: ClassVar[Kind] = Kind.CHANGE_ASSIGNEES
    field: ClassVar[Field] = Field.ASSIGNEE

    add: Account | None
    remove: tuple[Account, ...]
    why: Why

    @property
    def details(self) -> tuple[object, ...]:
        """The accounts, by id and login."""
        return self.add, *self.remove


@dataclass(frozen=True, slots=True, kw_only=True)
class PostComment:
    """Create GitHub's copy of a comment written in BugSpark."""

    kind: ClassVar[Kind] = Kind.POST_COMMENT
    field_name: ClassVar[str] = COMMENT_FIELD

    comment: LocalComment
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRemoteComment:
    """Carry a change of a BugSpark original over to GitHub's copy."""

    kind: ClassVar[Kind] = Kind.EDIT_REMOTE_COMMENT
    field_name: ClassVar[str] = COMMENT_FIELD

    pair: CommentPair
    comment: LocalComment
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRemoteComment:
    """Delete our copy on GitHub: its original in BugSpark was deleted, or it is a second copy."""

    kind: ClassVar[Kind] = Kind.DELETE_REMOTE_COMMENT
    field_name: ClassVar[str] = COMMENT_FIELD

    pair: CommentPair
    why: Why


LocalAction = SetReportField | ImportComment | WriteLocalComment | EditLocalComment | RemoveLocalComment
RemoteAction = CreateIssue | IssueFieldWrite | PostComment | EditRemoteComment | DeleteRemoteComment
Action = LocalAction | RemoteAction
Deletion = RemoveLocalComment | DeleteRemoteComment


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLink:
    """The end of a link whose report is missing, where that may be a mistake. It changes neither side."""

    kind: ClassVar[Kind] = Kind.END_LINK

    link_id: LinkId
    why: Why


WithheldItem = Deletion | EndLink


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A field that both sides changed to different values; the lost value can be restored."""

    field: Field
    why: Why
    lost: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentEvent:
    """Something about a comment that is recorded in the history and not acted on."""

    kind: Kind
    side: Side  # where it happened
    rule: str  # a sentence for people
    local: str | None = None  # excerpts
    remote: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerPlan:
    """What is done about one report that follows another one's issue; nothing if its status changed since."""

    link: Link  # of the report that leads
    report: Report  # the one that follows
    state: IssueState  # of the issue: what the report has taken over then
    action: SetReportField | None = None

    @property
    def as_link_plan(self) -> "LinkPlan":
        """The same for plans and histories: the follower stands on its issue as a linked report does."""
        link = replace(self.link, report_id=self.report.id)
        actions = () if self.action is None else (self.action,)
        return LinkPlan(link=link, report=self.report, after=link, actions=actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPlan:
    """Everything that is done about one link; nothing of it if the report or the link changed since.

    `after` is the link as stored together with the local actions; fields written to GitHub keep their base
    until the write is confirmed. `pairs` are the ledger rows to store with it.
    """

    link: Link
    report: Report | None
    after: Link
    actions: tuple[Action, ...] = ()
    pairs: tuple[CommentPair, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    withheld: tuple[WithheldItem, ...] = ()
    renamed_labels: tuple[RenamedLabel, ...] = ()  # stored as a problem of the project
    notes: tuple[str, ...] = ()  # recorded, not acted on: for example several severity labels at once
    events: tuple[CommentEvent, ...] = ()  # the same for comments
    # comments with a valid marker of ours and no ledger row
    unrecorded_copies: tuple[RemoteComment, ...] = ()

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to write anywhere, our own tables included."""
        return not (self.actions or self.pairs or self.conflicts or self.after != self.link)

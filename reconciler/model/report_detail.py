"""Everything known about one report, as `reconcile why` and the dashboard show it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.model.fields import Field, IssueState, Side
from reconciler.model.ids import CommentPairId, ProjectId, RemoteCommentId, ReportId, RepositoryId
from reconciler.model.intent import Intent
from reconciler.model.issue import Resolution
from reconciler.model.kinds import Kind
from reconciler.model.link import CommentPair, Link
from reconciler.model.report import OTHER_PROJECTS_REPORT, LinkColumns, LocalComment, Report
from reconciler.model.snapshot import Change, StoredSettings
from reconciler.model.viewer import AuditEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedChange:
    """One line of a report's history, with its time (GitHub's)."""

    at: datetime
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueHolder:
    """The report of another project that is linked to the issue which a report names."""

    project_id: ProjectId
    name: str  # BUG-0001 of project "Web shop"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedReport:
    """The report that another one follows."""

    report_id: ReportId
    tracking_id: str
    link: Link  # to the issue that it leads
    state: IssueState  # of the issue, as the follower took it over


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerSummary:
    """A report that follows the one that is shown."""

    report_id: ReportId
    tracking_id: str
    status: str  # as stored: it may be unknown to this program
    state: IssueState  # of the issue, as the report took it over


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDetail:
    """A report, its link, its ledger rows and intents, and its history, newest first."""

    report: Report
    link: Link | None  # the live link, else the newest one
    comments: tuple[LocalComment, ...]
    pairs: tuple[CommentPair, ...]
    intents: tuple[Intent, ...]
    history: tuple[DatedChange, ...]
    unknown: Mapping[Field, str] = field(default_factory=dict)  # BugSpark's values unknown to this program
    second_issues: tuple[Link, ...] = ()  # made by exporting the report once more; nothing of them is synced
    withheld: Mapping[CommentPairId, Kind] = field(
        default_factory=dict
    )  # deletions that the guard holds back
    holder: IssueHolder | None = None  # only for those who may see its project
    columns: LinkColumns | None = None  # of a report without a link, as they are stored
    audit_entries: tuple[AuditEntry, ...] = ()  # the commands that people ran on it, newest first
    passed_over: str | None = None  # why the settings do not export it by themselves, if so
    follows: FollowedReport | None = None  # of a report without a link that is in force
    followers: tuple[FollowerSummary, ...] = ()  # the oldest first
    assignee_name: str | None = None  # of BugSpark's user


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedRepository:
    """The repository that a project is connected to, as the last pass read it."""

    id: RepositoryId
    name: str  # "owner/repo"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSummary:
    """What decides a report's state, for lists of many reports.

    `detail` is without comments and ledger rows, and its history has only the conflicts that still stand.
    """

    detail: ReportDetail
    project_name: str
    connected: ConnectedRepository | None  # None: no pass has read the project's repository yet
    settings: StoredSettings | None = None  # the project's own


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One field on both sides, each in that side's spelling. None: that side has no value."""

    field: Field
    bugspark: str
    agreed: str | None
    github: str | None
    moved: frozenset[Side]  # the sides that changed since they last agreed, if they differ now
    frozen: str | None = None  # why the field is not synced


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentView:
    """One comment: where it was written, and the state of its copy."""

    origin: Side
    author: str | None
    at: datetime | None
    text: str | None  # an excerpt; None: the comment is not in BugSpark
    state: str  # "on GitHub", "waiting", "deleted there", …
    body: str | None = None  # the full text as its author wrote it
    remote_id: RemoteCommentId | None = None  # of the original or copy on GitHub


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedComments:
    """How many comments were passed over for the same reason, or the report itself."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerReportView:
    """A report that follows the one that is shown, prepared for people."""

    report_id: ReportId
    tracking_id: str
    status: str
    moved_alone: bool  # a person opened or closed it while the issue stayed as it was


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """Everything about a report, prepared for people."""

    project_name: str
    detail: ReportDetail
    title: str  # unescaped
    state: str  # Synced, Waiting, Needs attention, Not linked, Gone on GitHub, …
    reason: str | None
    fields: tuple[FieldView, ...]
    comments: tuple[CommentView, ...]
    skipped: tuple[SkippedComments, ...] = ()
    resolution_text: str | None = None  # the same as `resolution` in words
    moved_alone: bool = False  # of a report that follows: see `FollowerReportView`
    followers: tuple[FollowerReportView, ...] = ()

    @property
    def resolution(self) -> Resolution | None:
        """Who closed the issue of a live link; None while it is open, and where this program closed it."""
        link = self.detail.link
        return link.resolution if link is not None and link.is_live else None

    @property
    def stage(self) -> str | None:
        """The stage of an open report; None where stages are not synced."""
        return next((each.bugspark for each in self.fields if each.field is Field.STAGE), None)

    @property
    def assignee(self) -> str | None:
        """BugSpark's assignee as people read it; None where there is none, or assignees are not synced."""
        named = next((each.bugspark for each in self.fields if each.field is Field.ASSIGNEE), None)
        return named if self.detail.report.assignee else None

    @property
    def reason_in_full(self) -> str | None:
        """The reason with the name of the report of another project that holds the issue."""
        holder = self.detail.holder
        if self.reason is None or holder is None:
            return self.reason
        return self.reason.replace(OTHER_PROJECTS_REPORT, holder.name)


CONFLICT_SHOWN_FOR = timedelta(days=7)
"""How long a conflict is shown, unless somebody changes or resolves the field before."""


def open_conflicts(detail: ReportDetail, now: datetime) -> Iterator[DatedChange]:
    """Yield conflicts that are recent and whose outcome still stands, as `store.views` counts them."""
    for each_field in Field:
        changes = [
            dated_change for dated_change in detail.history if dated_change.change.field == each_field.value
        ]  # newest first
        at = next(
            (at for at, dated_change in enumerate(changes) if dated_change.change.kind is Kind.CONFLICT), None
        )
        if at is None or changes[at].at < now - CONFLICT_SHOWN_FOR:
            continue
        settled = any(dated_change.change.kind is Kind.RESOLVE for dated_change in changes[:at])
        if not settled and all(
            dated_change.change.to == changes[at].change.to for dated_change in changes[:at]
        ):
            yield changes[at]

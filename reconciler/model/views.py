"""The values that commands and pages show, made of text and numbers.

Links, changes, conflicts, withheld deletions, activity, plans, checks, and how a project is connected to
GitHub, without a request to GitHub.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from reconciler.model.fields import Side
from reconciler.model.ids import IssueNumber, LinkId, ProjectId, RemoteCommentId, ReportId
from reconciler.model.kinds import Kind
from reconciler.model.link import LinkState
from reconciler.model.passes import Failure
from reconciler.model.report import Project
from reconciler.model.report_detail import DatedChange


class Urgency(IntEnum):
    """The most urgent thing about a link; the lower, the more urgent."""

    ATTENTION = 0
    CONFLICT = 1
    PENDING = 2
    SYNCED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPosition:
    """The position of a page in the list of links, which is sorted by issue number, highest first."""

    number: IssueNumber
    link_id: LinkId


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFilter:
    """Which links to list, and from where. `text`: a tracking id, an issue number, or words of the title."""

    urgency: Urgency | None = None  # None: all
    text: str = ""
    status: str = ""  # of the report, as BugSpark stores it; "": any
    severity: str = ""
    oldest_first: bool = False  # by issue number
    after: LinkPosition | None = None
    before: LinkPosition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPosition:
    """A position in the list of reports, which is sorted by project and tracking id, highest first."""

    project_id: ProjectId
    tracking_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFilter:
    """Which reports to list, and from where.

    `text`: a tracking id, an issue (`12`, `#12`, `owner/repo#12`, its address), the address of a report in
    either dashboard, or words of the title.
    """

    projects: frozenset[ProjectId]
    severity: str | None = None  # as BugSpark stores it; None: all
    text: str = ""
    after: ReportPosition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A link in a list. Its report may be deleted."""

    id: LinkId
    report_id: ReportId
    tracking_id: str | None
    title: str | None  # as people read it
    status: str | None
    severity: str | None
    repository: str
    number: IssueNumber
    state: LinkState
    urgency: Urgency
    reason: str | None
    verified_at: datetime | None  # when both sides were last compared in full


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkedFilter:
    """Which reports without a live link to list, and from where; the highest tracking id first."""

    waiting: Urgency | None = None  # only those whose issue is to be created, by whether a person has to act
    text: str = ""
    status: str = ""
    severity: str = ""
    after: str = ""  # a tracking id; "": from the first


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkedRow:
    """A report without a live link. `waiting`: why its issue is not there yet; None: none requested."""

    report_id: ReportId
    tracking_id: str
    title: str
    status: str
    severity: str
    urgency: Urgency | None
    waiting: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkedPage:
    """A page of reports without a live link."""

    rows: tuple[UnlinkedRow, ...]
    more_after: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPage:
    """A page of links, and whether there are more before and after it."""

    rows: tuple[LinkRow, ...]
    more_before: bool
    more_after: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportChange:
    """One line of a project's history, and the report it is about."""

    dated_change: DatedChange
    tracking_id: str | None  # None: the report was deleted
    title: str | None  # as people read it
    issue: str | None  # owner/repo#12


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldRow:
    """A deletion that the guard withholds."""

    report_id: ReportId
    tracking_id: str | None
    repository: str | None
    number: IssueNumber | None
    kind: Kind  # on which side a comment would be deleted; END_LINK: the report is missing
    author: str | None  # of the original
    text: str | None  # how the comment begins that would be deleted, as stored; None: not known
    remote_id: RemoteCommentId | None  # of the comment on GitHub

    @property
    def side(self) -> Side:
        """Where a comment would be deleted."""
        return Side.GITHUB if self.kind is Kind.DELETE_REMOTE_COMMENT else Side.BUGSPARK


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldPage:
    """Withheld deletions with the words that people need to decide about them.

    `digest`: of all withheld deletions of the project, read before the rows; None: none is withheld.
    `problem`: why the texts of comments on GitHub could not be read.
    """

    digest: str | None
    rows: tuple[WithheldRow, ...]
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRun:
    """A pass that changed something or failed; other passes are not recorded."""

    at: datetime
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PropagatedChange:
    """A change of one side that was written to the other."""

    at: datetime
    side: Side  # the side that was written
    waited: timedelta | None  # since the cause on the other side; None: unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectActivity:
    """The data of a project's activity chart."""

    since: datetime
    until: datetime
    runs: tuple[PassRun, ...] = ()
    writes: tuple[PropagatedChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionView:
    """One action of a plan as people and programs read it (docs/reference/contract.md, JSON of a plan)."""

    kind: str
    report: str | None  # its id
    tracking_id: str | None  # BUG-0001; for people, not part of the JSON
    issue: str | None  # owner/repo#12; None: not created yet
    field: str | None
    base: str | None
    local: str | None
    remote: str | None
    to: str | None
    rule: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldDeletion:
    """A withheld deletion, as `plan` shows it (docs/reference/contract.md, JSON of a plan)."""

    kind: Kind  # END_LINK: the report itself is missing, and its link would end
    report: str  # its id
    tracking_id: str | None  # BUG-0001; for people, not part of the JSON
    side: Side  # where a comment would be deleted, or the report is missing
    author: str | None  # of the original
    excerpt: (
        str | None
    )  # of the comment that would be deleted, where it could be read; else what would happen
    url: str | None  # the page of the comment; in BugSpark of the report, if the dashboard's address is known
    issue: str | None


def action_as_json(action: ActionView) -> dict[str, str | None]:
    """Return an action as `plan --json` has it (docs/reference/contract.md, JSON of a plan)."""
    keys = ("kind", "report", "issue", "field", "base", "local", "remote", "to", "rule")
    return {key: getattr(action, key) for key in keys}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """What a pass over one project would do now, or why that is unknown."""

    project_id: ProjectId
    project_name: str
    repository: str | None
    hash: str
    actions: tuple[ActionView, ...] = ()
    error: Failure | None = None
    withheld: str | None = None  # the hash of the deletions that the guard withholds, for --accept
    withheld_deletions: tuple[WithheldDeletion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCandidate:
    """A report and an issue that BugSpark's button exported without storing the link."""

    report_tracking_id: str
    report_id: str
    issue: str  # owner/repo#12
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryResult:
    """The result of a discovery. `linked`: how many links were made, 0 without --apply."""

    candidates: tuple[LinkCandidate, ...]
    linked: int
    requests: int
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """The issue of an exported report, or why there is none."""

    report: str  # as the command's argument named it
    url: str | None
    error: str | None
    notes: tuple[str, ...] = ()  # what GitHub did not take of the issue


class CheckLevel(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One line of `reconcile check`."""

    name: str
    level: CheckLevel
    message: str
    remedy: str | None = None


class CredentialKind(StrEnum):
    """The kind of credential that a project writes with."""

    APP = "app"  # the operator's GitHub App
    SEALED = "sealed"  # a token that is stored encrypted and was decrypted
    PLAIN = "plain"  # a token that is stored unencrypted


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedDelivery:
    """A delivery with a valid signature. `read_at`: when a pass had read the issue it names."""

    id: str  # X-GitHub-Delivery
    event: str
    action: str | None
    number: IssueNumber | None  # the issue it names
    at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupView:
    """The content of the set-up page; never a secret."""

    project: Project  # with its problem, if it can't be used
    credential: CredentialKind | None  # None: no usable one
    private: bool | None  # of the repository, when it was last read
    account: str | None  # the account that the credential writes as, once it was read
    wrote_at: datetime | None  # the last write that GitHub confirmed
    has_secret: bool  # one is stored; whether it can be decrypted is found out when it is shown
    previous_until: datetime | None  # until when the secret before the present one is valid
    hook_id: int | None  # on GitHub, if this program created or changed it
    deliveries: tuple[ReceivedDelivery, ...]  # the newest ones, newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuePreview:
    """The issue that an export of a report would create now."""

    report: str  # its tracking id
    repository: str
    title: str
    body: str
    labels: tuple[str, ...]
    redacted: tuple[tuple[str, int], ...]  # what is taken out: the kind, and how many of it
    milestone: int | None = None
    priority: str | None = None  # the option in the organisation's field
    type: str | None = None
    assignees: tuple[str, ...] = ()

"""What commands and pages show: flat values made of text and numbers.

Of a project: its links, changes, conflicts, withheld deletions, the last day, and how it is connected to
GitHub, as far as that is known without asking GitHub.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from reconciler.model.fields import Side
from reconciler.model.ids import IssueNumber, LinkId, ProjectId, ReportId
from reconciler.model.kinds import Kind
from reconciler.model.link import LinkState
from reconciler.model.passes import Failure
from reconciler.model.report import Project
from reconciler.model.report_detail import DatedChange


class Urgency(IntEnum):
    """The most pressing thing about a link; the lower, the more."""

    ATTENTION = 0
    CONFLICT = 1
    PENDING = 2
    SYNCED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPosition:
    """Where a page of links begins or ends: they are listed by issue number, the highest first."""

    number: IssueNumber
    link_id: LinkId


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFilter:
    """Which links, and from where on. `text`: a tracking id, an issue number, words of the title."""

    urgency: Urgency | None = None  # None: all
    text: str = ""
    after: LinkPosition | None = None
    before: LinkPosition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A link in a list. The report may be gone."""

    id: LinkId
    report_id: ReportId
    tracking_id: str | None
    title: str | None
    status: str | None
    severity: str | None
    repository: str
    number: IssueNumber
    state: LinkState
    urgency: Urgency
    reason: str | None
    verified_at: datetime | None  # when both sides were last compared whole


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPage:
    """Some links, and whether there are more on either end."""

    rows: tuple[LinkRow, ...]
    more_before: bool
    more_after: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportChange:
    """A line of a project's story, and the report it is about."""

    dated_change: DatedChange
    tracking_id: str | None  # None: the report is gone
    title: str | None
    issue: str | None  # owner/repo#12


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldRow:
    """A deletion that the guard holds back."""

    report_id: ReportId
    tracking_id: str | None
    issue: str | None
    kind: Kind  # which side's comment would go
    author: str | None
    text: str | None  # of BugSpark's copy, while it is there


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRun:
    """A pass that did something or failed; idle ones leave no row."""

    at: datetime
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossSideWrite:
    """Something that was written on one side because of the other."""

    at: datetime
    side: Side  # that was written
    waited: timedelta | None  # since it happened on the other; None where nobody knows


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectActivity:
    """What a project's plot is drawn from."""

    since: datetime
    until: datetime
    runs: tuple[PassRun, ...] = ()
    writes: tuple[CrossSideWrite, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionView:
    """One action of a plan as people and programs read it (docs/reference/contract.md, JSON of a plan)."""

    kind: str
    report: str | None  # its id
    tracking_id: str | None  # BUG-0001; for people, not part of the JSON
    issue: str | None  # owner/repo#12; None: it is yet to be created
    field: str | None
    base: str | None
    local: str | None
    remote: str | None
    to: str | None
    rule: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldDeletion:
    """A withheld deletion, as `plan` shows it (docs/reference/contract.md, JSON of a plan)."""

    report: str  # its id
    tracking_id: str | None  # BUG-0001; for people, not part of the JSON
    side: Side  # where a comment would be deleted
    author: str | None  # of the original
    excerpt: str | None  # of the comment that would be deleted, where it could be read
    url: str | None  # its page; in BugSpark the report's, where the dashboard's address is known
    issue: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """What a pass over one project would do now, or why that can't be said."""

    project_id: ProjectId
    project_name: str
    repository: str | None
    hash: str
    actions: tuple[ActionView, ...] = ()
    error: Failure | None = None
    withheld: str | None = None  # the hash of deletions the guard holds back, for --accept
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
    """What discovery found, what it linked (0 without --apply), what it cost, what it passed over and why."""

    candidates: tuple[LinkCandidate, ...]
    linked: int
    requests: int
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """A report's issue, or why there is none."""

    report: str  # as it was asked for
    url: str | None
    error: str | None


class CheckLevel(StrEnum):
    """How a check went."""

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
    """What the project writes with."""

    APP = "app"  # the operator's GitHub App
    SEALED = "sealed"  # a token that is kept encrypted, and was decrypted
    PLAIN = "plain"  # a token that is kept unencrypted


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedDelivery:
    """A delivery with a valid signature. `read_at`: when a pass had looked into what it names."""

    id: str  # X-GitHub-Delivery
    event: str
    action: str | None
    number: IssueNumber | None  # the issue it names
    at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupView:
    """What the set-up page tells; never a secret."""

    project: Project  # with its problem, if it can't be used
    credential: CredentialKind | None  # None: there is none that can be used
    private: bool | None  # the repository, when it was last read
    account: str | None  # who the credential writes as, once that was asked
    wrote_at: datetime | None  # the last write that GitHub confirmed
    has_secret: bool  # one is kept; whether it can be decrypted is seen when it is revealed
    previous_until: datetime | None  # the secret before the present one is valid until then
    hook_id: int | None  # on GitHub, where we made it or set it right
    deliveries: tuple[ReceivedDelivery, ...]  # the newest deliveries, newest first

"""What the pages list of a project: links, changes, conflicts, withheld deletions, the last day."""

from datetime import datetime, timedelta
from enum import IntEnum

from reconciler.model.dossier import DatedChange
from reconciler.model.fields import Side
from reconciler.model.ids import IssueNumber, LinkId, ReportId
from reconciler.model.kinds import Kind
from reconciler.model.link import LinkState
from reconciler.model.values import dataclass


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

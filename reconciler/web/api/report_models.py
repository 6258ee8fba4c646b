"""The JSON API's responses about reports as types, from which FastAPI makes `/openapi.json`."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from reconciler.web.api.response_models import CommentSource, ProjectNameResponse, SyncState


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueResponse:
    """A report's issue; `badge` is `repo#12`."""

    badge: str
    url: str
    repository: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictResponse:
    """A conflict in which one value was lost, while that value can be brought back."""

    at: datetime
    lost: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceResponse:
    """A value that the command `resolve` can give the field."""

    take: CommentSource
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldResponse:
    """One field on both sides. A value is null if that side has none or it is not known."""

    field: str
    bugspark: str
    agreed: str | None
    github: str | None
    frozen: str | None
    conflict: ConflictResponse | None
    choices: list[ChoiceResponse]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentResponse:
    """One of BugSpark's comments: where it was written, and the state of its copy."""

    id: UUID
    source: CommentSource
    author: str | None
    created_at: datetime
    text: str
    """As its author wrote it: unescaped, without the heading of an imported comment."""
    url: str | None
    """Its address on GitHub; null while it has none."""
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLineResponse:
    """One line of a report's history."""

    at: datetime
    what: str
    side: CommentSource
    field: str | None
    before: str | None
    to: str | None
    lost: str | None
    text: str | None
    """How a comment begins."""
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedResponse:
    """How many comments were passed over for this reason."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntryResponse:
    """A command that somebody ran."""

    at: datetime
    what: str
    by: str
    """A BugSpark user, the operator, an API token, or a user of the command line."""
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionResponse:
    """Who closed the issue on GitHub."""

    by: str | None
    """A login; null where GitHub does not say whose."""
    commit: str | None
    """The SHA of the commit that closed it, if it is one of the same repository."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowsResponse:
    """The report that this one follows; it leads the issue."""

    report: UUID
    tracking_id: str
    moved_alone: bool
    """Whether a person opened or closed this report while the issue stayed as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerResponse:
    """A report that follows this one."""

    report: UUID
    tracking_id: str
    status: str
    moved_alone: bool
    """Whether a person opened or closed it while the issue stayed as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportResponse:
    """A report as BugSpark's dashboard shows it."""

    id: UUID
    tracking_id: str
    title: str
    project: ProjectNameResponse
    state: SyncState
    reason: str | None
    issue: IssueResponse | None
    page: str
    """The address of our page; without `web.public_url` its path."""
    may_change: bool
    actions: list[str]
    """The commands that are possible now; empty unless `may_change`."""
    linked_at: datetime | None
    verified_at: datetime | None
    """When both sides were last compared in full."""
    synced_at: datetime | None
    """When the last change of this report was copied to the other side, in either direction."""
    updated_at: datetime
    stage: str | None
    """Of an open report: new, triaging or in_progress; null where stages are not synced."""
    resolution: ResolutionResponse | None
    """Null while the issue is open, and where nobody closed it on GitHub."""
    assignee: str | None
    """BugSpark's: the login of a mapped person, else the name; null without one, or where not synced."""
    fields: list[FieldResponse]
    comments: list[CommentResponse]
    follows: FollowsResponse | None
    """Of a report that follows; `issue` is then the one of the report that leads."""
    followers: list[FollowerResponse]
    """The reports that follow this one, the oldest first."""
    skipped: list[SkippedResponse]
    """Comments of either side that are known and were not copied, counted by reason."""
    history: list[HistoryLineResponse]
    """The newest lines first; at most 50."""
    acts: list[AuditEntryResponse]
    """Who ran which command on it, the newest first; at most 50."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportStateResponse:
    """The state of one of many reports."""

    id: UUID
    tracking_id: str
    title: str
    project: ProjectNameResponse
    state: SyncState
    reason: str | None
    issue: IssueResponse | None
    status: str
    severity: str
    category: str
    follows: FollowsResponse | None
    page: str
    may_change: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionResponse:
    """How many things of one kind are taken out: `e-mail`, `address`, `header`, `token`, `private key`."""

    kind: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuePreviewResponse:
    """The issue that an export of the report would create now."""

    report: str
    repository: str
    title: str
    body: str
    labels: list[str]
    milestone: int | None
    type: str | None
    assignees: list[str]
    redacted: list[RedactionResponse]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportListResponse:
    """A part of a list of reports. `cursor` leads to the next part; null: there is none."""

    reports: list[ReportStateResponse]
    cursor: str | None

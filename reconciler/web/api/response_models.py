"""The JSON API's responses as types, from which FastAPI makes `/openapi.json`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from reconciler.model.project_status import ProjectStatusKind


class SyncState(StrEnum):
    """The synchronization state of a report (docs/reference/contract.md, HTTP)."""

    SYNCED = "synced"
    PENDING = "pending"
    CONFLICT = "conflict"
    ATTENTION = "attention"
    UNLINKED = "unlinked"


WORDS_BY_STATE = {
    SyncState.SYNCED: ProjectStatusKind.SYNCED.value,
    SyncState.PENDING: ProjectStatusKind.WAITING.value,
    SyncState.CONFLICT: ProjectStatusKind.CONFLICT.value,
    SyncState.ATTENTION: ProjectStatusKind.ATTENTION.value,
    SyncState.UNLINKED: "Not linked",
}
"""The words for each state, the same everywhere (docs/reference/looks.md, Rules)."""


class CommentSource(StrEnum):
    """Where a comment was written."""

    BUGSPARK = "bugspark"
    GITHUB = "github"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResponse:
    """The last delivery with a valid signature."""

    event: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookResponse:
    """A project's webhook. `url` is null until `web.public_url` is set."""

    url: str | None
    last_delivery: DeliveryResponse | None
    received: int
    missed: int
    """Number of changes that a pass found and that no delivery announced."""
    silent_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCountsResponse:
    """A project's links by state. Each link is counted once, under its most urgent state."""

    synced: int
    pending: int
    conflict: int
    attention: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageResponse:
    """How many of a project's links were compared in full within the time limit."""

    links: int
    of: int
    within_seconds: int
    oldest_at: datetime | None
    p95_at: datetime | None
    """95 % of the links were compared after this time; null in lists of projects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthResponse:
    """The status of a project, in the words of `reconcile status`."""

    state: str
    reason: str | None
    last_pass_at: datetime | None
    last_success_at: datetime | None
    next_at: datetime | None
    pending: int
    """Writes to GitHub that are not confirmed yet."""
    withheld: int
    """Number of deletions that wait until a person accepts them."""
    withheld_hash: str | None
    """What `accept` takes."""
    verified: CoverageResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemResponse:
    """A problem of one report's link or write."""

    report: UUID
    tracking_id: str
    issue: str | None
    """`owner/repo#12`"""
    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectResponse:
    """A project as BugSpark's dashboard shows it."""

    id: UUID
    name: str
    repository: str | None
    page: str
    """The address of our page; without `web.public_url` its path."""
    setup_page: str
    may_change: bool
    paused: bool
    health: HealthResponse
    links: LinkCountsResponse
    problems: list[ProblemResponse]
    """What needs attention; at most 30."""
    webhook: WebhookResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResponse:
    """What a command did, in the sentence that a page would show."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectNameResponse:
    """The id and name of a project."""

    id: UUID
    name: str


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
    fields: list[FieldResponse]
    comments: list[CommentResponse]
    skipped: list[SkippedResponse]
    """Comments of either side that are known and were not copied, counted by reason."""
    history: list[HistoryLineResponse]
    """The newest lines first; at most 50."""


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
    page: str
    may_change: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportListResponse:
    """A part of a list of reports. `cursor` leads to the next part; null: there is none."""

    reports: list[ReportStateResponse]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsResponse:
    """A project's own settings. Keys without a value are left out."""

    settings: dict[str, Any]
    """What the project has set for itself."""
    effective: dict[str, Any]
    """What is in force: the operator's values where the project has none."""
    version: int
    """It counts up with every change; 0: none was made."""

"""The JSON API's responses as types, from which FastAPI makes `/openapi.json`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class SyncState(StrEnum):
    """How a report stands (docs/reference/contract.md, HTTP)."""

    SYNCED = "synced"
    PENDING = "pending"
    CONFLICT = "conflict"
    ATTENTION = "attention"
    UNLINKED = "unlinked"


WORDS_BY_STATE = {
    SyncState.SYNCED: "Synced",
    SyncState.PENDING: "Waiting",
    SyncState.CONFLICT: "Conflict",
    SyncState.ATTENTION: "Needs you",
    SyncState.UNLINKED: "Not linked",
}
"""docs/reference/looks.md, Rules: the same words everywhere."""


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
    """Changes that a pass found and no delivery announced."""
    silent_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCountsResponse:
    """A project's links, each counted once, by the most pressing thing about it."""

    synced: int
    pending: int
    conflict: int
    attention: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageResponse:
    """How many links were compared whole within the time."""

    links: int
    of: int
    within_seconds: int
    oldest_at: datetime | None
    p95_at: datetime | None
    """19 of 20 links were compared later than this; told where one project is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthResponse:
    """How a project stands, in the words of `reconcile status`."""

    state: str
    reason: str | None
    last_pass_at: datetime | None
    last_success_at: datetime | None
    next_at: datetime | None
    pending: int
    """Writes to GitHub that are not confirmed yet."""
    withheld: int
    """Deletions that wait for somebody to accept them."""
    verified: CoverageResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectResponse:
    """A project as BugSpark's dashboard shows it."""

    id: UUID
    name: str
    repository: str | None
    may_change: bool
    health: HealthResponse
    links: LinkCountsResponse
    webhook: WebhookResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectNameResponse:
    """A project, named."""

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
class FieldResponse:
    """One field on both sides; null: that side says nothing, or nothing is known of it."""

    field: str
    bugspark: str
    agreed: str | None
    github: str | None
    frozen: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentResponse:
    """One of BugSpark's comments: where it was written, and what became of its copy."""

    id: UUID
    source: CommentSource
    author: str | None
    created_at: datetime
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportResponse:
    """A report as BugSpark's dashboard shows it."""

    id: UUID
    tracking_id: str
    project: ProjectNameResponse
    state: SyncState
    reason: str | None
    issue: IssueResponse | None
    linked_at: datetime | None
    verified_at: datetime | None
    """When both sides were last compared whole."""
    synced_at: datetime | None
    """When anything of it last crossed over, either way."""
    updated_at: datetime
    fields: list[FieldResponse]
    comments: list[CommentResponse]

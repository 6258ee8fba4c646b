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
class ReceivedDeliveryResponse:
    """A delivery with a valid signature. `processed_at`: when a pass had read the issue it names."""

    id: str
    event: str
    action: str | None
    number: int | None
    at: datetime
    processed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialResponse:
    """What the project writes to GitHub with; never the token itself."""

    kind: str | None
    """`app`: the operator's GitHub App; `sealed`, `plain`: a token that is stored encrypted, unencrypted."""
    account: str | None
    problem: str | None
    """Why the integration can't be used."""
    last_write_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSetupResponse:
    """How a project is connected to GitHub, and its webhook; never a secret."""

    repository: str | None
    repository_url: str | None
    private: bool | None
    credential: CredentialResponse
    url: str | None
    content_type: str
    events: list[str]
    settings_url: str | None
    steps: list[str]
    problem: str | None
    """Why GitHub can't deliver: `web.public_url` is not set."""
    permission: str
    """What the token needs for `create` and `test`."""
    has_secret: bool
    previous_secret_until: datetime | None
    """Until when the secret before the present one is valid."""
    hook_id: int | None
    """On GitHub, if this program created or changed it."""
    deliveries: list[ReceivedDeliveryResponse]
    may_change: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSecretResponse:
    """The webhook's secret, with what else is entered on GitHub."""

    message: str
    url: str | None
    secret: str
    content_type: str
    events: list[str]
    settings_url: str | None


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
class SettingsResponse:
    """A project's own settings. Keys without a value are left out."""

    settings: dict[str, Any]
    """What the project has set for itself."""
    effective: dict[str, Any]
    """What is in force: the operator's values where the project has none."""
    version: int
    """It counts up with every change; 0: none was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPlanResponse:
    """What applying settings to existing links does."""

    hash: str
    """The same for the same plan; `apply` takes it."""
    actions: list[dict[str, Any]]
    """As `reconcile plan --json` has them."""

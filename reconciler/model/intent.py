"""A recorded wish to write to GitHub, and what became of sending it (docs/design.md, Writing to GitHub)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from reconciler.model.fields import IssueState
from reconciler.model.ids import (
    CommentPairId,
    IntentId,
    IssueNumber,
    LinkId,
    ProjectId,
    RemoteCommentId,
    ReportId,
    RepositoryId,
)
from reconciler.model.kinds import Operation
from reconciler.model.plan import Why

T = TypeVar("T")


class IntentState(StrEnum):
    """planned → sending → (confirmed: the row is deleted) | unknown | planned again | quarantined."""

    PLANNED = "planned"
    SENDING = "sending"
    UNKNOWN = "unknown"
    QUARANTINED = "quarantined"


UNSENT_STATES = (IntentState.PLANNED, IntentState.QUARANTINED)
"""What may still be cancelled or take another form: GitHub has none of it."""

MAYBE_SENT_STATES = frozenset({IntentState.SENDING, IntentState.UNKNOWN})
"""What was sent, or may have been: GitHub may show it at any moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIssue:
    """Body and labels are frozen when the intent is made."""

    title: str
    body: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewComment:
    """The body is frozen when the intent is made, marker included."""

    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredFieldWrite:
    """What a write to one field of an issue wants there.

    It has no members of its own, so that stored JSON keeps each subclass's order.
    """

    if TYPE_CHECKING:

        @property
        def agreed(self) -> str:
            """The report's value that becomes base when GitHub confirms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState(DesiredFieldWrite):
    """`agreed` is the report's status that becomes base when GitHub confirms."""

    state: IssueState
    reason: str | None
    agreed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredLabels(DesiredFieldWrite):
    """`agreed` is the report's value that becomes base when GitHub confirms."""

    add: str | None
    remove: tuple[str, ...]
    agreed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredTitle(DesiredFieldWrite):
    """`agreed` is the report's title, as stored, that becomes base when GitHub confirms."""

    title: str
    agreed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredCommentBody:
    """A new body for our copy; `local_digest` is that of the BugSpark body it was rendered from."""

    remote_id: RemoteCommentId
    body: str
    local_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredCommentDeletion:
    """Our copy is to go."""

    remote_id: RemoteCommentId


Desired = NewIssue | NewComment | DesiredFieldWrite | DesiredCommentBody | DesiredCommentDeletion


IntentKey = tuple[UUID, Operation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One row of `sync_intents`. Confirmed and cancelled ones are gone from the table."""

    id: IntentId
    project_id: ProjectId
    report_id: ReportId
    link_id: LinkId | None  # None: the issue is yet to be created
    pair_id: CommentPairId | None  # for comments
    local_id: UUID  # report id, or comment id for comment operations
    operation: Operation
    repository_id: RepositoryId
    number: IssueNumber | None
    desired: Desired
    state: IntentState
    attempts: int
    created_at: datetime
    claimed_at: datetime | None = None  # GitHub's time, first claim
    ended_at: datetime | None = None  # GitHub's time, when the last attempt ended
    not_before: datetime | None = None
    empty_searches: int = 0  # complete looks that found nothing, while the outcome is unknown
    reason: str | None = None  # why it waits or is quarantined
    is_requested: bool = False  # by `reconcile export`: exempt from guard.max_new_issues
    why: Why | None = None  # what was decided on; told when it is confirmed

    @property
    def key(self) -> IntentKey:
        """What it is about: unique among the open ones."""
        return self.local_id, self.operation

    def claimed(self, at: datetime) -> "Intent":
        """Return the intent as it is from its claim, in GitHub's time, until the attempt's end is known."""
        return replace(
            self,
            state=IntentState.SENDING,
            attempts=self.attempts + 1,
            claimed_at=self.claimed_at or at,
            ended_at=at,
            not_before=None,
        )

    @property
    def log_fields(self) -> dict[str, str]:
        """What a line of log about it begins with."""
        names = {"operation": self.operation.value, "report": str(self.report_id)}
        return names if self.link_id is None else {**names, "link": str(self.link_id)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed(Generic[T]):
    """GitHub answered with the object as it is now."""

    value: T
    request_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """GitHub understood and said no; nothing was changed. `gone`: the object is not there (404, 410)."""

    status: int
    reason: str  # a sentence for people, GitHub's message included
    gone: bool
    request_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """Not a byte left: no connection could be made."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeUnknown:
    """It may or may not have been applied: a dropped answer, a 5xx, a garbled body."""

    reason: str
    request_id: str | None = None


WriteResult = Confirmed[T] | Refused | NotSent | OutcomeUnknown

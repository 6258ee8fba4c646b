"""Intents: recorded writes to GitHub, and the outcome of sending one (docs/design.md, Writing to GitHub)."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
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
from reconciler.model.issue import Account
from reconciler.model.kinds import Kind, Operation
from reconciler.model.plan import Why

T = TypeVar("T")


class IntentState(StrEnum):
    """The state of an intent: planned, sending, then one of four outcomes.

    Confirmed (the row is deleted), unknown, planned again, or quarantined.
    """

    PLANNED = "planned"
    SENDING = "sending"
    UNKNOWN = "unknown"
    QUARANTINED = "quarantined"


UNSENT_STATES = (IntentState.PLANNED, IntentState.QUARANTINED)
"""States in which an intent may still be cancelled or changed: nothing was sent."""

DOUBTFUL_ANSWER = "the answer was lost, and "
"""How the reason of a write begins whose answer GitHub shows, but not beyond doubt: a person has to look."""

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""When a refused write is sent again by itself that would only be refused again."""

MISSING_PERMISSION = "it needs the permission "
"""Before the permission, in the reason of a write that was refused for want of it."""

MAYBE_SENT_STATES = frozenset({IntentState.SENDING, IntentState.UNKNOWN})
"""States in which a write was sent, or may have been: GitHub may show it at any moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIssue:
    """The desired issue. Body and labels are fixed when the intent is made."""

    title: str
    body: str
    labels: tuple[str, ...]
    milestone: int | None = None  # its number
    type: str | None = None
    left_out: tuple[str, ...] = ()  # what GitHub refused of these two, in words
    assignees: tuple[str, ...] = ()  # logins
    priority: tuple[int, str] | None = None  # the organisation's field, by its id, and the option's name


@dataclass(frozen=True, slots=True, kw_only=True)
class NewComment:
    """The desired comment. The body, marker included, is fixed when the intent is made.

    `mentions`: whom it notifies, if their logins still belong to them when it is sent.
    """

    body: str
    mentions: tuple[Account, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredFieldWrite:
    """The desired value of one field of an issue.

    It has no members of its own, so that stored JSON keeps the order of each subclass.
    """

    if TYPE_CHECKING:

        @property
        def agreed(self) -> str:
            """The report's value that becomes base when GitHub confirms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState(DesiredFieldWrite):
    """The desired state. `agreed`: the report's status, which becomes the base when GitHub confirms."""

    state: IssueState
    reason: str | None
    agreed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredLabels(DesiredFieldWrite):
    """The desired labels. `agreed`: the report's value, which becomes the base when GitHub confirms."""

    add: str | None
    remove: tuple[str, ...]
    agreed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredPriority(DesiredFieldWrite):
    """The desired option of one field. `agreed`: the severity, which becomes the base as above."""

    field_id: int
    option: str
    agreed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredTitle(DesiredFieldWrite):
    """The desired title. `agreed`: the report's stored title, which becomes the base when GitHub confirms."""

    title: str
    agreed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredAssignees(DesiredFieldWrite):
    """The desired assignees, by id and login. `agreed`: BugSpark's, who becomes base when GitHub confirms."""

    add: Account | None
    remove: tuple[Account, ...]
    agreed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredCommentBody:
    """The desired body of a copy. `local_digest`: the digest of the BugSpark body it was rendered from.

    `author`: the name in it; None in an intent of an earlier release.
    """

    remote_id: RemoteCommentId
    body: str
    local_digest: str
    author: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredCommentDeletion:
    """The desired deletion of a copy."""

    remote_id: RemoteCommentId


Desired = NewIssue | NewComment | DesiredFieldWrite | DesiredCommentBody | DesiredCommentDeletion


IntentKey = tuple[UUID, Operation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A row of `sync_intents`. Confirmed and cancelled intents are deleted from the table."""

    id: IntentId
    project_id: ProjectId
    report_id: ReportId
    link_id: LinkId | None  # None: the issue is not created yet
    pair_id: CommentPairId | None  # for comments only
    local_id: UUID  # a report's id; for operations on comments, a comment's id
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
    empty_searches: int = 0  # complete searches without a result, while the outcome is unknown
    reason: str | None = None  # why it waits or is quarantined
    is_requested: bool = False  # by `reconcile export`: exempt from guard.max_new_issues
    why: Why | None = None  # the decision behind it, recorded in the history when GitHub confirms

    @property
    def key(self) -> IntentKey:
        """What the intent is about: unique among open intents."""
        return self.local_id, self.operation

    @property
    def next_try(self) -> datetime | None:
        """Not before this time it is sent again; None: any time, or only when a person says so."""
        return None if self.not_before == NEVER else self.not_before

    @property
    def kind(self) -> Kind:
        """The kind of the action that makes such an intent."""
        return Kind.SET_PRIORITY if isinstance(self.desired, DesiredPriority) else self.operation.kind

    @property
    def needs_decision(self) -> bool:
        """Whether GitHub shows what may be its result, edited since, and a person has to tell."""
        return self.state is IntentState.UNKNOWN and (self.reason or "").startswith(DOUBTFUL_ANSWER)

    def claimed(self, at: datetime) -> "Intent":
        """Return the intent as claimed at `at` (GitHub's time): being sent, its outcome not known yet."""
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
        """Return the values that log events about the intent begin with."""
        names = {"operation": self.operation.value, "report": str(self.report_id)}
        return names if self.link_id is None else {**names, "link": str(self.link_id)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed(Generic[T]):
    """GitHub confirmed the write and returned the object as it is now."""

    value: T
    request_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """GitHub refused the write; nothing was changed. `gone`: the object does not exist (404, 410)."""

    status: int
    reason: str  # a sentence for people, GitHub's message included
    gone: bool
    request_id: str | None
    is_final: bool = False  # the same again would be refused again: it waits for a person, or another value


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """Nothing was sent: no connection could be made."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeUnknown:
    """The write may have been applied or not: no answer came, or a 5xx, or one that can't be read."""

    reason: str
    request_id: str | None = None


WriteResult = Confirmed[T] | Refused | NotSent | OutcomeUnknown

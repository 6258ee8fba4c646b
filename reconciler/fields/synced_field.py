"""The rules of a synced field, and its three-state difference (docs/design.md, Deciding).

BugSpark changed   GitHub changed   both equal now   verdict
no                 no               -                EQUAL
yes                yes              yes              EQUAL     (base advances, nothing is written)
yes                no               no               LOCAL_MOVED
no                 yes              no               REMOTE_MOVED
yes                yes              no               CONFLICT
(no base: initial sync)             yes              EQUAL
(no base: initial sync)             no               CONFLICT
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import datetime
from enum import Enum, auto
from typing import Any, ClassVar, Generic, TypeVar

from reconciler.model.fields import Base, Field
from reconciler.model.intent import DesiredFieldWrite
from reconciler.model.issue import Issue, IssueUpdate
from reconciler.model.kinds import Operation
from reconciler.model.link import SeenIssue
from reconciler.model.plan import IssueFieldWrite, Why
from reconciler.model.policy import Direction, LabelMapping, SyncPolicy
from reconciler.model.report import Report

Write = TypeVar("Write", bound=IssueFieldWrite)
Desired = TypeVar("Desired", bound=DesiredFieldWrite)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedEvent:
    """The last time that a value was added to an issue. `is_own`: by an account of this program."""

    at: datetime
    is_own: bool


class Verdict(Enum):
    """Which sides changed, and whether they differ."""

    EQUAL = auto()
    LOCAL_MOVED = auto()
    REMOTE_MOVED = auto()
    CONFLICT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDiff:
    """One field on both sides. `remote`: GitHub's value in BugSpark's spelling; None: it has none."""

    field: Field
    base: str | None
    local: str
    remote: str | None
    verdict: Verdict
    present: tuple[str, ...] = ()  # labels on the issue with a value of the field, the one that counts first
    surplus: tuple[str, ...] = ()  # those of them that a swap removes, the one that counts last
    retired: tuple[str, ...] = ()  # labels of an old mapping that this program added: a swap removes them too
    is_unread: bool = False  # GitHub has not shown its value since it has the field in this place
    is_by_mapping: bool = False  # BugSpark has not changed: the base adopts another mapping of labels
    names: Mapping[str, str] = dataclass_field(default_factory=dict)  # how people read values that are ids

    def text_of(self, value: str | None) -> str | None:
        """Return a value as people read it."""
        return None if value is None else self.names.get(value, value)


def decide_verdict(*, first: bool, local_moved: bool, remote_moved: bool, equal: bool) -> Verdict:
    """Return the verdict by the table above."""
    if equal:
        return Verdict.EQUAL
    if first or (local_moved and remote_moved):
        return Verdict.CONFLICT
    if local_moved:
        return Verdict.LOCAL_MOVED
    return Verdict.REMOTE_MOVED if remote_moved else Verdict.EQUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseColumn:
    """One column of `sync_links` that holds a part of the base."""

    name: str
    attribute: str  # of Base
    parse: Callable[[str], Any]  # raises ValueError for a value that the field does not have
    length: int | None = None  # None: text of any length
    # of IssueFields: what GitHub last showed stands for the value where the column is NULL
    seen_attribute: str | None = None
    json_type: Any = None  # the type of the value, where the column holds JSON
    is_optional: bool = False  # NULL is a value: None
    stored_beside: str | None = None  # of Base: only while it has a value, this one is stored


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenColumn:
    """One column of `sync_links` that holds a value last seen on GitHub."""

    name: str
    attribute: str  # of IssueFields
    parse: Callable[[str], str] = str  # raises ValueError for a value that the field does not have
    length: int | None = None  # None: text of any length
    json_type: Any = None  # the type of the value, where the column holds JSON
    is_null_if_empty: bool = False  # an empty value is stored as NULL
    is_optional: bool = False  # NULL is a value: None
    stored_beside: str | None = None  # of Base: only while it has a value, this one is stored


class SyncedField(ABC, Generic[Write, Desired]):
    """One field that is kept equal between a report and its issue. Pure and stateless."""

    field: ClassVar[Field]
    desired_type: type[Desired]
    # of the writes to the second place, if GitHub has the field in two
    other_desired_type: ClassVar[type[DesiredFieldWrite] | None] = None
    base_columns: ClassVar[Sequence[BaseColumn]]  # the first one holds BugSpark's value
    seen_columns: ClassVar[Sequence[SeenColumn]]  # fields may share one
    # BugSpark's column is text; otherwise it has a type of its own and is cast to text
    is_text: ClassVar[bool] = False
    is_id: ClassVar[bool] = False  # BugSpark's column is a UUID: its text here has no dashes
    is_nullable: ClassVar[bool] = False  # BugSpark's column may be NULL, which is an empty value here
    carries_text: ClassVar[bool] = False  # it writes people's text, which waits while a repository is exposed

    @property
    def operation(self) -> Operation:
        """The operation of intents that write the field to GitHub."""
        return Operation(self.field.value)

    @property
    def storage_field(self) -> Field:
        """The field whose column of BugSpark's has the value."""
        return self.field

    @property
    def column(self) -> str:
        """BugSpark's column of `reports`."""
        return self.storage_field.value

    def is_enabled(self, policy: SyncPolicy) -> bool:
        """Whether the field is synced in a direction at all."""
        return policy.direction(self.field) is not Direction.OFF

    def is_shown(self, report: Report, policy: SyncPolicy) -> bool:
        """Whether people see the field among those of this report."""
        return self.is_enabled(policy)

    # --- values and base

    def local_value(self, report: Report) -> str:
        """Return BugSpark's value."""
        return str(getattr(report, self.field.value))

    def base_value(self, base: Base) -> str:
        """Return the value that both sides last agreed on, in BugSpark's spelling."""
        return str(getattr(base, self.field.value))

    def parse(self, value: str) -> str:
        """Parse BugSpark's stored text. Raises ValueError for a value that the field does not have."""
        parsed: str = self.base_columns[0].parse(value)
        return parsed

    def agreed_base_attributes(self, value: str, seen: SeenIssue) -> Mapping[str, Any]:
        """Return the attributes of a base in which `value` (BugSpark's spelling) is agreed."""
        remote = {
            each.attribute: getattr(seen, each.seen_attribute)
            for each in self.base_columns
            if each.seen_attribute is not None
        }
        return {self.field.value: self.parse(value), **remote}

    def initial_base_attributes(self, report: Report, seen: SeenIssue) -> Mapping[str, Any]:
        """Return the attributes of a base with the report's value."""
        return self.agreed_base_attributes(self.local_value(report), seen)

    def with_bugspark_value(self, base: Base, value: str) -> Base:
        """Return the base with `value` in BugSpark's half alone."""
        parts: dict[str, Any] = {self.field.value: self.parse(value)}
        return replace(base, **parts)

    def with_github_value(self, base: Base, seen: SeenIssue) -> Base:
        """Return the base with what GitHub shows in GitHub's half alone."""
        parts = self.agreed_base_attributes(self.base_value(base), seen)
        return replace(base, **{name: value for name, value in parts.items() if name != self.field.value})

    def without_github_value(self, base: Base) -> Base:
        """Return the base with a half of GitHub's that says the same as BugSpark's."""
        parts: dict[str, Any] = {
            each.attribute: None for each in self.base_columns if each.seen_attribute is not None
        }
        return replace(base, **parts)

    def with_values_while_disabled(self, base: Base, report: Report, seen: SeenIssue) -> Base:
        """Return the base while the field is not synced: each side's present value."""
        return self.with_agreed_value(base, self.local_value(report), seen)

    def with_agreed_value(self, base: Base, value: str, seen: SeenIssue) -> Base:
        """Return the base with `value` (BugSpark's spelling) agreed for this field."""
        return replace(base, **self.agreed_base_attributes(value, seen))

    def with_written_value(self, base: Base, desired: Desired) -> Base:
        """Return the base after a write that was applied but whose answer was lost."""
        parts: dict[str, Any] = {self.field.value: self.parse(desired.agreed)}
        return replace(base, **parts)

    @abstractmethod
    def base_value_after_export(self, report: Report, issue: Issue, policy: SyncPolicy) -> str:
        """Return the base value after an issue was created; the report may have changed since."""

    def exported_label(self, report: Report, policy: SyncPolicy) -> str | None:
        """Return the label that a new issue gets for this field."""
        return None

    # --- deciding

    @abstractmethod
    def diff(self, report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy) -> FieldDiff:
        """Compare both sides with the base."""

    def needs_events(self, report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy) -> bool:
        """Whether the issue's events have to be read before GitHub's value can be judged."""
        return False

    def with_values_before_settings(
        self, base: Base, seen: SeenIssue, policy: SyncPolicy, added: Mapping[str, AddedEvent]
    ) -> Base:
        """Return the base with GitHub's values that are older than the settings that give them a meaning.

        `added`: the last event that added each value.
        """
        return base

    @abstractmethod
    def remote_action(self, diff: FieldDiff, report: Report, why: Why, policy: SyncPolicy) -> Write:
        """Build the action that gives the issue the report's value."""

    def is_same_value(self, one: str, other: str | None) -> bool:
        """Whether two values in BugSpark's spelling look the same on GitHub."""
        return one == other

    # --- writing and recovery

    @abstractmethod
    def build_desired(self, action: Write, report: Report) -> Desired:
        """Build the desired state for an action's intent."""

    @abstractmethod
    def issue_update(self, desired: Desired) -> IssueUpdate | None:
        """Return the members of the issue that the write changes; None: it is written in another way."""

    @abstractmethod
    def expected_events(self, desired: Desired) -> set[tuple[str, bool]]:
        """Return the events that prove the write: (value in lower case, whether it was added)."""

    def has_competing_label(self, labels: Sequence[str], mapping: LabelMapping) -> bool:
        """Whether several labels have a value of this field."""
        return False

    def outranked_values(
        self,
        labels: Sequence[str],
        desired: Desired,
        mapping: LabelMapping,
    ) -> tuple[str, ...]:
        """Return values that other people's labels have besides the one written, and that count less."""
        return ()

    def text_of_value(self, value: str, policy: SyncPolicy) -> str:
        """Return BugSpark's value as people read it."""
        return value

    def value_of_text(self, text: str, policy: SyncPolicy) -> str:
        """Return the value of a text that `text_of_value` gave. Raises ValueError if there is none now."""
        return text

    def value_to_restore(self, value: str) -> str:
        """Return what to store in BugSpark when a person brings GitHub's value back."""
        return value

    # --- for people

    @abstractmethod
    def github_text(self, diff: FieldDiff, seen: SeenIssue) -> str | None:
        """Return the field as people see it on GitHub."""


AnySyncedField = SyncedField[Any, Any]

"""How each side spells what the other says: status and state, severity or category and labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar, assert_never

from reconciler.model.fields import Category, Field, IssueState, Severity, Status
from reconciler.model.policy import LabelMapping

Value = TypeVar("Value", bound=StrEnum)


def issue_state_for(status: Status) -> IssueState:
    """GitHub's coarser view of a status. Two values of one class are equal."""
    match status:
        case Status.NEW | Status.TRIAGING | Status.IN_PROGRESS:
            return IssueState.OPEN
        case Status.RESOLVED | Status.CLOSED:
            return IssueState.CLOSED
    assert_never(status)


def status_for_issue_state(state: IssueState, reason: str | None) -> Status:
    """The status a report gets when its issue's class changed. An unknown reason counts as completed."""
    match state:
        case IssueState.OPEN:
            return Status.NEW
        case IssueState.CLOSED:
            return Status.CLOSED if reason in ("not_planned", "duplicate") else Status.RESOLVED
    assert_never(state)


def issue_state_and_reason(status: Status) -> tuple[IssueState, str | None]:
    """The state and state_reason an issue gets when its report's class changed."""
    match status:
        case Status.NEW | Status.TRIAGING | Status.IN_PROGRESS:
            return IssueState.OPEN, None
        case Status.RESOLVED:
            return IssueState.CLOSED, "completed"
        case Status.CLOSED:
            return IssueState.CLOSED, "not_planned"
    assert_never(status)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReading(Generic[Value]):
    """What an issue's labels say about one field. `present`: its labels that speak of that field at all."""

    value: Value | None  # None: no opinion
    labels: Mapping[str, Value]  # label as spelt on the issue → what it means; the one that counts first


def severity_of(labels: Sequence[str], mapping: LabelMapping) -> LabelReading[Severity]:
    """Several severities at once → the most severe."""
    return _read_labels(labels, mapping.severity, tuple(Severity))


def category_of(labels: Sequence[str], mapping: LabelMapping) -> LabelReading[Category]:
    """Several categories at once → crash before performance before ui. `bug` says nothing.

    Source: docs/reference/bugspark.md.
    """
    return _read_labels(labels, mapping.category, (Category.CRASH, Category.PERFORMANCE, Category.UI))


def _read_labels(
    labels: Sequence[str], names: Mapping[Value, tuple[str, ...]], order: Sequence[Value]
) -> LabelReading[Value]:
    meaning = {name.casefold(): value for value, spellings in names.items() for name in spellings}
    present = {label: value for value in order for label in labels if meaning.get(label.casefold()) is value}
    return LabelReading(value=next(iter(present.values()), None), labels=present)


def severity_label(value: Severity, mapping: LabelMapping) -> str:
    """The label that is written for a severity."""
    return mapping.severity[value][0]


def category_label(value: Category, mapping: LabelMapping) -> str | None:
    """The label that is written for a category; bug and other have none."""
    names = mapping.category.get(value)
    return names[0] if names else None


def field_of_label(label: str, mapping: LabelMapping) -> Field | None:
    """The field a label speaks of, or None: such a label is never ours to touch."""
    if severity_of((label,), mapping).labels:
        return Field.SEVERITY
    if category_of((label,), mapping).labels:
        return Field.CATEGORY
    return None

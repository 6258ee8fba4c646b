"""Fields that GitHub stores as labels: how labels are read, compared, swapped and recovered."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

from reconciler.fields.synced_field import FieldDiff, SeenColumn, SyncedField, decide_verdict
from reconciler.model.fields import Base, LabelColours
from reconciler.model.intent import DesiredLabels
from reconciler.model.issue import Issue, IssueUpdate
from reconciler.model.link import SeenIssue
from reconciler.model.plan import SwapLabels, Why
from reconciler.model.policy import LabelMapping, SyncPolicy, label_key
from reconciler.model.report import Report

Value = TypeVar("Value", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReading(Generic[Value]):
    """The value of one field that an issue's labels give."""

    value: Value | None  # None: no label of this field
    labels: Mapping[str, Value]  # label as spelt on the issue → its value; the label that counts comes first


def read_labels(
    labels: Sequence[str], names: Mapping[Value, tuple[str, ...]], order: Sequence[Value]
) -> LabelReading[Value]:
    """Read labels case-insensitively; of several values the first one in `order` counts."""
    meaning = {label_key(name): value for value, spellings in names.items() for name in spellings}
    present = {label: value for value in order for label in labels if meaning.get(label_key(label)) is value}
    return LabelReading(value=next(iter(present.values()), None), labels=present)


class LabelField(SyncedField[SwapLabels, DesiredLabels], Generic[Value]):
    """A field with exactly one label of the mapping on the issue, or none where the value has no label."""

    desired_type = DesiredLabels
    seen_columns: ClassVar[Sequence[SeenColumn]] = (
        SeenColumn(name="seen_labels", attribute="labels", json_type=tuple[str, ...]),
        SeenColumn(name="seen_colours", attribute="colours", json_type=LabelColours, is_null_if_empty=True),
    )

    @abstractmethod
    def value_of_labels(self, labels: Sequence[str], mapping: LabelMapping) -> LabelReading[Value]:
        """Return the value that an issue's labels give for the field."""

    @abstractmethod
    def label_of_value(self, value: str, mapping: LabelMapping) -> str | None:
        """Return the label that is written for a value; None: it has none."""

    @abstractmethod
    def agrees_with_unlabelled_issue(self, value: str, mapping: LabelMapping) -> bool:
        """Whether an issue without such a label has this value, at the initial sync."""

    def base_value_after_export(self, report: Report, issue: Issue, policy: SyncPolicy) -> str:
        """Return the value that the new issue's labels give."""
        return self.value_of_labels(issue.labels, policy.labels).value or self.local_value(report)

    def exported_label(self, report: Report, policy: SyncPolicy) -> str | None:
        """Return the label of the report's value."""
        return self.label_of_value(self.local_value(report), policy.labels)

    def diff(self, report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy) -> FieldDiff:
        """Compare the sides. An issue without a label has no value: nothing is changed or added again."""
        reading = self.value_of_labels(seen.labels, policy.labels)
        local, agreed = self.local_value(report), self.base_value(base) if base else None
        local_moved = agreed is not None and local != agreed
        kept_label = next((label for label, value in reading.labels.items() if value == local), None)
        # The label that counts is removed last: a swap that stops at any point still reads as before, or as
        # afterwards, and never as another person's change.
        surplus = tuple(label for label in reversed(tuple(reading.labels)) if label != kept_label)
        bare = reading.value is None and self.agrees_with_unlabelled_issue(local, policy.labels)
        # Our swap stopped and left the old label beside the new one. BugSpark's value is the more severe, so
        # both sides read the same; the swap is finished only when exactly one label is left.
        unfinished = local_moved and bool(surplus)
        silent = reading.value is None and not local_moved
        return FieldDiff(
            field=self.field,
            base=agreed,
            local=local,
            remote=reading.value,
            verdict=decide_verdict(
                first=base is None,
                local_moved=local_moved,
                remote_moved=reading.value is not None and reading.value not in (agreed, local),
                equal=((reading.value == local or bare) and not unfinished) or silent,
            ),
            present=tuple(reading.labels),
            surplus=surplus,
        )

    def remote_action(self, diff: FieldDiff, report: Report, why: Why, policy: SyncPolicy) -> SwapLabels:
        """Return the swap.

        A label with the value, an alias too, is kept; only labels seen on the issue are removed.
        """
        has_label = len(diff.present) > len(diff.surplus)
        label = None if has_label else self.label_of_value(self.local_value(report), policy.labels)
        return SwapLabels(field=self.field, add=label, remove=diff.surplus, why=why)

    def build_desired(self, action: SwapLabels, report: Report) -> DesiredLabels:
        """The labels to add and to remove."""
        return DesiredLabels(add=action.add, remove=action.remove, agreed=self.local_value(report))

    def issue_update(self, desired: DesiredLabels) -> IssueUpdate | None:
        """Return None: labels are added and removed one by one, so that no other label is touched."""
        return None

    def expected_events(self, desired: DesiredLabels) -> set[tuple[str, bool]]:
        """Return an event for each label added or removed."""
        added = {(desired.add.casefold(), True)} if desired.add else set()
        return added | {(label.casefold(), False) for label in desired.remove}

    def has_competing_label(self, labels: Sequence[str], mapping: LabelMapping) -> bool:
        """Whether more than one label of the field is on the issue, so that a swap is not finished."""
        return len(self.value_of_labels(labels, mapping).labels) > 1

    def outranked_values(
        self, labels: Sequence[str], desired: DesiredLabels, mapping: LabelMapping
    ) -> tuple[str, ...]:
        """Return values of labels added by somebody during the write, that count less than ours."""
        reading = self.value_of_labels(labels, mapping)
        known = {label.casefold() for label in desired.remove}
        return tuple(
            value
            for label, value in reading.labels.items()
            if reading.value == desired.agreed != value and label.casefold() not in known
        )

    def github_text(self, diff: FieldDiff, seen: SeenIssue) -> str | None:
        """Return the labels that have a value of this field."""
        return ", ".join(diff.present) or None

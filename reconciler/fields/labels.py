"""A field that GitHub spells as labels: how labels are read, compared, swapped and recovered."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

from reconciler.fields.synced_field import FieldDiff, SeenColumn, SyncedField, verdict
from reconciler.model.fields import Base, LabelColours
from reconciler.model.intent import DesiredLabels
from reconciler.model.issue import Issue, IssueUpdate
from reconciler.model.link import SeenIssue
from reconciler.model.plan import SwapLabels, Why
from reconciler.model.policy import LabelMapping, SyncPolicy
from reconciler.model.report import Report

Value = TypeVar("Value", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReading(Generic[Value]):
    """What an issue's labels say about one field."""

    value: Value | None  # None: no opinion
    labels: Mapping[str, Value]  # label as spelt on the issue → what it means; the one that counts first


def read_labels(
    labels: Sequence[str], names: Mapping[Value, tuple[str, ...]], order: Sequence[Value]
) -> LabelReading[Value]:
    """Read labels case-insensitively; of several values the first one in `order` counts."""
    meaning = {name.casefold(): value for value, spellings in names.items() for name in spellings}
    present = {label: value for value in order for label in labels if meaning.get(label.casefold()) is value}
    return LabelReading(value=next(iter(present.values()), None), labels=present)


class LabelField(SyncedField[SwapLabels, DesiredLabels], Generic[Value]):
    """Exactly one label of the mapping is to be on the issue, or none where the value has none."""

    desired_type = DesiredLabels
    seen_columns: ClassVar[Sequence[SeenColumn]] = (
        SeenColumn(name="seen_labels", attribute="labels", json_type=tuple[str, ...]),
        SeenColumn(name="seen_colours", attribute="colours", json_type=LabelColours, is_null_if_empty=True),
    )

    @abstractmethod
    def read(self, labels: Sequence[str], mapping: LabelMapping) -> LabelReading[Value]:
        """What an issue's labels say about the field."""

    @abstractmethod
    def label(self, value: str, mapping: LabelMapping) -> str | None:
        """The label that is written for a value; None: it has none."""

    @abstractmethod
    def bare_issue_agrees(self, value: str, mapping: LabelMapping) -> bool:
        """Whether an issue without such a label says this value at first contact."""

    def exported_value(self, report: Report, issue: Issue, policy: SyncPolicy) -> str:
        """What the new issue's labels say."""
        return self.read(issue.labels, policy.labels).value or self.local_value(report)

    def exported_label(self, report: Report, policy: SyncPolicy) -> str | None:
        """The label of the report's value."""
        return self.label(self.local_value(report), policy.labels)

    def diff(self, report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy) -> FieldDiff:
        """No label on the issue is no opinion: nothing moves and nothing is put back."""
        reading = self.read(seen.labels, policy.labels)
        local, agreed = self.local_value(report), self.base_value(base) if base else None
        local_moved = agreed is not None and local != agreed
        said = next((label for label, value in reading.labels.items() if value == local), None)
        # The label that counts goes last: a swap cut short at any point still reads as it did before, or as
        # it will, and never as somebody else's move.
        surplus = tuple(label for label in reversed(tuple(reading.labels)) if label != said)
        bare = reading.value is None and self.bare_issue_agrees(local, policy.labels)
        # A swap of ours that was cut short has left the old label beside the new one: BugSpark moved, and
        # is the more severe, so both read the same. It is finished only when exactly one label is left.
        unfinished = local_moved and bool(surplus)
        silent = reading.value is None and not local_moved
        return FieldDiff(
            field=self.field,
            base=agreed,
            local=local,
            remote=reading.value,
            verdict=verdict(
                first=base is None,
                local_moved=local_moved,
                remote_moved=reading.value is not None and reading.value not in (agreed, local),
                equal=((reading.value == local or bare) and not unfinished) or silent,
            ),
            present=tuple(reading.labels),
            surplus=surplus,
        )

    def remote_action(self, diff: FieldDiff, report: Report, why: Why, policy: SyncPolicy) -> SwapLabels:
        """A label that already says it is left alone, an alias too; only labels seen on the issue go."""
        said = len(diff.present) > len(diff.surplus)
        label = None if said else self.label(self.local_value(report), policy.labels)
        return SwapLabels(field=self.field, add=label, remove=diff.surplus, why=why)

    def desired(self, action: SwapLabels, report: Report) -> DesiredLabels:
        """The labels to add and to remove."""
        return DesiredLabels(add=action.add, remove=action.remove, agreed=self.local_value(report))

    def issue_update(self, desired: DesiredLabels) -> IssueUpdate | None:  # noqa: ARG002
        """Labels are added and removed by requests of their own, so that nobody else's is touched."""
        return None

    def expected_events(self, desired: DesiredLabels) -> set[tuple[str, bool]]:
        """Each label was added or removed."""
        added = {(desired.add.casefold(), True)} if desired.add else set()
        return added | {(label.casefold(), False) for label in desired.remove}

    def has_competing_label(self, labels: Sequence[str], mapping: LabelMapping) -> bool:
        """A swap is finished only when exactly one label of the field is left."""
        return len(self.read(labels, mapping).labels) > 1

    def overridden_values(
        self, labels: Sequence[str], desired: DesiredLabels, mapping: LabelMapping
    ) -> tuple[str, ...]:
        """Values of labels that somebody put on during the write, and that count less than ours."""
        reading = self.read(labels, mapping)
        known = {label.casefold() for label in desired.remove}
        return tuple(
            value
            for label, value in reading.labels.items()
            if reading.value == desired.agreed != value and label.casefold() not in known
        )

    def github_text(self, diff: FieldDiff, seen: SeenIssue) -> str | None:  # noqa: ARG002
        """The labels that name a value."""
        return ", ".join(diff.present) or None

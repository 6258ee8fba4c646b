"""Fields that GitHub stores as labels: how labels are read, compared, swapped and recovered."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from reconciler.fields.synced_field import (
    AddedEvent,
    BaseColumn,
    FieldDiff,
    SeenColumn,
    SyncedField,
    Verdict,
    decide_verdict,
)
from reconciler.model.fields import Base, LabelColours
from reconciler.model.intent import DesiredFieldWrite, DesiredLabels
from reconciler.model.issue import Issue, IssueUpdate
from reconciler.model.link import SeenIssue
from reconciler.model.plan import IssueFieldWrite, SwapLabels, Why
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


def labels_column(name: str, attribute: str, stored_beside: str | None = None) -> BaseColumn:
    """Return the column with GitHub's half of a label field's base: all labels of the issue."""
    return BaseColumn(
        name=name,
        attribute=attribute,
        parse=str,
        seen_attribute="labels",
        json_type=tuple[str, ...],
        stored_beside=stored_beside,
    )


class LabelField(SyncedField[Any, Any], Generic[Value]):
    """A field with exactly one label of the mapping on the issue, or none where the value has no label."""

    desired_type = DesiredLabels
    labels_attribute: ClassVar[str]  # of Base: GitHub's half
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

    def uses_labels(self, policy: SyncPolicy) -> bool:
        """Whether GitHub's value is in labels, by this policy."""
        return True

    def base_value_after_export(self, report: Report, issue: Issue, policy: SyncPolicy) -> str:
        """Return the value that the new issue's labels give."""
        return self.value_of_labels(issue.labels, policy.labels).value or self.local_value(report)

    def with_written_value(self, base: Base, desired: DesiredLabels) -> Base:
        """Return the base after a write that was applied but whose answer was lost."""
        labels = self.base_labels(base)
        if labels is not None:
            removed = {label_key(label) for label in desired.remove}
            kept = tuple(label for label in labels if label_key(label) not in removed)
            labels = (*kept, desired.add) if desired.add else kept
        parts: dict[str, Any] = {self.field.value: self.parse(desired.agreed), self.labels_attribute: labels}
        return replace(base, **parts)

    def with_unfinished_swap(self, base: Base, desired: DesiredLabels, left: tuple[str, ...]) -> Base:
        """Return the base after a swap that stopped: its label was added, those of `left` are there still."""
        if self.base_labels(base) is None:
            known: dict[str, Any] = {self.labels_attribute: left}
            base = replace(base, **known)
        removed = tuple(label for label in desired.remove if label not in left)
        return self.with_written_value(base, replace(desired, remove=removed))

    def base_labels(self, base: Base) -> tuple[str, ...] | None:
        """Return GitHub's half of the base; None: it says what BugSpark's half says."""
        labels: tuple[str, ...] | None = getattr(base, self.labels_attribute)
        return labels

    def labels_that_need_events(
        self, seen: SeenIssue, base: Base | None, policy: SyncPolicy, *, writes: bool
    ) -> tuple[str, ...]:
        """Return labels of the issue whose events tell more: when they were added, and by whom.

        Those that have had their meaning only since the settings changed and are not in the base: they count
        as a change only if they were added later. With `writes`, also those of an old mapping: the ones that
        this program added go with the next swap.
        """
        labels = self.base_labels(base) if base and not base.adopts_mapping else None
        known = None if labels is None else {label_key(label) for label in labels}
        history, reading = policy.label_history, self.value_of_labels(seen.labels, policy.labels)
        new = (
            label
            for label in reading.labels
            if known is not None and label_key(label) in history.since and label_key(label) not in known
        )
        return (*new, *(self._retired_labels(seen, policy) if writes else ()))

    def _retired_labels(self, seen: SeenIssue, policy: SyncPolicy) -> tuple[str, ...]:
        retired = policy.label_history.retired
        if not retired:
            return ()
        return tuple(label for label in seen.labels if retired.get(label_key(label)) is self.field)

    def needs_events(self, report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy) -> bool:
        """Whether a label can be judged only after the issue's events have been read."""
        if not policy.label_history.since and not policy.label_history.retired:
            return False
        writes = self.diff(report, seen, base, policy).verdict in (Verdict.LOCAL_MOVED, Verdict.CONFLICT)
        return bool(self.labels_that_need_events(seen, base, policy, writes=writes))

    def with_values_before_settings(
        self, base: Base, seen: SeenIssue, policy: SyncPolicy, added: Mapping[str, AddedEvent]
    ) -> Base:
        """Return the base with the labels that were on the issue before they had their meaning.

        `added`: the last event that added each label, by `label_key`; a label without one is as old as the
        issue.
        """
        labels = self.base_labels(base)
        if labels is None:
            return base
        since = policy.label_history.since
        older = tuple(
            label
            for label in self.labels_that_need_events(seen, base, policy, writes=False)
            if (event := added.get(label_key(label))) is None or event.at <= since[label_key(label)]
        )
        parts: dict[str, Any] = {self.labels_attribute: (*labels, *older)}
        return replace(base, **parts) if older else base

    def own_retired_labels(
        self, seen: SeenIssue, policy: SyncPolicy, added: Mapping[str, AddedEvent]
    ) -> tuple[str, ...]:
        """Return the labels of an old mapping that this program added."""
        return tuple(
            label
            for label in self._retired_labels(seen, policy)
            if (event := added.get(label_key(label))) is not None and event.is_own
        )

    def exported_label(self, report: Report, policy: SyncPolicy) -> str | None:
        """Return the label of the report's value."""
        return self.label_of_value(self.local_value(report), policy.labels)

    def diff(self, report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy) -> FieldDiff:
        """Compare the sides. An issue without a label has no value: nothing is changed or added again.

        Unless the base adopts the mapping: then the issue gets the label of its report's value, and a label
        that has a value by this mapping counts as changed, whenever it was added.
        """
        reading = self.value_of_labels(seen.labels, policy.labels)
        local, agreed = self.local_value(report), self.base_value(base) if base else None
        adopts = base is not None and base.adopts_mapping
        labels = self.base_labels(base) if base and not adopts else None
        known = None if labels is None else self.value_of_labels(labels, policy.labels).value
        kept_label = next((label for label, value in reading.labels.items() if value == local), None)
        # The label that counts is removed last: a swap that stops at any point still reads as before, or as
        # afterwards, and never as another person's change.
        surplus = tuple(label for label in reversed(tuple(reading.labels)) if label != kept_label)
        bare = reading.value is None and self.agrees_with_unlabelled_issue(local, policy.labels)
        lacks_label = adopts and reading.value is None and not bare
        local_moved = (agreed is not None and local != agreed) or lacks_label
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
                remote_moved=reading.value is not None and reading.value not in (known or agreed, local),
                equal=((reading.value == local or bare) and not unfinished) or silent,
            ),
            present=tuple(reading.labels),
            surplus=surplus,
            is_by_mapping=adopts and local == agreed,
        )

    def remote_action(self, diff: FieldDiff, report: Report, why: Why, policy: SyncPolicy) -> IssueFieldWrite:
        """Return the swap.

        A label with the value, an alias too, is kept; only labels seen on the issue are removed.
        """
        has_label = len(diff.present) > len(diff.surplus)
        label = None if has_label else self.label_of_value(self.local_value(report), policy.labels)
        return SwapLabels(field=self.field, add=label, remove=(*diff.retired, *diff.surplus), why=why)

    def build_missing_value_write(
        self, report: Report, seen: SeenIssue, policy: SyncPolicy, why: Why, other: str
    ) -> tuple[IssueFieldWrite, Mapping[str, Any]] | None:
        """Return what gives a newly linked issue the value it lacks, and the members of its base.

        In that base BugSpark's value has moved (from `other`), and GitHub's half has the label that it gets:
        so the label is written until GitHub has confirmed it, and another one that a person adds first is a
        conflict, as with any field that both sides changed. None where nothing is lacking.
        """
        if self.value_of_labels(seen.labels, policy.labels).labels:
            return None
        label = self.label_of_value(self.local_value(report), policy.labels)
        if label is None:
            return None
        swap = SwapLabels(field=self.field, add=label, remove=(), why=replace(why, to=label))
        return swap, {self.field.value: self.parse(other), self.labels_attribute: (*seen.labels, label)}

    def build_desired(self, action: SwapLabels, report: Report) -> DesiredFieldWrite:
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


AnyLabelField = LabelField[Any]

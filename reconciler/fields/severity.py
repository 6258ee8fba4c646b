"""Severity ↔ one label of the mapping, or the organisation's field *Priority* (`fields/priority.py`)."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from reconciler.fields import priority
from reconciler.fields.labels import LabelField, LabelReading, labels_column, read_labels
from reconciler.fields.synced_field import AddedEvent, BaseColumn, FieldDiff, SeenColumn
from reconciler.model.fields import Base, Choices, Field, Severity
from reconciler.model.intent import DesiredFieldWrite, DesiredLabels, DesiredPriority
from reconciler.model.issue import Issue
from reconciler.model.link import SeenIssue
from reconciler.model.plan import IssueFieldWrite, SetPriority, SwapLabels, Why
from reconciler.model.policy import LabelMapping, SyncPolicy
from reconciler.model.report import Report


class SeverityField(LabelField[Severity]):
    """A report's severity and the issue's label or Priority. Every severity has both."""

    field = Field.SEVERITY
    labels_attribute = "severity_labels"
    other_desired_type: ClassVar[type[DesiredFieldWrite] | None] = DesiredPriority
    base_columns: ClassVar[Sequence[BaseColumn]] = (
        BaseColumn(name="base_severity", attribute="severity", parse=Severity, length=20),
        labels_column("base_severity_labels", "severity_labels"),
        BaseColumn(
            name="base_choices",
            attribute="choices",
            parse=str,
            seen_attribute="choices",
            json_type=Choices,
            stored_beside="choices",
        ),
    )
    seen_columns: ClassVar[Sequence[SeenColumn]] = (
        *LabelField.seen_columns,
        SeenColumn(
            name="seen_choices",
            attribute="choices",
            json_type=Choices,
            is_optional=True,
            stored_beside="choices",
        ),
    )

    # --- labels

    def value_of_labels(self, labels: Sequence[str], mapping: LabelMapping) -> LabelReading[Severity]:
        """Read the labels; of several the most severe counts."""
        return read_labels(labels, mapping.severity, tuple(Severity))

    def label_of_value(self, value: str, mapping: LabelMapping) -> str:
        """Return the label that is written for a severity."""
        return mapping.severity[Severity(value)][0]

    def agrees_with_unlabelled_issue(self, value: str, mapping: LabelMapping) -> bool:
        """Return False: an issue without a severity label has no severity."""
        return False

    # --- the label, or Priority where that is in use

    def uses_labels(self, policy: SyncPolicy) -> bool:
        """Whether the issue's labels are read and written."""
        return policy.priority is None

    def exported_label(self, report: Report, policy: SyncPolicy) -> str | None:
        """Return the label of the report's severity; none beside a Priority."""
        return super().exported_label(report, policy) if policy.priority is None else None

    def base_value_after_export(self, report: Report, issue: Issue, policy: SyncPolicy) -> str:
        """Return the severity that the new issue was given."""
        if policy.priority is None:
            return super().base_value_after_export(report, issue, policy)
        return policy.priority.value_of(issue.choices) or report.severity

    def diff(self, report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy) -> FieldDiff:
        """Compare the sides."""
        if policy.priority is None:
            return super().diff(report, seen, base, policy)
        return priority.priority_diff(report, seen, base, policy.priority)

    def needs_events(self, report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy) -> bool:
        """Whether GitHub's value can be judged only after the issue's events have been read."""
        if policy.priority is None:
            return super().needs_events(report, seen, base, policy)
        return priority.needs_priority_events(report, seen, base, policy.priority)

    def with_values_before_settings(
        self, base: Base, seen: SeenIssue, policy: SyncPolicy, added: Mapping[str, AddedEvent]
    ) -> Base:
        """Return the base with what GitHub had before it had a meaning. Of a Priority: the last event."""
        if policy.priority is None:
            return super().with_values_before_settings(base, seen, policy, added)
        since = policy.priority.since
        is_newer = any(event.at > since for event in added.values())
        return priority.with_priority_before_settings(base, seen, is_newer=is_newer)

    def own_retired_labels(
        self, seen: SeenIssue, policy: SyncPolicy, added: Mapping[str, AddedEvent]
    ) -> tuple[str, ...]:
        """Return the labels of an old mapping that this program added; a Priority removes none."""
        return super().own_retired_labels(seen, policy, added) if policy.priority is None else ()

    def github_text(self, diff: FieldDiff, seen: SeenIssue) -> str | None:
        """Return the labels or the Priority, or that the latter is not known."""
        return priority.NOT_READ if diff.is_unread else super().github_text(diff, seen)

    def remote_action(self, diff: FieldDiff, report: Report, why: Why, policy: SyncPolicy) -> IssueFieldWrite:
        """Return the swap of labels, or the choice of a Priority."""
        if policy.priority is None:
            return super().remote_action(diff, report, why, policy)
        return priority.priority_action(report, why, policy.priority)

    def build_desired(self, action: IssueFieldWrite, report: Report) -> DesiredFieldWrite:
        """Return what the action wants."""
        if isinstance(action, SetPriority):
            return DesiredPriority(field_id=action.field_id, option=action.option, agreed=report.severity)
        assert isinstance(action, SwapLabels)
        return super().build_desired(action, report)

    def with_written_value(self, base: Base, desired: DesiredFieldWrite) -> Base:
        """Return the base after a write that was applied but whose answer was lost."""
        if isinstance(desired, DesiredPriority):
            return priority.base_after_lost_answer(base, desired)
        assert isinstance(desired, DesiredLabels)
        return super().with_written_value(base, desired)

    def expected_events(self, desired: DesiredFieldWrite) -> set[tuple[str, bool]]:
        """Return the events that prove the write; GitHub does not say which option was chosen."""
        if isinstance(desired, DesiredPriority):
            return {("", True)}
        assert isinstance(desired, DesiredLabels)
        return super().expected_events(desired)

    def outranked_values(
        self, labels: Sequence[str], desired: DesiredFieldWrite, mapping: LabelMapping
    ) -> tuple[str, ...]:
        """Return values of labels that somebody added during a swap, and that count less than ours."""
        if not isinstance(desired, DesiredLabels):
            return ()
        return super().outranked_values(labels, desired, mapping)

    def build_missing_value_write(
        self, report: Report, seen: SeenIssue, policy: SyncPolicy, why: Why, other: str
    ) -> tuple[IssueFieldWrite, Mapping[str, Any]] | None:
        """Return what gives a newly linked issue the severity it lacks, and the base that waits for it."""
        if policy.priority is None:
            return super().build_missing_value_write(report, seen, policy, why, other)
        return priority.missing_priority_write(report, seen, policy.priority, why, Severity(other))


SEVERITY = SeverityField()

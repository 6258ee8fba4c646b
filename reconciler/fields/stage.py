"""Stage ↔ one label of the mapping: triaging or in progress, within an open issue. Off until mapped.

BugSpark keeps it in the status. Whether an issue is open or closed is decided first (`fields/status.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from reconciler.fields.labels import LabelField, LabelReading, labels_column, read_labels
from reconciler.fields.status import issue_state_for
from reconciler.fields.synced_field import BaseColumn, FieldDiff, Verdict
from reconciler.model.fields import Base, Field, IssueState, Status
from reconciler.model.intent import DesiredLabels
from reconciler.model.issue import Issue
from reconciler.model.link import SeenIssue
from reconciler.model.plan import SwapLabels
from reconciler.model.policy import LabelMapping, SyncPolicy
from reconciler.model.report import Report


class StageField(LabelField[Status]):
    """The status of an open report and the issue's label; `new`, and a stage without a label, have none.

    Compared only while both sides are open. The base has a stage of its own, because the base of the status
    goes on to another open status while the label is not written yet.
    """

    field = Field.STAGE
    labels_attribute = "stage_labels"
    base_columns: ClassVar[Sequence[BaseColumn]] = (
        BaseColumn(name="base_stage", attribute="stage", parse=Status, length=20, is_optional=True),
        labels_column("base_stage_labels", "stage_labels", stored_beside="stage"),
    )

    @property
    def storage_field(self) -> Field:
        """The stage is a part of the status."""
        return Field.STATUS

    def is_enabled(self, policy: SyncPolicy) -> bool:
        """Whether a stage has a label, and the field a direction."""
        return any(policy.labels.stage.values()) and super().is_enabled(policy)

    def is_shown(self, report: Report, policy: SyncPolicy) -> bool:
        """Whether stages are synced and the report has one: a closed one has none."""
        return self.is_enabled(policy) and is_open(report.status)

    def local_value(self, report: Report) -> str:
        """Return the status."""
        return report.status

    def base_value(self, base: Base) -> str:
        """Return the stage; without one, the status that both sides last agreed on."""
        return base.stage or base.status

    def value_of_labels(self, labels: Sequence[str], mapping: LabelMapping) -> LabelReading[Status]:
        """Read the labels; of several, in progress counts before triaging."""
        return read_labels(labels, mapping.stage, (Status.IN_PROGRESS, Status.TRIAGING))

    def label_of_value(self, value: str, mapping: LabelMapping) -> str | None:
        """Return the label that is written for a status."""
        names = mapping.stage.get(Status(value))
        return names[0] if names else None

    def agrees_with_unlabelled_issue(self, value: str, mapping: LabelMapping) -> bool:
        """Whether the status has no label."""
        return self.label_of_value(value, mapping) is None

    def initial_base_attributes(self, report: Report, seen: SeenIssue) -> Mapping[str, Any]:
        """Return nothing: the stage is that of the status."""
        return {}

    def with_agreed_value(self, base: Base, value: str, seen: SeenIssue) -> Base:
        """Return the base with the stage agreed, and with the status where both are open or both closed."""
        base = super().with_agreed_value(base, value, seen)
        status = Status(value)
        return replace(base, status=status) if _are_both_open_or_closed(base.status, status) else base

    def with_values_while_disabled(self, base: Base, report: Report, seen: SeenIssue) -> Base:
        """Return the base without a stage: when stages are synced again, only later changes count."""
        return replace(base, stage=None, stage_labels=seen.labels)

    def base_value_after_export(self, report: Report, issue: Issue, policy: SyncPolicy) -> str:
        """Return the stage that the new issue's labels give; without one an open report was new."""
        shown = self.value_of_labels(issue.labels, policy.labels).value
        return shown or (Status.NEW if is_open(report.status) else report.status)

    def diff(self, report: Report, seen: SeenIssue, base: Base | None, policy: SyncPolicy) -> FieldDiff:
        """Compare the sides while both are open; a closed one has no stage, and nothing is to be written."""
        if is_open(report.status) and seen.state is IssueState.OPEN:
            return super().diff(report, seen, base, policy)
        reading = self.value_of_labels(seen.labels, policy.labels)
        return FieldDiff(
            field=self.field,
            base=self.base_value(base) if base else None,
            local=report.status,
            remote=None,
            verdict=Verdict.EQUAL,
            present=tuple(reading.labels),
        )

    def build_desired(self, action: SwapLabels, report: Report) -> DesiredLabels:
        """The labels to add and to remove. The status may be one that the same plan gives to the report."""
        agreed = action.why.to or report.status
        return DesiredLabels(add=action.add, remove=action.remove, agreed=agreed)


def is_open(status: Status) -> bool:
    """Whether an issue with this status is open."""
    return issue_state_for(status) is IssueState.OPEN


def _are_both_open_or_closed(one: Status, other: Status) -> bool:
    return issue_state_for(one) is issue_state_for(other)


STAGE = StageField()

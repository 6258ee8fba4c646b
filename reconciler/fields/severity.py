"""Severity ↔ one label of the mapping."""

from collections.abc import Sequence
from typing import ClassVar

from reconciler.fields.labels import LabelField, LabelReading, labels_column, read_labels
from reconciler.fields.synced_field import BaseColumn
from reconciler.model.fields import Field, Severity
from reconciler.model.policy import LabelMapping


class SeverityField(LabelField[Severity]):
    """A report's severity and the issue's label. Every severity has a label."""

    field = Field.SEVERITY
    labels_attribute = "severity_labels"
    base_columns: ClassVar[Sequence[BaseColumn]] = (
        BaseColumn(name="base_severity", attribute="severity", parse=Severity, length=20),
        labels_column("base_severity_labels", "severity_labels"),
    )

    def value_of_labels(self, labels: Sequence[str], mapping: LabelMapping) -> LabelReading[Severity]:
        """Read the labels; of several the most severe counts."""
        return read_labels(labels, mapping.severity, tuple(Severity))

    def label_of_value(self, value: str, mapping: LabelMapping) -> str:
        """Return the label that is written for a severity."""
        return mapping.severity[Severity(value)][0]

    def agrees_with_unlabelled_issue(self, value: str, mapping: LabelMapping) -> bool:
        """Return False: an issue without a severity label has no severity."""
        return False


SEVERITY = SeverityField()

"""Category ↔ one label of the mapping; bug and other have none (docs/reference/bugspark.md)."""

from collections.abc import Sequence
from typing import ClassVar

from reconciler.fields.labels import LabelField, LabelReading, read_labels
from reconciler.fields.synced_field import BaseColumn
from reconciler.model.fields import Category, Field
from reconciler.model.policy import LabelMapping


class CategoryField(LabelField[Category]):
    """For a category without a label a bare issue is the equal one."""

    field = Field.CATEGORY
    base_columns: ClassVar[Sequence[BaseColumn]] = (
        BaseColumn(name="base_category", attribute="category", parse=Category, length=20),
    )

    def read(self, labels: Sequence[str], mapping: LabelMapping) -> LabelReading[Category]:
        """Several categories at once → crash before performance before ui. `bug` says nothing."""
        return read_labels(labels, mapping.category, (Category.CRASH, Category.PERFORMANCE, Category.UI))

    def label(self, value: str, mapping: LabelMapping) -> str | None:
        """The label that is written for a category; bug and other have none."""
        names = mapping.category.get(Category(value))
        return names[0] if names else None

    def bare_issue_agrees(self, value: str, mapping: LabelMapping) -> bool:
        """Only where the category has no label."""
        return self.label(value, mapping) is None


CATEGORY = CategoryField()

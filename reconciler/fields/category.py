"""Category ↔ one label of the mapping; bug and other have none (docs/reference/bugspark.md)."""

from collections.abc import Sequence
from typing import ClassVar

from reconciler.fields.labels import LabelField, LabelReading, labels_column, read_labels
from reconciler.fields.synced_field import BaseColumn
from reconciler.model.fields import Category, Field
from reconciler.model.policy import LabelMapping


class CategoryField(LabelField[Category]):
    """A report's category and the issue's label.

    A category without a label equals an issue without one.
    """

    field = Field.CATEGORY
    labels_attribute = "category_labels"
    base_columns: ClassVar[Sequence[BaseColumn]] = (
        BaseColumn(name="base_category", attribute="category", parse=Category, length=20),
        labels_column("base_category_labels", "category_labels"),
    )

    def value_of_labels(self, labels: Sequence[str], mapping: LabelMapping) -> LabelReading[Category]:
        """Read the labels; of several, crash counts before performance before ui. `bug` has no meaning."""
        return read_labels(labels, mapping.category, (Category.CRASH, Category.PERFORMANCE, Category.UI))

    def label_of_value(self, value: str, mapping: LabelMapping) -> str | None:
        """Return the label that is written for a category; bug and other have none."""
        names = mapping.category.get(Category(value))
        return names[0] if names else None

    def agrees_with_unlabelled_issue(self, value: str, mapping: LabelMapping) -> bool:
        """Whether the category has no label."""
        return self.label_of_value(value, mapping) is None


CATEGORY = CategoryField()

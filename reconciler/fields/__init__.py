"""The synced fields: one module for each, with everything that is special about it.

In: values of `reconciler.model`. Out: values, differences, actions, column names. No I/O.
May import: the standard library, `reconciler.model`, `reconciler.text`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from reconciler.fields.assignee import ASSIGNEE
from reconciler.fields.category import CATEGORY
from reconciler.fields.labels import LabelField
from reconciler.fields.severity import SEVERITY
from reconciler.fields.stage import STAGE
from reconciler.fields.status import STATUS
from reconciler.fields.synced_field import AnySyncedField
from reconciler.fields.title import TITLE
from reconciler.model.fields import Base, Field
from reconciler.model.link import SeenIssue
from reconciler.model.policy import LabelMapping
from reconciler.model.report import Report

__all__ = ["BASE_COLUMNS", "COLUMN_FIELDS", "SEEN_COLUMNS", "SYNCED_FIELDS", "field_of_label", "initial_base"]

SYNCED_FIELDS: Mapping[Field, AnySyncedField] = MappingProxyType(
    {each.field: each for each in (STATUS, STAGE, SEVERITY, CATEGORY, TITLE, ASSIGNEE)}
)
"""Every synced field, in the order in which plans, pages and columns name them."""

COLUMN_FIELDS: Mapping[Field, AnySyncedField] = MappingProxyType(
    {name: each for name, each in SYNCED_FIELDS.items() if each.storage_field is name}
)
"""The fields that are a column of BugSpark's reports by themselves; a stage is a part of the status."""

BASE_COLUMNS = tuple(column for each in SYNCED_FIELDS.values() for column in each.base_columns)
"""The columns of `sync_links` that hold a base, in the table's order."""

SEEN_COLUMNS = tuple(
    {column.name: column for each in SYNCED_FIELDS.values() for column in each.seen_columns}.values()
)
"""The columns of `sync_links` that hold what GitHub last showed of the fields, in the table's order."""


def initial_base(report: Report, seen: SeenIssue) -> Base:
    """Return a base with the report's values, for the initial sync; each field's outcome then corrects it."""
    parts = (synced_field.initial_base_attributes(report, seen) for synced_field in SYNCED_FIELDS.values())
    return Base(**{name: value for some in parts for name, value in some.items()})


def field_of_label(label: str, mapping: LabelMapping) -> Field | None:
    """Return the field that has this label as a value; None: such a label is never added or removed."""
    named = (
        f
        for f in SYNCED_FIELDS.values()
        if isinstance(f, LabelField) and f.value_of_labels((label,), mapping).labels
    )
    return next((label_field.field for label_field in named), None)

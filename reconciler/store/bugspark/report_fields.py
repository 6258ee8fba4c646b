"""A synced field's column of `reports` in SQL: read as text, and written as the column has it."""

from typing import Any

from sqlalchemy import Text, cast, func
from sqlalchemy.sql.expression import ColumnElement, FromClause

from reconciler.fields.synced_field import AnySyncedField
from reconciler.store.bugspark.bugspark_tables import reports


def field_as_text(report: FromClause, field: AnySyncedField) -> ColumnElement[Any]:
    """The column's value as the model has it: an enumeration as text, no value as an empty one."""
    column = report.c[field.column]
    text = column if field.is_text else cast(column, Text)
    return func.coalesce(text, "") if field.is_nullable else text


def field_as_stored(field: AnySyncedField, value: Any) -> Any:
    """A value of the model for the column: of the native enumeration on PostgreSQL, an empty one as NULL."""
    given = func.nullif(value, "") if field.is_nullable else value
    return given if field.is_text else cast(given, reports.c[field.column].type)

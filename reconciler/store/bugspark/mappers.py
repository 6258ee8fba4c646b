"""BugSpark's reports and comments: their columns in SQL, and their rows as values of the model."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import RowMapping, Text, cast, func, select
from sqlalchemy.sql.expression import ColumnElement, FromClause, Select

from reconciler.fields import COLUMN_FIELDS, SYNCED_FIELDS
from reconciler.fields.synced_field import AnySyncedField
from reconciler.model.fields import Category, Field, Severity, Status
from reconciler.model.report import (
    MAX_STORED_TEXT_CHARS,
    IssueColumns,
    LinkColumns,
    LocalComment,
    Report,
    UnusableJson,
)
from reconciler.store.bugspark.bugspark_tables import comments, reports, users
from reconciler.store.foreign_json import MAX_REPORT_JSON_BYTES, ForeignJsonError, decode_foreign_json


def field_as_text(report: FromClause, field: AnySyncedField) -> ColumnElement[Any]:
    """The column's value as the model has it: an enumeration as text, no value as an empty one."""
    column = report.c[field.column]
    text: ColumnElement[Any] = column if field.is_text else cast(column, Text)
    text = func.replace(text, "-", "") if field.is_id else text
    return func.coalesce(text, "") if field.is_nullable else text


def field_as_stored(field: AnySyncedField, value: Any) -> Any:
    """A value of the model for the column: of the native enumeration on PostgreSQL, an empty one as NULL."""
    given = func.nullif(value, "") if field.is_nullable else value
    return given if field.is_text else cast(given, reports.c[field.column].type)


REPORT_COLUMNS = (
    reports.c.id,
    reports.c.project_id,
    reports.c.tracking_id,
    *(field_as_text(reports, field).label(field.field.value) for field in COLUMN_FIELDS.values()),
    reports.c.created_at,
    reports.c.updated_at,
    reports.c.github_issue_number,
    reports.c.github_issue_url,
    reports.c.github_repo,
)
"""What to_report reads; enums as text, so that an unknown value fails its own row only."""


VALUES_OF_NEW_REPORTS = {
    Field.STATUS: Status.NEW,
    Field.SEVERITY: Severity.MEDIUM,
    Field.CATEGORY: Category.OTHER,
}


def to_report(row: Mapping[Any, Any]) -> Report:
    """Convert a row. Raises ValueError for an unknown value: the caller leaves that report out."""
    fields: dict[str, Any] = {
        field.value: known.parse(row[field.value]) for field, known in COLUMN_FIELDS.items()
    }
    return Report(
        id=row["id"],
        project_id=row["project_id"],
        tracking_id=row["tracking_id"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        columns=to_issue_columns(row),
        **fields,
    )


def to_report_and_unknown_values(row: RowMapping) -> tuple[Report, Mapping[Field, str]]:
    """Convert a row for showing it; also returns the values that this program does not know, as stored.

    In place of such a value the report has the one that a new report has, which is not to be shown.
    """
    try:
        return to_report(row), {}
    except ValueError:
        unknown = {
            field: str(row[field.value]) for field in COLUMN_FIELDS if not _is_known(field, row[field.value])
        }
    known = {field.value: VALUES_OF_NEW_REPORTS[field] for field in unknown}
    return to_report({**row, **known}), unknown


def _is_known(field: Field, value: str) -> bool:
    try:
        SYNCED_FIELDS[field].parse(value)
    except ValueError:
        return False
    return True


def to_issue_columns(row: Mapping[Any, Any]) -> IssueColumns | None:
    """The issue that a report's columns name; None unless number and repository are both there."""
    number, repository = row["github_issue_number"], row["github_repo"]
    if number is None or repository is None:
        return None
    return IssueColumns(repository=repository, number=number, url=row["github_issue_url"])


def to_link_columns(row: Mapping[Any, Any]) -> LinkColumns:
    """The columns as they are stored."""
    return LinkColumns(
        number=row["github_issue_number"], repository=row["github_repo"], url=row["github_issue_url"]
    )


@cache
def local_comments_query() -> Select[Any]:
    """Query comments with the names of their authors, oldest first."""
    author = users.c.name.label("author")
    return (
        select(
            comments.c.id,
            comments.c.report_id,
            comments.c.author_id,
            author,
            bounded_long_text(comments.c.body).label("body"),
            comments.c.source,
            comments.c.created_at,
        )
        .select_from(comments.outerjoin(users, users.c.id == comments.c.author_id))
        .order_by(comments.c.created_at, comments.c.id)
    )


def to_local_comment(row: RowMapping) -> LocalComment:
    """Convert a row of `local_comments_query`; `lead_id` and `tracking_id` are those of a follower."""
    return LocalComment(
        id=row["id"],
        report_id=row["report_id"],
        author=row["author"],
        body=row["body"],
        source=row["source"],
        created_at=row["created_at"],
        lead_id=row.get("lead_id"),
        tracking_id=row.get("tracking_id"),
        author_id=row["author_id"].hex if row["author_id"] else None,
    )


def bounded_long_text(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A text of people's, at most one character longer than is rendered, which shows that it is longer."""
    return func.substr(column, 1, MAX_STORED_TEXT_CHARS + 1)


def decode_report_json(text: str | None) -> Any:
    """What JSON of a report says, selected by `bounded_report_text`; UnusableJson beyond a bound."""
    if text is None:
        return None
    try:
        return decode_foreign_json(text, MAX_REPORT_JSON_BYTES)
    except ForeignJsonError as error:
        return UnusableJson(reason=str(error))

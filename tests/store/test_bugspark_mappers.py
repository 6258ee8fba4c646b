"""A synced field's column in SQL, as text and as it is stored."""

from typing import Any

from sqlalchemy import column
from sqlalchemy.dialects import postgresql

from reconciler.fields.severity import SEVERITY, SeverityField
from reconciler.fields.title import TITLE
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.bugspark.mappers import field_as_stored, field_as_text

GIVEN: Any = column("given")
DIALECT: Any = postgresql


class NullableField(SeverityField):
    is_nullable = True


def sql(expression: Any) -> str:
    return " ".join(str(expression.compile(dialect=DIALECT.dialect())).split())


def test_an_enumeration_is_compared_as_text_and_cast_when_it_is_stored() -> None:
    assert sql(field_as_text(reports, SEVERITY)) == "CAST(reports.severity AS TEXT)"
    assert sql(field_as_text(reports, TITLE)) == "reports.title"
    assert sql(field_as_stored(SEVERITY, GIVEN)) == "CAST(given AS severity_enum)"
    assert field_as_stored(TITLE, "T") == "T"


def test_an_empty_value_of_a_nullable_column_is_null() -> None:
    nullable = NullableField()
    assert sql(field_as_text(reports, nullable)).startswith("coalesce(CAST(reports.severity AS TEXT), ")
    assert sql(field_as_stored(nullable, GIVEN)).startswith("CAST(nullif(given, ")

"""Column types that behave alike on SQLite and PostgreSQL, and values of the model as JSON text.

`Instant` and `serial` keep their names and this place: migration 0001, which is never edited, imports them.
"""

from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import JSON, BigInteger, DateTime, Integer, String, Table, Text, literal_column
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

T = TypeVar("T")

ONE: ColumnElement[int] = literal_column("1")
"""What EXISTS selects: every column would need the right to read every column."""

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
"""Later than every moment that is stored."""


class Instant(TypeDecorator[datetime]):
    """A moment: aware in, aware and UTC out, on both databases (docs/design.md, Traps of the libraries)."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = DateTime(timezone=True)
    cache_ok: bool | None = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class ExistingEnum(UserDefinedType[str]):
    """A PostgreSQL type that exists already and is known by its name: BugSpark's enums.

    Values pass as text: an unknown one must fail its own row, not the query.
    """

    cache_ok: bool | None = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        return self.name


def existing_enum(name: str) -> TypeEngine[str]:
    """BugSpark's native enum on PostgreSQL, text on SQLite. Never created by us."""
    return String(20).with_variant(ExistingEnum(name), "postgresql")


class JsonDocument(TypeDecorator[Any]):
    """jsonb on PostgreSQL, JSON text on SQLite. PostgreSQL's types are imported where they are used: that
    takes a twentieth of a short command's time.
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = JSON
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name != "postgresql":
            return dialect.type_descriptor(JSON())
        from sqlalchemy.dialects.postgresql import JSONB

        return dialect.type_descriptor(JSONB())


class TextArray(TypeDecorator[Any]):
    """text[] on PostgreSQL, a JSON list on SQLite."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = JSON
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name != "postgresql":
            return dialect.type_descriptor(JSON())
        from sqlalchemy.dialects.postgresql import ARRAY

        return dialect.type_descriptor(ARRAY(Text()))


def serial() -> TypeEngine[int]:
    """A key that counts up, which on SQLite only a plain INTEGER does."""
    return BigInteger().with_variant(Integer(), "sqlite")


def column_types(table: Table, *names: str) -> dict[str, TypeEngine[Any]]:
    """Types by the names of these columns, or of all columns."""
    return {name: table.c[name].type for name in names or table.c.keys()}


def encode_json(value: object) -> str:
    """Encode a value of the model as JSON text."""
    return msgspec.json.encode(value).decode()


def decode_json(text: str, kind: type[T]) -> T:
    """Decode JSON text. Raises ValueError (msgspec's) when it does not fit the type."""
    return msgspec.json.decode(text, type=kind)

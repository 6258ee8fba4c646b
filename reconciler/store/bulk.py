"""Statements on many rows: they travel as one JSON parameter and are a table on the database's side.

In: plain rows. Out: INSERT, UPDATE and DELETE of many rows, and tables to select from, the same on both
databases. A statement is the same for any number of rows (so it is compiled once), no limit of variables
applies, and one UPDATE … FROM … RETURNING works on thousands of rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    JSON,
    Table,
    Text,
    Uuid,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import FromClause, Select
from sqlalchemy.types import TypeEngine

_NUL = b"\\u0000"
ColumnTypes = Mapping[str, TypeEngine[Any]]
TRUE_CONDITION = text("1 = 1")
"""SQLite takes ON CONFLICT for a join condition unless the SELECT before it has a WHERE."""


async def insert_new(
    connection: AsyncConnection, table: Table, types: ColumnTypes, rows: Sequence[Sequence[Any]]
) -> frozenset[UUID]:
    """Insert the rows that conflict with none; return the ids of those that were inserted."""
    if not rows:
        return frozenset()
    statement = build_insert(connection, table, types, rows).on_conflict_do_nothing()
    return frozenset((await connection.execute(statement.returning(table.c.id))).scalars())


async def insert_all(
    connection: AsyncConnection, table: Table, types: ColumnTypes, rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows whose key the database makes."""
    if len(rows) == 1:  # costs a third of a JSON table with one row
        await connection.execute(insert(table), dict(zip(types, strip_unstorable(rows[0]), strict=True)))
    elif rows:
        await connection.execute(build_insert(connection, table, types, rows))


async def upsert(
    connection: AsyncConnection,
    table: Table,
    types: ColumnTypes,
    rows: Sequence[Sequence[Any]],
    key: Sequence[str],
) -> None:
    """Insert, or replace every other column of the row that has this key."""
    if not rows:
        return
    statement = build_insert(connection, table, types, rows)
    replaced = {name: statement.excluded[name] for name in types if name not in key}
    await connection.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_=replaced)
        if replaced
        else statement.on_conflict_do_nothing()
    )


async def upsert_row(
    connection: AsyncConnection,
    table: Table,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    only_at_first: Mapping[str, Any] | None = None,
) -> None:
    """Write these values to the row with this key, or insert it: one statement, one row written.

    Two sessions that both write a row for the first time are no error: the later one updates it, as with any
    other row. `only_at_first`: further values, or other ones, where the row is inserted.
    """
    first = {**key, **values, **(only_at_first or {})}
    statement = dialect_insert(connection.dialect.name, table).values(first)
    await connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=dict(values)))


async def update_by_id(
    connection: AsyncConnection, table: Table, types: ColumnTypes, rows: Sequence[Sequence[Any]]
) -> None:
    """Set these values in the rows with these ids."""
    if rows:
        given = rows_as_table(connection, types, rows)
        values = {name: given.c[name] for name in types if name != "id"}
        await connection.execute(update(table).where(table.c.id == given.c.id).values(values))


async def delete_by_id(connection: AsyncConnection, table: Table, wanted: Iterable[UUID]) -> None:
    """Delete rows by `id`; missing ones are no error."""
    if wanted := list(wanted):
        await connection.execute(
            delete(table).where(table.c.id.in_(ids_subquery(connection.dialect.name, wanted)))
        )


def build_insert(
    connection: AsyncConnection, table: Table, types: ColumnTypes, rows: Iterable[Sequence[Any]]
) -> Any:
    """INSERT … SELECT of these rows, to which an ON CONFLICT clause can be added."""
    given = rows_as_table(connection, types, rows)
    rows_of = select(*(given.c[key] for key in types)).where(TRUE_CONDITION)
    return dialect_insert(connection.dialect.name, table).from_select(list(types), rows_of)


def dialect_insert(dialect: str, table: Table) -> Any:
    """An INSERT of this dialect, which has ON CONFLICT. The other dialect is not imported."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as into
    else:
        from sqlalchemy.dialects.sqlite import insert as into  # type: ignore[assignment]  # has the same methods
    return into(table)


def rows_as_table(
    connection: AsyncConnection, types: ColumnTypes, rows: Iterable[Sequence[Any]], name: str = "given"
) -> FromClause:
    """The rows as a table, for statements on this connection."""
    return table_from_rows(connection.dialect.name, name, types, rows)


def ids_subquery(dialect: str, values: Iterable[UUID], name: str = "wanted") -> Select[Any]:
    """A subquery of these uuids, for the right side of IN."""
    return select_values(dialect, name, Uuid(), values)


def select_values(dialect: str, name: str, type_: TypeEngine[Any], values: Iterable[Any]) -> Select[Any]:
    """A subquery of these values, for the right side of IN."""
    source = table_from_rows(dialect, name, {"value": type_}, ((value,) for value in values))
    return select(source.c.value)


def table_from_rows(dialect: str, name: str, types: ColumnTypes, rows: Iterable[Sequence[Any]]) -> FromClause:
    """A table called `name` of these rows, its columns named and typed by `types` in the rows' order."""
    keys = tuple(types)
    if dialect == "postgresql":
        text = _encode_rows([dict(zip(keys, row, strict=True)) for row in rows])
        source = func.json_to_recordset(cast(_rows_parameter(name, text), JSON))
        columns = [column(key, type_) for key, type_ in types.items()]
        return source.table_valued(*columns, name=name).render_derived(name=name, with_types=True)
    text = _encode_rows([[_sqlite_value(value) for value in row] for row in rows])
    each = func.json_each(_rows_parameter(name, text)).table_valued("value", name=f"{name}_json")
    # As text: functions with parameters of their own would be a tenth of the CPU time of a pass with changes.
    values = [
        literal_column(f"json_extract({name}_json.value, '$[{place}]')", type_=type_).label(key)
        for place, (key, type_) in enumerate(types.items())
    ]
    return select(*values).select_from(each).subquery(name)


def _rows_parameter(name: str, text: str) -> Any:
    return bindparam(f"{name}_rows", text, type_=Text())


def _encode_rows(rows: list[Any]) -> str:
    """JSON text that both databases can read: no NUL, no lone surrogate."""
    try:
        encoded = msgspec.json.encode(rows)
    except UnicodeEncodeError:
        encoded = msgspec.json.encode(strip_unstorable(rows))
    if _NUL in encoded:
        encoded = msgspec.json.encode(strip_unstorable(rows))
    return encoded.decode()


def strip_unstorable(value: Any) -> Any:
    """Remove NUL and lone surrogates. Text was cleaned before: this keeps other rows from failing."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, list | tuple):
        return [strip_unstorable(each) for each in value]
    if isinstance(value, dict):
        return {key: strip_unstorable(each) for key, each in value.items()}
    return value


def _sqlite_value(value: Any) -> Any:
    """A value as SQLAlchemy stores it in SQLite: uuids as hex, moments as naive UTC with microseconds."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value

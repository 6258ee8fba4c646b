"""Many values in one statement: rows travel as one JSON parameter and are a table on the other side.

In: plain rows. Out: something to select from. Statements stay the same for any number of rows (so they are
compiled once), know no limit of variables, and one UPDATE … FROM … RETURNING works on thousands of rows.

INSERT and UPDATE of many rows in one statement, the same on both databases.
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
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import FromClause, Select
from sqlalchemy.types import TypeEngine

_NUL = b"\\u0000"
ColumnTypes = Mapping[str, TypeEngine[Any]]


def table_from_rows(dialect: str, name: str, kinds: ColumnTypes, rows: Iterable[Sequence[Any]]) -> FromClause:
    """A table called `name` of these rows, its columns named and typed by `kinds` in the rows' order."""
    keys = tuple(kinds)
    if dialect == "postgresql":
        text = _encode_rows([dict(zip(keys, row, strict=True)) for row in rows])
        source = func.json_to_recordset(cast(_rows_parameter(name, text), JSON))
        columns = [column(key, kind) for key, kind in kinds.items()]
        return source.table_valued(*columns, name=name).render_derived(name=name, with_types=True)
    text = _encode_rows([[_sqlite_value(value) for value in row] for row in rows])
    each = func.json_each(_rows_parameter(name, text)).table_valued("value", name=f"{name}_json")
    values = [
        func.json_extract(each.c.value, f"$[{place}]", type_=kind).label(key)
        for place, (key, kind) in enumerate(kinds.items())
    ]
    return select(*values).select_from(each).subquery(name)


def select_values(dialect: str, name: str, kind: TypeEngine[Any], values: Iterable[Any]) -> Select[Any]:
    """The same for a single column, to stand right of IN."""
    source = table_from_rows(dialect, name, {"value": kind}, ((value,) for value in values))
    return select(source.c.value)


def select_ids(dialect: str, values: Iterable[UUID], name: str = "wanted") -> Select[Any]:
    """These uuids, to stand right of IN."""
    return select_values(dialect, name, Uuid(), values)


def _rows_parameter(name: str, text: str) -> Any:
    return bindparam(f"{name}_rows", text, type_=Text())


def _encode_rows(rows: list[Any]) -> str:
    """JSON text that both databases can read: no NUL, no half of a surrogate pair."""
    try:
        encoded = msgspec.json.encode(rows)
    except UnicodeEncodeError:
        encoded = msgspec.json.encode(strip_unstorable(rows))
    if _NUL in encoded:
        encoded = msgspec.json.encode(strip_unstorable(rows))
    return encoded.decode()


def strip_unstorable(value: Any) -> Any:
    """Text is cleaned long before it comes here; what slipped through must not stop everybody else's rows."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, list | tuple):
        return [strip_unstorable(each) for each in value]
    if isinstance(value, dict):
        return {key: strip_unstorable(each) for key, each in value.items()}
    return value


def _sqlite_value(value: Any) -> Any:
    """As SQLAlchemy stores it in SQLite: uuids as hex, moments as naive UTC with microseconds."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value


TRUE_CONDITION = text("1 = 1")
"""SQLite can't tell ON CONFLICT from a join condition unless the SELECT before it has a WHERE."""


def bind_rows(
    connection: AsyncConnection, kinds: ColumnTypes, rows: Iterable[Sequence[Any]], name: str = "given"
) -> FromClause:
    """The rows as a table for these statements."""
    return table_from_rows(connection.dialect.name, name, kinds, rows)


def dialect_insert(dialect: str, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT, in this database's words. The other dialect is not imported."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as into
    else:
        from sqlalchemy.dialects.sqlite import insert as into  # type: ignore[assignment]  # as good here
    return into(table)


def build_insert(
    connection: AsyncConnection, table: Table, kinds: ColumnTypes, rows: Iterable[Sequence[Any]]
) -> Any:
    """INSERT … SELECT of these rows, ready for what is to happen on a conflict."""
    given = bind_rows(connection, kinds, rows)
    rows_of = select(*(given.c[key] for key in kinds)).where(TRUE_CONDITION)
    return dialect_insert(connection.dialect.name, table).from_select(list(kinds), rows_of)


async def insert_new(
    connection: AsyncConnection, table: Table, kinds: ColumnTypes, rows: Sequence[Sequence[Any]]
) -> frozenset[UUID]:
    """Insert what collides with nothing; the ids of the rows that went in."""
    if not rows:
        return frozenset()
    statement = build_insert(connection, table, kinds, rows).on_conflict_do_nothing()
    return frozenset((await connection.execute(statement.returning(table.c.id))).scalars())


async def insert_all(
    connection: AsyncConnection, table: Table, kinds: ColumnTypes, rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows whose key the database makes."""
    if len(rows) == 1:  # a third of the price of a table of one
        await connection.execute(insert(table), dict(zip(kinds, strip_unstorable(rows[0]), strict=True)))
    elif rows:
        await connection.execute(build_insert(connection, table, kinds, rows))


async def upsert(
    connection: AsyncConnection,
    table: Table,
    kinds: ColumnTypes,
    rows: Sequence[Sequence[Any]],
    key: Sequence[str],
) -> None:
    """Insert, or replace every other column of the row that has this key."""
    if not rows:
        return
    statement = build_insert(connection, table, kinds, rows)
    replaced = {name: statement.excluded[name] for name in kinds if name not in key}
    await connection.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_=replaced)
        if replaced
        else statement.on_conflict_do_nothing()
    )


async def update_by_id(
    connection: AsyncConnection, table: Table, kinds: ColumnTypes, rows: Sequence[Sequence[Any]]
) -> None:
    """Give rows, found by `id`, these values."""
    if rows:
        given = bind_rows(connection, kinds, rows)
        values = {name: given.c[name] for name in kinds if name != "id"}
        await connection.execute(update(table).where(table.c.id == given.c.id).values(values))


async def delete_by_id(connection: AsyncConnection, table: Table, wanted: Iterable[UUID]) -> None:
    """Delete rows by `id`; those that are gone already are fine."""
    if wanted := list(wanted):
        await connection.execute(
            delete(table).where(table.c.id.in_(select_ids(connection.dialect.name, wanted)))
        )

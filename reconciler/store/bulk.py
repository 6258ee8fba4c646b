"""INSERT and UPDATE of many rows in one statement, the same on both databases."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, delete, insert, select, text, update
from sqlalchemy.sql.expression import FromClause

from reconciler.store.connection import AsyncConnection
from reconciler.store.rows import ColumnTypes, select_ids, strip_unstorable, table_from_rows

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

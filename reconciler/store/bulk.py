"""INSERT and UPDATE of many rows in one statement, the same on both databases."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, delete, insert, select, text, update
from sqlalchemy.sql.expression import FromClause

from reconciler.store.connection import AsyncConnection
from reconciler.store.rows import Kinds, harmless, ids, table_of

ALWAYS = text("1 = 1")
"""SQLite can't tell ON CONFLICT from a join condition unless the SELECT before it has a WHERE."""


def source(
    connection: AsyncConnection, kinds: Kinds, rows: Iterable[Sequence[Any]], name: str = "given"
) -> FromClause:
    """The rows as a table for these statements."""
    return table_of(connection.dialect.name, name, kinds, rows)


def insert_into(dialect: str, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT, in this database's words. The other dialect is not imported."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as into
    else:
        from sqlalchemy.dialects.sqlite import insert as into  # type: ignore[assignment]  # as good here
    return into(table)


def insertion(connection: AsyncConnection, table: Table, kinds: Kinds, rows: Iterable[Sequence[Any]]) -> Any:
    """INSERT … SELECT of these rows, ready for what is to happen on a conflict."""
    given = source(connection, kinds, rows)
    rows_of = select(*(given.c[key] for key in kinds)).where(ALWAYS)
    return insert_into(connection.dialect.name, table).from_select(list(kinds), rows_of)


async def insert_new(
    connection: AsyncConnection, table: Table, kinds: Kinds, rows: Sequence[Sequence[Any]]
) -> frozenset[UUID]:
    """Insert what collides with nothing; the ids of the rows that went in."""
    if not rows:
        return frozenset()
    statement = insertion(connection, table, kinds, rows).on_conflict_do_nothing()
    return frozenset((await connection.execute(statement.returning(table.c.id))).scalars())


async def insert_all(
    connection: AsyncConnection, table: Table, kinds: Kinds, rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows whose key the database makes."""
    if len(rows) == 1:  # a third of the price of a table of one
        await connection.execute(insert(table), dict(zip(kinds, harmless(rows[0]), strict=True)))
    elif rows:
        await connection.execute(insertion(connection, table, kinds, rows))


async def upsert(
    connection: AsyncConnection, table: Table, kinds: Kinds, rows: Sequence[Sequence[Any]], key: Sequence[str]
) -> None:
    """Insert, or replace every other column of the row that has this key."""
    if not rows:
        return
    statement = insertion(connection, table, kinds, rows)
    replaced = {name: statement.excluded[name] for name in kinds if name not in key}
    await connection.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_=replaced)
        if replaced
        else statement.on_conflict_do_nothing()
    )


async def update_by_id(
    connection: AsyncConnection, table: Table, kinds: Kinds, rows: Sequence[Sequence[Any]]
) -> None:
    """Give rows, found by `id`, these values."""
    if rows:
        given = source(connection, kinds, rows)
        values = {name: given.c[name] for name in kinds if name != "id"}
        await connection.execute(update(table).where(table.c.id == given.c.id).values(values))


async def delete_by_id(connection: AsyncConnection, table: Table, wanted: Iterable[UUID]) -> None:
    """Delete rows by `id`; those that are gone already are fine."""
    if wanted := list(wanted):
        await connection.execute(delete(table).where(table.c.id.in_(ids(connection.dialect.name, wanted))))

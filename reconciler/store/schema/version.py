"""The schema revision of a database, read without Alembic (importing it takes longer than an idle pass)."""

from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from reconciler.errors import NewerSchemaError, SchemaError
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import POSTGRESQL_ONLY_INDEX, SQLITE_ONLY_INDEX

VERSION_TABLE = "reconciler_alembic_version"
FIND_VERSION_TABLE_SQL = {
    "postgresql": f"SELECT to_regclass('{VERSION_TABLE}')::text",
    "sqlite": f"SELECT name FROM sqlite_master WHERE type = 'table' AND name = '{VERSION_TABLE}'",  # noqa: S608
}
REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
)  # oldest first; the last is what this program works with


class SchemaState(StrEnum):
    """What a database's schema is, seen from this program."""

    CURRENT = "current"
    MISSING = "missing"
    OLDER = "older"
    NEWER = "newer"


STATE_MESSAGES = {
    SchemaState.MISSING: "This database has none of this program's tables yet: run `reconcile migrate`.",
    SchemaState.OLDER: "This database was migrated by an older version of it: run `reconcile migrate`.",
    SchemaState.NEWER: "This database was migrated by a newer version of this program: install that version.",
}


async def read_schema_state(database: Database) -> SchemaState:
    """Compare the database's revision with ours. Raises DatabaseError."""
    async with database.read() as connection:
        return await connection.run_sync(lambda sync: classify_revision(read_revision(sync)))


async def require_schema(database: Database) -> None:
    """Check the schema. Raises SchemaError unless it is the one this program works with."""
    state = await read_schema_state(database)
    if message := STATE_MESSAGES.get(state):
        raise NewerSchemaError(message) if state is SchemaState.NEWER else SchemaError(message)


def read_revision(connection: Connection) -> str | None:
    """Read the revision in our version table; None where there is none."""
    if connection.exec_driver_sql(FIND_VERSION_TABLE_SQL[connection.dialect.name]).scalar() is None:
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 — a constant
    return None if found is None else str(found)


def classify_revision(found: str | None) -> SchemaState:
    """Compare a revision with those this program knows."""
    if found is None:
        return SchemaState.MISSING
    if found == REVISIONS[-1]:
        return SchemaState.CURRENT
    return SchemaState.OLDER if found in REVISIONS else SchemaState.NEWER


def include_object(_: Any, name: str | None, kind: str, __: bool, ___: Any) -> bool:
    """Select for Alembic (its include_object) our tables, and the indexes that both databases have."""
    if kind == "table":
        return bool(name and name.startswith("sync_"))
    return name not in (SQLITE_ONLY_INDEX, POSTGRESQL_ONLY_INDEX)

"""A database of each released schema, with data in it, is upgraded and loses nothing.

The dumps in tests/store/released were made by the program of that schema (`make_release_dump`), from a
BugSpark in which reports were linked, changed on both sides, closed and unlinked, with a conflict, a refused
comment, and an issue whose answer was lost.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from reconciler.store.schema.engine import open_database
from reconciler.store.schema.migrate import migrate
from reconciler.store.schema.version import REVISIONS, VERSION_TABLE
from reconciler.store.stores import StoreSettings, build_stores
from tests.support.bugspark import connected
from tests.support.postgres import Server
from tests.support.stores import FixedClock, digest

RELEASED = Path(__file__).parent / "released"
SCHEMAS = ("0001", "0013")
"""Revisions that a release had, or that installations had before the first release."""


def test_there_is_a_dump_of_each_released_schema_on_both_databases() -> None:
    expected = {f"{schema}-{kind}.sql" for schema in SCHEMAS for kind in ("sqlite", "postgresql")}
    assert {path.name for path in RELEASED.iterdir()} == expected


@pytest.fixture(params=[(schema, kind) for schema in SCHEMAS for kind in ("sqlite", "postgresql")], ids=str)
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database as the program of that schema left it."""
    schema, kind = request.param
    dump = (RELEASED / f"{schema}-{kind}.sql").read_text(encoding="utf-8")
    if kind == "sqlite":
        database = sqlite3.connect(tmp_path / "released.db")
        database.executescript(dump)
        database.close()
        yield f"sqlite:///{tmp_path}/released.db"
        return
    server: Server = request.getfixturevalue("postgres_server")
    with server.database() as url:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(dump.encode())
        yield url


def rows_by_table(url: str) -> Mapping[str, list[dict[str, Any]]]:
    """Every row of BugSpark's tables and ours; the queue's jobs are no data."""
    with connected(url) as engine, engine.connect().execution_options(reconciler_reads=True) as connection:
        names = sa.inspect(connection).get_table_names()
        return {
            name: [dict(row) for row in connection.execute(sa.text(f"SELECT * FROM {name}")).mappings()]
            for name in names
            if name != VERSION_TABLE and not name.startswith("procrastinate_")
        }


def find_schema(url: str) -> str:
    with connected(url) as engine, engine.connect().execution_options(reconciler_reads=True) as connection:
        return str(connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one())


def without_added_columns(
    after: Mapping[str, list[dict[str, Any]]], before: Mapping[str, list[dict[str, Any]]]
) -> Mapping[str, list[dict[str, Any]]]:
    return {
        name: [{column: row[column] for column in rows[0]} for row in after[name]] if rows else after[name]
        for name, rows in before.items()
    }


def test_an_upgrade_keeps_every_row(released: str) -> None:
    before, schema = rows_by_table(released), find_schema(released)
    assert len(before["sync_links"]) >= 4
    assert len(before["sync_intents"]) >= 2
    result = migrate(released)
    assert (result.before, result.after) == (schema, REVISIONS[-1])
    after = rows_by_table(released)
    assert without_added_columns(after, before) == before
    assert migrate(released).before == REVISIONS[-1]
    assert rows_by_table(released) == after


async def test_an_upgraded_database_shows_what_it_showed(released: str) -> None:
    migrate(released)
    database = open_database(released)
    try:
        stores = build_stores(database, StoreSettings(digest=digest), FixedClock())
        (health,) = await stores.queries.health()
    finally:
        await database.aclose()
    assert (health.name, health.repository) == ("Shop", "acme/web")
    assert health.links == {"active": 3, "unlinked": 1}
    assert (health.conflicts, health.newest_conflict) == (1, "severity of BUG-0002")
    assert health.quarantined == 1
    assert health.pending == 1
    assert health.last_success_at is not None

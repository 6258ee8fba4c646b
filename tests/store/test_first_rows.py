"""Two sessions that write a row for the first time, on real PostgreSQL.

`reconcile --all` runs its projects side by side: their first passes all bind the same new database.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import AsyncConnection
from sqlalchemy.ext import asyncio as sa_asyncio

from reconciler.errors import DatabaseError
from reconciler.model.alerts import AlertState
from reconciler.model.ids import ProjectId
from reconciler.model.snapshot import ProjectState
from reconciler.store.schema import database_identity
from reconciler.store.schema.database_identity import save_meta_value
from reconciler.store.schema.engine import Database, open_database
from reconciler.store.stores import DatabaseStores, StoreSettings, build_stores
from reconciler.store.sync.withheld_deletions import replace_withheld
from tests.support.bugspark import BugSpark
from tests.support.stores import NOW, REPOSITORY, FixedClock, digest

Theirs = AsyncConnection[tuple[object, ...]]
Put = Callable[[DatabaseStores, Database, ProjectId], Awaitable[object]]
pytestmark = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)

META_ROW = "INSERT INTO sync_meta (key, value) VALUES ('place', '{}')"
PROJECT_ROW = "INSERT INTO sync_projects (project_id, paused) VALUES (%s, false)"
HOOK_ROW = "INSERT INTO sync_hooks (project_id, received, missed, silent) VALUES (%s, 0, 0, 0)"


async def save_meta(_: DatabaseStores, database: Database, __: ProjectId) -> None:
    async with database.write() as connection:
        await save_meta_value(connection, "place", "ours")


async def save_state(stores: DatabaseStores, _: Database, project: ProjectId) -> None:
    await stores.projects.save_state(ProjectState(project_id=project, repository_id=REPOSITORY))


async def save_alerts(stores: DatabaseStores, _: Database, project: ProjectId) -> None:
    await stores.projects.save_alert_state(project, AlertState())


async def pause(stores: DatabaseStores, _: Database, project: ProjectId) -> None:
    await stores.projects.set_paused(project, paused=True)


async def end_verification(stores: DatabaseStores, _: Database, project: ProjectId) -> None:
    await stores.projects.complete_full_verification(project)


async def withhold(_: DatabaseStores, database: Database, project: ProjectId) -> None:
    async with database.write() as connection:
        await replace_withheld(connection, project, "a hash", ())


async def record_hook(stores: DatabaseStores, _: Database, project: ProjectId) -> None:
    await stores.webhooks.record_hook(project, 7, NOW)


@pytest.fixture
async def other(store_url: str) -> AsyncIterator[Theirs]:
    address = store_url.replace("postgresql+psycopg://", "postgresql://")
    async with await psycopg.AsyncConnection.connect(address) as connection:
        yield connection


@pytest.mark.parametrize(
    ("row", "put", "column", "value"),
    [
        (META_ROW, save_meta, "value", "ours"),
        (PROJECT_ROW, save_state, "repository_id", REPOSITORY),
        (PROJECT_ROW, save_alerts, "told", None),
        (PROJECT_ROW, pause, "paused", True),
        (PROJECT_ROW, end_verification, "round_began_at", None),
        (PROJECT_ROW, withhold, "withheld", "a hash"),
        (HOOK_ROW, record_hook, "hook_id", 7),
    ],
)
async def test_a_row_that_another_session_inserts_first_is_updated(
    stores: DatabaseStores,
    database: Database,
    bugspark: BugSpark,
    other: Theirs,
    row: str,
    put: Put,
    column: str,
    value: object,
) -> None:
    project = bugspark.add_project()
    await other.execute(row, (project,) if "%s" in row else None)  # not committed: nobody sees it yet
    ours = asyncio.ensure_future(put(stores, database, project))
    await wait_until_blocked(bugspark)
    assert not ours.done()
    await other.commit()
    await ours
    (stored,) = (each for each in bugspark.rows_of(row.split()[2]) if each.get("key", "place") == "place")
    assert stored[column] == value


async def update_then_insert(
    connection: sa_asyncio.AsyncConnection, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]
) -> None:
    """What `upsert_row` must not be: two statements, between which another session inserts the row."""
    matches = sa.and_(*(table.c[name] == value for name, value in key.items()))
    if not (await connection.execute(sa.update(table).where(matches).values(values))).rowcount:
        await connection.execute(sa.insert(table).values({**key, **values}))


async def test_a_planted_update_then_insert_is_seen(
    stores: DatabaseStores,
    database: Database,
    bugspark: BugSpark,
    other: Theirs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A test of the tests: the situation above fails where `upsert_row` is no upsert."""
    monkeypatch.setattr(database_identity, "upsert_row", update_then_insert)
    await other.execute(META_ROW)
    ours = asyncio.ensure_future(save_meta(stores, database, bugspark.add_project()))
    await wait_until_blocked(bugspark)
    await other.commit()
    with pytest.raises(DatabaseError, match="pk_sync_meta"):
        await ours


async def test_eight_sessions_bind_one_database_at_once(store_url: str, bugspark: BugSpark) -> None:
    opened = [open_database(store_url) for _ in range(8)]
    try:
        sessions = [build_stores(each, StoreSettings(digest=digest), FixedClock()) for each in opened]
        await asyncio.gather(*(each.identity.bind() for each in sessions))
    finally:
        for each in opened:
            await each.aclose()
    assert sum(row["key"] == "place" for row in bugspark.rows_of("sync_meta")) == 1


async def wait_until_blocked(bugspark: BugSpark) -> None:
    """Wait until a session of this database waits for another one's lock."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock'"
    )
    for _ in range(200):
        with bugspark.engine.connect() as connection:
            if connection.execute(waiting).scalar():
                return
        await asyncio.sleep(0.05)
    pytest.fail("nobody waits for the other session's row")

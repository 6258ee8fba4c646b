"""A server that takes no writes, as a standby does after a failover, and the primary that is there again."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text

from reconciler.bootstrap.container import SystemClock
from reconciler.errors import DatabaseError
from reconciler.model.ids import ProjectId
from reconciler.store.schema.engine import Database, open_database, require_writable
from reconciler.store.sync.locks.fences import ProjectFences
from reconciler.store.sync.locks.session_locks import AdvisoryProjectLocks
from tests.support.db_faults import set_read_only
from tests.support.postgres import Server
from tests.support.stores import fill_postgres


@pytest.fixture
def url(postgres_server: Server) -> Iterator[str]:
    template = postgres_server.template("bugspark, migrated", fill_postgres)
    with postgres_server.database(template=template) as made:
        yield made


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = open_database(url, connections=1)
    yield opened
    await opened.aclose()


async def write(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE written ()"))


async def test_a_pool_that_reached_a_standby_writes_as_soon_as_the_primary_is_there(
    url: str, database: Database
) -> None:
    set_read_only(url, value=True)
    with pytest.raises(DatabaseError, match="it is read-only"):
        await write(database)
    set_read_only(url, value=False)  # the standby's sessions go on, and stay read-only
    await write(database)


async def test_readiness_names_a_standby_and_reaches_the_primary_once_it_is_there(
    url: str, database: Database
) -> None:
    await require_writable(database)
    set_read_only(url, value=True, ends_sessions=True)
    for _ in range(2):
        with pytest.raises(DatabaseError, match="it is read-only"):
            await require_writable(database)
    set_read_only(url, value=False)
    await require_writable(database)


async def test_no_project_lock_is_taken_at_a_standby_where_it_would_exclude_nobody(
    url: str, database: Database
) -> None:
    locks = AdvisoryProjectLocks(
        database, SystemClock(), ProjectFences(database, uuid4()), keeps_session=True
    )
    project_id = ProjectId(uuid4())
    set_read_only(url, value=True)
    with pytest.raises(DatabaseError, match=r"session for locks .* it is read-only"):
        async with locks.acquire(project_id):
            pass
    set_read_only(url, value=False)
    async with locks.acquire(project_id) as lock:
        await lock.ensure_held()
    await locks.aclose()
    assert count_sessions(url, "fence") == 0


def count_sessions(url: str, purpose: str) -> int:
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        f" WHERE datname = current_database() AND application_name LIKE '%{purpose}'"
    )
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        (count,) = connection.execute(query.encode()).fetchone() or (0,)
    return int(count)

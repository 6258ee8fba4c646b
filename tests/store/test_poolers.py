"""Project locks through a real pgbouncer: proved in session mode, refused in transaction mode."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from reconciler.errors import ConfigurationError
from reconciler.model.ids import ProjectId
from reconciler.store.schema.engine import open_database, parse_url
from reconciler.store.schema.lock_proof import address_advice, prove_session_locks
from reconciler.store.stores import StoreSettings, build_stores
from tests.support.pgbouncer import behind, pooler
from tests.support.postgres import Server
from tests.support.stores import FixedClock, digest, fill_postgres

PARAMETERS = pytest.mark.parametrize("ignores_parameters", [False, True], ids=["defaults", "ignored"])
HELP = "session mode"


@pytest.fixture
def direct(postgres_server: Server) -> Iterator[str]:
    with postgres_server.database(
        template=postgres_server.template("bugspark, migrated", fill_postgres)
    ) as url:
        yield url


async def prove(url: str) -> None:
    database = open_database(url)
    try:
        await prove_session_locks(database)
    finally:
        await database.aclose()


@pytest.mark.parametrize("size", [1, 2, 20])
@PARAMETERS
async def test_a_pooler_that_shares_sessions_is_refused_with_what_helps(
    postgres_server: Server, direct: str, ignores_parameters: bool, size: int
) -> None:
    with pooler(
        postgres_server, mode="transaction", ignores_parameters=ignores_parameters, size=size
    ) as port:
        url = behind(direct, port)
        with pytest.raises(ConfigurationError, match=HELP):
            await prove(url)
        await leave_a_quiet_session(url)
        with pytest.raises(ConfigurationError, match=HELP):
            await prove(url)


async def test_the_proof_leaves_no_lock_and_no_setting_behind_in_a_pooled_session(
    postgres_server: Server, direct: str
) -> None:
    with pooler(postgres_server, mode="transaction", ignores_parameters=True, size=2) as port:
        url = behind(direct, port)
        with pytest.raises(ConfigurationError):
            await prove(url)
        with psycopg.connect(direct.replace("+psycopg", "")) as watcher:
            held = watcher.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ).fetchone()
        assert held == (0,)
        with psycopg.connect(url.replace("+psycopg", ""), prepare_threshold=None) as guest:
            assert guest.execute("SHOW row_security").fetchone() == ("on",)


@PARAMETERS
async def test_a_pooler_in_session_mode_and_no_pooler_are_proved_and_keep_locks(
    postgres_server: Server, direct: str, ignores_parameters: bool
) -> None:
    await prove(direct)
    with pooler(postgres_server, mode="session", ignores_parameters=ignores_parameters) as port:
        url = behind(direct, port)
        await prove(url)
        database = open_database(url)
        try:
            stores = build_stores(database, StoreSettings(digest=digest), FixedClock())
            async with stores.project_locks.acquire(ProjectId(uuid4())) as lock:
                await lock.ensure_held()
        finally:
            await database.aclose()


async def leave_a_quiet_session(url: str) -> None:
    """Make the pool have one idle session, which it gives to every client in turn."""
    async with await psycopg.AsyncConnection.connect(
        url.replace("+psycopg", ""), autocommit=True, prepare_threshold=None
    ) as guest:
        await guest.execute("SELECT 1")
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u@aws-0-eu.pooler.supabase.com:6543/postgres", "port 5432"),
        ("postgresql://u@ep-cool-1-pooler.eu-central-1.aws.neon.tech/db", "without `-pooler`"),
        ("postgresql://u@pgbouncer.internal:6432/db", "pool_mode = session"),
    ],
)
def test_the_advice_fits_the_host(url: str, expected: str) -> None:
    assert expected in address_advice(parse_url(url))

"""Cancellation at any point: each connection that was opened is closed by its owner."""

import asyncio
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from reconciler.errors import DatabaseError
from reconciler.model.ids import ProjectId
from reconciler.store.connection import finish_shielded
from reconciler.store.schema import engine
from reconciler.store.schema.engine import open_database
from reconciler.store.stores import StoreSettings, build_stores
from tests.support.cancelling import cancel_everywhere, record_connections
from tests.support.stores import FixedClock, digest

TIMEOUT_SECONDS = 15.0
ONCE_AND_TWICE = pytest.mark.parametrize("again", [(), (1,), (1, 2), (3,)], ids=str)


@ONCE_AND_TWICE
async def test_transactions_leave_no_connection_open(
    store_url: str, again: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        database = open_database(store_url)
        try:
            async with database.read() as one, database.read() as other:
                for connection in (one, other):
                    await connection.execute(sa.text("SELECT 1"))
            async with database.write() as connection:
                await connection.execute(sa.text("SELECT 1"))
        finally:
            await database.aclose()

    with record_connections() as opened:
        async for number in cancel_everywhere(work, monkeypatch, *again):
            assert not await opened.still_open(), f"left open by a cancellation at await {number}"
    assert len(opened) > 1


@ONCE_AND_TWICE
async def test_a_project_lock_is_released_with_its_connection(
    store_url: str, again: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(store_url)
    takes_a_moment = database.dialect == "postgresql"  # to see that a connection was cut, not unlocked
    project = ProjectId(uuid4())
    locks = build_stores(database, StoreSettings(digest=digest), FixedClock()).project_locks

    async def work() -> None:
        async with locks.acquire(project) as lock:
            await lock.ensure_held()

    with record_connections() as opened:
        async for number in cancel_everywhere(work, monkeypatch, *again):
            async with asyncio.timeout(TIMEOUT_SECONDS), locks.acquire(project, wait=takes_a_moment):
                pass
            if database.dialect == "postgresql":  # the others are in the pool
                sessions = [each for each in await opened.still_open() if _is_lock_session(each)]
                assert not sessions, f"left open by a cancellation at await {number}"
        await database.aclose()
        assert not await opened.still_open()
    assert len(opened) > 1


def _is_lock_session(connection: object) -> bool:
    assert isinstance(connection, psycopg.AsyncConnection)
    return connection.info.get_parameters()["application_name"].endswith(" fence")


async def test_a_connection_in_use_when_the_database_is_closed_is_closed_when_it_is_returned(
    store_url: str,
) -> None:
    database = open_database(store_url)
    with record_connections() as opened:
        async with database.read() as late:
            await late.execute(sa.text("SELECT 1"))
            async with database.write():
                pass
            await database.aclose()
            await late.execute(sa.text("SELECT 1"))
        assert not await opened.still_open()
        async with database.read():
            pass
        assert not await opened.still_open()
    assert len(opened) > 2


@pytest.mark.parametrize("again", [(), (1,), (2,)], ids=str)
async def test_a_connection_outside_the_pool_is_closed_by_async_with(
    postgres_database: str, again: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        connecting = engine.psycopg_connection_class().connect(
            **engine.psycopg_arguments(postgres_database, "test")
        )
        async with await connecting as connection:
            await connection.execute("SELECT 1")

    with record_connections() as opened:
        async for number in cancel_everywhere(work, monkeypatch, *again):
            assert not await opened.still_open(), f"left open by a cancellation at await {number}"
    assert len(opened) > 1


@pytest.mark.parametrize("is_ours", [True, False], ids=["ours", "psycopg's"])
async def test_a_connection_whose_last_commit_is_cancelled_is_closed_if_it_is_ours(
    postgres_database: str, is_ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When this fails for psycopg's, `engine.psycopg_connection_class` is not needed any more.

    The commit cancels its own task: how many awaits come before it depends on the network.
    """
    commit, made = psycopg.AsyncConnection.commit, list[psycopg.AsyncConnection]()
    kind = engine.psycopg_connection_class() if is_ours else psycopg.AsyncConnection

    async def commit_cancelled(self: psycopg.AsyncConnection) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await commit(self)

    async def work() -> None:
        async with await kind.connect(**engine.psycopg_arguments(postgres_database, "test")) as connection:
            made.append(connection)
            await connection.execute("SELECT 1")
            monkeypatch.setattr(psycopg.AsyncConnection, "commit", commit_cancelled)

    (ended,) = await asyncio.gather(work(), return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError)
    (connection,) = made
    assert connection.closed is is_ours
    await connection.close()


async def test_a_close_that_is_cancelled_repeatedly_still_ends() -> None:
    go, closed = asyncio.Event(), asyncio.Event()

    async def close() -> None:
        await go.wait()
        closed.set()

    task = asyncio.create_task(finish_shielded(close()))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed.is_set()


async def test_an_error_in_a_close_is_raised_or_named_as_the_cause() -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise DatabaseError("It is away.")

    with pytest.raises(DatabaseError):
        await finish_shielded(fail())
    task = asyncio.create_task(finish_shielded(fail()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert isinstance(caught.value.__cause__, DatabaseError)

"""One process at a time per project, and a lock that is lost is noticed."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import BusyError, ProjectLockLostError
from reconciler.model.health import HeldLocks
from reconciler.model.ids import ProjectId
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import StoreResult
from reconciler.store.schema import tables
from reconciler.store.schema.engine import Database, open_database, parse_url
from reconciler.store.stores import DatabaseStores, StoreSettings, build_stores
from reconciler.store.sync.locks import sqlite_locks
from reconciler.store.sync.locks.session_locks import (
    AdvisoryProjectLock,
    AdvisoryProjectLocks,
    LockSession,
)
from reconciler.store.sync.locks.sqlite_locks import RowProjectLocks
from tests.store.test_intents import an_intent_of
from tests.support.bugspark import BugSpark, connected
from tests.support.postgres import Server
from tests.support.stores import (
    NOW,
    FixedClock,
    digest,
    fill_postgres,
    linked,
    store,
    the_report,
)

PROCESS = UUID(int=9)
HOLDER = """
import asyncio, sys
from uuid import UUID
from reconciler.store.schema.engine import open_database
from reconciler.store.stores import StoreSettings, build_stores
from tests.support.stores import FixedClock

async def main():
    database = open_database(sys.argv[1])
    stores = build_stores(database, StoreSettings(digest=str), FixedClock())
    async with stores.project_locks.acquire(UUID(sys.argv[2])):
        print("held", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


END_SESSIONS_OF_LOCKS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name LIKE '%fence'"
)


class SleepingClock(FixedClock):
    """Stands still, but lets others work while one sleeps."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 10)


async def test_a_held_project_is_busy_and_others_are_not(stores: DatabaseStores) -> None:
    project, other = ProjectId(uuid4()), ProjectId(uuid4())
    async with stores.project_locks.acquire(project) as lock:
        with pytest.raises(BusyError, match="is at work on this project"):
            async with stores.project_locks.acquire(project):
                raise AssertionError("held twice")
        async with stores.project_locks.acquire(other) as second:
            await second.ensure_held()
        await lock.ensure_held()
    async with stores.project_locks.acquire(project) as again:
        await again.ensure_held()


async def test_a_waiting_process_gets_the_lock_when_it_is_free(database: Database) -> None:
    stores = build_stores(database, StoreSettings(digest=digest), SleepingClock())
    project = ProjectId(uuid4())
    order = []

    async def late() -> None:
        async with stores.project_locks.acquire(project, wait=True):
            order.append("late")

    async with stores.project_locks.acquire(project):
        task = asyncio.create_task(late())
        await asyncio.sleep(0.2)
        order.append("early")
    await task
    assert order == ["early", "late"]


async def test_a_lost_lock_is_noticed(
    stores: DatabaseStores, bugspark: BugSpark, store_url: str, clock: FixedClock
) -> None:
    project = ProjectId(uuid4())
    async with AsyncExitStack() as stack:
        lock = await stack.enter_async_context(stores.project_locks.acquire(project))
        if store_url.startswith("sqlite"):
            clock.at += timedelta(seconds=31)
            await stack.enter_async_context(stores.project_locks.acquire(project))
        else:
            bugspark.execute(END_SESSIONS_OF_LOCKS)
        with pytest.raises(ProjectLockLostError, match="nothing more is written"):
            await lock.ensure_held()


async def test_held_locks_are_counted_by_whether_their_sessions_live(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    locks = stores.project_locks
    assert await locks.count_held_locks() == HeldLocks()
    async with locks.acquire(ProjectId(uuid4())):
        async with locks.acquire(ProjectId(uuid4())):
            assert await locks.count_held_locks() == HeldLocks(alive=2)
        assert await locks.count_held_locks() == HeldLocks(alive=1)
        if bugspark.engine.dialect.name == "sqlite":
            bugspark.execute("DELETE FROM sync_locks")
        else:
            bugspark.execute(END_SESSIONS_OF_LOCKS)
        assert await locks.count_held_locks() == HeldLocks(ended=1)
    assert await locks.count_held_locks() == HeldLocks()


async def test_a_lock_released_while_it_is_asked_for_is_no_ended_one(
    stores: DatabaseStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    locks, asked = stores.project_locks, asyncio.Event()
    async with locks.acquire(ProjectId(uuid4())):
        counting = _pause_reads(stores, monkeypatch, asked)
        checking = asyncio.create_task(locks.count_held_locks())
        await asked.wait()
    counting.set()
    assert await checking == HeldLocks()


def _pause_reads(
    stores: DatabaseStores, monkeypatch: pytest.MonkeyPatch, asked: asyncio.Event
) -> asyncio.Event:
    """Let reads that the locks make begin only when the event is set; `asked` is set at the first."""
    assert isinstance(stores.project_locks, AdvisoryProjectLocks | RowProjectLocks)
    database, go_on = stores.project_locks._database, asyncio.Event()

    class Paused:
        @asynccontextmanager
        async def read(self) -> AsyncIterator[AsyncConnection]:
            asked.set()
            await go_on.wait()
            async with database.read() as connection:
                yield connection

        def write(self) -> AbstractAsyncContextManager[AsyncConnection]:
            return database.write()

    monkeypatch.setattr(stores.project_locks, "_database", Paused())
    return go_on


async def test_a_holder_that_only_reads_for_long_keeps_its_row_alive(
    stores: DatabaseStores, bugspark: BugSpark, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.store.sync.locks.sqlite_locks.HEARTBEAT_SECONDS", 0.01)
    project = ProjectId(uuid4())
    async with stores.project_locks.acquire(project):
        clock.at += timedelta(seconds=29)
        await asyncio.sleep(0.3)
        clock.at += timedelta(seconds=29)
        with pytest.raises(BusyError):
            async with stores.project_locks.acquire(project):
                raise AssertionError("held twice")
    assert bugspark.rows(sa.select(tables.locks)) == []


@pytest.fixture
async def sessions(postgres_server: Server) -> AsyncIterator[tuple[LockSession, LockSession]]:
    """Two sessions of locks, as two daemons have them."""
    migrated = postgres_server.template("bugspark, migrated", fill_postgres)
    with postgres_server.database(template=migrated) as url:
        first, competitor = LockSession(parse_url(url)), LockSession(parse_url(url))
        yield first, competitor
        await first.aclose()
        await competitor.aclose()


async def test_a_released_lock_leaves_the_other_locks_of_its_session(
    sessions: tuple[LockSession, LockSession],
) -> None:
    session, competitor = sessions
    project, other = ProjectId(uuid4()), ProjectId(uuid4())
    first, second = (
        AdvisoryProjectLock(session, project, PROCESS),
        AdvisoryProjectLock(session, other, PROCESS),
    )
    assert await first.try_acquire()
    assert await second.try_acquire()
    await first.release()
    await second.ensure_held()
    with pytest.raises(ProjectLockLostError):
        await first.ensure_held()
    assert await AdvisoryProjectLock(competitor, project, PROCESS).try_acquire()
    assert not await AdvisoryProjectLock(competitor, other, PROCESS).try_acquire()


async def test_a_kept_session_is_replaced_when_the_server_ended_it_while_no_lock_was_held(
    postgres_server: Server,
) -> None:
    migrated = postgres_server.template("bugspark, migrated", fill_postgres)
    with postgres_server.database(template=migrated) as url:
        database, project = open_database(url), ProjectId(uuid4())
        settings = StoreSettings(digest=digest, runs_many_passes=True)
        locks = build_stores(database, settings, FixedClock()).project_locks
        pids = set()
        for ends in (False, True, False):
            async with locks.acquire(project) as lock:
                await lock.ensure_held()
                pids.add(lock.backend_pid)  # type: ignore[attr-defined]  # PostgreSQL's has one
            if ends:
                async with database.write() as connection:
                    end = sa.text("SELECT pg_terminate_backend(:pid, 5000)")
                    await connection.execute(end, {"pid": max(pids)})
        assert len(pids) == 2, "one for the first two, another after the server ended it"
        await locks.aclose()
        await database.aclose()


async def test_a_lock_that_was_refused_releases_nothing(sessions: tuple[LockSession, LockSession]) -> None:
    session, competitor = sessions
    project = ProjectId(uuid4())
    held, refused = (
        AdvisoryProjectLock(session, project, PROCESS),
        AdvisoryProjectLock(competitor, project, PROCESS),
    )
    assert await held.try_acquire()
    assert not await refused.try_acquire()
    await refused.release()
    await held.ensure_held()


async def test_a_cancelled_question_leaves_the_session_to_the_other_projects(
    sessions: tuple[LockSession, LockSession],
) -> None:
    session, _ = sessions
    held = AdvisoryProjectLock(session, ProjectId(uuid4()), PROCESS)
    assert await held.try_acquire()
    asking = asyncio.create_task(AdvisoryProjectLock(session, ProjectId(uuid4()), PROCESS).try_acquire())
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not session.is_dead
    await held.ensure_held()


def lock_sessions(bugspark: BugSpark) -> list[int]:
    with bugspark.engine.connect() as connection:
        query = (
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE '%%fence'"
        )
        return [row[0] for row in connection.exec_driver_sql(query)]


async def test_all_locks_of_a_process_are_in_one_session_that_ends_with_the_last(
    postgres_stores: DatabaseStores, postgres_bugspark: BugSpark
) -> None:
    stores, bugspark = postgres_stores, postgres_bugspark
    async with AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(stores.project_locks.acquire(ProjectId(uuid4())))
        assert len(lock_sessions(bugspark)) == 1
    for _ in range(500):  # the server ends it a moment after it was closed
        if not lock_sessions(bugspark):
            break
        await asyncio.sleep(0.02)
    assert lock_sessions(bugspark) == []


async def test_the_end_of_the_session_stops_every_project_of_the_process_and_a_new_one_is_opened(
    postgres_stores: DatabaseStores, postgres_bugspark: BugSpark
) -> None:
    stores, bugspark = postgres_stores, postgres_bugspark
    async with AsyncExitStack() as stack:
        held = [
            await stack.enter_async_context(stores.project_locks.acquire(ProjectId(uuid4())))
            for _ in range(3)
        ]
        bugspark.execute(f"SELECT pg_terminate_backend({lock_sessions(bugspark)[0]}, 5000)")
        for lock in held:
            with pytest.raises(ProjectLockLostError):
                await lock.ensure_held()
        async with stores.project_locks.acquire(ProjectId(uuid4())) as fresh:
            await fresh.ensure_held()


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    template = postgres_server.template("bugspark, migrated", fill_postgres)
    with postgres_server.database(template=template) as url:
        yield url


@pytest.fixture
def postgres_bugspark(postgres_url: str) -> Iterator[BugSpark]:
    with connected(postgres_url) as engine:
        yield BugSpark(engine)


@pytest.fixture
async def postgres_stores(postgres_url: str) -> AsyncIterator[DatabaseStores]:
    database = open_database(postgres_url)
    yield build_stores(database, StoreSettings(digest=digest), FixedClock())
    await database.aclose()


async def break_lock(bugspark: BugSpark, url: str, project: ProjectId) -> None:
    """Take the lock from its holder, as an administrator or a failover does: the holder does not notice."""
    if url.startswith("sqlite"):
        bugspark.execute("DELETE FROM sync_locks")
    else:
        bugspark.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE '%fence'"
        )


async def test_a_broken_lock_lets_the_earlier_holder_neither_claim_nor_store(
    stores: DatabaseStores, bugspark: BugSpark, store_url: str, database: Database
) -> None:
    link = await linked(stores, bugspark)
    await stores.intents.add([an_intent_of(link)])
    (intent,) = await stores.intents.list_open(link.project_id)
    competitor = build_stores(database, StoreSettings(digest=digest), FixedClock())
    plan = LinkPlan(link=link, report=await the_report(stores, link.report_id), after=link, pairs=())
    async with stores.project_locks.acquire(link.project_id):
        assert (await store(stores, link.project_id, plan)) == StoreResult()
        await break_lock(bugspark, store_url, link.project_id)
        async with competitor.project_locks.acquire(link.project_id):
            before = bugspark.dump()
            with pytest.raises(ProjectLockLostError):
                await stores.intents.claim(intent, NOW)
            with pytest.raises(ProjectLockLostError):
                await store(stores, link.project_id, plan)
            assert bugspark.dump() == before
            assert await competitor.intents.claim(intent, NOW) is not None


async def test_the_epoch_is_raised_only_when_the_holder_changes(
    stores: DatabaseStores, bugspark: BugSpark, database: Database
) -> None:
    project = ProjectId(uuid4())
    competitor = build_stores(database, StoreSettings(digest=digest), FixedClock())
    epochs = []
    for each in (stores, stores, competitor, competitor, stores):
        async with each.project_locks.acquire(project):
            (row,) = bugspark.rows_of("sync_projects")
            epochs.append(row["lock_epoch"])
    assert epochs == [1, 1, 2, 2, 3]


async def test_a_lock_is_released_when_the_work_fails(stores: DatabaseStores) -> None:
    project = ProjectId(uuid4())
    with pytest.raises(ZeroDivisionError):
        async with stores.project_locks.acquire(project):
            raise ZeroDivisionError
    async with stores.project_locks.acquire(project):
        pass


async def test_a_killed_holder_holds_nothing(stores: DatabaseStores, store_url: str) -> None:
    project = ProjectId(uuid4())
    holder = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOLDER,
        store_url,
        str(project),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert holder.stdout
    assert await holder.stdout.readline() == b"held\n"
    with pytest.raises(BusyError):
        async with stores.project_locks.acquire(project):
            raise AssertionError("held twice")
    holder.kill()
    await holder.communicate()
    async with asyncio.timeout(60):
        while True:
            try:
                async with stores.project_locks.acquire(project) as lock:
                    await lock.ensure_held()
                    break
            except BusyError:  # PostgreSQL needs a moment to see that the connection is gone
                await asyncio.sleep(0.05)


def test_a_process_id_is_known_only_in_its_own_pid_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    here = sqlite_locks.host_and_pid_namespace()
    monkeypatch.setattr(Path, "readlink", lambda _path: Path("pid:[1]"))
    elsewhere = sqlite_locks.host_and_pid_namespace()
    assert elsewhere != here
    now = datetime(2026, 3, 2, tzinfo=UTC)
    held = {"host": here, "pid": 2**22 + 1, "expires_at": now + timedelta(seconds=30)}
    assert sqlite_locks._is_holder_dead(held, now, here)
    assert not sqlite_locks._is_holder_dead(held, now, elsewhere)

"""One process at a time per project, and a lock that is lost is noticed."""

import asyncio
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from reconciler.errors import BusyError, FenceLostError
from reconciler.model.ids import ProjectId
from reconciler.store import tables
from reconciler.store.engine import Database
from reconciler.store.stores import OpenStores, StoreSettings, open_stores
from tests.support.bugspark import BugSpark
from tests.support.stores import StillClock, digest

HOLDER = """
import asyncio, sys
from uuid import UUID
from reconciler.store.engine import open_engine
from reconciler.store.stores import StoreSettings, open_stores
from tests.support.stores import StillClock

async def main():
    database = open_engine(sys.argv[1])
    stores = open_stores(database, StoreSettings(digest=str), StillClock())
    async with stores.fences.hold(UUID(sys.argv[2])):
        print("held", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


class SleepingClock(StillClock):
    """It stands still, but who sleeps lets others work."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 10)


async def test_a_held_project_is_busy_and_others_are_not(stores: OpenStores) -> None:
    project, other = ProjectId(uuid4()), ProjectId(uuid4())
    async with stores.fences.hold(project) as fence:
        with pytest.raises(BusyError, match=str(project)):
            async with stores.fences.hold(project):
                raise AssertionError("held twice")
        async with stores.fences.hold(other) as second:
            await second.check()
        await fence.check()
    async with stores.fences.hold(project) as again:
        await again.check()


async def test_who_waits_gets_it_when_it_is_free(database: Database) -> None:
    stores = open_stores(database, StoreSettings(digest=digest), SleepingClock())
    project = ProjectId(uuid4())
    order = []

    async def late() -> None:
        async with stores.fences.hold(project, wait=True):
            order.append("late")

    async with stores.fences.hold(project):
        task = asyncio.create_task(late())
        await asyncio.sleep(0.2)
        order.append("early")
    await task
    assert order == ["early", "late"]


async def test_a_lost_lock_is_noticed(
    stores: OpenStores, bugspark: BugSpark, store_url: str, clock: StillClock
) -> None:
    project = ProjectId(uuid4())
    async with AsyncExitStack() as stack:
        fence = await stack.enter_async_context(stores.fences.hold(project))
        if store_url.startswith("sqlite"):
            clock.at += timedelta(seconds=31)
            await stack.enter_async_context(stores.fences.hold(project))
        else:
            bugspark.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name LIKE '%fence'"
            )
        with pytest.raises(FenceLostError, match="nothing more is written"):
            await fence.check()


async def test_a_holder_that_only_reads_for_long_keeps_its_row_alive(
    stores: OpenStores, bugspark: BugSpark, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.store.fence_rows.BEAT_SECONDS", 0.01)
    project = ProjectId(uuid4())
    async with stores.fences.hold(project):
        clock.at += timedelta(seconds=29)
        await asyncio.sleep(0.3)
        clock.at += timedelta(seconds=29)
        with pytest.raises(BusyError):
            async with stores.fences.hold(project):
                raise AssertionError("held twice")
    assert bugspark.rows(sa.select(tables.locks)) == []


async def test_a_lock_is_released_when_the_work_fails(stores: OpenStores) -> None:
    project = ProjectId(uuid4())
    with pytest.raises(ZeroDivisionError):
        async with stores.fences.hold(project):
            raise ZeroDivisionError
    async with stores.fences.hold(project):
        pass


async def test_a_killed_holder_holds_nothing(stores: OpenStores, store_url: str) -> None:
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
        async with stores.fences.hold(project):
            raise AssertionError("held twice")
    holder.kill()
    await holder.communicate()
    async with asyncio.timeout(20):
        while True:
            try:
                async with stores.fences.hold(project) as fence:
                    await fence.check()
                    break
            except BusyError:  # PostgreSQL needs a moment to see that the connection is gone
                await asyncio.sleep(0.05)

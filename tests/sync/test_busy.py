"""A project that another process does not let go is a problem shown, not an idle pass."""

from datetime import datetime

import pytest

from reconciler.model.passes import DuePass, Outcome
from reconciler.model.project_status import ProjectStatusKind, project_status
from reconciler.store.stores import StoreSettings, build_stores
from tests.support.stores import digest
from tests.support.sync import Sync

INTERVALS = 120.0


async def shown(sync: Sync) -> tuple[ProjectStatusKind, str]:
    (health,), _ = await sync.app.status(await sync.app.find_project(str(sync.project)))
    status = project_status(health, sync.clock.now(), None)
    return status.state, status.reason or ""


@pytest.mark.parametrize("world_url", ["postgresql"], indirect=True)  # on SQLite a silent lock expires
async def test_a_project_busy_for_longer_than_two_intervals_is_shown_until_a_pass_ends(sync: Sync) -> None:
    await sync.settle()
    other = build_stores(sync.app._container.database, StoreSettings(digest=digest), sync.clock)
    async with other.project_locks.acquire(sync.project):
        result = await sync.run()
        assert (result.outcome, result.error and result.error.kind) == (Outcome.REFUSED, "busy")
        await sync.run(seconds=INTERVALS / 2)
        assert (await shown(sync))[0] is not ProjectStatusKind.ATTENTION
        await sync.run(seconds=INTERVALS / 2 + 1)
        state, reason = await shown(sync)
        assert state is ProjectStatusKind.ATTENTION
        assert reason.startswith("at work in another process since")
    await sync.settle()
    assert (await shown(sync))[0] is ProjectStatusKind.SYNCED


@pytest.mark.parametrize("world_url", ["postgresql"], indirect=True)
async def test_a_due_pass_that_meets_another_process_is_recorded_by_the_daemon_whose_project_it_is(
    sync: Sync,
) -> None:
    await sync.settle()
    other = build_stores(sync.app._container.database, StoreSettings(digest=digest), sync.clock)
    known = await last_pass_at(sync)
    async with other.project_locks.acquire(sync.project):
        before = sync.bugspark.rows_of("sync_projects")
        assert await sync.run_due_or_none(DuePass(last_pass_at=known, is_own=False)) is None
        assert sync.bugspark.rows_of("sync_projects") == before
        result = await sync.run_due(due=DuePass(last_pass_at=known, is_own=True))
    assert (result.outcome, result.error and result.error.kind) == (Outcome.REFUSED, "busy")
    (row,) = sync.bugspark.rows_of("sync_projects")
    assert row["busy_since"] is not None


async def last_pass_at(sync: Sync) -> datetime | None:
    return (await sync.app._container.stores.projects.get_state(sync.project)).last_pass_at


async def test_a_due_pass_that_another_daemon_has_made_meanwhile_is_not_made_again(sync: Sync) -> None:
    await sync.settle()
    known = await last_pass_at(sync)
    await sync.run()
    before = sync.bugspark.rows_of("sync_projects")
    assert await sync.run_due_or_none(DuePass(last_pass_at=known, is_own=True)) is None
    assert sync.asked == []
    assert sync.bugspark.rows_of("sync_projects") == before
    result = await sync.run_due(due=DuePass(last_pass_at=await last_pass_at(sync), is_own=True))
    assert result.outcome is Outcome.OK

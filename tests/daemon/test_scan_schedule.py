"""The local scan: each change in BugSpark is found, and nudged once."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from reconciler.daemon.scan_schedule import (
    FIRST_NUDGE_AGAIN_SECONDS,
    MAX_NUDGE_AGAIN_SECONDS,
    FullAndIncrementalScans,
    ScanSchedule,
)
from reconciler.model.fields import Status
from reconciler.model.ids import ProjectId
from reconciler.store.sync import local_scan
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync
from tests.sync.conftest import (
    github,
    github_process,
    pytest_generate_tests,
    sqlite_template,
    world_url,
)

__all__ = ["github", "github_process", "pytest_generate_tests", "sqlite_template", "world_url"]

ONE, TWO = ProjectId(UUID(int=1)), ProjectId(UUID(int=2))


@pytest.fixture
async def sync(world_url: str, github: GitHub) -> AsyncIterator[Sync]:
    async with open_sync(world_url, github, sync={"export": "all"}) as world:
        yield world


async def found(sync: Sync, *, incremental: bool = False) -> int | None:
    """Return the fingerprint of Shop's unsynced changes; None without any."""
    database = sync.app._container.database
    waits = await local_scan.find_changed_projects(
        database, sync.clock.now(), export_all=True, incremental=incremental
    )
    return waits.get(sync.project)


async def test_every_change_in_bugspark_is_noticed_until_a_pass_has_dealt_with_it(sync: Sync) -> None:
    assert await found(sync) is None
    report, number = await sync.linked()
    other, _ = await sync.linked()
    await sync.settle()
    assert await found(sync) is None

    async def noticed_and_dealt_with() -> None:
        assert await found(sync) is not None
        await sync.settle()
        assert await found(sync) is None

    sync.change(report, status="resolved")
    await noticed_and_dealt_with()
    sync.change(report, severity="critical")
    await noticed_and_dealt_with()
    comment = sync.add_comment(report, "seen again")
    await noticed_and_dealt_with()
    sync.bugspark.delete_comment(comment)
    await noticed_and_dealt_with()
    sync.change(report, github_issue_number=None, github_repo=None, github_issue_url=None)
    await noticed_and_dealt_with()
    sync.change(report, github_issue_number=number, github_repo="Acme/Web")
    await noticed_and_dealt_with()
    sync.bugspark.delete_report(other)
    await noticed_and_dealt_with()
    sync.bugspark.add_report(sync.project, created_at=sync.clock.now())
    sync.github.clock.advance(61)  # BugSpark's own button was given its time
    await noticed_and_dealt_with()


async def test_an_incremental_scan_finds_a_change_until_a_pass_has_handled_it(sync: Sync) -> None:
    report, _ = await sync.linked()
    await sync.settle()

    async def noticed_and_dealt_with() -> None:
        assert await found(sync, incremental=True) is not None
        await sync.settle()
        assert await found(sync, incremental=True) is None

    sync.change(report, status="resolved")
    await noticed_and_dealt_with()
    sync.add_comment(report, "seen again")
    await noticed_and_dealt_with()
    sync.bugspark.add_report(sync.project, created_at=sync.clock.now(), updated_at=sync.clock.now())
    sync.github.clock.advance(61)  # BugSpark's own button was given its time
    await noticed_and_dealt_with()


async def test_the_full_scan_finds_what_an_incremental_scan_misses(sync: Sync) -> None:
    report, _ = await sync.linked()
    comment = sync.add_comment(report, "seen again")
    sync.github.clock.advance(2 * local_scan.INCREMENTAL_SCAN_WINDOW.seconds)
    await sync.settle()
    sync.bugspark.execute(
        "UPDATE reports SET status = 'resolved'"
    )  # without a new timestamp, unlike BugSpark
    assert (await found(sync, incremental=True), await found(sync) is None) == (None, False)
    await sync.settle()
    sync.bugspark.delete_comment(comment)
    assert (await found(sync, incremental=True), await found(sync) is None) == (None, False)


async def test_the_scan_finds_a_report_whose_columns_name_no_issue_of_the_repository(sync: Sync) -> None:
    misnamed = sync.bugspark.add_report(sync.project, status=Status.CLOSED)
    await sync.settle()
    sync.change(misnamed, github_repo="elsewhere/other", github_issue_number=3)
    assert await found(sync) is not None
    sync.change(misnamed, github_repo=None, github_issue_number=None)
    assert await found(sync) is None


async def test_the_scan_finds_a_link_in_quarantine_whose_report_names_another_issue(sync: Sync) -> None:
    report, _ = await sync.linked()
    sync.bugspark.execute("UPDATE sync_links SET quarantined_until = '2999-01-01 00:00:00+00:00'")
    sync.change(report, severity="critical")
    assert await found(sync) is None
    sync.change(report, github_issue_number=None, github_repo=None, github_issue_url=None)
    assert await found(sync) is not None
    await sync.settle()
    assert await found(sync) is None


async def test_the_scan_finds_a_contested_link_whose_issue_was_released(sync: Sync) -> None:
    holder, number = await sync.linked()
    second = sync.bugspark.add_report(sync.project)
    sync.change(second, github_repo="acme/web", github_issue_number=number)
    await sync.settle()
    assert await found(sync) is None
    sync.change(holder, github_issue_number=None, github_repo=None, github_issue_url=None)
    await sync.run()
    sync.bugspark.execute("UPDATE sync_links SET state = 'contested' WHERE state IN ('new', 'active')")
    assert await found(sync) is not None


async def test_the_scan_finds_a_link_whose_report_belongs_to_another_project_now(sync: Sync) -> None:
    report, _ = await sync.linked()
    await sync.settle()
    other = sync.bugspark.add_project("Other")
    sync.bugspark.set_report(report, project_id=other)
    assert await found(sync) is not None
    await sync.settle()
    assert await found(sync) is None


async def test_another_change_looks_different_also_while_the_first_one_waits(sync: Sync) -> None:
    report, _ = await sync.linked()
    sync.change(report, status="resolved")
    before = await found(sync)
    assert before == await found(sync)
    sync.github.clock.advance(1)
    sync.change(report, status="closed")
    after = await found(sync)
    assert after not in (None, before)
    sync.add_comment(report, "and a comment")
    assert await found(sync) not in (None, before, after)


async def test_a_link_made_by_command_is_noticed(sync: Sync) -> None:
    report = sync.bugspark.add_report(sync.project)
    await sync.run()
    issue = sync.github.web.open_issue("Elsewhere", by="alice")
    await sync.app.link(str(report), f"acme/web#{issue.number}", backfill=False)
    assert await found(sync) is not None
    await sync.settle()
    assert await found(sync) is None


def test_a_scan_waits_five_seconds_and_fifty_times_its_duration() -> None:
    plan = ScanSchedule()
    assert plan.is_due(100.0)
    plan.record_scan(100.0, 100.01)
    assert not plan.is_due(105.0)
    assert plan.is_due(105.02)
    plan.record_scan(105.0, 107.0)
    assert not plan.is_due(206.9)
    assert plan.is_due(207.0)


def test_incremental_scans_come_every_second_while_the_full_scan_waits() -> None:
    plan, at, asked = FullAndIncrementalScans(), 0.0, []
    for _ in range(300):
        if (due := plan.find_due_scan(at)) is not None:
            asked.append((at, due.incremental))
            plan.record_scan(due, at, at + (0.001 if due.incremental else 0.4))
        at += 0.25
    full = [at for at, incremental in asked if not incremental]
    assert full[:3] == [0.0, 20.5, 41.0]
    between = [at for at, incremental in asked if incremental and at < 20.5]
    assert between[:3] == [1.5, 2.75, 4.0]
    assert len(between) >= 15


def test_an_incremental_scan_that_takes_long_takes_a_fiftieth_of_the_time_too() -> None:
    plan = FullAndIncrementalScans()
    full = plan.find_due_scan(0.0)
    assert full is not None
    plan.record_scan(full, 0.0, 1.0)
    incremental = plan.find_due_scan(2.0)
    assert incremental is not None
    assert incremental.incremental
    plan.record_scan(incremental, 2.0, 2.1)
    assert plan.find_due_scan(7.0) is None
    assert plan.find_due_scan(7.2) is incremental


def test_a_full_scan_replaces_the_incremental_one_of_its_second() -> None:
    plan, at, asked = FullAndIncrementalScans(), 0.0, []
    for _ in range(48):
        if (due := plan.find_due_scan(at)) is not None:
            asked.append(due.incremental)
            plan.record_scan(due, at, at + 0.01)
        at += 0.25
    assert asked.count(False) == 3
    assert asked[:6] == [False, True, True, True, True, False]


def test_what_stays_the_same_is_nudged_ever_more_rarely_and_anything_new_at_once() -> None:
    plan = ScanSchedule()
    nudged = [at for at in range(3600) if plan.select_nudges({ONE: 1}, lambda _: True, float(at))]
    assert nudged[:4] == [
        0,
        FIRST_NUDGE_AGAIN_SECONDS,
        3 * FIRST_NUDGE_AGAIN_SECONDS,
        7 * FIRST_NUDGE_AGAIN_SECONDS,
    ]
    assert nudged[-1] - nudged[-2] == MAX_NUDGE_AGAIN_SECONDS
    assert plan.select_nudges({ONE: 2}, lambda _: True, 3600.0) == [ONE]
    assert plan.select_nudges({}, lambda _: True, 3601.0) == []
    assert plan.select_nudges({ONE: 2}, lambda _: True, 3602.0) == [ONE]


def test_a_project_that_has_to_wait_is_not_nudged_and_not_forgotten() -> None:
    plan = ScanSchedule()
    assert plan.select_nudges({ONE: 1, TWO: 1}, lambda each: each == TWO, 0.0) == [TWO]
    assert plan.select_nudges({ONE: 1, TWO: 1}, lambda _: True, 1.0) == [ONE]

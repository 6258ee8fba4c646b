"""`sync.conflict = "newest"`: what counts is when the field changed, not when the report did.

Source: docs/design.md, Deciding.
"""

from datetime import datetime

from reconciler.bootstrap.application import open_application
from reconciler.model.passes import NullProgress
from reconciler.store.sync import local_scan
from tests.support.sync import Sync, settings_for


class Scans:
    """The daemon's scan, which remembers when it last compared every link."""

    def __init__(self, sync: Sync) -> None:
        self._sync = sync
        self._compared_at: datetime | None = None

    async def run(self, *, incremental: bool = False) -> None:
        now = self._sync.clock.now()
        await local_scan.find_changed_projects(
            self._sync.app._container.database,
            now,
            export_all=False,
            incremental=incremental,
            compared_at=self._compared_at,
        )
        if not incremental:
            self._compared_at = now


def relabel(sync: Sync, number: int, old: str, new: str) -> None:
    sync.github.web.label(number, new, by="alice")
    sync.github.web.unlabel(number, old, by="alice")


async def test_a_later_change_of_the_assignee_does_not_make_a_severity_newer(sync: Sync) -> None:
    report, number = await sync.linked(severity="medium")
    scans = Scans(sync)
    await scans.run()
    sync.github.clock.advance(60)
    sync.change(report, severity="low")
    await scans.run(incremental=True)
    sync.github.clock.advance(600)
    relabel(sync, number, "medium-priority", "critical")
    sync.github.clock.advance(600)
    sync.change(report, assignee_id=sync.ada)
    await scans.run()
    await sync.settle()
    assert (sync.severity(report), "critical" in sync.labels(number)) == ("critical", True)


async def test_a_later_change_of_the_field_itself_is_newer(sync: Sync) -> None:
    report, number = await sync.linked(severity="medium")
    scans = Scans(sync)
    sync.change(report, severity="low")
    await scans.run()
    sync.github.clock.advance(600)
    relabel(sync, number, "medium-priority", "critical")
    sync.github.clock.advance(600)
    sync.change(report, severity="high")
    await scans.run()
    await sync.settle()
    assert (sync.severity(report), "high-priority" in sync.labels(number)) == ("high", True)


async def test_a_change_that_left_updated_at_is_not_older_than_the_last_scan_that_saw_it_equal(
    sync: Sync,
) -> None:
    report, number = await sync.linked(severity="medium")
    scans = Scans(sync)
    sync.github.clock.advance(600)
    relabel(sync, number, "medium-priority", "critical")
    sync.github.clock.advance(600)
    await scans.run()  # still equal to its base
    sync.github.clock.advance(5)
    sync.bugspark.set_report(report, severity="low")  # by SQL: updated_at stays
    await scans.run()
    await sync.settle()
    assert (sync.severity(report), "low-priority" in sync.labels(number)) == ("low", True)


async def test_a_difference_that_ended_is_forgotten(sync: Sync) -> None:
    report, number = await sync.linked(severity="medium")
    scans = Scans(sync)
    sync.change(report, severity="low")
    await scans.run()
    sync.change(report, severity="medium")
    sync.github.clock.advance(60)
    await scans.run()
    assert sync.bugspark.rows_of("sync_differences") == []
    sync.github.clock.advance(600)
    relabel(sync, number, "medium-priority", "critical")
    sync.github.clock.advance(600)
    sync.change(report, severity="low")
    await scans.run()
    await sync.settle()
    assert (sync.severity(report), "low-priority" in sync.labels(number)) == ("low", True)


async def test_without_a_scan_the_reports_time_counts(sync: Sync) -> None:
    report, number = await sync.linked(severity="medium")
    sync.github.clock.advance(600)
    relabel(sync, number, "medium-priority", "critical")
    sync.github.clock.advance(600)
    sync.change(report, severity="low")
    await sync.settle()
    assert (sync.severity(report), "low-priority" in sync.labels(number)) == ("low", True)


async def test_a_plan_and_the_pass_after_it_decide_two_changes_of_about_a_second_alike(
    sync: Sync, world_url: str
) -> None:
    """GitHub's `Date` lacks part of its second: little for one process, most of it for the next one."""
    report, number = await sync.linked(severity="medium")
    sync.github.clock.advance(0.8)
    relabel(sync, number, "medium-priority", "critical")
    sync.github.clock.advance(0.8)
    sync.change(report, severity="low")
    verdicts = set()
    for seconds in (3.5, 0.8):
        sync.github.clock.advance(seconds)
        async with open_application(settings_for(world_url, sync.github.api), sync.clock) as process:
            planned = await process.plan(await process.find_project("Shop"), NullProgress())
            verdicts.add(tuple((each.field, each.to) for each in planned.actions))
    assert verdicts == {(("severity", "low"),)}, "the later one, whenever it is decided"
    await sync.settle()
    assert (sync.severity(report), sync.labels(number)) == ("low", {"bug", "low-priority"})

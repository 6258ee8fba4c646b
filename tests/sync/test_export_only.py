"""Of what is exported by itself, `export_only` leaves some out: for good, and shown."""

from typing import Any

from reconciler.model.fields import Category, Severity
from reconciler.model.ids import ReportId
from reconciler.model.passes import NullProgress
from tests.support.sync import Sync
from tests.sync.test_project_settings import configure, scanned

FILTER: Any = {
    "export": "all",
    "export_only": {"severity": ["critical", "high"], "category": ["bug", "crash"]},
}


def have_issues(sync: Sync, *reports: ReportId) -> list[bool]:
    """Whether each report has an issue."""
    rows = [sync.bugspark.report(each) for each in reports]
    return [row is not None and row["github_issue_number"] is not None for row in rows]


async def test_only_what_the_filter_admits_is_exported_by_itself(sync: Sync) -> None:
    await sync.run()
    await configure(sync, **FILTER)
    now = sync.github.clock.now()
    wanted = sync.bugspark.add_report(
        sync.project, severity=Severity.CRITICAL, category=Category.CRASH, at=now
    )
    mild = sync.bugspark.add_report(sync.project, severity=Severity.LOW, category=Category.CRASH, at=now)
    other = sync.bugspark.add_report(sync.project, severity=Severity.HIGH, category=Category.UI, at=now)
    await sync.run(seconds=70)
    await sync.settle()
    assert have_issues(sync, wanted, mild, other) == [True, False, False]
    assert len(sync.github.web.issues) == 1
    shown = await sync.app.explain_report(str(mild))
    assert [(each.reason.split(":")[0], each.count) for each in shown.skipped] == [
        ("not exported by itself", 1)
    ]
    assert shown.reason is not None and "export_only" in shown.reason


async def test_what_was_passed_over_stays_so_when_the_settings_or_the_report_change(sync: Sync) -> None:
    await sync.run()
    await configure(sync, **FILTER)
    report = sync.bugspark.add_report(sync.project, severity=Severity.LOW, at=sync.github.clock.now())
    await sync.run()
    sync.change(report, severity="critical", category="bug")
    await configure(sync, export="all")
    await sync.run(seconds=70)
    await sync.settle()
    assert have_issues(sync, report) == [False]
    await sync.app.export((str(report),), NullProgress())
    await sync.settle()
    assert have_issues(sync, report) == [True]
    assert (await sync.app.explain_report(str(report))).skipped == ()


async def test_a_report_that_no_pass_has_seen_is_passed_over_before_other_settings_count(sync: Sync) -> None:
    await sync.run()
    await configure(sync, **FILTER)
    now = sync.github.clock.now()
    mild = sync.bugspark.add_report(sync.project, severity=Severity.LOW, category=Category.BUG, at=now)
    severe = sync.bugspark.add_report(sync.project, severity=Severity.CRITICAL, category=Category.BUG, at=now)
    await configure(sync, export="all")
    await sync.run(seconds=70)
    await sync.settle()
    assert have_issues(sync, mild, severe) == [False, True]


async def test_the_scan_does_not_name_a_project_for_what_was_passed_over(sync: Sync) -> None:
    await sync.run()
    await configure(sync, **FILTER)
    sync.bugspark.add_report(sync.project, severity=Severity.LOW, at=sync.github.clock.now())
    assert await scanned(sync) == {sync.project}
    await sync.run()
    assert await scanned(sync) == set()


async def test_without_a_filter_nothing_is_recorded(sync: Sync) -> None:
    await sync.run()
    await configure(sync, export="all")
    sync.bugspark.add_report(sync.project, severity=Severity.LOW, at=sync.github.clock.now())
    await sync.run(seconds=70)
    await configure(sync, export="manual")
    assert sync.bugspark.rows_of("sync_skipped_reports") == []

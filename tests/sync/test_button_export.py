"""What happens between BugSpark's export button and the discovery of its issue belongs to the issue."""

import pytest

from reconciler.model.fields import Category, Severity, Status
from reconciler.model.ids import ReportId
from tests.support.sync import Sync


def conflicts(sync: Sync) -> list[tuple[object, object]]:
    rows = sync.bugspark.rows_of("sync_changes")
    return [(row["field"], row["lost"]) for row in rows if row["kind"] == "conflict"]


async def is_settled(sync: Sync) -> None:
    await sync.settle(5)
    assert (await sync.plan()).actions == ()
    await sync.run()
    assert not sync.writes


@pytest.fixture
async def report(sync: Sync) -> ReportId:
    await sync.run()
    return sync.bugspark.add_report(
        sync.project,
        "It breaks",
        severity=Severity.HIGH,
        category=Category.CRASH,
        status=Status.TRIAGING,
    )


async def test_a_comment_after_the_button_is_sent_and_one_before_it_is_not(
    sync: Sync, report: ReportId
) -> None:
    sync.add_comment(report, "before")
    sync.github.clock.advance(5)
    number = sync.press_button(report)
    sync.add_comment(report, "in the same second")
    sync.github.clock.advance(30)
    sync.add_comment(report, "after")
    sync.github.clock.advance(600)
    await is_settled(sync)
    first, second = sync.texts_on_github(number)
    assert "in the same second" in first
    assert "after" in second
    assert sync.texts_in_bugspark(report) == ["before", "in the same second", "after"]


async def test_its_own_labels_are_no_conflict_and_the_category_s_label_is_added(
    sync: Sync, report: ReportId
) -> None:
    number = sync.press_button(report)
    await is_settled(sync)
    assert sync.labels(number) == {"bug", "high", "crash"}
    assert (sync.severity(report), sync.category(report), sync.status(report)) == (
        "high",
        "crash",
        "triaging",
    )
    assert conflicts(sync) == []


async def test_a_change_in_bugspark_after_the_button_goes_to_the_issue(sync: Sync, report: ReportId) -> None:
    number = sync.press_button(report)
    sync.change(report, severity="low", status="resolved", category="ui")  # in the same second
    await is_settled(sync)
    assert sync.labels(number) == {"bug", "low-priority", "ui"}
    assert sync.github.web.issue(number).state == "closed"
    assert conflicts(sync) == []


async def test_a_change_on_github_after_the_button_goes_to_the_report(sync: Sync, report: ReportId) -> None:
    number = sync.press_button(report)
    sync.github.web.unlabel(number, "high", by="alice")
    sync.github.web.label(number, "critical", by="alice")
    sync.github.web.label(number, "ui", by="alice")
    sync.github.web.close(number, by="alice", reason="not_planned")
    # The report's own time is later: an assignee was chosen, say. That changes no synced field.
    sync.github.clock.advance(30)
    sync.change(report, description="more")
    await is_settled(sync)
    assert (sync.severity(report), sync.category(report), sync.status(report)) == ("critical", "ui", "closed")
    assert conflicts(sync) == []


async def test_changes_on_both_sides_after_the_button_are_a_conflict(sync: Sync, report: ReportId) -> None:
    number = sync.press_button(report)
    sync.github.clock.advance(30)
    sync.change(report, severity="low")
    sync.github.clock.advance(30)
    sync.github.web.unlabel(number, "high", by="alice")
    sync.github.web.label(number, "critical", by="alice")
    await is_settled(sync)
    assert sync.severity(report) == "critical"
    assert conflicts(sync) == [("severity", "low")]


async def test_a_report_exported_as_closed_closes_its_issue(sync: Sync, report: ReportId) -> None:
    sync.change(report, status="closed")
    number = sync.press_button(report)
    await is_settled(sync)
    assert sync.github.web.issue(number).state == "closed"
    assert sync.status(report) == "closed"


async def test_a_body_that_tells_nothing_is_compared_as_before(sync: Sync, report: ReportId) -> None:
    number = sync.press_button(report)
    sync.github.web.rewrite(number, "*Exported from BugSpark (BUG-0001)*", by="alice")
    sync.github.clock.advance(30)
    sync.change(report, severity="low")
    await is_settled(sync)
    assert sync.severity(report) == "low"
    assert conflicts(sync) == [("severity", "high")]

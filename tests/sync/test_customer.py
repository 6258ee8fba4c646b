"""The tests named in the customer's plan, and every row of both of its mapping tables, both ways."""

import pytest

from reconciler.demo.github.rows import Reason
from tests.support.sync import Sync


async def test_github_issue_closed_resolves_report(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice")
    result = await sync.run()
    assert sync.status(report) == "resolved"
    assert result.applied.reports_updated == 1
    assert sync.github.web.issue(number).state == "closed"


async def test_github_issue_reopened_reopens_report(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice")
    await sync.run()
    sync.github.web.reopen(number, by="alice")
    await sync.run()
    assert sync.status(report) == "new"
    assert sync.github.web.issue(number).state == "open"


async def test_github_comment_synced_to_bugspark(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.comment(number, "I see it too", by="bob")
    await sync.run()
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nI see it too"]
    row = sync.bugspark.comments(report)[0]
    assert (row["source"], row["author_id"]) == ("github", None)
    assert row["created_at"].timestamp() == sync.github.web.thread(number)[0].created
    assert sync.texts_on_github(number) == ["I see it too"]


async def test_bugspark_comment_synced_to_github(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "Fixed in 1.2, don&#x27;t worry")
    await sync.run()
    (body,) = sync.texts_on_github(number)
    assert body.startswith("[BugSpark] Ada:\n\nFixed in 1.2, don't worry")
    assert sync.texts_in_bugspark(report) == ["Fixed in 1.2, don&#x27;t worry"]


async def test_bugspark_tagged_comments_not_resynced(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "One voice")
    for _ in range(4):
        await sync.run()
    assert sync.texts_in_bugspark(report) == ["One voice"]
    assert len(sync.texts_on_github(number)) == 1


async def test_unlinked_issues_ignored(sync: Sync) -> None:
    report, number = await sync.linked()
    other = sync.github.web.open_issue("Unrelated", by="bob").number
    sync.github.web.comment(other, "Nobody asked", by="bob")
    sync.github.web.close(other, by="alice")
    before = sync.dump()["reports"], sync.dump()["comments"]
    result = await sync.run()
    assert (sync.dump()["reports"], sync.dump()["comments"]) == before
    assert not sync.writes
    assert result.applied.reports_updated == 0
    assert (sync.status(report), number) == ("new", sync.number(report))


@pytest.mark.parametrize(
    ("reason", "status"),
    [("completed", "resolved"), (None, "resolved"), ("not_planned", "closed"), ("duplicate", "closed")],
)
async def test_closing_an_issue_gives_the_report_the_status_of_its_reason(
    sync: Sync, reason: Reason | None, status: str
) -> None:
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice", reason=reason)
    await sync.settle()
    assert sync.status(report) == status
    assert sync.github.web.issue(number).state == "closed"


@pytest.mark.parametrize(("status", "reason"), [("resolved", "completed"), ("closed", "not_planned")])
async def test_closing_a_report_closes_its_issue_with_the_reason_of_its_status(
    sync: Sync, status: str, reason: str
) -> None:
    report, number = await sync.linked()
    sync.change(report, status=status)
    result = await sync.run()
    issue = sync.github.web.issue(number)
    assert (issue.state, issue.reason) == ("closed", reason)
    assert result.applied.issues_updated == 1
    await sync.settle()
    assert sync.status(report) == status


@pytest.mark.parametrize("status", ["new", "triaging", "in_progress"])
async def test_reopening_a_report_opens_its_issue(sync: Sync, status: str) -> None:
    report, number = await sync.linked(status="resolved")
    assert sync.github.web.issue(number).state == "closed"
    sync.change(report, status=status)
    await sync.settle()
    assert sync.github.web.issue(number).state == "open"
    assert sync.status(report) == status


@pytest.mark.parametrize("status", ["triaging", "in_progress"])
async def test_a_finer_open_status_survives_and_writes_nothing(sync: Sync, status: str) -> None:
    report, number = await sync.linked()
    sync.change(report, status=status)
    await sync.run()
    assert not sync.writes
    sync.github.web.comment(number, "Any news?", by="bob")
    await sync.settle()
    assert sync.status(report) == status


SEVERITIES = [
    ("critical", "critical"),
    ("high", "high-priority"),
    ("medium", "medium-priority"),
    ("low", "low-priority"),
]
ALIASES = [("critical", "CRITICAL"), ("high", "High"), ("medium", "medium"), ("low", "LOW")]


@pytest.mark.parametrize(("severity", "label"), SEVERITIES + ALIASES)
async def test_a_severity_label_changes_the_report(sync: Sync, severity: str, label: str) -> None:
    start = "low" if severity != "low" else "high"
    report, number = await sync.linked(severity=start)
    old = next(name for value, name in SEVERITIES if value == start)
    sync.github.web.unlabel(number, old, by="alice")
    sync.github.web.label(number, label, by="alice")
    await sync.settle()
    assert sync.severity(report) == severity
    assert sync.labels(number) == {"bug", label}


@pytest.mark.parametrize(("severity", "label"), SEVERITIES)
async def test_a_severity_change_swaps_only_our_labels(sync: Sync, severity: str, label: str) -> None:
    start = "low" if severity != "low" else "high"
    report, number = await sync.linked(severity=start)
    sync.change(report, severity=severity)
    sync.github.web.label(number, "needs-design", by="bob")
    await sync.run(seconds=1)
    assert sync.labels(number) == {"bug", label, "needs-design"}
    await sync.settle()
    assert sync.severity(report) == severity


@pytest.mark.parametrize("category", ["ui", "performance", "crash"])
async def test_a_category_goes_both_ways_by_its_label(sync: Sync, category: str) -> None:
    report, number = await sync.linked()
    sync.change(report, category=category)
    await sync.settle()
    assert category in sync.labels(number)
    other, second = await sync.linked()
    sync.github.web.label(second, category, by="alice")
    await sync.settle()
    assert sync.category(other) == category
    assert "bug" in sync.labels(number) & sync.labels(second)


async def test_no_severity_label_is_no_opinion(sync: Sync) -> None:
    report, number = await sync.linked(severity="high")
    sync.github.web.unlabel(number, "high-priority", by="alice")
    await sync.settle()
    assert sync.severity(report) == "high"
    assert sync.labels(number) == {"bug"}

"""Both sides moved apart: who wins, by which clock, and where the losing value is kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from reconciler.model.fields import Severity, Status
from reconciler.store.schema.tables import changes
from tests.support.bugspark import LONG_AGO
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync


def relabel(sync: Sync, number: int, old: str, new: str) -> None:
    sync.github.web.unlabel(number, old, by="alice")
    sync.github.web.label(number, new, by="alice")


def lost(sync: Sync) -> list[tuple[str, str]]:
    """Field and value of every conflict's loser, as recorded."""
    query = sa.select(changes.c.field, changes.c.lost).where(changes.c.lost.is_not(None))
    return sorted((str(row["field"]), str(row["lost"])) for row in sync.bugspark.rows(query))


async def assert_idle(sync: Sync) -> None:
    await sync.settle()
    assert (await sync.plan()).actions == ()
    await sync.run()
    assert not sync.writes


@pytest.mark.parametrize("first", ["github", "bugspark"])
async def test_the_newest_value_wins_and_the_other_is_kept(sync: Sync, first: str) -> None:
    report, number = await sync.linked(severity="low")
    moves: list[Callable[[], None]] = [
        lambda: relabel(sync, number, "low-priority", "high-priority"),
        lambda: sync.change(report, severity="critical"),
    ]
    for move in moves if first == "github" else reversed(moves):
        sync.github.clock.advance(10)
        move()
    result = await sync.run()
    wanted, loser = ("critical", "high") if first == "github" else ("high", "critical")
    assert result.conflicts == 1
    assert sync.severity(report) == wanted
    await assert_idle(sync)
    assert sync.severity(report) == wanted
    assert sync.labels(number) == {"bug", "critical" if wanted == "critical" else "high-priority"}
    assert lost(sync) == [("severity", loser)]


async def test_a_tie_goes_to_github(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.change(report, severity="critical")
    relabel(sync, number, "medium-priority", "low-priority")
    await assert_idle(sync)
    assert (sync.severity(report), sync.labels(number)) == ("low", {"bug", "low-priority"})
    assert lost(sync) == [("severity", "critical")]


@pytest.mark.parametrize(
    ("policy", "severity", "label"), [("github", "low", "low-priority"), ("bugspark", "critical", "critical")]
)
@pytest.mark.parametrize("later", ["github", "bugspark"])
async def test_a_side_that_always_wins_does_so_whichever_changed_later(
    world_url: str, github: GitHub, policy: str, severity: str, label: str, later: str
) -> None:
    async with open_sync(world_url, github, sync={"conflict": policy}) as sync:
        report, number = await sync.linked()
        if later == "github":
            sync.change(report, severity="critical")
            sync.github.clock.advance(30)
        relabel(sync, number, "medium-priority", "low-priority")
        if later == "bugspark":
            sync.github.clock.advance(30)
            sync.change(report, severity="critical")
        await assert_idle(sync)
        assert (sync.severity(report), sync.labels(number)) == (severity, {"bug", label})
        assert lost(sync) == [("severity", "critical" if policy == "github" else "low")]


async def test_a_report_stamped_in_the_future_wins_only_until_github_moves(sync: Sync) -> None:
    report, number = await sync.linked()
    future = sync.github.clock.now() + timedelta(minutes=10)
    sync.bugspark.set_report(report, severity=Severity.CRITICAL.value, updated_at=future)
    await sync.run()
    assert sync.labels(number) == {"bug", "critical"}
    sync.bugspark.set_report(report, severity=Severity.HIGH.value, updated_at=future)
    await sync.run()
    sync.github.clock.advance(30)
    relabel(sync, number, "high-priority", "low-priority")
    await assert_idle(sync)
    assert (sync.severity(report), sync.labels(number)) == ("low", {"bug", "low-priority"})


async def test_a_program_whose_clock_is_minutes_off_decides_as_one_whose_clock_is_right(
    sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, number = await sync.linked()
    clock: Any = sync.clock
    skew = timedelta(minutes=7)
    monkeypatch.setattr(type(clock), "now", lambda self: self._clock.now() + skew)
    sync.bugspark.set_report(report, severity="critical", updated_at=clock.now())
    sync.github.clock.advance(20)
    relabel(sync, number, "medium-priority", "low-priority")
    await assert_idle(sync)
    assert (sync.severity(report), sync.labels(number)) == ("low", {"bug", "low-priority"})
    sync.github.clock.advance(20)
    relabel(sync, number, "low-priority", "high-priority")
    sync.github.clock.advance(20)
    sync.bugspark.set_report(report, severity="critical", updated_at=clock.now())
    await assert_idle(sync)
    assert (sync.severity(report), sync.labels(number)) == ("critical", {"bug", "critical"})


async def test_the_same_change_on_both_sides_writes_nothing(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.change(report, status="resolved", severity="critical")
    sync.github.web.close(number, by="alice")
    relabel(sync, number, "medium-priority", "critical")
    before = sync.bugspark.report(report)
    result = await sync.run()
    assert not sync.writes
    assert sync.bugspark.report(report) == before
    assert (result.conflicts, lost(sync)) == (0, [])
    await assert_idle(sync)


async def test_two_closed_states_of_one_class_are_no_conflict(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.change(report, status="closed")
    sync.github.web.close(number, by="alice", reason="completed")
    await assert_idle(sync)
    assert (sync.status(report), sync.github.web.issue(number).reason) == ("closed", "completed")


async def test_several_fields_are_decided_each_on_its_own(sync: Sync) -> None:
    report, number = await sync.linked(severity="low")
    sync.change(report, status="resolved", severity="critical")
    sync.github.clock.advance(20)
    relabel(sync, number, "low-priority", "high-priority")
    sync.github.web.label(number, "crash", by="bob")
    await assert_idle(sync)
    assert (sync.status(report), sync.severity(report), sync.category(report)) == (
        "resolved",
        "high",
        "crash",
    )
    assert sync.github.web.issue(number).state == "closed"
    assert sync.labels(number) == {"bug", "high-priority", "crash"}


@pytest.mark.parametrize("fresher", ["issue", "report"])
async def test_first_contact_settles_what_differs_and_touches_nothing_else(sync: Sync, fresher: str) -> None:
    web = sync.github.web
    number = web.open_issue("Old friend", by="alice", labels=["critical", "theirs"]).number
    sync.github.clock.advance(60)
    at = LONG_AGO if fresher == "issue" else sync.github.clock.now()
    report = sync.bugspark.add_report(
        sync.project, "Old friend", status=Status.TRIAGING, severity=Severity.LOW, at=at
    )
    sync.bugspark.set_report(report, github_issue_number=number, github_repo="acme/web")
    sync.bugspark.add_comment(report, "older than the link", at=LONG_AGO)
    web.comment(number, "older than the link, too", by="bob")
    await assert_idle(sync)
    severity = "critical" if fresher == "issue" else "low"
    label = "critical" if fresher == "issue" else "low-priority"
    assert (sync.status(report), sync.severity(report)) == ("triaging", severity)
    assert sync.labels(number) == {label, "theirs"}
    assert sync.texts_in_bugspark(report) == [
        "older than the link",
        "**bob** (via GitHub):\n\nolder than the link, too",
    ]
    assert sync.texts_on_github(number) == ["older than the link, too"]
    assert lost(sync) == [("severity", "low" if fresher == "issue" else "critical")]


async def test_first_contact_of_equal_sides_writes_nothing(sync: Sync) -> None:
    number = sync.github.web.open_issue("Twin", by="alice", labels=["MEDIUM"]).number
    sync.github.web.close(number, by="alice")
    report = sync.bugspark.add_report(sync.project, "Twin", status=Status.CLOSED)
    sync.bugspark.set_report(report, github_issue_number=number, github_repo="acme/web")
    before, there = sync.bugspark.report(report), sync.github.web.picture()
    await assert_idle(sync)
    assert sync.bugspark.report(report) == before
    assert sync.github.web.picture() == there
    assert lost(sync) == []


async def test_titles_go_both_ways_only_when_asked_to(world_url: str, github: GitHub) -> None:
    async with open_sync(world_url, github, sync={"title": "both"}) as sync:
        report, number = await sync.linked(title="It doesn&#x27;t load")
        web = sync.github.web
        assert web.issue(number).title == "[BUG-0001] It doesn't load"
        sync.change(report, title="It never loads &amp; hangs")
        await assert_idle(sync)
        assert web.issue(number).title == "[BUG-0001] It never loads & hangs"
        web.retitle(number, "[BUG-0001] Loads <b>slowly</b>", by="alice")
        await assert_idle(sync)
        row = sync.bugspark.report(report)
        assert row is not None
        assert row["title"] == "Loads <b>slowly</b>"
        assert web.issue(number).title == "[BUG-0001] Loads <b>slowly</b>"
        sync.change(report, title="Ours @octocat")
        sync.github.clock.advance(30)
        web.retitle(number, "Theirs", by="alice")
        await assert_idle(sync)
        row = sync.bugspark.report(report)
        assert row is not None
        assert (row["title"], web.issue(number).title) == ("Theirs", "Theirs")
        assert lost(sync) == [("title", "Ours @octocat")]


async def test_titles_are_left_alone_otherwise(sync: Sync) -> None:
    report, number = await sync.linked(title="As filed")
    sync.change(report, title="Changed here")
    sync.github.web.retitle(number, "Changed there", by="alice")
    await assert_idle(sync)
    row = sync.bugspark.report(report)
    assert row is not None
    assert (row["title"], sync.github.web.issue(number).title) == ("Changed here", "Changed there")


async def test_several_severity_labels_count_as_the_most_severe_and_are_recorded(sync: Sync) -> None:
    report, number = await sync.linked(severity="low")
    sync.github.web.label(number, "critical", by="alice")
    await assert_idle(sync)
    assert sync.severity(report) == "critical"
    assert sync.labels(number) == {"bug", "low-priority", "critical"}
    sync.change(report, severity="medium")
    await assert_idle(sync)
    assert sync.labels(number) == {"bug", "medium-priority"}

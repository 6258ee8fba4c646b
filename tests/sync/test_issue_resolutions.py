"""Who closed an issue is read once, stored with the report, and announced in a comment if configured."""

from datetime import UTC
from typing import Any

import pytest

from reconciler.cli.status import DisplayOptions
from reconciler.cli.why import report_as_json, report_as_lines
from reconciler.demo.github.faults import Drop, Limit, error, redirect
from reconciler.model.passes import Outcome
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync
from tests.sync.test_project_settings import configure

COMMIT = "1a2b3c4" + "0" * 33
EVENTS = r"/issues/\d+/events"


async def resolution(sync: Sync, report: Any) -> Any:
    """The report's resolution as `why --json` has it."""
    return report_as_json(await sync.app.explain_report(str(report)))["resolution"]


def event_reads(sync: Sync) -> int:
    """How often events were read in all passes so far."""
    return sum("/events" in asked.path for asked in sync.github.simulator.requests)


async def test_who_closed_an_issue_and_by_which_commit_is_kept(sync: Sync) -> None:
    report, number = await sync.linked()
    assert await resolution(sync, report) is None
    sync.github.web.close(number, by="alice", commit=COMMIT)
    await sync.settle()
    assert sync.status(report) == "resolved"
    found = await resolution(sync, report)
    assert (found["by"], found["commit"]) == ("alice", COMMIT)
    assert found["at"] is not None
    assert sync.texts_in_bugspark(report) == []
    assert sync.texts_on_github(number) == []
    assert event_reads(sync) == 1


async def test_why_says_who_closed_the_issue(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice", reason="not_planned", commit=COMMIT)
    await sync.settle()
    shown = await sync.app.explain_report(str(report))
    text = "Closed as not planned by alice in 1a2b3c4"
    assert shown.resolution_text == text
    lines = list(report_as_lines(shown, DisplayOptions(now=sync.clock.now(), zone=UTC, is_unicode=True)))
    assert any(line.strip().startswith(text) for line in lines)


async def test_a_commit_of_another_repository_is_left_out(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice", commit=COMMIT, of="acme/other")
    await sync.settle()
    found = await resolution(sync, report)
    assert (sync.status(report), found["by"], found["commit"]) == ("resolved", "alice", None)


async def test_members_of_unexpected_shapes_keep_no_closing_back(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice", commit=COMMIT)
    issue, event = sync.github.web.issue(number), sync.github.web.events[number][-1]
    odd = {"closed_by": ["alice"], "closed_at": {"at": 1}}
    sync.github.simulator.views.edits |= {
        issue.id: lambda shown: shown.update(odd),
        event.id: lambda shown: shown.update(commit_id=7, commit_url=None),
    }
    await sync.settle()
    found = await resolution(sync, report)
    assert (sync.status(report), found["by"], found["commit"]) == ("resolved", "alice", None)


async def test_our_own_close_has_no_resolution_and_no_events_are_read(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.change(report, status="resolved")
    await sync.settle()
    assert sync.github.web.issue(number).state == "closed"
    assert (await resolution(sync, report), event_reads(sync)) == (None, 0)


async def test_our_own_close_whose_answer_was_lost_has_no_resolution(sync: Sync) -> None:
    await configure(sync, resolution_comment=True)
    report, number = await sync.linked()
    sync.change(report, status="resolved")
    sync.github.simulator.faults.add(Drop(applied=True), method="PATCH", path=rf"/issues/{number}$")
    await sync.run()
    sync.github.clock.advance(120)
    await sync.settle(passes=6)
    assert (sync.status(report), sync.github.web.issue(number).state) == ("resolved", "closed")
    assert await resolution(sync, report) is None
    assert sync.texts_in_bugspark(report) == []


async def test_a_close_on_both_sides_is_the_persons_of_github(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.change(report, status="closed")
    sync.github.web.close(number, by="alice")
    await sync.settle()
    assert (sync.status(report), sync.github.web.issue(number).state) == ("closed", "closed")
    assert (await resolution(sync, report))["by"] == "alice"


async def test_a_person_who_uses_the_tokens_account_is_named_like_anyone(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.close(number, by="bugspark-bot")
    await sync.settle()
    assert (sync.status(report), (await resolution(sync, report))["by"]) == ("resolved", "bugspark-bot")


async def test_an_initial_sync_reads_no_events_of_a_closed_issue(sync: Sync) -> None:
    report = sync.bugspark.add_report(sync.project)
    number = sync.github.web.open_issue("older", by="alice").number
    sync.github.web.close(number, by="alice")
    sync.github.clock.advance(60)
    sync.bugspark.set_report(
        report, github_repo="acme/web", github_issue_number=number, github_issue_url="https://github.com/x"
    )
    await configure(sync, conflict="github", resolution_comment=True)
    await sync.settle()
    assert sync.status(report) == "resolved"
    assert (await resolution(sync, report), event_reads(sync), sync.texts_in_bugspark(report)) == (
        None,
        0,
        [],
    )


async def test_opening_the_issue_again_ends_the_resolution_and_the_history_keeps_it(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice", commit=COMMIT)
    await sync.settle()
    sync.github.web.reopen(number, by="bob")
    await sync.settle()
    assert (sync.status(report), sync.github.web.issue(number).state) == ("new", "open")
    assert await resolution(sync, report) is None
    history = report_as_json(await sync.app.explain_report(str(report)))["story"]
    assert "opened again; before that: Closed as completed by alice in 1a2b3c4" in [
        line["rule"] for line in history
    ]


async def test_opening_the_report_again_in_bugspark_ends_the_resolution(sync: Sync) -> None:
    await configure(sync, resolution_comment=True)
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice")
    await sync.settle()
    sync.change(report, status="new")
    await sync.settle()
    assert (sync.github.web.issue(number).state, await resolution(sync, report)) == ("open", None)
    assert sync.texts_in_bugspark(report) == ["Closed as completed by alice"]


async def test_the_comment_says_who_closed_the_issue_and_that_it_was_reopened(sync: Sync) -> None:
    await configure(sync, resolution_comment=True)
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice", commit=COMMIT)
    await sync.settle()
    assert sync.texts_in_bugspark(report) == ["Closed as completed by alice in 1a2b3c4"]
    sync.github.clock.advance(60)
    sync.github.web.reopen(number, by="bob")
    await sync.settle()
    assert sync.texts_in_bugspark(report) == ["Closed as completed by alice in 1a2b3c4", "Reopened on GitHub"]
    assert {row["source"] for row in sync.bugspark.comments(report)} == {"github"}
    sync.github.clock.advance(30_000)
    await sync.settle(passes=5)
    assert sync.texts_on_github(number) == []
    assert len(sync.texts_in_bugspark(report)) == 2
    assert (await sync.app.explain_report(str(report))).skipped == ()


async def test_the_comment_is_never_sent_by_a_later_link(sync: Sync) -> None:
    await configure(sync, resolution_comment=True)
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice")
    await sync.settle()
    await sync.app.unlink(str(report))
    other = sync.github.web.open_issue("another", by="alice").number
    await sync.app.link(str(report), f"acme/web#{other}", backfill=True)
    await sync.settle()
    assert sync.texts_in_bugspark(report) == ["Closed as completed by alice"]
    assert (sync.texts_on_github(number), sync.texts_on_github(other)) == ([], [])


async def test_the_plan_has_the_comment_and_the_pass_makes_exactly_it(sync: Sync) -> None:
    await configure(sync, resolution_comment=True)
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice", reason="duplicate")
    plan = await sync.plan()
    assert [(each.kind, each.to) for each in plan.actions] == [
        ("set_field", "closed"),
        ("write_comment", "Closed as a duplicate by alice"),
    ]
    assert sync.texts_in_bugspark(report) == []
    result = await sync.run()
    assert (sync.status(report), sync.texts_in_bugspark(report)) == (
        "closed",
        ["Closed as a duplicate by alice"],
    )
    assert result.applied.comments_imported == 1
    assert not (await sync.plan()).actions


@pytest.mark.parametrize("listed", [True, False])
async def test_without_the_events_the_name_counts_that_the_issue_shows(sync: Sync, listed: bool) -> None:
    sync.github.world.assume(listed_issues_have_closed_by=listed)
    await configure(sync, resolution_comment=True)
    report, number = await sync.linked()
    sync.github.simulator.faults.add(
        error(403, "Resource not accessible"), method="GET", path=EVENTS, times=None
    )
    sync.github.web.close(number, by="alice", commit=COMMIT)
    await sync.settle()
    found = await resolution(sync, report)
    assert sync.status(report) == "resolved"
    assert (found["by"], found["commit"]) == ("alice" if listed else None, None)
    expected = "Closed as completed by alice" if listed else "Closed as completed on GitHub"
    assert sync.texts_in_bugspark(report) == [expected]


async def test_events_wait_for_the_budget_of_verification(world_url: str, github: GitHub) -> None:
    async with open_sync(
        world_url, github, limits={"points_per_minute": 1_000_000, "verify_points_per_minute": 1}
    ) as sync:
        await configure(sync, resolution_comment=True)
        report, number = await sync.linked()
        other, second = await sync.linked()
        sync.github.clock.advance(120)
        for each in (number, second):
            sync.github.web.close(each, by="alice", commit=COMMIT)
        await sync.run()
        found = [await resolution(sync, each) for each in (report, other)]
        assert sorted(each["commit"] or "" for each in found) == ["", COMMIT]
        assert [each["by"] for each in found] == ["alice", "alice"]
        assert sorted(map(len, (sync.texts_in_bugspark(report), sync.texts_in_bugspark(other)))) == [0, 1]


async def test_events_that_were_not_read_for_the_budget_are_read_by_verification(
    world_url: str, github: GitHub
) -> None:
    async with open_sync(
        world_url, github, limits={"points_per_minute": 1_000_000, "verify_points_per_minute": 2}
    ) as sync:
        await configure(sync, resolution_comment=True)
        made = [await sync.linked() for _ in range(4)]
        sync.github.clock.advance(120)
        for _, number in made:
            sync.github.web.close(number, by="alice", commit=COMMIT)
        await sync.run()
        assert [sync.status(report) for report, _ in made] == ["resolved"] * 4
        sync.github.clock.advance(600)
        for _ in range(4):
            await sync.run(seconds=61)
        for report, number in made:
            assert (await resolution(sync, report))["commit"] == COMMIT
            assert sync.texts_in_bugspark(report) == ["Closed as completed by alice in 1a2b3c4"]
            assert sync.texts_on_github(number) == []


async def test_a_limit_in_the_middle_of_the_events_keeps_no_closing_back(sync: Sync) -> None:
    await configure(sync, resolution_comment=True)
    made = [await sync.linked() for _ in range(3)]
    for _, number in made:
        sync.github.web.close(number, by="alice", commit=COMMIT)
    sync.github.simulator.faults.add(Limit(), method="GET", path=EVENTS, skip=1)
    await sync.run()
    assert [sync.status(report) for report, _ in made] == ["resolved"] * 3
    assert event_reads(sync) == 2
    assert (await sync.run()).outcome is Outcome.LIMITED
    found = [(await resolution(sync, report))["by"] for report, _ in made]
    assert found == ["alice"] * 3
    sync.github.clock.advance(700)
    await sync.settle(passes=5)
    for report, number in made:
        assert (await resolution(sync, report))["commit"] == COMMIT
        assert sync.texts_in_bugspark(report) == ["Closed as completed by alice in 1a2b3c4"]
        assert sync.texts_on_github(number) == []


async def test_events_that_can_not_be_read_keep_no_closing_back_and_are_tried_once_more(sync: Sync) -> None:
    await configure(sync, resolution_comment=True)
    report, number = await sync.linked()
    sync.github.simulator.faults.add(
        redirect("https://elsewhere.test/"), method="GET", path=EVENTS, times=None
    )
    sync.github.web.close(number, by="alice", commit=COMMIT)
    await sync.run()
    assert (sync.status(report), sync.texts_in_bugspark(report)) == ("resolved", [])
    assert (await resolution(sync, report))["by"] == "alice"
    sync.github.clock.advance(700)
    await sync.settle(passes=5)
    assert sync.texts_in_bugspark(report) == ["Closed as completed by alice"]
    sync.github.clock.advance(700)
    before = event_reads(sync)
    await sync.settle(passes=5)
    assert event_reads(sync) == before


async def test_a_second_closing_between_two_passes_names_the_last_person(sync: Sync) -> None:
    await configure(sync, resolution_comment=True)
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice")
    await sync.settle()
    sync.github.clock.advance(60)
    sync.github.web.reopen(number, by="alice")
    sync.github.clock.advance(60)
    sync.github.web.close(number, by="bob")
    await sync.settle()
    assert (sync.status(report), (await resolution(sync, report))["by"]) == ("resolved", "bob")
    assert sync.texts_in_bugspark(report) == ["Closed as completed by alice", "Closed as completed by bob"]


async def test_a_conflict_reads_the_events_once_for_both(sync: Sync) -> None:
    report, number = await sync.linked(status="resolved")
    await sync.settle()
    sync.github.web.reopen(number, by="alice")
    await sync.settle()
    sync.change(report, severity="low", status="triaging")
    sync.github.clock.advance(60)
    sync.github.web.close(number, by="alice")
    sync.github.web.label(number, "critical", by="alice")
    before = event_reads(sync)
    await sync.settle()
    assert event_reads(sync) == before + 1
    assert (sync.status(report), sync.severity(report)) == ("resolved", "critical")
    assert (await resolution(sync, report))["by"] == "alice"


async def test_comments_that_do_not_come_to_bugspark_have_none_about_closings(sync: Sync) -> None:
    await configure(sync, resolution_comment=True, directions={"comments": "to_github"})
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice")
    await sync.settle()
    assert (sync.status(report), sync.texts_in_bugspark(report)) == ("resolved", [])
    assert (await resolution(sync, report))["by"] == "alice"


async def test_a_deleted_comment_about_a_closing_is_not_made_again(sync: Sync) -> None:
    await configure(sync, resolution_comment=True)
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice")
    await sync.settle()
    sync.bugspark.execute("DELETE FROM comments")
    sync.github.clock.advance(30_000)
    await sync.settle(passes=5)
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == ([], [])
    assert (await resolution(sync, report))["by"] == "alice"

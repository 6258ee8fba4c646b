"""Second issues of one report, made by BugSpark's export button: shown, and settled by a person's word."""

from collections.abc import AsyncIterator

import pytest

from reconciler.demo.github.faults import Drop, Stale
from reconciler.errors import GitHubError, RefusedError
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.passes import NullProgress
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync
from tests.sync.test_followers import ON_BOTH, followed, rows_of_followers


async def shown(sync: Sync, report: ReportId) -> tuple[str, str]:
    view = await sync.app.explain_report(str(report))
    return view.state, view.reason or ""


async def attention(sync: Sync) -> list[tuple[str, str | None]]:
    """What of the project needs a person."""
    (health,), _ = await sync.app.status(await sync.app.find_project(str(sync.project)))
    return [(item.what, item.issue) for item in health.attention]


async def settle(sync: Sync) -> None:
    await sync.settle(5)
    assert (await sync.plan()).actions == ()
    await sync.run()
    assert not sync.writes


@pytest.fixture
async def report(sync: Sync) -> ReportId:
    """A linked report whose button was pressed once more."""
    made, number = await sync.linked()
    assert number == 1
    sync.add_comment(made, "first")
    await sync.settle()
    assert sync.press_button(made) == 2
    await settle(sync)
    return made


async def test_the_button_on_a_linked_report_is_a_problem_that_is_shown(sync: Sync, report: ReportId) -> None:
    assert sync.number(report) == 1
    state, reason = await shown(sync, report)
    assert state == "Needs attention"
    for part in ("acme/web#2", "reconcile link Shop:BUG-0001 acme/web#2 --instead", "reconcile duplicate"):
        assert part in reason
    assert await attention(sync) == [("second", "acme/web#2")]
    assert sync.github.web.issue(2).state == "open"


async def test_it_is_closed_as_a_duplicate(sync: Sync, report: ReportId) -> None:
    assert "acme/web#1" in await sync.app.close_duplicate_issue(str(report), "acme/web#2")
    issue = sync.github.web.issue(2)
    assert (issue.state, issue.reason) == ("closed", "duplicate")
    await settle(sync)
    assert (await shown(sync, report))[0] == "Synced"
    assert await attention(sync) == []
    assert sync.status(report) == "new"


async def test_a_lost_answer_to_the_closing_is_reported_and_the_command_can_be_repeated(
    sync: Sync, report: ReportId
) -> None:
    sync.github.simulator.faults.add(Drop(applied=True), method="PATCH", path="/issues/2$")
    with pytest.raises(GitHubError, match="run the command again"):
        await sync.app.close_duplicate_issue(str(report), "acme/web#2")
    await sync.app.close_duplicate_issue(str(report), "acme/web#2")
    assert await attention(sync) == []


async def test_it_is_linked_instead(sync: Sync, report: ReportId) -> None:
    sync.github.web.comment(2, "on the second", by="bob")
    sync.add_comment(report, "after the second press")
    await sync.settle()
    await sync.app.link(str(report), "acme/web#2", backfill=False, instead=True)
    await settle(sync)
    assert sync.number(report) == 2
    assert (await shown(sync, report))[0] == "Synced"
    assert await attention(sync) == []
    assert any("on the second" in body for body in sync.texts_in_bugspark(report))
    assert any("after the second press" in body for body in sync.texts_on_github(2))
    assert not any("first" in body for body in sync.texts_on_github(2)), "it was written before that issue"
    assert sync.github.web.issue(1).state == "open"
    await sync.app.close_duplicate_issue(str(report), "acme/web#1")
    assert sync.github.web.issue(1).state == "closed"
    await settle(sync)
    assert sync.status(report) == "new"


async def test_closing_it_by_hand_ends_the_problem(sync: Sync, report: ReportId) -> None:
    sync.github.web.close(2, by="alice")
    await settle(sync)
    assert await attention(sync) == []
    assert (await shown(sync, report))[0] == "Synced"
    assert sync.status(report) == "new"


async def test_only_exports_of_this_report_are_taken(sync: Sync, report: ReportId) -> None:
    other = sync.bugspark.add_report(sync.project, "Another")
    foreign = sync.press_button(other)
    by_hand = sync.github.web.open_issue("[BUG-0001] It breaks", "me too", by="alice").number
    for number in (foreign, by_hand, 99):
        with pytest.raises(RefusedError):
            await sync.app.close_duplicate_issue(str(report), f"acme/web#{number}")
        with pytest.raises(RefusedError):
            await sync.app.link(str(report), f"acme/web#{number}", backfill=False, instead=True)
    with pytest.raises(RefusedError, match="the one that stays"):
        await sync.app.close_duplicate_issue(str(report), "acme/web#1")
    assert sync.number(report) == 1
    assert {row["state"] for row in sync.github.web.picture().values()} == {"open"}


async def test_pressed_twice_before_it_is_found_a_person_chooses(sync: Sync) -> None:
    await sync.run()
    report = sync.bugspark.add_report(sync.project, "It breaks")
    assert (sync.press_button(report), sync.press_button(report)) == (1, 2)
    await settle(sync)
    assert sorted(await attention(sync)) == [("second", "acme/web#1"), ("second", "acme/web#2")]
    assert (await shown(sync, report))[0] == "Needs attention"
    sync.github.web.label(1, "help", by="alice")  # listed alone: still not unique
    await settle(sync)
    assert (await shown(sync, report))[0] == "Needs attention"
    await sync.app.link(str(report), "acme/web#2", backfill=False, instead=True)
    await sync.app.close_duplicate_issue(str(report), "acme/web#1")
    await settle(sync)
    assert sync.number(report) == 2
    assert (await shown(sync, report))[0] == "Synced"
    assert await attention(sync) == []


@pytest.fixture
async def exporting(world_url: str, github: GitHub) -> AsyncIterator[Sync]:
    """A project with `export = "all"`, after its first pass."""
    async with open_sync(world_url, github, sync={"export": "all"}) as sync:
        await sync.run()
        yield sync


def file_report(sync: Sync) -> ReportId:
    return sync.bugspark.add_report(sync.project, "It breaks", at=sync.github.clock.now())


def add_neighbour(sync: Sync) -> ProjectId:
    """Another project that is connected to the same repository, and has had no pass."""
    other = sync.bugspark.add_project("Second shop")
    sync.bugspark.add_integration(other, token=sync.github.token)
    return other


async def find_retitled_export(sync: Sync) -> ReportId:
    """A new report whose issue, made by the button, got another title before the pass that finds it."""
    report = file_report(sync)
    sync.github.web.retitle(sync.press_button(report), "Checkout fails", by="alice")
    await sync.run(seconds=61)
    return report


@pytest.mark.parametrize("lag", [False, True])
async def test_the_button_is_faster_than_our_export(exporting: Sync, lag: bool) -> None:
    github, report = exporting.github, file_report(exporting)
    await exporting.run(seconds=1)
    assert github.web.picture() == {}, "it waits for the settle time"
    exporting.press_button(report)
    if lag:
        github.simulator.faults.add(Stale(seconds=30), method="GET", path="direction=desc", times=2)
    await exporting.run(seconds=61)
    await settle(exporting)
    assert exporting.number(report) == 1
    assert len(github.web.picture()) == 1
    assert await attention(exporting) == []


@pytest.mark.parametrize("edited", ["title", "appended", "text"])
async def test_an_issue_of_the_button_that_people_edited_at_once_is_not_made_again(
    exporting: Sync, edited: str
) -> None:
    web, report = exporting.github.web, file_report(exporting)
    number = exporting.press_button(report)
    body = web.issue(number).body
    if edited == "title":
        web.retitle(number, "Checkout fails on Safari", by="alice")
    else:
        changed = f"{body}\n\nSeen again on Monday." if edited == "appended" else "Rewritten by hand."
        web.rewrite(number, changed, by="alice")
    await exporting.run(seconds=61)
    await settle(exporting)
    assert list(web.picture()) == [number], "no second issue"
    assert await attention(exporting) == [("second", f"acme/web#{number}")]
    reason = (await shown(exporting, report))[1]
    assert f"was changed: `reconcile link Shop:BUG-0001 acme/web#{number}` links it" in reason
    by_footer = edited != "text"  # as the buttons of the report's page do it
    await exporting.app.link(str(report), f"acme/web#{number}", backfill=False, instead=by_footer)
    await settle(exporting)
    assert (await shown(exporting, report))[0] == "Synced"
    assert await attention(exporting) == []


async def test_an_issue_of_the_button_that_fits_two_projects_reports_is_not_made_again(
    exporting: Sync,
) -> None:
    report = file_report(exporting)
    exporting.bugspark.add_report(add_neighbour(exporting), "It breaks", tracking_id="BUG-0001")
    number = exporting.press_button(report)
    await exporting.run(seconds=61)
    await settle(exporting)
    assert list(exporting.github.web.picture()) == [number], "no second issue"
    assert "but fits another report as well: `reconcile link" in (await shown(exporting, report))[1]


async def test_an_issue_of_the_button_for_another_projects_report_keeps_no_export_back(
    exporting: Sync,
) -> None:
    report = file_report(exporting)
    exporting.press_button(
        exporting.bugspark.add_report(add_neighbour(exporting), "Something else", tracking_id="BUG-0001")
    )
    await exporting.run(seconds=61)
    await settle(exporting)
    assert exporting.number(report) == 2
    assert await attention(exporting) == []


async def test_with_manual_discovery_the_buttons_issue_is_shown_once_and_not_asked_for_again(
    world_url: str, github: GitHub
) -> None:
    async with open_sync(world_url, github, sync={"export": "all", "discover": "manual"}) as sync:
        await sync.run()
        report = file_report(sync)
        number = sync.press_button(report)
        await sync.run(seconds=61)
        assert await attention(sync) == [("second", f"acme/web#{number}")]
        assert "sync.discover is manual: `reconcile link" in (await shown(sync, report))[1]
        await settle(sync)
        assert (await sync.run(seconds=61)).github.requests == 2, "the two lists, and nothing besides"
        assert list(github.web.picture()) == [number]


async def test_a_person_may_have_another_issue_made_beside_an_edited_one(exporting: Sync) -> None:
    report = await find_retitled_export(exporting)
    (made,) = await exporting.app.export((str(report),), NullProgress())
    assert made.url is not None and made.url.endswith("/2")
    assert await attention(exporting) == [("second", "acme/web#1")]
    done = await exporting.app.dismiss(str(report))
    assert done == "BUG-0001: acme/web#1 stays as it is, and is not synced"
    await settle(exporting)
    assert exporting.number(report) == 2
    assert (await shown(exporting, report))[0] == "Synced"
    assert await attention(exporting) == []
    assert exporting.github.web.issue(1).state == "open"


async def test_an_edited_issue_that_is_dismissed_leaves_the_report_unlinked_until_it_is_exported_by_name(
    exporting: Sync,
) -> None:
    report = await find_retitled_export(exporting)
    await exporting.app.dismiss(str(report))
    await settle(exporting)
    assert (await shown(exporting, report))[0] == "Not linked"
    assert list(exporting.github.web.picture()) == [1]
    await exporting.app.export((str(report),), NullProgress())
    assert exporting.number(report) == 2


async def test_a_persons_issue_or_an_older_one_that_names_a_report_keeps_no_export_back(
    exporting: Sync,
) -> None:
    web, footer = exporting.github.web, "---\n*Exported from BugSpark (BUG-0001)*"
    web.open_issue("[BUG-0001] It breaks", footer, by="alice")
    web.open_issue("Of another BugSpark", footer, by="bugspark-bot")
    exporting.github.clock.advance(3_600)
    report = file_report(exporting)
    await exporting.run(seconds=61)
    assert exporting.number(report) == 3
    await settle(exporting)
    assert await attention(exporting) == []


async def test_our_export_is_faster_than_the_button(exporting: Sync) -> None:
    report = file_report(exporting)
    await exporting.run(seconds=61)
    assert exporting.number(report) == 1
    exporting.press_button(report)
    await settle(exporting)
    assert await attention(exporting) == [("second", "acme/web#2")]


async def test_an_export_by_name_waits_for_nothing(sync: Sync) -> None:
    report = file_report(sync)
    (result,) = await sync.app.export((str(report),), NullProgress())
    assert result.url is not None


@ON_BOTH
async def test_the_button_on_a_follower_is_a_problem_that_is_shown_and_settled_either_way(sync: Sync) -> None:
    lead, number, (first, second) = await followed(sync, reports=2)
    made = [sync.press_button(each) for each in (first, second)]
    await settle(sync)
    assert await attention(sync) == [("second", f"acme/web#{each}") for each in made]
    for report, name, issue in ((first, "BUG-0002", made[0]), (second, "BUG-0003", made[1])):
        state, reason = await shown(sync, report)
        assert state == "Needs attention"
        assert f"acme/web#{issue} was made by exporting {name}, which follows another report" in reason
        assert f"reconcile duplicate Shop:{name} acme/web#{issue}" in reason
    assert f"acme/web#{number}" in await sync.app.close_duplicate_issue(str(first), f"acme/web#{made[0]}")
    closed = sync.github.web.issue(made[0])
    assert (closed.state, closed.reason) == ("closed", "duplicate")
    await sync.app.link(str(second), f"acme/web#{made[1]}", backfill=False, instead=True)
    await settle(sync)
    assert await attention(sync) == []
    assert rows_of_followers(sync) == [first]
    assert (sync.number(lead), sync.number(second)) == (number, made[1])
    assert [(await shown(sync, each))[0] for each in (lead, first, second)] == ["Synced"] * 3

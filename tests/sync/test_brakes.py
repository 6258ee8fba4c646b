"""Safety limits, from the outside: what is withheld, what is synced, how it is shown and released."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from reconciler.demo.github.faults import Limit, error
from reconciler.model.fields import Field, Side
from reconciler.model.health import AttentionItem, ProjectHealth
from reconciler.model.ids import ReportId
from reconciler.model.passes import NullProgress, Outcome, PassResult
from reconciler.store.schema.tables import links
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync

MINUTES = 60.0


async def health(sync: Sync) -> ProjectHealth:
    shown, _ = await sync.app.status(await sync.app.find_project(str(sync.project)))
    return shown[0]


async def frozen(sync: Sync) -> list[AttentionItem]:
    return [item for item in (await health(sync)).attention if item.what == "frozen"]


# --- flap -------------------------------------------------------------------------------------------------


async def undone(sync: Sync, report: ReportId, number: int, *, by: str = "alice") -> PassResult:
    """Ada resolves, we close, somebody reopens, we take that over."""
    sync.change(report, status="resolved")
    await sync.run()
    assert sync.github.web.issue(number).state == "closed"
    sync.github.clock.advance(5)
    sync.github.web.reopen(number, by=by)
    return await sync.run()


async def test_a_field_undone_three_times_within_an_hour_is_frozen(sync: Sync) -> None:
    report, number = await sync.linked(severity="low")
    for _ in range(2):
        await undone(sync, report, number, by="bob")
        assert (sync.status(report), await frozen(sync)) == ("new", [])
    third = await undone(sync, report, number, by="bob")
    assert third.outcome is Outcome.PARTIAL
    [item] = await frozen(sync)
    assert (item.field, item.issue) == ("status", f"acme/web#{number}")
    assert "bob" in item.reason
    assert (sync.status(report), sync.github.web.issue(number).state) == ("resolved", "open")
    sync.change(report, status="closed")
    sync.github.web.label(number, "wontfix", by="bob")
    await sync.settle()
    assert (sync.status(report), sync.github.web.issue(number).state) == ("closed", "open")
    assert not sync.writes


async def test_the_other_fields_of_a_link_with_a_frozen_one_go_on(sync: Sync) -> None:
    report, number = await sync.linked(severity="low")
    for _ in range(3):
        await undone(sync, report, number)
    sync.change(report, severity="critical")
    sync.add_comment(report, "still here")
    await sync.settle()
    assert sync.labels(number) == {"bug", "critical"}
    assert len(sync.texts_on_github(number)) == 1
    sync.github.web.unlabel(number, "critical", by="bob")
    sync.github.web.label(number, "high", by="bob")
    await sync.settle()
    assert sync.severity(report) == "high"
    assert len(await frozen(sync)) == 1


@pytest.mark.parametrize("side", ["bugspark", "github"])
async def test_a_frozen_field_thaws_when_both_sides_are_equal(sync: Sync, side: str) -> None:
    report, number = await sync.linked()
    for _ in range(3):
        await undone(sync, report, number)
    if side == "bugspark":
        sync.change(report, status="triaging")
    else:
        sync.github.web.close(number, by="alice")
    await sync.run()
    assert await frozen(sync) == []
    sync.github.clock.advance(61 * MINUTES)
    wanted = "in_progress" if side == "github" else "resolved"
    sync.change(report, status=wanted)
    await sync.settle()
    assert sync.status(report) == wanted
    assert sync.github.web.issue(number).state == ("open" if side == "github" else "closed")


@pytest.mark.parametrize(
    ("take", "status", "state"), [("bugspark", "resolved", "closed"), ("github", "new", "open")]
)
async def test_a_person_thaws_a_frozen_field_and_says_who_is_right(
    sync: Sync, take: str, status: str, state: str
) -> None:
    report, number = await sync.linked()
    for _ in range(3):
        await undone(sync, report, number)
    await sync.settle()
    await sync.app.resolve(str(report), Field.STATUS, Side(take))
    await sync.settle()
    assert await frozen(sync) == []
    assert (sync.status(report), sync.github.web.issue(number).state) == (status, state)


async def test_a_field_that_is_undone_again_after_a_thaw_is_frozen_again(sync: Sync) -> None:
    report, number = await sync.linked()
    for _ in range(3):
        await undone(sync, report, number)
    await sync.app.resolve(str(report), Field.STATUS, Side.BUGSPARK)
    await sync.run()
    assert sync.github.web.issue(number).state == "closed"
    sync.github.web.reopen(number, by="bob")
    await sync.run()
    [item] = await frozen(sync)
    assert "bob" in item.reason


async def test_labels_put_back_by_a_bot_freeze_the_severity_only(sync: Sync) -> None:
    report, number = await sync.linked(severity="low")
    for _ in range(3):
        sync.change(report, severity="critical")
        await sync.run()
        assert sync.labels(number) == {"bug", "critical"}
        sync.github.web.label(number, "low-priority", by="bob")
        sync.github.web.unlabel(number, "critical", by="bob")
        await sync.run()
    [item] = await frozen(sync)
    assert (item.field, "bob" in item.reason) == ("severity", True)
    assert (sync.severity(report), sync.labels(number)) == ("critical", {"bug", "low-priority"})


async def test_reversals_spread_over_more_than_an_hour_are_peoples_work(sync: Sync) -> None:
    report, number = await sync.linked()
    for _ in range(5):
        await undone(sync, report, number)
        sync.github.clock.advance(31 * MINUTES)
        assert (sync.status(report), sync.github.web.issue(number).state) == ("new", "open")
    assert await frozen(sync) == []


async def test_a_person_who_changes_their_mind_on_github_is_followed_each_time(sync: Sync) -> None:
    report, number = await sync.linked()
    for _ in range(5):
        sync.github.web.close(number, by="alice")
        await sync.run()
        assert sync.status(report) == "resolved"
        sync.github.web.reopen(number, by="alice")
        await sync.run()
        assert sync.status(report) == "new"
    assert await frozen(sync) == []


async def test_a_person_who_changes_their_mind_in_bugspark_is_followed_each_time(sync: Sync) -> None:
    report, number = await sync.linked()
    for _ in range(5):
        sync.change(report, status="resolved")
        await sync.run()
        assert sync.github.web.issue(number).state == "closed"
        sync.change(report, status="new")
        await sync.run()
        assert sync.github.web.issue(number).state == "open"
    assert await frozen(sync) == []


async def test_a_third_value_is_an_answer_and_not_a_reversal(sync: Sync) -> None:
    report, number = await sync.linked(severity="low")
    for wanted, answer in (("critical", "high"), ("low", "medium"), ("critical", "high"), ("low", "medium")):
        sync.change(report, severity=wanted)
        await sync.run()
        for label in sync.labels(number) - {"bug"}:
            sync.github.web.unlabel(number, label, by="bob")
        sync.github.web.label(number, answer, by="bob")
        await sync.run()
        assert sync.severity(report) == answer
    assert await frozen(sync) == []


async def test_events_are_read_only_when_a_field_is_frozen(sync: Sync) -> None:
    report, number = await sync.linked()
    for _ in range(2):
        await undone(sync, report, number)
        assert not [seen for seen in sync.asked if "/events" in seen.path]
    await undone(sync, report, number)
    assert len([seen for seen in sync.asked if "/events" in seen.path]) == 1
    await sync.run()
    assert [seen.status for seen in sync.asked] == [304, 304]


# --- a repository that turned public ----------------------------------------------------------------------


@pytest.fixture
async def private(world_url: str, github: GitHub) -> AsyncIterator[Sync]:
    """The same world around a repository that only its people see."""
    github.web.make_private()
    async with open_sync(world_url, github) as world:
        yield world


async def test_text_waits_when_a_repository_has_turned_public(private: Sync) -> None:
    sync = private
    report, number = await sync.linked(severity="low")
    fresh = sync.bugspark.add_report(sync.project)
    sync.github.web.make_private(private=False)
    comment = sync.add_comment(report, "our secret")
    sync.change(report, status="resolved", severity="critical")
    [asked] = await sync.app.export((str(fresh),), NullProgress())
    result = await sync.settle()
    assert (result.outcome, result.error and result.error.kind) == (Outcome.PARTIAL, "public")
    assert (asked.url, sync.texts_on_github(number), len(sync.github.web.picture())) == (None, [], 1)
    assert sync.github.web.issue(number).state == "closed", "states go on"
    assert sync.labels(number) == {"bug", "critical"}, "and labels"
    sync.github.web.comment(number, "hello from outside", by="bob")
    await sync.run()
    assert len(sync.texts_in_bugspark(report)) == 2, "what is said on GitHub comes in"
    assert (await health(sync)).exposed
    await sync.run(accept="public")
    await sync.settle()
    assert any("our secret" in body for body in sync.texts_on_github(number))
    assert len(sync.github.web.picture()) == 2
    found = await health(sync)
    assert (found.exposed, found.pending) == (False, 0)
    assert sync.bugspark.comment(comment) is not None


async def test_a_repository_made_private_again_needs_no_word(private: Sync) -> None:
    sync = private
    report, number = await sync.linked()
    sync.github.web.make_private(private=False)
    sync.add_comment(report, "our secret")
    await sync.run()
    assert sync.texts_on_github(number) == []
    sync.github.web.make_private()
    await sync.settle()
    assert len(sync.texts_on_github(number)) == 1
    assert not (await health(sync)).exposed


async def test_a_comment_deleted_while_it_was_held_back_never_goes_out(private: Sync) -> None:
    sync = private
    report, number = await sync.linked()
    sync.github.web.make_private(private=False)
    comment = sync.add_comment(report, "our secret")
    await sync.run()
    sync.bugspark.delete_comment(comment)
    await sync.run(accept="public")
    await sync.settle()
    assert sync.texts_on_github(number) == []


async def test_a_rename_does_not_hide_that_it_turned_public(private: Sync) -> None:
    sync = private
    report, number = await sync.linked()
    sync.github.web.rename("site")
    sync.github.web.make_private(private=False)
    sync.bugspark.execute("UPDATE integrations SET is_active = false")
    sync.bugspark.add_integration(sync.project, repo="site", token=sync.github.token)
    sync.add_comment(report, "our secret")
    await sync.settle()
    assert sync.texts_on_github(number) == []
    assert (await health(sync)).exposed


async def test_a_repository_that_was_always_public_is_not_held(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "hello")
    result = await sync.settle()
    assert (result.outcome, len(sync.texts_on_github(number))) == (Outcome.OK, 1)
    refused = await sync.run(accept="public")
    assert (refused.outcome, sync.writes) == (Outcome.FAILED, [])


# --- guard ------------------------------------------------------------------------------------------------


SETTLED = 61.0
"""So much later an automatic export no longer waits for BugSpark's own button."""


def exporting(**guard: Any) -> dict[str, Any]:
    return {"sync": {"export": "all"}, "guard": guard}


async def test_no_more_new_issues_than_allowed_go_out_in_a_pass(world_url: str, github: GitHub) -> None:
    async with open_sync(world_url, github, **exporting(max_new_issues=3)) as sync:
        await sync.run()
        for _ in range(8):
            sync.bugspark.add_report(sync.project, at=github.clock.now())
        made = []
        for _ in range(4):
            result = await sync.run(seconds=SETTLED)
            made.append(result.applied.issues_created)
        assert made == [3, 3, 2, 0]
        assert len(github.web.picture()) == 8


async def test_issues_left_over_from_a_limited_pass_count_too(world_url: str, github: GitHub) -> None:
    async with open_sync(world_url, github, **exporting(max_new_issues=3)) as sync:
        await sync.run()
        for _ in range(8):
            sync.bugspark.add_report(sync.project, at=github.clock.now())
        github.simulator.faults.add(Limit(wait=60), method="POST", path="/issues$")
        limited = await sync.run(seconds=SETTLED)
        assert (limited.outcome, github.web.picture()) == (Outcome.LIMITED, {})
        made = [(await sync.run(seconds=120)).applied.issues_created for _ in range(3)]
        assert made == [3, 3, 2]


async def test_refused_issues_that_may_go_again_count_too(world_url: str, github: GitHub) -> None:
    async with open_sync(world_url, github, **exporting(max_new_issues=3)) as sync:
        await sync.run()
        for _ in range(5):
            sync.bugspark.add_report(sync.project, at=github.clock.now())
        github.simulator.faults.add(error(422, "Validation Failed"), method="POST", path="/issues$", times=3)
        refused = await sync.run(seconds=SETTLED)
        assert (refused.quarantined, github.web.picture()) == (3, {})
        made = [(await sync.run()).applied.issues_created for _ in range(3)]
        assert made == [3, 2, 0]


async def test_an_explicit_export_is_exempt_from_max_new_issues(world_url: str, github: GitHub) -> None:
    async with open_sync(world_url, github, **exporting(max_new_issues=0)) as sync:
        await sync.run()
        asked = [sync.bugspark.add_report(sync.project, at=github.clock.now()) for _ in range(4)]
        sync.bugspark.add_report(sync.project, at=github.clock.now())
        done = await sync.app.export(tuple(map(str, asked)), NullProgress())
        assert [each.url is not None for each in done] == [True] * 4
        await sync.settle()
        assert len(github.web.picture()) == 4, "the fifth was not asked for"


@pytest.mark.parametrize(("share", "gone", "waits"), [(0.5, 10, False), (0.5, 11, True)])
async def test_the_share_is_of_all_comments_the_ledger_knows(
    world_url: str, github: GitHub, share: float, gone: int, waits: bool
) -> None:
    guard = {"max_share": share, "max_deletions": 100}
    async with open_sync(world_url, github, guard=guard) as sync:
        report, number = await sync.linked()
        comments = [sync.add_comment(report, f"comment {n}") for n in range(15)]
        github.web.seed_comments(number, [f"theirs {n}" for n in range(5)], by="bob")
        await sync.settle()
        for comment in comments[:gone]:
            sync.bugspark.delete_comment(comment)
        result = await sync.run()
        assert (result.withheld is not None) == waits
        assert len(sync.texts_on_github(number)) == (20 if waits else 20 - gone)


async def test_all_of_one_side_wait_although_they_are_a_small_share(world_url: str, github: GitHub) -> None:
    async with open_sync(world_url, github, guard={"max_share": 1.0, "max_deletions": 100}) as sync:
        report, number = await sync.linked()
        comments = [sync.add_comment(report, f"comment {n}") for n in range(5)]
        github.web.seed_comments(number, [f"theirs {n}" for n in range(60)], by="bob")
        await sync.settle()
        for comment in comments:
            sync.bugspark.delete_comment(comment)
        assert (await sync.run()).withheld is not None
        assert len(sync.texts_on_github(number)) == 65


async def test_a_link_that_ends_takes_its_withheld_deletions_out_of_the_question(sync: Sync) -> None:
    report, number = await sync.linked()
    comments = [sync.add_comment(report, f"comment {n}") for n in range(8)]
    await sync.settle()
    for comment in comments[:7]:
        sync.bugspark.delete_comment(comment)
    assert (await sync.run()).withheld is not None
    sync.github.web.delete_issue(number, by="alice")
    await sync.run(seconds=7 * 60 * MINUTES)
    await sync.run(seconds=61)
    result = await sync.settle()
    [row] = sync.bugspark.rows(sa.select(links.c.state).where(links.c.report_id == report))
    assert row["state"] == "gone"
    assert (result.outcome, result.withheld) == (Outcome.OK, None)
    assert sync.texts_in_bugspark(report) == ["comment 7"]

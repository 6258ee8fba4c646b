"""Writes of unknown outcome to what is there already, and people who act before it is known."""

from itertools import permutations

import pytest

from reconciler.demo.github.faults import Drop, DuringRequest, Fault, Truncate, error, html
from reconciler.model.passes import NullProgress
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync
from tests.sync.test_unknown import assert_idle, recovered

ISSUE = r"/issues/\d+$"
LABELS = r"/labels"
COMMENT = r"/issues/comments/\d+$"
LOST: dict[str, Fault] = {
    "dropped before": Drop(),
    "502 after": html(502, applied=True),
    "200 cut short": Truncate(),
}
SWAPS = [("low", "critical", "POST"), ("low", "critical", "DELETE"), ("critical", "low", "DELETE")]


@pytest.mark.parametrize("name", LOST)
async def test_a_close_whose_answer_was_lost_is_done_once(sync: Sync, name: str) -> None:
    report, number = await sync.linked()
    sync.change(report, status="closed")
    sync.github.simulator.faults.add(LOST[name], method="PATCH", path=ISSUE)
    await sync.run()
    await recovered(sync)
    issue = sync.github.web.issue(number)
    assert (sync.status(report), issue.state, issue.reason) == ("closed", "closed", "not_planned")
    await assert_idle(sync)


@pytest.mark.parametrize("name", LOST)
@pytest.mark.parametrize(("old", "new", "method"), SWAPS)
async def test_a_label_swap_whose_answer_was_lost_in_either_half_is_finished(
    sync: Sync, name: str, old: str, new: str, method: str
) -> None:
    report, number = await sync.linked(severity=old)
    sync.change(report, severity=new)
    sync.github.simulator.faults.add(LOST[name], method=method, path=LABELS)
    await sync.run()
    await recovered(sync)
    assert sync.severity(report) == new
    assert sync.labels(number) == {"bug", "critical" if new == "critical" else "low-priority"}
    await assert_idle(sync)


@pytest.mark.parametrize("policy", ["newest", "github", "bugspark"])
@pytest.mark.parametrize(
    ("old", "new", "later"), [*permutations(("high", "low", "critical")), ("high", "low", "high")]
)
async def test_a_change_after_half_a_swap_is_bugsparks_alone_with_every_policy(
    world_url: str, github: GitHub, policy: str, old: str, new: str, later: str
) -> None:
    """The answer to the new label was lost, so the old one is still there: nobody on GitHub wanted that."""
    async with open_sync(world_url, github, sync={"conflict": policy}) as sync:
        report, number = await sync.linked(severity=old)
        sync.change(report, severity=new)
        sync.github.simulator.faults.add(Drop(applied=True), method="POST", path=LABELS)
        await sync.run()
        sync.change(report, severity=later)
        await recovered(sync)
        wanted = later if later == "critical" else f"{later}-priority"
        assert (sync.severity(report), sync.labels(number)) == (later, {"bug", wanted})
        assert "conflict" not in {row["kind"] for row in sync.bugspark.rows_of("sync_changes")}
        await assert_idle(sync)


@pytest.mark.parametrize("name", LOST)
async def test_a_deletion_whose_answer_was_lost_is_done(sync: Sync, name: str) -> None:
    report, number = await sync.linked()
    comment = sync.add_comment(report, "oops")
    sync.add_comment(report, "stays")
    await sync.settle()
    sync.bugspark.delete_comment(comment)
    sync.github.simulator.faults.add(LOST[name], method="DELETE", path=COMMENT)
    await sync.run()
    await recovered(sync)
    assert [body.split("\n")[2] for body in sync.texts_on_github(number)] == ["stays"]
    assert sync.texts_in_bugspark(report) == ["stays"]
    await assert_idle(sync)


async def test_a_person_who_reopens_what_we_may_have_closed_is_not_overruled(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.change(report, status="resolved")
    sync.github.simulator.faults.add(Drop(applied=True), method="PATCH", path=ISSUE)
    await sync.run()
    sync.github.clock.advance(5)
    sync.github.web.reopen(number, by="alice")
    await sync.run()
    await recovered(sync)
    assert (sync.status(report), sync.github.web.issue(number).state) == ("new", "open")
    await assert_idle(sync)


async def test_a_person_who_takes_our_label_off_again_is_not_overruled(sync: Sync) -> None:
    report, number = await sync.linked(severity="low")
    sync.change(report, severity="critical")
    sync.github.simulator.faults.add(Drop(applied=True), method="DELETE", path=LABELS)
    await sync.run()
    sync.github.clock.advance(5)
    sync.github.web.unlabel(number, "critical", by="alice")
    sync.github.web.label(number, "high", by="alice")
    await sync.run()
    await recovered(sync)
    assert (sync.severity(report), sync.labels(number)) == ("high", {"bug", "high"})
    await assert_idle(sync)


async def test_a_report_changed_again_while_its_close_is_unknown_ends_as_it_says_last(sync: Sync) -> None:
    for fault in (Drop(), Drop(applied=True)):
        report, number = await sync.linked()
        sync.change(report, status="resolved")
        sync.github.simulator.faults.add(fault, method="PATCH", path=ISSUE)
        await sync.run()
        sync.change(report, status="in_progress")
        await recovered(sync)
        assert (sync.status(report), sync.github.web.issue(number).state) == ("in_progress", "open")
    await assert_idle(sync)


async def test_an_issue_closed_while_its_creation_was_unknown_closes_its_report(sync: Sync) -> None:
    report = sync.bugspark.add_report(sync.project)
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path="/issues$")
    await sync.app.export((str(report),), NullProgress())
    sync.github.web.close(1, by="alice")
    sync.github.web.comment(1, "not a bug", by="alice")
    await recovered(sync)
    assert sync.status(report) == "resolved"
    assert sync.texts_in_bugspark(report) == ["**alice** (via GitHub):\n\nnot a bug"]
    assert len(sync.github.web.picture()) == 1
    await assert_idle(sync)


@pytest.mark.parametrize("applied", [True, False])
async def test_an_administrator_s_edit_goes_out_whatever_becomes_of_its_answer(
    sync: Sync, applied: bool
) -> None:
    report, number = await sync.linked()
    for text in ("first", "second"):
        sync.add_comment(report, "frist")
        theirs = sync.github.web.comment(number, "look here", by="bob").id
        await sync.settle()
        sync.bugspark.execute(f"UPDATE comments SET body = '{text}' WHERE body = 'frist'")
        sync.github.web.delete_comment(theirs, by="bob")  # so that the whole thread is looked at
        sync.github.web.label(number, text, by="bob")
        sync.github.simulator.faults.add(Drop(applied=applied), method="PATCH", path=COMMENT)
        await sync.run()
        await recovered(sync)
    assert [body.split("\n")[2] for body in sync.texts_on_github(number)] == ["first", "second"]
    assert sorted(sync.texts_in_bugspark(report)) == ["first", "second"]
    await assert_idle(sync)


async def test_two_writes_of_one_issue_lost_at_once_are_both_settled(sync: Sync) -> None:
    report, number = await sync.linked(severity="low")
    sync.change(report, status="resolved", severity="critical", category="crash")
    for method, path in (("PATCH", ISSUE), ("POST", LABELS), ("POST", LABELS)):
        sync.github.simulator.faults.add(Drop(applied=True), method=method, path=path)
    await sync.run()
    await recovered(sync)
    assert (sync.status(report), sync.severity(report), sync.category(report)) == (
        "resolved",
        "critical",
        "crash",
    )
    assert sync.github.web.issue(number).state == "closed"
    assert sync.labels(number) == {"bug", "critical", "crash"}
    await assert_idle(sync)


async def test_a_person_who_acts_during_our_lost_write_keeps_what_they_did(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.change(report, status="resolved")
    sync.github.simulator.faults.add(
        DuringRequest(before=lambda: sync.github.web.label(number, "wontfix", by="bob")), method="GET"
    )
    sync.github.simulator.faults.add(Drop(applied=True), method="PATCH", path=ISSUE)
    await sync.run()
    sync.add_comment(report, "closing")
    sync.github.web.comment(number, "why?", by="bob")
    await recovered(sync)
    assert sync.labels(number) == {"bug", "medium-priority", "wontfix"}
    assert len(sync.texts_on_github(number)) == len(sync.texts_in_bugspark(report)) == 2
    assert sync.github.web.issue(number).state == "closed"
    await assert_idle(sync)


async def test_a_404_to_our_deletion_is_believed_only_when_the_comment_is_gone(sync: Sync) -> None:
    report, number = await sync.linked()
    comment = sync.add_comment(report, "oops")
    await sync.settle()
    sync.bugspark.delete_comment(comment)
    sync.github.simulator.faults.add(error(404, "Not Found"), method="DELETE", path=COMMENT)
    result = await sync.run()
    assert result.quarantined == 1
    await sync.run(seconds=3_700)
    assert sync.texts_on_github(number) == []
    await assert_idle(sync)


async def test_an_issue_labelled_while_its_creation_was_unknown_changes_its_report(
    sync: Sync,
) -> None:
    report = sync.bugspark.add_report(sync.project, "It breaks")
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path="/issues$")
    await sync.app.export((str(report),), NullProgress())
    sync.github.web.unlabel(1, "medium-priority", by="alice")
    sync.github.web.label(1, "critical", by="alice")
    await recovered(sync)
    assert (sync.severity(report), sync.labels(1)) == ("critical", {"bug", "critical"})
    await assert_idle(sync)

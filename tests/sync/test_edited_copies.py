"""Copies that somebody edited between our lost POST and the search for it: found, and never made twice."""

from collections.abc import Callable

import pytest

from reconciler.demo.github.faults import Drop
from reconciler.model.ids import ReportId
from reconciler.model.intent import NewComment
from reconciler.model.passes import NullProgress
from tests.support.sync import Sync

COMMENTS = r"/issues/\d+/comments$"
ISSUES = "/issues$"
BOT = "bugspark-bot"
Edit = Callable[[str], str]
LOST = Drop(applied=True)


def append(body: str) -> str:
    """What GitHub's editor makes of a person's addition."""
    return (body + "\n\nEdit: seen on Firefox, too").replace("\n", "\r\n")


def unsign(body: str) -> str:
    return body.partition("\n\n<!--")[0] + "\n\nEdit: seen on Firefox, too"


def rewrite(body: str) -> str:
    """Only the marker is left of what we wrote, and not at the end."""
    return "Seen on Firefox, too\n\n" + body[body.index("<!--") :] + "\n\nAnd on Safari"


def quote(body: str) -> str:
    return "> " + body.replace("\n", "\n> ") + "\n\nDid you see this?"


async def recovered(sync: Sync, passes: int = 5) -> None:
    for _ in range(passes):
        await sync.run(seconds=61)


async def lose_comment(sync: Sync, body: str = "once") -> tuple[ReportId, int]:
    report, number = await sync.linked()
    sync.add_comment(report, body)
    sync.github.simulator.faults.add(LOST, method="POST", path=COMMENTS)
    await sync.run()
    assert len(sync.texts_on_github(number)) == 1
    return report, number


async def lose_issue(sync: Sync) -> ReportId:
    sync.github.simulator.faults.add(LOST, method="POST", path=ISSUES)
    report = sync.bugspark.add_report(sync.project, "It breaks")
    await sync.app.export((str(report),), NullProgress())
    assert len(sync.github.web.issues) == 1
    return report


@pytest.mark.parametrize("edit", [append, unsign, rewrite])
@pytest.mark.parametrize("seconds", [5, 61])
async def test_a_comment_edited_before_it_is_found_is_there_once(
    sync: Sync, edit: Edit, seconds: int
) -> None:
    report, number = await lose_comment(sync)
    (copy,) = sync.github.web.thread(number)
    sync.github.clock.advance(seconds)
    sync.github.web.edit_comment(copy.id, edit(copy.body), by="alice")
    await recovered(sync)
    assert sync.texts_on_github(number) == [edit(copy.body)]
    assert sync.texts_in_bugspark(report) == ["once"]
    assert sync.dump()["sync_intents"] == []
    await sync.run()
    assert not sync.writes


@pytest.mark.parametrize("edit", [append, unsign, rewrite])
@pytest.mark.parametrize("retitled", [False, True])
async def test_an_issue_edited_before_it_is_found_is_there_once(
    sync: Sync, edit: Edit, retitled: bool
) -> None:
    report = await lose_issue(sync)
    sync.github.web.rewrite(1, edit(sync.github.web.issue(1).body or ""), by="alice")
    if retitled:
        sync.github.web.retitle(1, "Firefox: it breaks", by="alice")
    await recovered(sync)
    assert len(sync.github.web.picture()) == 1
    assert sync.number(report) == 1
    assert sync.dump()["sync_intents"] == []
    sync.add_comment(report, "and on")
    await sync.run()
    assert len(sync.texts_on_github(1)) == 1


async def test_copies_that_another_machine_of_githubs_dated_before_the_claim_are_found(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "once")
    other = sync.bugspark.add_report(sync.project, "It breaks again")
    sync.github.world.assume(row_times_ahead_seconds=-3)
    sync.github.simulator.faults.add(LOST, method="POST", path=ISSUES)
    sync.github.simulator.faults.add(LOST, method="POST", path=COMMENTS)
    await sync.app.export((str(other),), NullProgress())
    sync.github.world.assume(row_times_ahead_seconds=0)
    (copy,) = sync.github.web.thread(number)
    sync.github.web.edit_comment(copy.id, unsign(copy.body), by="alice")
    sync.github.web.rewrite(number + 1, append(sync.github.web.issue(number + 1).body or ""), by="alice")
    await recovered(sync)
    assert sync.texts_on_github(number) == [unsign(copy.body)]
    assert sync.texts_in_bugspark(report) == ["once"]
    assert (sync.number(other), len(sync.github.web.issues)) == (number + 1, number + 1)
    assert sync.dump()["sync_intents"] == []


async def test_an_edited_issue_that_a_list_shows_before_the_search_is_the_answer(sync: Sync) -> None:
    report = await lose_issue(sync)
    sync.github.web.rewrite(1, append(sync.github.web.issue(1).body or ""), by="alice")
    await sync.run(seconds=5)
    assert not sync.writes
    assert sync.number(report) == 1
    assert sync.dump()["sync_intents"] == []
    await recovered(sync, passes=2)
    assert len(sync.github.web.issues) == 1


@pytest.mark.parametrize("seconds", [5, 61])
async def test_issues_that_cannot_be_distinguished_are_shown_and_none_is_made_or_closed(
    sync: Sync, seconds: int
) -> None:
    """Found in the list of changes, or by the search for the lost answer."""
    report = await lose_issue(sync)
    body = unsign(sync.github.web.issue(1).body or "")
    sync.github.web.rewrite(1, body, by="alice")
    sync.github.web.open_issue(sync.github.web.issue(1).title, body, by=BOT)
    results = []
    for _ in range(3):
        results.append(await sync.run(seconds=seconds))
        assert not sync.writes
    assert (results[-1].pending, len(sync.github.web.issues)) == (1, 2)
    shown = await sync.app.explain_report(str(report))
    assert shown.state == "Needs attention"
    assert shown.reason is not None
    assert "issues/1" in shown.reason
    assert "issues/2" in shown.reason
    assert "could be it" in shown.reason
    sync.github.web.delete_issue(2, by="alice")
    await recovered(sync)
    assert sync.number(report) == 1
    assert sync.dump()["sync_intents"] == []


async def test_a_quotation_by_our_own_account_is_a_comment_like_any(sync: Sync) -> None:
    report, number = await lose_comment(sync)
    (copy,) = sync.github.web.thread(number)
    sync.github.web.edit_comment(copy.id, append(copy.body), by="alice")
    quoted = quote(copy.body)
    sync.github.web.comment(number, quoted, by=BOT)
    await recovered(sync)
    assert sync.texts_on_github(number) == [append(copy.body), quoted]
    first, second = sync.texts_in_bugspark(report)
    assert first == "once"
    assert second.startswith(f"**{BOT}** (via GitHub):\n\n> [BugSpark]")
    assert sync.dump()["sync_intents"] == []


async def test_comments_that_cannot_be_distinguished_are_shown_and_not_sent_again(sync: Sync) -> None:
    report, number = await lose_comment(sync)
    (copy,) = sync.github.web.thread(number)
    sync.github.web.edit_comment(copy.id, unsign(copy.body), by="alice")
    other = sync.github.web.comment(number, unsign(copy.body) + ", really", by=BOT)
    for _ in range(4):
        await sync.run(seconds=61)
        assert not sync.writes
    result = await sync.run(seconds=61)
    assert not sync.writes
    assert (result.pending, result.outcome) == (1, "partial")
    assert len(sync.texts_on_github(number)) == 2
    assert sync.texts_in_bugspark(report) == ["once"]
    shown = await sync.app.explain_report(str(report))
    assert shown.state == "Needs attention"
    assert shown.reason is not None
    assert f"#issuecomment-{copy.id}" in shown.reason
    assert f"#issuecomment-{other.id}" in shown.reason
    assert "could be it" in shown.comments[0].state
    sync.github.web.delete_comment(other.id, by="alice")
    await recovered(sync)
    assert sync.texts_on_github(number) == [unsign(copy.body)]
    assert sync.texts_in_bugspark(report) == ["once"]
    assert sync.dump()["sync_intents"] == []


async def test_two_lost_comments_of_one_text_are_distinguished_by_their_markers(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "me too")
    sync.add_comment(report, "me too")
    sync.github.simulator.faults.add(LOST, method="POST", path=COMMENTS, times=2)
    await sync.run()
    for row in sync.github.web.thread(number):
        sync.github.web.edit_comment(row.id, append(row.body), by="alice")
    await recovered(sync)
    assert len(sync.texts_on_github(number)) == 2
    assert sync.texts_in_bugspark(report) == ["me too", "me too"]
    assert sync.dump()["sync_intents"] == []


async def test_a_late_copy_that_was_edited_is_adopted_before_another_is_sent(sync: Sync) -> None:
    """It arrives after two searches found nothing, and before the comment is sent once more."""
    report, number = await sync.linked()
    sync.add_comment(report, "once")
    sync.github.simulator.faults.add(Drop(), method="POST", path=COMMENTS, times=3)
    await sync.run()
    (intent,) = await sync.app._stores.intents.list_open(sync.project)
    assert isinstance(intent.desired, NewComment)
    await sync.run(seconds=61)
    sync.github.clock.advance(50)
    made = sync.github.web.comment(number, append(intent.desired.body), by=BOT)
    await recovered(sync)
    assert sync.texts_on_github(number) == [made.body]
    assert sync.texts_in_bugspark(report) == ["once"]
    assert sync.dump()["sync_intents"] == []


async def test_of_two_lost_comments_the_edited_one_is_found_and_the_one_that_never_arrived_is_sent(
    sync: Sync,
) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "first")
    sync.github.clock.advance(5)  # comments of one second are sent in the order of their ids
    sync.add_comment(report, "second")
    sync.github.simulator.faults.add(LOST, method="POST", path=COMMENTS)
    sync.github.simulator.faults.add(Drop(), method="POST", path=COMMENTS)
    await sync.run()
    (copy,) = sync.github.web.thread(number)
    sync.github.web.edit_comment(copy.id, unsign(copy.body), by="alice")
    await recovered(sync)
    edited, sent = sync.texts_on_github(number)
    assert edited == unsign(copy.body)
    assert sent.startswith("[BugSpark] Ada:\n\nsecond\n\n<!-- ")
    assert sync.texts_in_bugspark(report) == ["first", "second"]
    assert sync.dump()["sync_intents"] == []


async def test_a_comment_that_is_not_like_ours_is_taken_from_the_list_alone(sync: Sync) -> None:
    report, number = await sync.linked()
    await sync.settle()
    sync.github.web.comment(number, "Same here", by="alice")
    await sync.run(seconds=61)
    assert sync.texts_in_bugspark(report) == ["**alice** (via GitHub):\n\nSame here"]
    assert not [each for each in sync.asked if each.path.endswith(f"/issues/{number}/comments")]


async def test_a_state_write_of_unknown_outcome_does_not_compete_with_a_lost_comment(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "once")
    sync.change(report, status="resolved")
    sync.github.simulator.faults.add(LOST, method="POST", path=COMMENTS)
    sync.github.simulator.faults.add(LOST, method="PATCH", path=r"/issues/\d+$")
    await sync.run()
    (copy,) = sync.github.web.thread(number)
    sync.github.web.edit_comment(copy.id, append(copy.body), by="alice")
    await recovered(sync)
    assert sync.github.web.issue(number).state == "closed"
    assert sync.texts_on_github(number) == [append(copy.body)]
    assert (sync.status(report), sync.texts_in_bugspark(report)) == ("resolved", ["once"])
    assert sync.dump()["sync_intents"] == []


async def test_the_marker_tells_the_copy_from_a_quotation_and_from_a_repetition_without_one(
    sync: Sync,
) -> None:
    report, number = await lose_comment(sync)
    (copy,) = sync.github.web.thread(number)
    sync.github.web.edit_comment(copy.id, append(copy.body), by="alice")
    texts = [append(copy.body), quote(copy.body), unsign(copy.body)]
    for text in texts[1:]:
        sync.github.web.comment(number, text, by=BOT)
    await recovered(sync)
    assert sync.texts_on_github(number) == texts
    first, *others = sync.texts_in_bugspark(report)
    assert first == "once"
    assert [each.startswith(f"**{BOT}** (via GitHub):\n\n") for each in others] == [True, True]
    assert sync.dump()["sync_intents"] == []


async def test_an_issue_of_the_same_title_without_our_footer_is_not_the_answer(sync: Sync) -> None:
    sync.github.simulator.faults.add(Drop(), method="POST", path=ISSUES)
    report = sync.bugspark.add_report(sync.project, "It breaks")
    await sync.app.export((str(report),), NullProgress())
    sync.github.web.open_issue("[BUG-0001] It breaks", "Written by hand", by=BOT)
    await recovered(sync)
    assert sync.number(report) == 2
    assert sync.github.web.issue(1).body == "Written by hand"
    assert sync.github.web.issue(1).state == "open"
    assert sync.dump()["sync_intents"] == []


async def test_an_issue_with_another_beginning_is_known_by_its_title_and_footer(sync: Sync) -> None:
    report = await lose_issue(sync)
    body = (sync.github.web.issue(1).body or "").partition("\n\n<!--")[0]
    sync.github.web.rewrite(1, f"Seen on Firefox, too\n\n{body}", by="alice")
    await recovered(sync)
    assert len(sync.github.web.issues) == 1
    assert sync.number(report) == 1
    assert sync.dump()["sync_intents"] == []

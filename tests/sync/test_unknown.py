"""Creates whose answer was lost: in the end exactly one copy, nothing lost, nothing doubled."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from reconciler.demo.github.faults import Drop, Fault, Reply, Truncate, error, html
from reconciler.model.passes import NullProgress
from tests.support.sync import Sync

COMMENTS = r"/issues/\d+/comments$"
ISSUES = "/issues$"
LOST: dict[str, Fault] = {
    "dropped before": Drop(),
    "dropped after": Drop(applied=True),
    "500 before": error(500),
    "500 after": error(500, applied=True),
    "502 page after": html(502, applied=True),
    "200 page after": html(200, applied=True),
    "201 cut off": Truncate(closing=True),
    "201 of another shape": Reply(status=201, body=b"[]", applied=True),
    "408": Reply(status=408, body=b'{"message": "timeout"}'),
}


async def recovered(sync: Sync, passes: int = 5) -> None:
    """Passes far enough apart for every look that must precede another attempt."""
    for _ in range(passes):
        await sync.run(seconds=61)


async def assert_idle(sync: Sync) -> None:
    """No intent is left, nothing is planned, nothing more is written."""
    assert sync.dump()["sync_intents"] == []
    assert (await sync.plan()).actions == ()
    await sync.run()
    assert not sync.writes


async def export(sync: Sync, title: str = "It breaks") -> Any:
    report = sync.bugspark.add_report(sync.project, title)
    await sync.app.export((str(report),), NullProgress())
    return report


@pytest.mark.parametrize("name", LOST)
async def test_a_comment_whose_answer_was_lost_is_there_once(sync: Sync, name: str) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "once")
    sync.github.simulator.faults.add(LOST[name], method="POST", path=COMMENTS)
    first = await sync.run()
    assert first.pending == 1
    await sync.run(seconds=10)
    assert not sync.writes, "nothing is sent again before the settle time"
    await recovered(sync)
    assert len(sync.texts_on_github(number)) == 1
    assert sync.texts_in_bugspark(report) == ["once"]
    await assert_idle(sync)


@pytest.mark.parametrize("name", LOST)
async def test_an_issue_whose_answer_was_lost_is_there_once(sync: Sync, name: str) -> None:
    sync.github.simulator.faults.add(LOST[name], method="POST", path=ISSUES)
    report = await export(sync)
    ada = sync.add_comment(report, "older than its link")
    await sync.run(seconds=10)
    await recovered(sync)
    assert len(sync.github.web.picture()) == 1
    assert sync.number(report) == 1
    assert len(sync.texts_on_github(1)) == 1
    assert sync.bugspark.comment(ada) is not None
    await assert_idle(sync)


async def test_two_lost_issues_with_a_second_copy_each_are_settled_by_one_recovery(sync: Sync) -> None:
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path=ISSUES, times=2)
    reports = [await export(sync, title) for title in ("first", "second")]
    for report in reports:
        sync.add_comment(report, "older than its link")
    web = sync.github.web
    for row in list(web.issues):  # the requests arrive once more
        web.open_issue(row.title, row.body, by="bugspark-bot", labels=web.label_names(row.number))
    assert {each["state"] for each in sync.bugspark.rows_of("sync_intents")} == {"unknown"}
    await sync.run(seconds=61)
    picture = web.picture()
    assert [(each["state"], each["reason"]) for each in picture.values()] == [
        ("open", None),
        ("open", None),
        ("closed", "duplicate"),
        ("closed", "duplicate"),
    ]
    assert [each["title"] for each in list(picture.values())[:2]] == [
        each["title"] for each in list(picture.values())[2:]
    ]
    assert [sync.number(report) for report in reports] == [1, 2]
    await sync.run(seconds=61)
    assert [len(sync.texts_on_github(number)) for number in (1, 2, 3, 4)] == [1, 1, 0, 0]
    assert {sync.status(report) for report in reports} == {"new"}
    await assert_idle(sync)


@pytest.mark.parametrize("method", ["confirm", "claim_if_slot_free"])
@pytest.mark.parametrize("what", ["comment", "issue"])
async def test_a_process_killed_around_sending_leaves_one_copy(
    sync: Sync, monkeypatch: pytest.MonkeyPatch, method: str, what: str
) -> None:
    intents: Any = sync.app._stores.intents
    original: Callable[..., Awaitable[Any]] = getattr(type(intents), method)
    deaths = [1]

    async def dies(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = await original(self, *args, **kwargs) if method == "claim_if_slot_free" else None
        if deaths:
            deaths.pop()
            raise asyncio.CancelledError
        return result if method == "claim_if_slot_free" else await original(self, *args, **kwargs)

    report, number = (await sync.linked()) if what == "comment" else (None, 1)
    monkeypatch.setattr(type(intents), method, dies)
    if report is not None:
        sync.add_comment(report, "once")
    with pytest.raises(asyncio.CancelledError):
        await (sync.run() if report is not None else export(sync))
    await recovered(sync)
    if report is not None:
        assert len(sync.texts_on_github(number)) == 1
    assert len(sync.github.web.picture()) == 1
    await assert_idle(sync)


async def test_a_crash_after_a_second_attempt_waits_the_settle_time_again(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "once")
    sync.github.simulator.faults.add(Drop(), method="POST", path=COMMENTS)
    await sync.run()
    for _ in range(2):
        await sync.run(seconds=61)
    assert len(sync.texts_on_github(number)) == 1
    sync.add_comment(report, "twice")
    sync.github.simulator.faults.add(Drop(), method="POST", path=COMMENTS, times=2)
    await sync.run()
    for _ in range(2):
        await sync.run(seconds=61)
    assert [seen.status for seen in sync.writes] == [0]
    await sync.run(seconds=30)
    await sync.run(seconds=10)
    assert not sync.writes
    await recovered(sync)
    assert len(sync.texts_on_github(number)) == 2
    await assert_idle(sync)


async def test_a_comment_that_arrives_after_it_was_sent_again_is_healed(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "once")
    sync.github.simulator.faults.add(Drop(), method="POST", path=COMMENTS)
    await sync.run()
    await recovered(sync)
    (body,) = sync.texts_on_github(number)
    sync.github.web.comment(number, body, by="bugspark-bot")
    await sync.settle()
    assert sync.texts_on_github(number) == [body]
    assert sync.texts_in_bugspark(report) == ["once"]
    await assert_idle(sync)


async def test_an_issue_that_arrives_after_it_was_sent_again_is_closed_as_a_duplicate(sync: Sync) -> None:
    sync.github.simulator.faults.add(Drop(), method="POST", path=ISSUES)
    report = await export(sync)
    await recovered(sync)
    row = sync.github.web.issue(sync.number(report))
    labels = sync.github.web.label_names(row.number)
    late = sync.github.web.open_issue(row.title, row.body, by="bugspark-bot", labels=labels).number
    await sync.settle()
    assert (sync.github.web.issue(late).state, sync.github.web.issue(late).reason) == ("closed", "duplicate")
    assert sync.github.web.issue(row.number).state == "open"
    assert sync.status(report) == "new"
    await assert_idle(sync)


async def test_two_issues_of_one_intent_are_found_and_the_older_one_is_kept(sync: Sync) -> None:
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path=ISSUES)
    report = await export(sync)
    row = sync.github.web.issue(1)
    sync.github.web.open_issue(row.title, row.body, by="bugspark-bot", labels=["bug"])
    await sync.run(seconds=1)
    await recovered(sync)
    assert sync.number(report) == 1
    assert [issue["state"] for issue in sync.github.web.picture().values()] == ["open", "closed"]
    await assert_idle(sync)


async def test_a_comment_deleted_while_its_write_is_unknown_leaves_no_copy(sync: Sync) -> None:
    for fault in (Drop(), Drop(applied=True)):
        report, number = await sync.linked()
        comment = sync.add_comment(report, "never mind")
        sync.github.simulator.faults.add(fault, method="POST", path=COMMENTS)
        await sync.run()
        sync.bugspark.delete_comment(comment)
        await recovered(sync)
        assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == ([], [])
    await assert_idle(sync)


async def test_a_pass_says_that_it_waits_to_know_what_became_of_a_write(sync: Sync) -> None:
    report, _ = await sync.linked()
    sync.add_comment(report, "once")
    sync.github.simulator.faults.add(Drop(), method="POST", path=COMMENTS)
    await sync.run()
    waits = await sync.run(seconds=10)
    assert waits.error
    assert waits.error.message.startswith("Shop: 1 write of unknown outcome; GitHub is looked at before")


async def test_a_list_that_can_t_be_read_whole_proves_nothing(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "once")
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path=COMMENTS)
    await sync.run(seconds=1)
    sync.github.simulator.faults.add(
        error(500), method="GET", path=r"/issues/\d+(/comments)?(\?|$)", times=20
    )
    sync.github.simulator.faults.add(error(500), method="GET", path="/issues/comments", times=20)
    for _ in range(3):
        await sync.run(seconds=61)
        assert not sync.writes
    sync.github.simulator.faults.clear()
    await recovered(sync)
    assert len(sync.texts_on_github(number)) == 1
    await assert_idle(sync)

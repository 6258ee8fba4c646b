"""Writes that GitHub refuses are quarantined with the reason, the rest is synced; limits double nothing."""

from typing import Any

import pytest

from reconciler.demo.github.faults import DuringRequest, Fault, Limit, error
from reconciler.demo.github.limits import Form
from reconciler.model.passes import Outcome
from tests.support.sync import Sync
from tests.sync.test_unknown import assert_idle


@pytest.mark.parametrize(("status", "form"), [(403, "retry-after"), (403, "remaining"), (429, "message")])
@pytest.mark.parametrize("write", ["comment", "close", "swap"])
async def test_a_limit_s_answer_to_a_write_loses_and_doubles_nothing(
    sync: Sync, status: int, form: Form, write: str
) -> None:
    report, number = await sync.linked(severity="low")
    sync.add_comment(report, "before")
    match write:
        case "comment":
            sync.add_comment(report, "words")
        case "close":
            sync.change(report, status="resolved")
        case _:
            sync.change(report, severity="critical")
    limit = Limit(form=form, status=status, wait=60)
    sync.github.simulator.faults.add(limit, method="POST|PATCH|DELETE", skip=1)
    result = await sync.run()
    assert result.outcome is Outcome.LIMITED
    assert result.next_at is not None
    (meter,) = (m for m in sync.github.simulator.limits.meters.values() if m.blocked_until)
    for _ in range(3):
        await sync.run(seconds=10)
    assert meter.ignored == 0, "nothing is asked while GitHub said to wait"
    await sync.run(seconds=300)
    await sync.settle()
    assert len(sync.texts_on_github(number)) == len(sync.texts_in_bugspark(report))
    closed = "closed" if write == "close" else "open"
    assert sync.github.web.issue(number).state == closed
    assert sync.labels(number) == {"bug", "critical" if write == "swap" else "low-priority"}
    await assert_idle(sync)


async def test_a_locked_issue_takes_no_comment_and_the_others_do(sync: Sync) -> None:
    report, number = await sync.linked()
    other, second = await sync.linked()
    sync.github.web.lock(number, by="alice")
    sync.add_comment(report, "to a locked one")
    sync.add_comment(other, "to an open one")
    result = await sync.run()
    assert (len(sync.texts_on_github(number)), len(sync.texts_on_github(second))) == (0, 1)
    assert result.outcome is Outcome.PARTIAL
    assert result.quarantined == 1
    assert result.error is not None
    assert "locked" in result.error.message
    sync.github.web.unlock(number, by="alice")
    await sync.run(seconds=3_700)
    assert len(sync.texts_on_github(number)) == 1
    await assert_idle(sync)


async def test_an_archived_repository_is_reported_and_nothing_is_lost(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.archive()
    sync.add_comment(report, "later")
    sync.change(report, status="resolved")
    result = await sync.run()
    assert result.error is not None
    assert "archived" in result.error.message
    sync.github.web.archive(archived=False)
    await sync.settle()
    assert (len(sync.texts_on_github(number)), sync.github.web.issue(number).state) == (1, "closed")
    await assert_idle(sync)


async def test_labels_dropped_silently_are_not_taken_for_written(sync: Sync) -> None:
    report, number = await sync.linked(severity="low")
    sync.github.web.allow("bugspark-bot", "read")
    sync.change(report, severity="critical")
    result = await sync.run()
    assert result.outcome is Outcome.PARTIAL
    assert sync.severity(report) == "critical"
    assert sync.labels(number) == {"bug", "low-priority"}
    sync.github.web.allow("bugspark-bot", "write")
    await sync.run(seconds=3_700)
    await sync.settle()
    assert sync.labels(number) == {"bug", "critical"}
    assert sync.severity(report) == "critical"


@pytest.mark.parametrize(
    "fault", [error(422, "Validation Failed"), error(403, "Resource not accessible"), error(404, "Not Found")]
)
async def test_a_refused_write_rests_and_the_rest_of_the_pass_goes_on(sync: Sync, fault: Fault) -> None:
    report, number = await sync.linked()
    other, second = await sync.linked()
    sync.change(report, status="resolved")
    sync.change(other, status="resolved")
    sync.github.simulator.faults.add(fault, method="PATCH", path=f"/issues/{number}$")
    result = await sync.run()
    assert result.outcome is Outcome.PARTIAL
    assert sync.github.web.issue(number).state == "open"
    assert sync.github.web.issue(second).state == "closed"
    assert sync.status(report) == "resolved"
    await sync.run(seconds=3_700)
    assert sync.github.web.issue(number).state == "closed"
    await assert_idle(sync)


async def test_an_issue_deleted_while_we_write_to_it_stops_no_other(sync: Sync) -> None:
    report, number = await sync.linked()
    other, second = await sync.linked()
    for each in (report, other):
        sync.add_comment(each, "words")
    gone: Any = DuringRequest(before=lambda: sync.github.web.delete_issue(number, by="acme"))
    sync.github.simulator.faults.add(gone, method="POST", path=f"/issues/{number}/comments")
    result = await sync.run()
    assert result.outcome is Outcome.PARTIAL
    assert len(sync.texts_on_github(second)) == 1
    await sync.run(seconds=3_700)
    assert sync.texts_in_bugspark(report) == ["words"]
    assert sync.status(report) == "new"

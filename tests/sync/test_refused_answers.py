"""Refusals: a refused write is reported and not sent again, a rate-limited one waits."""

import json
from typing import Any

import pytest

from reconciler.demo.github.faults import Reply
from reconciler.model.passes import Outcome
from tests.support.sync import Sync

COMMENTS = r"/comments$"


def answer(status: int, body: Any) -> Reply:
    return Reply(status=status, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})


@pytest.mark.parametrize(
    "errors", ["too long", None, {"code": 7}, ["too long"], [{"code": 1007}], [[1]], [{"field": []}]]
)
async def test_a_refusal_with_errors_of_any_shape_is_sent_once_and_reported(sync: Sync, errors: Any) -> None:
    report, number = await sync.linked()
    sync.github.simulator.faults.add(
        answer(422, {"message": "Validation Failed", "errors": errors}),
        method="POST",
        path=COMMENTS,
        times=None,
    )
    sync.add_comment(report, "ours")
    first = await sync.run()
    assert (first.outcome, len(sync.writes)) == (Outcome.PARTIAL, 1)
    shown = await sync.app.explain_report(str(report))
    assert shown.state == "Needs attention"
    assert "Validation Failed" in (shown.reason or "")
    assert sync.texts_on_github(number) == []
    sync.github.simulator.faults.clear()
    await sync.run()
    assert len(sync.texts_on_github(number)) == 1


async def test_content_that_was_submitted_too_quickly_waits_and_goes_out(sync: Sync) -> None:
    report, number = await sync.linked()
    quick = {"resource": "IssueComment", "code": "custom", "message": "was submitted too quickly"}
    body = {"message": "Validation Failed", "errors": [quick]}
    sync.github.simulator.faults.add(answer(422, body), method="POST", path=COMMENTS)
    sync.add_comment(report, "ours")
    limited = await sync.run()
    assert limited.outcome is Outcome.LIMITED
    assert limited.quarantined == 0
    assert limited.error is not None
    assert "new content" in limited.error.message
    early = await sync.run(seconds=5)
    assert (early.outcome, sync.writes) == (Outcome.LIMITED, [])
    done = await sync.run(seconds=61)
    assert (done.outcome, done.applied.comments_posted) == (Outcome.OK, 1)
    assert len(sync.texts_on_github(number)) == 1

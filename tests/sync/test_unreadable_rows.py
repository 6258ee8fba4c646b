"""Rows of GitHub's that are not as documented: what can be read is read, the rest rests one link alone."""

from typing import Any

from reconciler.model.passes import Outcome
from tests.support.sync import Sync

LONG = 7 * 3600.0  # longer than verify_seconds with its jitter


def issue_id(sync: Sync, number: int) -> int:
    return sync.github.web.issue(number).id


def show_as(sync: Sync, row_id: int, **members: Any) -> None:
    """GitHub shows the row with these members from now on."""
    sync.github.simulator.views.edits[row_id] = lambda row: row.update(members)


async def test_a_null_pull_request_is_an_issue(sync: Sync) -> None:
    report, number = await sync.linked()
    show_as(sync, issue_id(sync, number), pull_request=None)
    sync.github.web.close(number, by="bob")
    assert (await sync.settle()).outcome is Outcome.OK
    assert sync.status(report) == "resolved", "the list's row is an issue's"
    sync.github.web.comment(number, "still here", by="bob")
    await sync.run(seconds=LONG)
    assert sync.said_here(report) == ["**bob** (via GitHub):\n\nstill here"]
    sync.change(report, status="new")
    await sync.settle()
    assert sync.github.web.issue(number).state == "open", "the single row is an issue's"

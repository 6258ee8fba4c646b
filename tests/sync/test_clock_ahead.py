"""Times that GitHub sends hours ahead never make what comes later look old.

Source: docs/reference/github.md, Lists. Ahead are either the times of the rows or GitHub's whole clock, with
`Date`.
"""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from reconciler.demo.github.faults import Unmodified
from reconciler.store.schema.tables import comment_pairs
from tests.support.github import GitHub
from tests.support.sync import Sync, is_idle, open_sync

AHEAD = 5 * 3600
LONG = 7 * 3600.0  # longer than verify_seconds with its jitter
BOTH_READINGS = pytest.mark.parametrize("ahead", ["row_times_ahead_seconds", "clock_ahead_seconds"])


@BOTH_READINGS
async def test_changes_after_githubs_clock_was_corrected_are_taken_over_from_the_lists(
    sync: Sync, ahead: str
) -> None:
    report, number = await sync.linked()
    web = sync.github.web
    sync.github.world.assume(**{ahead: AHEAD})
    made = web.comment(number, "first", by="bob")
    await sync.settle()
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nfirst"]
    sync.github.world.assume(**{ahead: 0})
    sync.github.clock.advance(600)
    web.edit_comment(made.id, "second", by="bob")
    web.close(number, by="alice")
    await sync.run()
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nsecond"]
    assert sync.status(report) == "resolved"
    assert sync.texts_on_github(number) == ["second"]
    assert is_idle(await sync.settle())


@BOTH_READINGS
async def test_an_edit_that_no_list_showed_is_taken_over_by_verification(sync: Sync, ahead: str) -> None:
    report, number = await sync.linked()
    web = sync.github.web
    sync.github.world.assume(**{ahead: AHEAD})
    made = web.comment(number, "first", by="bob")
    await sync.settle()
    sync.github.world.assume(**{ahead: 0})
    sync.github.clock.advance(600)
    web.edit_comment(made.id, "second", by="bob")
    hide_changes(sync)
    await sync.run(seconds=LONG)
    await sync.run(seconds=LONG)
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nsecond"]


async def test_an_edit_of_a_comment_that_an_earlier_release_stored_with_a_time_ahead_is_taken_over(
    sync: Sync,
) -> None:
    report, number = await sync.linked()
    made = sync.github.web.comment(number, "first", by="bob")
    await sync.settle()
    later = sync.github.clock.now() + timedelta(seconds=AHEAD)
    with sync.bugspark.engine.begin() as connection:
        connection.execute(sa.update(comment_pairs).values(remote_updated_at=later))
    sync.github.web.edit_comment(made.id, "second", by="bob")
    hide_changes(sync)
    await sync.run(seconds=LONG)
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nsecond"]


async def test_times_ahead_of_date_are_stored_as_date(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.world.assume(row_times_ahead_seconds=AHEAD)
    sync.github.web.comment(number, "first", by="bob")
    await sync.run()
    (comment,) = sync.bugspark.comments(report)
    now = sync.github.clock.now()
    assert comment["created_at"].replace(tzinfo=now.tzinfo) <= now


async def test_a_comment_made_before_a_link_of_an_issue_with_times_ahead_is_sent(
    world_url: str, github: GitHub
) -> None:
    """A link begins when its issue was made: a comment written after it is not older than the link."""
    github.world.assume(row_times_ahead_seconds=AHEAD)
    async with open_sync(world_url, github) as sync:
        report, number = await sync.linked()
        github.world.assume(row_times_ahead_seconds=0)
        sync.add_comment(report, "after the link")
        await sync.settle()
        assert len(sync.texts_on_github(number)) == 1
        assert "after the link" in sync.texts_on_github(number)[0]


def hide_changes(sync: Sync) -> None:
    """Let GitHub answer both lists as unchanged, so that only verification can see what happened."""
    sync.github.simulator.faults.add(Unmodified(), method="GET", path=r"\?.*since=", times=None)

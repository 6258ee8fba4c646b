"""Verification finds what no list tells, and costs nothing when nothing changed.

Source: docs/reference/github.md, List rules, 9.
"""

from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync

HOURS = 3600.0
LONG = 7 * HOURS  # longer than verify_seconds with its jitter


async def test_a_link_that_is_not_due_adds_no_request(sync: Sync) -> None:
    await sync.linked()
    await sync.run(seconds=HOURS)
    assert [seen.status for seen in sync.asked] == [304, 304]


async def test_an_unchanged_link_is_verified_by_two_more_304s(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.comment(number, "hello", by="bob")
    await sync.settle()
    await sync.run(seconds=LONG)
    result = await sync.run(seconds=LONG)
    assert [seen.status for seen in sync.asked] == [304] * 4
    assert result.github.cost == 0
    assert len(sync.texts_in_bugspark(report)) == 1


async def test_a_comment_deleted_on_github_long_ago_is_found(sync: Sync) -> None:
    report, number = await sync.linked()
    kept = sync.github.web.comment(number, "stays", by="bob")
    gone = sync.github.web.comment(number, "goes", by="bob")
    await sync.settle()
    for other in range(60):  # the anchor has long moved past our issue
        sync.github.clock.advance(300)
        sync.github.web.open_issue(f"Other {other}", by="bob")
    await sync.settle()
    sync.github.web.delete_comment(gone.id, by="bob")
    await sync.run()
    assert len(sync.texts_in_bugspark(report)) == 2, "no list tells it"
    await sync.run(seconds=LONG)
    result = await sync.run(seconds=61)
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nstays"]
    assert sync.github.web.thread(number) == [kept]
    assert result.applied.comments_removed == 1


async def test_an_edit_that_moved_no_timestamp_of_its_issue_is_found(sync: Sync) -> None:
    report, number = await sync.linked()
    made = sync.github.web.comment(number, "first", by="bob")
    await sync.settle()
    # A comment list that lost the edit: as if it had been made while we could not see.
    sync.github.web.edit_comment(made.id, "second", by="bob")
    sync.bugspark.execute("UPDATE sync_lists SET etag = etag WHERE kind = 'comments'")
    await sync.run(seconds=LONG)
    assert sync.texts_in_bugspark(report) == ["**bob** (via GitHub):\n\nsecond"]


async def test_a_comment_changed_by_an_administrators_sql_is_carried_over(sync: Sync) -> None:
    report, number = await sync.linked()
    comment = sync.add_comment(report, "typo")
    await sync.settle()
    await sync.run(seconds=LONG)  # from here on GitHub can say that nothing changed there
    sync.bugspark.execute("UPDATE comments SET body = 'corrected' WHERE body = 'typo'")
    await sync.run(seconds=LONG)
    assert "corrected" in sync.texts_on_github(number)[0]
    assert sync.bugspark.comment(comment) is not None


async def test_verification_keeps_to_its_budget_and_goes_on_where_it_stopped(
    world_url: str, github: GitHub
) -> None:
    async with open_sync(world_url, github, limits={"verify_points_per_minute": 4}) as sync:
        for _ in range(5):
            await sync.linked()
        await sync.run(seconds=LONG)
        first = [seen.path for seen in sync.asked if seen.path.rpartition("/")[2].isdigit()]
        await sync.run(seconds=61)
        second = [seen.path for seen in sync.asked if seen.path.rpartition("/")[2].isdigit()]
        assert (len(first), len(second)) == (2, 2)
        assert not set(first) & set(second)

"""Comments of one second keep their order: by GitHub's ids in BugSpark, by BugSpark's order on GitHub.

Source: docs/reference/github.md, Lists.
"""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from reconciler.model.ids import RemoteCommentId
from reconciler.store.bugspark.bugspark_tables import comments
from reconciler.store.sync.import_times import distinct_times
from tests.support.sync import Sync

MANY = 60
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def numbers(texts: list[str]) -> list[int]:
    """The number that each text has in it."""
    return [int(found[1]) for text in texts if (found := re.search(r"no\. (\d+)", text))]


async def test_many_comments_of_one_second_are_imported_in_the_order_of_their_ids(sync: Sync) -> None:
    report, number = await sync.linked()
    made = [sync.github.web.comment(number, f"no. {place}", by="bob") for place in range(MANY)]
    assert len({row.created for row in made}) == 1
    await sync.settle()
    assert numbers(sync.texts_in_bugspark(report)) == list(range(MANY))
    rows = sync.bugspark.comments(report)
    assert {int(row["created_at"].replace(tzinfo=UTC).timestamp()) for row in rows} == {made[0].created}
    assert numbers(sync.texts_on_github(number)) == list(range(MANY))


async def test_comments_of_one_second_that_arrive_in_several_passes_keep_their_order(sync: Sync) -> None:
    report, number = await sync.linked()
    for place in range(12):
        sync.github.web.comment(number, f"no. {place}", by="bob")
        await sync.run(seconds=0)
    await sync.settle()
    assert numbers(sync.texts_in_bugspark(report)) == list(range(12))


async def test_a_page_shows_imports_of_an_earlier_release_in_the_order_of_their_ids(sync: Sync) -> None:
    report, number = await sync.linked()
    for place in range(12):
        sync.github.web.comment(number, f"no. {place}", by="bob")
    await sync.settle()
    with sync.bugspark.engine.begin() as connection:
        connection.execute(sa.update(comments).values(created_at=NOON))  # without microseconds
    shown = await sync.app.explain_report(str(report))
    assert numbers([comment.text or "" for comment in shown.comments]) == list(range(12))
    assert [row.created_at for row in shown.detail.comments] == [NOON] * 12


async def test_comments_of_one_time_are_posted_in_a_stable_order(sync: Sync) -> None:
    report, number = await sync.linked()
    ids = {sync.add_comment(report, f"no. {place}"): place for place in range(12)}
    await sync.settle()
    assert numbers(sync.texts_on_github(number)) == [ids[each] for each in sorted(ids)]
    await sync.settle()
    assert len(sync.texts_on_github(number)) == len(sync.texts_in_bugspark(report)) == 12


def test_a_comment_found_late_goes_before_those_with_higher_ids() -> None:
    first, second, late = uuid4(), uuid4(), uuid4()
    microsecond = timedelta(microseconds=1)
    rows = [(10, first, NOON), (30, second, NOON + microsecond), (20, late, NOON)]
    times = distinct_times((RemoteCommentId(remote), local, at) for remote, local, at in rows)
    assert [times[each] - NOON for each in (first, late, second)] == [
        0 * microsecond,
        1 * microsecond,
        2 * microsecond,
    ]

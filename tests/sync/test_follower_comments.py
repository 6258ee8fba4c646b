"""Comments of followers: theirs go to the issue with their name, and GitHub's go to the report that leads."""

import sqlalchemy as sa

from reconciler.demo.github.faults import Drop
from reconciler.model.fields import Status
from reconciler.model.passes import NullProgress
from reconciler.store.schema.tables import comment_pairs
from tests.support.bugspark import LONG_AGO
from tests.support.sync import Sync
from tests.sync.compare_plan import compare
from tests.sync.test_followers import ON_BOTH, assert_idle, followed
from tests.sync.test_project_settings import configure, scanned
from tests.sync.test_unknown import COMMENTS


def texts_there(sync: Sync, number: int) -> list[str]:
    """What people read of the thread: without markers."""
    return [body.rpartition("\n\n<!--")[0] or body for body in sync.texts_on_github(number)]


async def whole(sync: Sync) -> None:
    """Every link is read in full."""
    project = await sync.app.find_project("Shop")
    await sync.app.verify(project, wait=False, progress=NullProgress())


@ON_BOTH
async def test_a_follower_s_comment_is_posted_with_its_name_and_comes_back_nowhere(sync: Sync) -> None:
    lead, number, (first, second) = await followed(sync, reports=2)
    sync.add_comment(lead, "from the lead")
    sync.github.clock.advance(1)
    sync.add_comment(first, "me too")
    await compare(sync)
    assert texts_there(sync, number) == [
        "[BugSpark] Ada:\n\nfrom the lead",
        "[BugSpark] Ada (BUG-0002):\n\nme too",
    ]
    await assert_idle(sync)
    await whole(sync)
    assert [sync.texts_in_bugspark(each) for each in (lead, first, second)] == [
        ["from the lead"],
        ["me too"],
        [],
    ]


async def test_a_comment_on_github_goes_to_the_lead_alone(sync: Sync) -> None:
    lead, number, (follower,) = await followed(sync)
    sync.github.web.comment(number, "fixed in 2.1?", by="bob")
    await compare(sync)
    assert sync.texts_in_bugspark(lead) == ["**bob** (via GitHub):\n\nfixed in 2.1?"]
    assert sync.texts_in_bugspark(follower) == []
    await assert_idle(sync)


async def test_comments_from_before_it_followed_stay_in_bugspark_also_when_all_is_read(sync: Sync) -> None:
    _, number = await sync.linked()
    follower = sync.bugspark.add_report(sync.project, "Same")
    sync.bugspark.add_comment(follower, "long ago", at=LONG_AGO)
    await sync.app.follow(str(follower), f"acme/web#{number}")
    sync.github.clock.advance(1)
    sync.add_comment(follower, "now")
    await sync.settle()
    await whole(sync)
    assert texts_there(sync, number) == ["[BugSpark] Ada (BUG-0002):\n\nnow"]
    await assert_idle(sync)


async def test_deleting_a_follower_s_comment_deletes_its_copy(sync: Sync) -> None:
    _, number, (follower,) = await followed(sync)
    comment = sync.add_comment(follower, "wrong window")
    await sync.settle()
    assert len(sync.texts_on_github(number)) == 1
    sync.bugspark.delete_comment(comment)
    await compare(sync)
    assert sync.texts_on_github(number) == []
    await assert_idle(sync)


async def test_an_edited_original_is_carried_over_with_its_name(sync: Sync) -> None:
    _, number, (follower,) = await followed(sync)
    comment = sync.add_comment(follower, "teh cart")
    await sync.settle()
    sync.bugspark.set_comment(comment, "the cart")
    await whole(sync)
    await sync.settle()
    assert texts_there(sync, number) == ["[BugSpark] Ada (BUG-0002):\n\nthe cart"]


async def test_a_copy_deleted_on_github_leaves_the_follower_s_comment(sync: Sync) -> None:
    _, number, (follower,) = await followed(sync)
    sync.add_comment(follower, "mine")
    await sync.settle()
    (row,) = sync.github.web.thread(number)
    sync.github.web.delete_comment(row.id, by="alice")
    await whole(sync)
    await sync.run(seconds=90)
    await assert_idle(sync)
    assert sync.texts_in_bugspark(follower) == ["mine"]
    assert sync.texts_on_github(number) == []


@ON_BOTH
async def test_a_deleted_follower_takes_no_copy_along(sync: Sync) -> None:
    lead, number, (follower,) = await followed(sync)
    sync.add_comment(lead, "ours")
    sync.add_comment(follower, "me too")
    await sync.settle()
    there = sync.texts_on_github(number)
    sync.bugspark.delete_report(follower)
    await compare(sync)
    await whole(sync)
    await assert_idle(sync)
    assert sync.texts_on_github(number) == there


async def test_an_unlinked_follower_s_copies_stay_and_its_new_comments_stay_here(sync: Sync) -> None:
    _, number, (follower,) = await followed(sync)
    comment = sync.add_comment(follower, "me too")
    await sync.settle()
    there = sync.texts_on_github(number)
    await sync.app.unlink(str(follower))
    sync.add_comment(follower, "never mind")
    sync.bugspark.delete_comment(comment)
    await compare(sync)
    await whole(sync)
    await assert_idle(sync)
    assert sync.texts_on_github(number) == there


async def test_a_lost_answer_to_a_follower_s_comment_leaves_one_copy(sync: Sync) -> None:
    _, number, (follower,) = await followed(sync)
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path=COMMENTS)
    sync.add_comment(follower, "once")
    await sync.run()
    for _ in range(4):
        await sync.run(seconds=90)
    await assert_idle(sync)
    assert texts_there(sync, number) == ["[BugSpark] Ada (BUG-0002):\n\nonce"]


async def test_a_private_comment_of_a_follower_stays_in_bugspark(sync: Sync) -> None:
    _, number, (follower,) = await followed(sync)
    await configure(sync, private_prefix="#internal")
    sync.add_comment(follower, "#internal she called again")
    await assert_idle(sync)
    assert sync.texts_on_github(number) == []
    (row,) = sync.bugspark.rows(sa.select(comment_pairs).where(comment_pairs.c.follower_id == follower))
    assert row["state"] == "skipped"


async def test_the_scan_names_a_project_for_a_follower_s_comment_and_not_for_an_old_one(sync: Sync) -> None:
    _, number = await sync.linked()
    follower = sync.bugspark.add_report(sync.project, "Same", status=Status.NEW)
    sync.bugspark.add_comment(follower, "long ago", at=LONG_AGO)
    await sync.app.follow(str(follower), f"acme/web#{number}")
    await sync.settle()
    assert await scanned(sync) == set()
    sync.add_comment(follower, "now")
    assert await scanned(sync) == {sync.project}

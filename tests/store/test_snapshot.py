"""One consistent snapshot: which links a pass gets, and as what."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from reconciler.model.fields import Side, Status
from reconciler.model.ids import CommentId, IssueNumber, ProjectId, RemoteCommentId, RepositoryId
from reconciler.model.link import CommentPairState, Link, LinkOrigin, LinkState
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import Snapshot, StoreResult
from reconciler.store.schema.engine import Database
from reconciler.store.stores import DatabaseStores
from reconciler.store.sync.snapshot_reader import SnapshotReader
from tests.support.bugspark import BugSpark
from tests.support.stores import (
    NAME,
    NOW,
    REPOSITORY,
    FixedClock,
    a_link,
    a_pair,
    linked,
    store,
    the_report,
)


async def read_snapshot(stores: DatabaseStores, project: ProjectId, **asked: Any) -> Snapshot:
    return await stores.ledger.snapshot(project, REPOSITORY, NAME, **asked)


async def add_comment_pair(stores: DatabaseStores, link: Link, **values: Any) -> Link:
    """Store the link again together with a ledger row."""
    plan = LinkPlan(
        link=link,
        report=await the_report(stores, link.report_id),
        after=link,
        pairs=(a_pair(link, **values),),
    )
    assert await store(stores, link.project_id, plan) == StoreResult()
    return replace(link, revision=link.revision + 1)


async def test_nothing_changed_shows_nothing(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link = await linked(stores, bugspark)
    comment = bugspark.add_comment(link.report_id)
    await add_comment_pair(stores, link, local_id=comment)
    bugspark.add_comment(bugspark.add_report(link.project_id), "of a report without a link")
    assert await read_snapshot(stores, link.project_id) == Snapshot()


async def test_a_report_that_differs_from_base_shows_its_link(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    for change in ({"status": "closed"}, {"severity": "low"}, {"category": "ui"}, {"title": "Other"}):
        link = await linked(stores, bugspark)
        bugspark.set_report(link.report_id, **change)
        seen = await read_snapshot(stores, link.project_id)
        assert seen.links == (link,)
        assert seen.reports == {link.report_id: await the_report(stores, link.report_id)}
        bugspark.delete_report(link.report_id)
        bugspark.execute("DELETE FROM sync_links")


async def test_links_are_shown_by_number_without_local_differences(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    one = await linked(stores, bugspark)
    other = await linked(stores, bugspark, 2, project=one.project_id)
    bugspark.set_report(other.report_id, status="closed")
    seen = await read_snapshot(stores, one.project_id, numbers=[IssueNumber(1), IssueNumber(99)], local=False)
    assert seen.links == (one,)


async def test_ledger_rows_are_shown_by_either_id_with_their_links(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    comment = bugspark.add_comment(link.report_id)
    link = await add_comment_pair(stores, link, local_id=comment)
    by_remote = await read_snapshot(stores, link.project_id, comments=[RemoteCommentId(1001)], local=False)
    by_local = await read_snapshot(stores, link.project_id, copies=[comment], local=False)
    assert by_remote == by_local
    assert by_remote.links == (link,)
    assert [pair.local_id for pair in by_remote.pairs] == [comment]
    assert by_remote.remote_comment_counts == {link.id: 1}


async def test_new_and_deleted_comments_show_their_link(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link = await linked(stores, bugspark)
    kept = bugspark.add_comment(link.report_id)
    link = await add_comment_pair(stores, link, local_id=kept)
    author = bugspark.add_user("Grace")
    fresh = bugspark.add_comment(link.report_id, "new here", author=author)
    seen = await read_snapshot(stores, link.project_id)
    assert seen.links == (link,)
    assert [(each.id, each.author, each.body) for each in seen.unrecorded_comments] == [
        (fresh, "Grace", "new here")
    ]
    bugspark.delete_comment(kept)
    again = await read_snapshot(stores, link.project_id)
    assert [pair.local_id for pair in again.vanished_pairs] == [kept]


async def test_a_comment_whose_pair_has_ended_is_not_missed_again(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    for number, state in enumerate(
        (CommentPairState.TOMBSTONE, CommentPairState.ENDED, CommentPairState.SKIPPED)
    ):
        absent = CommentId(uuid4())
        link = await add_comment_pair(
            stores, link, state=state, remote_id=RemoteCommentId(number), local_id=absent
        )
    assert (await read_snapshot(stores, link.project_id)).vanished_pairs == ()


async def test_a_deleted_report_is_orphaned_and_its_comments_are_not_gone(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    comment = bugspark.add_comment(link.report_id)
    link = await add_comment_pair(stores, link, local_id=comment)
    bugspark.delete_report(link.report_id)
    seen = await read_snapshot(stores, link.project_id)
    assert seen == Snapshot(orphaned=(link,))
    assert (await stores.ledger.local_threads([link]))[link.report_id].report is None


async def test_a_report_deleted_between_two_queries_does_not_look_like_deleted_comments(
    stores: DatabaseStores, bugspark: BugSpark, monkeypatch: Any
) -> None:
    link = await linked(stores, bugspark)
    comment = bugspark.add_comment(link.report_id)
    link = await add_comment_pair(stores, link, local_id=comment)
    before = SnapshotReader._read_changed_and_orphaned

    async def interrupted(self: SnapshotReader, wanted: Any) -> None:
        await before(self, wanted)
        await asyncio.to_thread(bugspark.delete_report, link.report_id)

    monkeypatch.setattr(SnapshotReader, "_read_changed_and_orphaned", interrupted)
    assert await read_snapshot(stores, link.project_id) == Snapshot()
    assert bugspark.report(link.report_id) is None


async def test_columns_filled_by_somebody_else_become_a_link(
    stores: DatabaseStores, bugspark: BugSpark, clock: FixedClock
) -> None:
    project = bugspark.add_project()
    report = bugspark.add_report(project, github_issue_number=5, github_repo="Acme/Web")
    bugspark.add_report(project, github_issue_number=6, github_repo="acme/elsewhere")
    seen = await read_snapshot(stores, project)
    (made,) = seen.new
    assert made == a_link(
        project,
        report,
        5,
        id=made.id,
        repository="Acme/Web",
        origin=LinkOrigin.COLUMNS,
        state=LinkState.NEW,
        base=None,
        seen=None,
        created_at=clock.now(),
    )
    assert seen.reports.keys() == {report}
    assert seen.links == seen.contested == ()


async def test_the_second_report_that_names_an_issue_is_contested(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    second = bugspark.add_report(link.project_id, github_issue_number=1, github_repo=NAME)
    seen = await read_snapshot(stores, link.project_id)
    assert [(each.report_id, each.state) for each in seen.contested] == [(second, LinkState.CONTESTED)]
    assert seen.new == ()


async def test_of_two_new_claims_the_older_report_has_the_issue(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project = bugspark.add_project()
    named = {"github_issue_number": 5, "github_repo": NAME}
    late, early = bugspark.add_report(project, at=NOW), bugspark.add_report(project)
    for report in (late, early):
        bugspark.set_report(report, **named)
    seen = await read_snapshot(stores, project)
    assert [each.report_id for each in seen.new] == [early]
    assert [each.report_id for each in seen.contested] == [late]


async def test_a_contested_link_becomes_new_when_the_other_link_is_released(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    holder = await linked(stores, bugspark)
    second = bugspark.add_report(holder.project_id, github_issue_number=1, github_repo=NAME)
    link = a_link(holder.project_id, second, 1, state=LinkState.CONTESTED, base=None, seen=None)
    plan = LinkPlan(link=replace(link, backfill=True), report=await the_report(stores, second), after=link)
    await store(stores, holder.project_id, plan)
    assert await read_snapshot(stores, holder.project_id) == Snapshot()
    await stores.ledger.unlink(holder)
    seen = await read_snapshot(stores, holder.project_id)
    assert seen.new == (replace(link, state=LinkState.NEW, revision=1),)


async def test_cleared_and_changed_columns_detach_the_link(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    one = await linked(stores, bugspark)
    other = await linked(stores, bugspark, 2, project=one.project_id)
    bugspark.set_report(one.report_id, github_issue_number=None, github_repo=None, status="closed")
    bugspark.set_report(other.report_id, github_issue_number=3)
    seen = await read_snapshot(stores, one.project_id)
    assert seen.detached == (one, other)
    assert seen.links == seen.new == ()


async def test_an_unlinked_report_whose_columns_are_filled_again_reuses_its_ledger(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    comment = bugspark.add_comment(link.report_id)
    link = await add_comment_pair(stores, link, local_id=comment)
    await stores.ledger.unlink(link)
    bugspark.set_report(link.report_id, github_issue_number=1, github_repo=NAME)
    (again,) = (await read_snapshot(stores, link.project_id)).new
    assert (again.id, again.base, again.state) == (link.id, None, LinkState.NEW)
    plan = LinkPlan(
        link=again, report=await the_report(stores, link.report_id), after=replace(link, revision=9)
    )
    assert await store(stores, link.project_id, plan) == StoreResult()
    assert len((await stores.ledger.local_threads([again]))[link.report_id].pairs) == 1


async def test_a_quarantined_link_is_left_out_and_released_when_its_time_has_come(
    stores: DatabaseStores, bugspark: BugSpark, clock: FixedClock
) -> None:
    link = await linked(stores, bugspark)
    until = NOW + timedelta(minutes=5)
    quarantined = replace(link, quarantined_until=until, reason="GitHub refused")
    plan = LinkPlan(link=link, report=await the_report(stores, link.report_id), after=quarantined)
    await store(stores, link.project_id, plan)
    bugspark.set_report(link.report_id, status="closed")
    assert (await read_snapshot(stores, link.project_id, numbers=[IssueNumber(1)])).links == ()
    clock.at = until
    seen = await read_snapshot(stores, link.project_id)
    assert seen.released == (replace(quarantined, revision=2),)
    assert seen.reports[link.report_id].status is Status.CLOSED


async def test_an_unknown_value_leaves_out_its_report_alone(
    stores: DatabaseStores, bugspark: BugSpark, database: Database
) -> None:
    bad = await linked(stores, bugspark)
    good = await linked(stores, bugspark, 2, project=bad.project_id)
    if database.dialect == "postgresql":
        bugspark.execute("ALTER TYPE status_enum ADD VALUE 'wontfix'")
    bugspark.set_report(bad.report_id, status="wontfix")
    bugspark.set_report(good.report_id, status="closed")
    seen = await read_snapshot(stores, bad.project_id)
    assert seen.links == (good,)
    (unreadable,) = seen.poisoned
    assert (unreadable.what, unreadable.link_id) == ("report BUG-0001", bad.id)
    assert "wontfix" in unreadable.reason


async def test_an_unreadable_row_leaves_out_its_link_alone(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    bad = await linked(stores, bugspark)
    good = await linked(stores, bugspark, 2, project=bad.project_id)
    bugspark.execute("UPDATE sync_links SET origin = 'telepathy' WHERE number = 1")
    bugspark.execute("UPDATE reports SET title = 'Other'")
    seen = await read_snapshot(stores, bad.project_id)
    assert seen.links == (good,)
    assert [each.link_id for each in seen.poisoned] == [bad.id]


async def test_other_projects_and_repositories_are_not_read(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    mine = await linked(stores, bugspark)
    theirs = await linked(stores, bugspark, 2)
    moved = a_link(
        mine.project_id, bugspark.add_report(mine.project_id, github_issue_number=9, github_repo="a/b")
    )
    moved = replace(moved, number=IssueNumber(9), repository="a/b", repository_id=RepositoryId(78))
    plan = LinkPlan(
        link=replace(moved, base=None), report=await the_report(stores, moved.report_id), after=moved
    )
    await store(stores, mine.project_id, plan)
    bugspark.execute("UPDATE reports SET title = 'Other'")
    bugspark.add_comment(theirs.report_id)
    assert (await read_snapshot(stores, mine.project_id)).links == (mine,)


async def test_the_comments_github_should_have_are_counted(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    alive: list[dict[str, Any]] = [
        {"state": CommentPairState.LIVE},
        {"state": CommentPairState.LIVE, "origin": Side.BUGSPARK},
        {"state": CommentPairState.TOMBSTONE},
        {"state": CommentPairState.SKIPPED},
    ]
    dead: list[dict[str, Any]] = [
        {"state": CommentPairState.TOMBSTONE, "origin": Side.BUGSPARK},
        {"state": CommentPairState.ENDED},
        {"state": CommentPairState.PENDING, "origin": Side.BUGSPARK, "remote_id": None},
    ]
    for number, values in enumerate(alive + dead):
        link = await add_comment_pair(stores, link, **{"remote_id": RemoteCommentId(number), **values})
    seen = await read_snapshot(stores, link.project_id, numbers=[link.number], local=False)
    assert seen.remote_comment_counts == {link.id: len(alive)}

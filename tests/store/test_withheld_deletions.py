"""Withheld deletions: exactly those are accepted, and nothing is written where there are none."""

import sqlalchemy as sa

from reconciler.model.fields import Side
from reconciler.model.link import Link
from reconciler.model.plan import DeleteRemoteComment, Deletion, LinkPlan, RemoveLocalComment, Rule, Why
from reconciler.model.snapshot import WithheldDeletions
from reconciler.store.schema import tables
from reconciler.store.stores import DatabaseStores
from tests.support.bugspark import BugSpark
from tests.support.stores import a_pair, linked, store, the_report

WHY = Why(rule=Rule.COMMENT_DELETED)


async def test_what_is_withheld_is_accepted_by_its_hash_only(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    one, other = a_pair(link), a_pair(link, remote_id=5)
    deletions: list[tuple[Link, Deletion]] = [
        (link, RemoveLocalComment(pair=one, why=WHY)),
        (link, DeleteRemoteComment(pair=other, why=WHY)),
    ]
    await stores.ledger.save_withheld_deletions(link.project_id, "h4sh", deletions)
    held = WithheldDeletions(digest="h4sh", links=(link,), pair_ids=frozenset({one.id, other.id}))
    assert await stores.ledger.withheld_deletions(link.project_id) == held
    assert not await stores.ledger.accept_withheld_deletions(link.project_id, "0ther")
    assert await stores.ledger.accept_withheld_deletions(link.project_id, "h4sh")
    accepted = await stores.ledger.withheld_deletions(link.project_id)
    assert accepted.is_accepted
    assert (await stores.projects.get_state(link.project_id)).accepted_digest == "h4sh"


async def test_other_deletions_are_not_accepted_by_an_older_hash(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    pair = a_pair(link)
    await stores.ledger.save_withheld_deletions(
        link.project_id, "h4sh", [(link, RemoveLocalComment(pair=pair, why=WHY))]
    )
    await stores.ledger.accept_withheld_deletions(link.project_id, "h4sh")
    await stores.ledger.save_withheld_deletions(
        link.project_id, "n3w", [(link, RemoveLocalComment(pair=pair, why=WHY))]
    )
    assert not (await stores.ledger.withheld_deletions(link.project_id)).is_accepted
    await stores.ledger.save_withheld_deletions(link.project_id, None, [])
    assert await stores.ledger.withheld_deletions(link.project_id) == WithheldDeletions()
    assert (await stores.projects.get_state(link.project_id)).accepted_digest is None
    assert bugspark.rows(sa.select(tables.withheld)) == []


async def test_without_withheld_deletions_nothing_is_written(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project = bugspark.add_project()
    await stores.ledger.save_withheld_deletions(project, None, [])
    assert bugspark.rows(sa.select(tables.projects)) == []


async def test_what_the_ledger_knows_is_counted_by_origin(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link = await linked(stores, bugspark)
    assert await stores.ledger.live_comment_counts_by_origin(link.project_id) == {}
    pairs = [a_pair(link), a_pair(link, remote_id=2), a_pair(link, remote_id=3, origin=Side.BUGSPARK)]
    report = await the_report(stores, link.report_id)
    plan = LinkPlan(link=link, report=report, after=link, pairs=tuple(pairs))
    await store(stores, link.project_id, plan)
    assert await stores.ledger.live_comment_counts_by_origin(link.project_id) == {
        Side.GITHUB: 2,
        Side.BUGSPARK: 1,
    }

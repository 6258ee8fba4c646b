"""Links that commands make and end."""

from dataclasses import replace

import pytest

from reconciler.errors import RefusedError
from reconciler.model.link import LinkState
from reconciler.model.plan import LinkPlan
from reconciler.model.report import IssueColumns
from reconciler.store.stores import DatabaseStores
from tests.support.bugspark import BugSpark
from tests.support.stores import NAME, a_link, a_pair, linked, store, the_report

COLUMNS = IssueColumns(repository=NAME, number=3, url=f"https://github.com/{NAME}/issues/3")


async def test_a_link_made_by_command_is_new_and_fills_the_columns(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project = bugspark.add_project()
    link = a_link(project, bugspark.add_report(project), 3, state=LinkState.NEW, base=None, seen=None)
    await stores.ledger.create_link(link, COLUMNS)
    assert await stores.ledger.find_link_of_report(link.report_id) == replace(link, revision=1)
    assert (await the_report(stores, link.report_id)).columns == COLUMNS


async def test_a_linked_issue_and_a_linked_report_are_refused_and_nothing_is_changed(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    held = await linked(stores, bugspark, 3)
    other = bugspark.add_report(held.project_id)
    refusal = r'BUG-\d+ of project "Shop" is linked to acme/web#3 already; unlink it'
    with pytest.raises(RefusedError, match=refusal):
        await stores.ledger.create_link(a_link(held.project_id, other, 3, state=LinkState.NEW), COLUMNS)
    with pytest.raises(RefusedError, match=refusal):
        await stores.ledger.create_link(a_link(held.project_id, held.report_id, 4), COLUMNS)
    assert (await the_report(stores, other)).columns is None
    assert await stores.ledger.find_link_of_report(held.report_id) == held


async def test_unlinking_clears_the_columns_and_keeps_the_ledger(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    report = await the_report(stores, link.report_id)
    plan = LinkPlan(link=link, report=report, after=link, pairs=(a_pair(link),))
    await store(stores, link.project_id, plan)
    await stores.ledger.unlink(link)
    assert (await the_report(stores, link.report_id)).columns is None
    found = await stores.ledger.find_link_of_report(link.report_id)
    assert found == replace(link, state=LinkState.UNLINKED, revision=3)
    assert len((await stores.ledger.local_threads([link]))[link.report_id].pairs) == 1
    assert await stores.ledger.find_live_link_of_issue(link.repository_id, link.number) is None


async def test_unlinking_leaves_columns_that_name_another_issue(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    bugspark.set_report(link.report_id, github_issue_number=8)
    await stores.ledger.unlink(link)
    columns = (await the_report(stores, link.report_id)).columns
    assert columns
    assert columns.number == 8


async def test_linking_the_same_issue_again_reuses_the_ledger(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark, 3)
    await stores.ledger.unlink(link)
    again = a_link(link.project_id, link.report_id, 3, state=LinkState.NEW, base=None)
    await stores.ledger.create_link(again, COLUMNS)
    found = await stores.ledger.find_link_of_report(link.report_id)
    assert found == replace(again, id=link.id, revision=3)


async def test_a_new_link_makes_an_ended_one_unlinked(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link = await linked(stores, bugspark)
    gone = replace(link, state=LinkState.GONE)
    await store(
        stores,
        link.project_id,
        LinkPlan(link=link, report=await the_report(stores, link.report_id), after=gone),
    )
    fresh = a_link(link.project_id, link.report_id, 3, state=LinkState.NEW)
    await stores.ledger.create_link(fresh, COLUMNS)
    assert await stores.ledger.find_link_of_report(link.report_id) == replace(fresh, revision=1)


async def test_reports_of_any_project_with_the_same_tracking_id_are_found(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    one, other = bugspark.add_project(), bugspark.add_project()
    reports = {bugspark.add_report(project, tracking_id="BUG-0007") for project in (one, other)}
    bugspark.add_report(one, tracking_id="BUG-0008", github_issue_number=5, github_repo=NAME)
    found = await stores.ledger.find_unlinked_by_tracking_ids(["BUG-0007", "BUG-0008"])
    assert {each.report_id for each in found} == reports
    assert await stores.ledger.find_unlinked_by_tracking_ids([]) == ()

"""One batch: what is stored, what is stale, and what a person changed in between."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from reconciler.model.fields import Field, Side, Status
from reconciler.model.ids import CommentId, CommentPairId
from reconciler.model.issue import ListState
from reconciler.model.link import CommentPair, CommentPairState, Link, LinkState
from reconciler.model.plan import (
    Conflict,
    EditLocalComment,
    ImportComment,
    LinkPlan,
    RemoveLocalComment,
    Rule,
    SetReportField,
    Why,
)
from reconciler.model.snapshot import StoreResult
from reconciler.store.schema import tables
from reconciler.store.stores import DatabaseStores
from tests.support.bugspark import BugSpark
from tests.support.stores import (
    NOW,
    REPOSITORY,
    a_link,
    a_pair,
    a_remote_comment,
    digest,
    linked,
    store,
    the_report,
)

WHY = Why(rule=Rule.REMOTE_MOVED, base="new", local="new", remote="closed", to="resolved")
RESOLVE = SetReportField(field=Field.STATUS, to="resolved", why=WHY)


async def a_plan(stores: DatabaseStores, link: Link, **values: Any) -> LinkPlan:
    plan = LinkPlan(link=link, report=await the_report(stores, link.report_id), after=link)
    return replace(plan, **values)


async def test_a_new_link_is_stored_as_it_is(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link = await linked(stores, bugspark)
    assert await stores.ledger.find_link_of_report(link.report_id) == link
    assert await stores.ledger.find_live_link_of_issue(REPOSITORY, link.number) == link


async def test_a_field_is_written_and_the_report_says_when(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    assert link.base
    after = replace(link, base=replace(link.base, status=Status.RESOLVED))
    plan = await a_plan(stores, link, after=after, actions=(RESOLVE,))
    assert await store(stores, link.project_id, plan) == StoreResult()
    row = bugspark.report(link.report_id)
    assert row
    assert (row["status"], row["updated_at"]) == ("resolved", NOW)
    assert await stores.ledger.find_link_of_report(link.report_id) == replace(after, revision=2)


async def test_several_fields_of_several_reports_are_written_at_once(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    one = await linked(stores, bugspark)
    other = await linked(stores, bugspark, 2, project=one.project_id)
    titled = SetReportField(field=Field.TITLE, to="It is “fixed”", why=WHY)
    severe = SetReportField(field=Field.SEVERITY, to="low", why=WHY)
    kind = SetReportField(field=Field.CATEGORY, to="ui", why=WHY)
    plans = (
        await a_plan(stores, one, actions=(RESOLVE, titled)),
        await a_plan(stores, other, actions=(severe, kind)),
    )
    assert await store(stores, one.project_id, *plans) == StoreResult()
    first, second = bugspark.report(one.report_id), bugspark.report(other.report_id)
    assert first
    assert second
    fields = ("status", "severity", "category", "title")
    assert [first[name] for name in fields] == ["resolved", "medium", "bug", "It is “fixed”"]
    assert [second[name] for name in fields] == ["new", "low", "ui", "It breaks"]


async def test_a_person_who_was_faster_keeps_the_value_and_the_plan_is_left_out_whole(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    other = await linked(stores, bugspark, 2, project=link.project_id)
    pair = a_pair(link)
    imported = ImportComment(comment=a_remote_comment(), body="copied", why=WHY)
    plan = await a_plan(stores, link, actions=(RESOLVE, imported), pairs=(pair,))
    fine = await a_plan(stores, other, actions=(RESOLVE,))
    bugspark.set_report(link.report_id, status="triaging")
    assert await store(stores, link.project_id, plan, fine) == StoreResult(
        stale_reports=frozenset({link.report_id})
    )
    row = bugspark.report(link.report_id)
    assert row
    assert row["status"] == "triaging"
    assert bugspark.comments(link.report_id) == []
    assert await stores.ledger.find_link_of_report(link.report_id) == link
    other_row = bugspark.report(other.report_id)
    assert other_row
    assert other_row["status"] == "resolved"


async def test_a_change_by_a_person_that_is_not_committed_is_waited_for_and_wins(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    plan = await a_plan(stores, link, actions=(RESOLVE,))
    with bugspark.engine.connect() as person:
        person.execute(sa.text("UPDATE reports SET status = 'triaging'"))
        ours = asyncio.create_task(store(stores, link.project_id, plan))
        await asyncio.sleep(0.2)
        assert not ours.done()
        person.commit()
        assert await ours == StoreResult(stale_reports=frozenset({link.report_id}))
    row = bugspark.report(link.report_id)
    assert row
    assert row["status"] == "triaging"
    assert await stores.ledger.find_link_of_report(link.report_id) == link


async def test_a_new_link_of_a_stale_report_is_not_stored(stores: DatabaseStores, bugspark: BugSpark) -> None:
    project = bugspark.add_project()
    report = bugspark.add_report(project)
    link = a_link(project, report)
    plan = LinkPlan(link=link, report=await the_report(stores, report), after=link, actions=(RESOLVE,))
    bugspark.set_report(report, severity="low")
    assert await store(stores, project, plan) == StoreResult(stale_reports=frozenset({report}))
    assert await stores.ledger.find_link_of_report(report) is None


async def test_a_link_that_was_changed_in_between_is_stale(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    plan = await a_plan(stores, link, actions=(RESOLVE,))
    assert await store(stores, link.project_id, plan) == StoreResult()
    again = replace(plan, report=await the_report(stores, link.report_id))
    assert await store(stores, link.project_id, again) == StoreResult(
        stale_reports=frozenset({link.report_id})
    )


async def test_comments_are_imported_with_their_own_time_and_source(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    pair = a_pair(link)
    earlier = NOW - timedelta(days=2, microseconds=-5)
    action = ImportComment(
        comment=a_remote_comment(created_at=earlier), body="**octocat** (via GitHub):\n\nhé ‘quoted’", why=WHY
    )
    plan = await a_plan(stores, link, actions=(action,), pairs=(pair,))
    assert await store(stores, link.project_id, plan) == StoreResult()
    assert bugspark.comments(link.report_id) == [
        {
            "id": pair.local_id,
            "report_id": link.report_id,
            "author_id": None,
            "body": "**octocat** (via GitHub):\n\nhé ‘quoted’",
            "created_at": earlier,
            "source": "github",
        }
    ]
    side = (await stores.ledger.local_threads([link]))[link.report_id]
    assert side.pairs == (pair,)
    assert [comment.source for comment in side.comments] == ["github"]


async def test_a_comment_for_a_report_deleted_in_between_is_left_out_alone(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    gone = await linked(stores, bugspark)
    here = await linked(stores, bugspark, 2, project=gone.project_id)
    plans = [
        await a_plan(
            stores,
            link,
            actions=(ImportComment(comment=a_remote_comment(id_), body="copied", why=WHY),),
            pairs=(a_pair(link, remote_id=id_),),
        )
        for id_, link in ((1001, gone), (1002, here))
    ]
    bugspark.delete_report(gone.report_id)
    assert await store(stores, gone.project_id, *plans) == StoreResult(
        stale_reports=frozenset({gone.report_id})
    )
    assert len(bugspark.comments(here.report_id)) == 1


async def with_copy(stores: DatabaseStores, bugspark: BugSpark) -> tuple[Link, CommentPair]:
    link = await linked(stores, bugspark)
    pair = a_pair(link)
    action = ImportComment(comment=a_remote_comment(), body="copied", why=WHY)
    plan = await a_plan(stores, link, actions=(action,), pairs=(pair,))
    assert await store(stores, link.project_id, plan) == StoreResult()
    return replace(link, revision=2), pair


async def test_an_edit_is_carried_over_to_the_copy(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link, pair = await with_copy(stores, bugspark)
    edit = EditLocalComment(
        pair=pair, comment=a_remote_comment(body="said better"), body="copied better", why=WHY
    )
    newer = replace(pair, local_digest=digest("copied better"), remote_digest=digest("said better"))
    plan = await a_plan(stores, link, actions=(edit,), pairs=(newer,))
    assert await store(stores, link.project_id, plan) == StoreResult()
    assert [row["body"] for row in bugspark.comments(link.report_id)] == ["copied better"]
    assert (await stores.ledger.local_threads([link]))[link.report_id].pairs == (newer,)


@pytest.mark.parametrize("action", ["deleted", "changed"])
async def test_an_edit_of_a_copy_that_a_person_changed_is_stale(
    stores: DatabaseStores, bugspark: BugSpark, action: str
) -> None:
    link, pair = await with_copy(stores, bugspark)
    assert pair.local_id
    edit = EditLocalComment(
        pair=pair, comment=a_remote_comment(body="said better"), body="copied better", why=WHY
    )
    plan = await a_plan(stores, link, actions=(edit,))
    if action == "deleted":
        bugspark.delete_comment(pair.local_id)
    else:
        bugspark.execute("UPDATE comments SET body = 'by hand'")
    assert await store(stores, link.project_id, plan) == StoreResult(
        stale_reports=frozenset({link.report_id})
    )
    assert "copied better" not in [row["body"] for row in bugspark.comments(link.report_id)]


async def test_a_copy_is_removed(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link, pair = await with_copy(stores, bugspark)
    bugspark.add_comment(link.report_id, "mine")
    ended = replace(pair, state=CommentPairState.ENDED)
    plan = await a_plan(stores, link, actions=(RemoveLocalComment(pair=pair, why=WHY),), pairs=(ended,))
    assert await store(stores, link.project_id, plan) == StoreResult()
    assert [row["body"] for row in bugspark.comments(link.report_id)] == ["mine"]


async def test_a_comment_is_not_imported_twice(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link, pair = await with_copy(stores, bugspark)
    duplicate = replace(pair, id=CommentPairId(uuid4()), local_id=CommentId(uuid4()))
    action = ImportComment(comment=a_remote_comment(), body="copied", why=WHY)
    plan = await a_plan(stores, link, actions=(action,), pairs=(duplicate,))
    assert await store(stores, link.project_id, plan) == StoreResult(
        stale_reports=frozenset({link.report_id})
    )
    assert len(bugspark.comments(link.report_id)) == 1


async def test_the_second_link_to_an_issue_is_stale_and_the_first_is_stored(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project = bugspark.add_project()
    one, other = bugspark.add_report(project), bugspark.add_report(project)
    plans = []
    for report in (one, other):
        link = a_link(project, report, 7)
        plans.append(
            LinkPlan(link=replace(link, base=None), report=await the_report(stores, report), after=link)
        )
    stored = await store(stores, project, *plans)
    assert len(stored.stale_reports) == 1
    left = one if other in stored.stale_reports else other
    holder = await stores.ledger.find_live_link_of_issue(REPOSITORY, plans[0].link.number)
    assert holder
    assert holder.report_id == left


async def test_a_reused_link_is_stale_when_another_one_holds_its_issue_by_then(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark, 7)
    await stores.ledger.unlink(link)
    competitor = await linked(stores, bugspark, 7, project=link.project_id)
    past = replace(link, state=LinkState.UNLINKED, revision=2)
    plan = LinkPlan(link=past, report=await the_report(stores, link.report_id), after=link)
    assert await store(stores, link.project_id, plan) == StoreResult(
        stale_reports=frozenset({link.report_id})
    )
    assert await stores.ledger.find_live_link_of_issue(REPOSITORY, link.number) == competitor


async def test_list_states_are_stored_with_their_rows(stores: DatabaseStores, bugspark: BugSpark) -> None:
    project = bugspark.add_project()
    issues = ListState(anchor=NOW, etag='W/"x"', etag_credential="f00")
    await store(stores, project, issues=issues)
    await store(stores, project, comments=ListState(anchor=NOW, cursor=NOW + timedelta(seconds=1)))
    state = await stores.projects.get_state(project)
    assert state.issues == issues
    assert state.comments == ListState(anchor=NOW, cursor=NOW + timedelta(seconds=1))


async def test_history_has_every_local_action_and_what_was_lost(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    conflict = Conflict(field=Field.STATUS, why=WHY, lost="triaging")
    plan = await a_plan(stores, link, actions=(RESOLVE,), conflicts=(conflict,), notes=("two severities",))
    await store(stores, link.project_id, plan)
    lines = bugspark.rows(sa.select(tables.changes).order_by(tables.changes.c.id))
    assert [(row["kind"], row["field"], row["to"], row["lost"]) for row in lines] == [
        ("first_contact", None, "acme/web#1", None),
        ("conflict", "status", "resolved", "triaging"),  # one line, not a second one for its set_field
        ("note", None, None, None),
    ]
    assert {row["side"] for row in lines[:2]} == {Side.BUGSPARK.value}
    assert lines[0]["at"] == NOW


async def test_nul_and_lone_surrogates_are_removed_and_stop_no_other_row(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    action = ImportComment(comment=a_remote_comment(), body="a\0b \\u0000 \ud800 c", why=WHY)
    plan = await a_plan(stores, link, actions=(action,), pairs=(a_pair(link),))
    assert await store(stores, link.project_id, plan) == StoreResult()
    assert [row["body"] for row in bugspark.comments(link.report_id)] == ["ab \\u0000 ? c"]

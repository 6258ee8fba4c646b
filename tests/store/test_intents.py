"""Intents: stored once, claimed by one, confirmed together with their outcome."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from reconciler.errors import PausedError, ProjectLockLostError
from reconciler.model.fields import Field, IssueState, Side
from reconciler.model.ids import IntentId, IssueNumber, ProjectId, RemoteCommentId, ReportId
from reconciler.model.intent import (
    DesiredCommentDeletion,
    DesiredState,
    Intent,
    IntentState,
    NewComment,
    NewIssue,
)
from reconciler.model.kinds import Kind, Operation
from reconciler.model.link import UNLINKED_BEFORE_SENDING, CommentPair, CommentPairState, Link, LinkState
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import Change
from reconciler.ports import Confirmation
from reconciler.store.schema import tables
from reconciler.store.stores import DatabaseStores
from tests.support.bugspark import BugSpark
from tests.support.stores import NAME, NOW, REPOSITORY, a_link, a_pair, linked, store, the_report

CLOSE = DesiredState(state=IssueState.CLOSED, reason="completed", agreed="resolved")


def an_intent_of(link: Link, **values: Any) -> Intent:
    intent = Intent(
        id=IntentId(uuid4()),
        project_id=link.project_id,
        report_id=link.report_id,
        link_id=link.id,
        pair_id=None,
        local_id=link.report_id,
        operation=Operation.STATUS,
        repository_id=REPOSITORY,
        number=link.number,
        desired=CLOSE,
        state=IntentState.PLANNED,
        attempts=0,
        created_at=NOW,
    )
    return replace(intent, **values)


async def a_post(
    stores: DatabaseStores, bugspark: BugSpark, number: int = 1, *, project: ProjectId | None = None
) -> tuple[Link, CommentPair, Intent]:
    """A comment of BugSpark's with an intent to copy it to GitHub."""
    link = await linked(stores, bugspark, number, project=project)
    comment = bugspark.add_comment(link.report_id)
    pair = a_pair(
        link, origin=Side.BUGSPARK, state=CommentPairState.PENDING, local_id=comment, remote_id=None
    )
    intent = an_intent_of(
        link,
        operation=Operation.CREATE_COMMENT,
        pair_id=pair.id,
        local_id=comment,
        desired=NewComment(body="[BugSpark] Ada:\n\nSame here"),
    )
    plan = LinkPlan(link=link, report=await the_report(stores, link.report_id), after=link, pairs=(pair,))
    await store(stores, link.project_id, plan, intents=(intent,))
    return replace(link, revision=2), pair, intent


async def an_export(stores: DatabaseStores, bugspark: BugSpark) -> tuple[Link, Intent]:
    project = bugspark.add_project()
    report = bugspark.add_report(project)
    link = a_link(project, report, 12)
    desired = NewIssue(title="[BUG-0001] It breaks", body="…", labels=("bug", "critical"))
    intent = an_intent_of(link, link_id=None, number=None, operation=Operation.CREATE_ISSUE, desired=desired)
    await stores.intents.add([intent])
    return link, intent


async def the_intent(stores: DatabaseStores, intent: Intent) -> Intent | None:
    return next(
        (each for each in await stores.intents.list_open(intent.project_id) if each.id == intent.id), None
    )


async def test_every_intent_is_read_as_it_was_stored(stores: DatabaseStores, bugspark: BugSpark) -> None:
    _, export = await an_export(stores, bugspark)
    _, _, post = await a_post(stores, bugspark)
    assert await stores.intents.list_open(export.project_id) == (export,)
    assert await stores.intents.list_open(post.project_id) == (post,)


async def test_of_two_creates_the_first_one_stands(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link, _, intent = await a_post(stores, bugspark)
    other = replace(intent, id=IntentId(uuid4()), desired=NewComment(body="other"))
    await store(stores, link.project_id, intents=(other,))
    assert await stores.intents.list_open(link.project_id) == (intent,)


@pytest.mark.parametrize(
    ("state", "not_before", "then"),
    [
        (IntentState.PLANNED, None, IntentState.PLANNED),
        (IntentState.QUARANTINED, NOW - timedelta(seconds=1), IntentState.PLANNED),
        (IntentState.QUARANTINED, NOW + timedelta(seconds=1), IntentState.QUARANTINED),
        (IntentState.QUARANTINED, None, IntentState.QUARANTINED),
        (IntentState.SENDING, None, None),
        (IntentState.UNKNOWN, None, None),
    ],
)
async def test_another_operation_replaces_only_what_has_not_been_sent(
    stores: DatabaseStores, bugspark: BugSpark, state: IntentState, not_before: Any, then: IntentState | None
) -> None:
    link = await linked(stores, bugspark)
    first = an_intent_of(link, state=state, not_before=not_before, attempts=2)
    await store(stores, link.project_id, intents=(first,))
    second = an_intent_of(link, desired=replace(CLOSE, reason="not_planned", agreed="closed"))
    await store(stores, link.project_id, intents=(second,))
    (stored,) = await stores.intents.list_open(link.project_id)
    assert stored.id == first.id
    assert stored.desired == (second.desired if then else first.desired)
    assert stored.state is (then or state)


async def test_intents_of_a_stale_report_are_not_stored(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link = await linked(stores, bugspark)
    plan = LinkPlan(
        link=replace(link, revision=9), report=await the_report(stores, link.report_id), after=link
    )
    await store(stores, link.project_id, plan, intents=(an_intent_of(link),))
    assert await stores.intents.list_open(link.project_id) == ()


async def test_of_two_claims_one_succeeds(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link, pair, intent = await a_post(stores, bugspark)
    claim = await stores.intents.claim(intent, NOW)
    assert claim
    assert (claim.link, claim.pair, claim.cause_gone) == (link, pair, False)
    assert (claim.intent.state, claim.intent.attempts) == (IntentState.SENDING, 1)
    assert claim.intent.claimed_at == NOW
    assert await the_intent(stores, intent) == claim.intent
    assert await stores.intents.claim(intent, NOW) is None


async def test_a_claim_is_released_only_at_its_own_attempt(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    _, _, intent = await a_post(stores, bugspark)
    first = await stores.intents.claim(intent, NOW)
    assert first
    await stores.intents.release_claim(first.intent)
    second = await stores.intents.claim(intent, NOW + timedelta(seconds=5))
    assert second
    assert (second.intent.attempts, second.intent.claimed_at) == (2, NOW)
    await stores.intents.release_claim(first.intent)
    assert await the_intent(stores, intent) == second.intent


async def test_the_cause_of_a_comment_is_gone_with_the_comment(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    _, _, intent = await a_post(stores, bugspark)
    bugspark.delete_comment(intent.local_id)
    claim = await stores.intents.claim(intent, NOW)
    assert claim
    assert claim.cause_gone
    assert await the_intent(stores, intent) == intent


async def test_a_comment_whose_pair_is_not_pending_any_more_is_not_sent(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link, pair, intent = await a_post(stores, bugspark)
    found = replace(pair, state=CommentPairState.LIVE, remote_id=RemoteCommentId(5))  # its lost copy
    report = await the_report(stores, link.report_id)
    await store(stores, link.project_id, LinkPlan(link=link, report=report, after=link, pairs=(found,)))
    await stores.intents.add([intent])
    claim = await stores.intents.claim(intent, NOW)
    assert claim
    assert claim.cause_gone
    assert await the_intent(stores, intent) == intent


async def test_a_project_that_was_paused_in_between_sends_nothing(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    _, _, intent = await a_post(stores, bugspark)
    await stores.projects.set_paused(intent.project_id, paused=True)
    with pytest.raises(PausedError, match="nothing more is written"):
        await stores.intents.claim(intent, NOW)
    assert await the_intent(stores, intent) == intent


async def test_nothing_to_add_or_to_cancel_changes_nothing(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    _, _, intent = await a_post(stores, bugspark)
    await stores.intents.add([])
    await stores.intents.cancel([])
    assert await stores.intents.list_open(intent.project_id) == (intent,)


async def test_the_cause_is_gone_with_the_link(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link, _, intent = await a_post(stores, bugspark)
    await stores.ledger.unlink(link)
    claim = await stores.intents.claim(intent, NOW)
    assert claim
    assert claim.cause_gone


async def test_the_cause_of_a_field_is_gone_with_the_report(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    intent = an_intent_of(link)
    await stores.intents.add([intent])
    bugspark.delete_report(link.report_id)
    claim = await stores.intents.claim(intent, NOW)
    assert claim
    assert claim.cause_gone


@pytest.mark.parametrize("action", ["deleted", "columns", "link"])
async def test_the_cause_of_an_export_is_gone_when_the_report_is_deleted_or_linked(
    stores: DatabaseStores, bugspark: BugSpark, action: str
) -> None:
    link, intent = await an_export(stores, bugspark)
    if action == "deleted":
        bugspark.delete_report(link.report_id)
    elif action == "columns":
        bugspark.set_report(link.report_id, github_issue_number=4, github_repo=NAME)
    else:
        plan = LinkPlan(link=replace(link, base=None), report=None, after=link)
        await store(stores, link.project_id, plan)
    claim = await stores.intents.claim(intent, NOW)
    assert claim
    assert claim.cause_gone


async def test_a_deletion_is_sent_although_its_comment_is_gone(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link, pair, _ = await a_post(stores, bugspark)
    desired = DesiredCommentDeletion(remote_id=RemoteCommentId(5))
    intent = an_intent_of(
        link, operation=Operation.DELETE_COMMENT, local_id=uuid4(), pair_id=pair.id, desired=desired
    )
    await stores.intents.add([intent])
    claim = await stores.intents.claim(intent, NOW)
    assert claim
    assert not claim.cause_gone


def a_change(link: Link) -> Change:
    return Change(
        report_id=link.report_id,
        link_id=link.id,
        side=Side.GITHUB,
        kind=Kind.SET_STATE,
        field=Field.STATUS,
        base="new",
        local="resolved",
        remote="open",
        to="closed",
        rule="only BugSpark changed",
        request_id="ABCD:1",
    )


async def test_a_confirmed_comment_is_live_in_history_and_its_intent_deleted(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link, pair, intent = await a_post(stores, bugspark)
    claim = await stores.intents.claim(intent, NOW)
    assert claim
    assert claim.link
    live = replace(pair, state=CommentPairState.LIVE, remote_id=RemoteCommentId(42))
    await stores.intents.confirm(
        Confirmation(intent=claim.intent, link=claim.link, pair=live, changes=[a_change(link)], at=NOW)
    )
    assert await stores.intents.list_open(link.project_id) == ()
    assert (await stores.ledger.local_threads([link]))[link.report_id].pairs == (live,)
    assert await stores.ledger.find_link_of_report(link.report_id) == replace(link, revision=3)
    lines = bugspark.rows(sa.select(tables.changes).order_by(tables.changes.c.id))
    assert [(row["kind"], row["request_id"]) for row in lines] == [
        ("first_contact", None),
        ("set_state", "ABCD:1"),
    ]


async def test_a_pair_is_confirmed_without_its_link(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link, pair, intent = await a_post(stores, bugspark)
    live = replace(pair, state=CommentPairState.LIVE, remote_id=RemoteCommentId(42))
    await stores.intents.confirm(Confirmation(intent=intent, link=None, pair=live, changes=[], at=NOW))
    assert (await stores.ledger.local_threads([link]))[link.report_id].pairs == (live,)


async def test_a_confirmation_for_a_link_that_changed_stores_nothing(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link, pair, intent = await a_post(stores, bugspark)
    await stores.ledger.unlink(link)
    with pytest.raises(ProjectLockLostError, match="acme/web#1"):
        await stores.intents.confirm(
            Confirmation(intent=intent, link=link, pair=pair, changes=[a_change(link)], at=NOW)
        )
    assert await stores.intents.list_open(link.project_id) == (intent,)
    assert [row["kind"] for row in bugspark.rows(sa.select(tables.changes))] == ["first_contact", "unlink"]


async def test_a_confirmed_export_is_a_link_and_fills_the_columns(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link, intent = await an_export(stores, bugspark)
    await stores.intents.confirm(Confirmation(intent=intent, link=link, pair=None, changes=[], at=NOW))
    assert await stores.ledger.find_link_of_report(link.report_id) == replace(link, revision=1)
    row = bugspark.report(link.report_id)
    assert row
    assert (row["github_issue_number"], row["github_repo"]) == (12, NAME)
    assert row["github_issue_url"] == f"https://github.com/{NAME}/issues/12"
    assert await stores.intents.list_open(link.project_id) == ()


async def test_a_confirmed_export_leaves_columns_that_were_filled_in_between(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link, intent = await an_export(stores, bugspark)
    bugspark.set_report(link.report_id, github_issue_number=4, github_repo="other/place")
    await stores.intents.confirm(Confirmation(intent=intent, link=link, pair=None, changes=[], at=NOW))
    row = bugspark.report(link.report_id)
    assert row
    assert (row["github_issue_number"], row["github_repo"]) == (4, "other/place")
    assert await stores.intents.list_open(link.project_id) == ()


async def test_an_export_of_a_report_linked_in_between_is_stored_as_contested(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link, intent = await an_export(stores, bugspark)
    competitor = a_link(link.project_id, link.report_id, 4)
    await store(
        stores, link.project_id, LinkPlan(link=replace(competitor, base=None), report=None, after=competitor)
    )
    await stores.intents.confirm(Confirmation(intent=intent, link=link, pair=None, changes=[], at=NOW))
    states = {row["number"]: row["state"] for row in bugspark.rows(sa.select(tables.links))}
    assert states == {IssueNumber(4): LinkState.ACTIVE.value, IssueNumber(12): LinkState.CONTESTED.value}


async def test_an_intent_that_was_not_confirmed_is_saved(stores: DatabaseStores, bugspark: BugSpark) -> None:
    _, _, intent = await a_post(stores, bugspark)
    claim = await stores.intents.claim(intent, NOW)
    assert claim
    unknown = replace(
        claim.intent,
        state=IntentState.UNKNOWN,
        ended_at=NOW + timedelta(seconds=3),
        not_before=NOW + timedelta(minutes=1),
        reason="the answer was dropped",
    )
    await stores.intents.save_unconfirmed(unknown)
    assert await the_intent(stores, intent) == unknown
    late = replace(unknown, attempts=0, state=IntentState.PLANNED)
    await stores.intents.save_unconfirmed(late)
    assert await the_intent(stores, intent) == unknown


async def test_a_quarantined_intent_is_in_history_once_with_its_reason(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    _, _, intent = await a_post(stores, bugspark)
    quarantined = replace(intent, state=IntentState.QUARANTINED, not_before=NOW, reason="the issue is locked")
    for _ in range(2):
        await stores.intents.save_unconfirmed(quarantined)
    assert await the_intent(stores, intent) == quarantined
    lines = [(row["kind"], row["rule"]) for row in bugspark.rows(sa.select(tables.changes))]
    assert lines.count((Kind.QUARANTINE.value, "the issue is locked")) == 1


async def test_cancelling_ends_a_pending_pair_and_spares_what_was_claimed_since(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link, pair, intent = await a_post(stores, bugspark)
    status, unknown = an_intent_of(link), an_intent_of(link, local_id=uuid4(), state=IntentState.UNKNOWN)
    await stores.intents.add([status, unknown])
    claim = await stores.intents.claim(status, NOW)
    assert claim
    await stores.intents.cancel([intent, status, unknown])
    assert await stores.intents.list_open(link.project_id) == (claim.intent,)
    side = (await stores.ledger.local_threads([link]))[link.report_id]
    assert side.pairs == (replace(pair, state=CommentPairState.ENDED, reason=UNLINKED_BEFORE_SENDING),)


async def test_what_a_person_gives_up_is_deleted_and_in_history_unless_it_was_claimed_since(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    _, export = await an_export(stores, bugspark)
    report = bugspark.add_report(export.project_id)
    sent = replace(export, id=IntentId(uuid4()), report_id=report, local_id=report)
    await stores.intents.add([sent])
    claim = await stores.intents.claim(sent, NOW)
    assert claim
    await stores.intents.discard_manually([], "nobody asked", NOW)
    await stores.intents.discard_manually([export, sent], "the report was unlinked", NOW)
    assert await stores.intents.list_open(export.project_id) == (claim.intent,)
    (line,) = bugspark.rows(sa.select(tables.changes))
    assert (line["kind"], line["rule"]) == (Kind.RETRY.value, "the report was unlinked")
    assert line["report_id"] == export.report_id


async def test_export_candidates_have_no_link_no_columns_and_no_intent(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link, intent = await an_export(stores, bugspark)
    project = link.project_id
    free: list[ReportId] = [
        bugspark.add_report(project, at=NOW + timedelta(seconds=second)) for second in (2, 1, 3)
    ]
    bugspark.add_report(project, at=NOW, github_issue_number=5, github_repo=NAME)
    bugspark.add_report(project, at=NOW - timedelta(seconds=1))
    assert intent.report_id not in free
    assert await stores.reports.export_candidates(project, NOW, 2) == (free[1], free[0])

"""History, `resolve` and `retry` on both databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from reconciler.errors import ProjectLockLostError
from reconciler.model.fields import Field, Severity, Side, Status
from reconciler.model.health import VerificationCoverage
from reconciler.model.ids import IntentId, ReportId
from reconciler.model.intent import DesiredState, Intent, IntentState
from reconciler.model.kinds import Kind, Operation
from reconciler.model.link import CommentPairState, Link, LinkState, Verification
from reconciler.model.plan import CommentEvent, Conflict, LinkPlan, Rule, SetReportField, Why
from reconciler.model.report import IssueColumns
from reconciler.model.snapshot import Change
from reconciler.store.stores import DatabaseStores
from tests.support.bugspark import BugSpark
from tests.support.stores import NAME, NOW, a_link, a_pair, linked, store, the_report

LOST = Why(rule=Rule.NEWEST_REMOTE, base="medium", local="high", remote="low", to="low")


async def kinds_of(stores: DatabaseStores, report: ReportId) -> list[tuple[str, str]]:
    """The history without the initial sync, oldest first: kind and rule."""
    detail = await stores.queries.report_detail(report, 50)
    assert detail
    return [(each.change.kind.value, each.change.rule) for each in reversed(detail.history)][1:]


def a_restoring_change(link: Link, was: str, to: str) -> Change:
    return Change(
        report_id=link.report_id,
        link_id=link.id,
        side=Side.BUGSPARK,
        kind=Kind.RESOLVE,
        field="severity",
        base=None,
        local=was,
        remote=None,
        to=to,
        rule="by a person",
        lost=was,
    )


def an_intent(link: Link, **values: Any) -> Intent:
    defaults: dict[str, Any] = {
        "id": IntentId(uuid4()),
        "project_id": link.project_id,
        "report_id": link.report_id,
        "link_id": link.id,
        "pair_id": None,
        "local_id": link.report_id,
        "operation": Operation.STATUS,
        "repository_id": link.repository_id,
        "number": link.number,
        "desired": DesiredState(state=link.seen.state, reason=None, agreed="new") if link.seen else None,
        "state": IntentState.PLANNED,
        "attempts": 0,
        "created_at": NOW,
        "why": Why(rule=Rule.LOCAL_MOVED, base="new", local="resolved", remote="new", to="resolved"),
    }
    return Intent(**{**defaults, **values})


async def test_a_report_detail_holds_everything(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link = await linked(stores, bugspark)
    bugspark.add_comment(link.report_id, "hello")
    await stores.intents.add([an_intent(link)])
    detail = await stores.queries.report_detail(link.report_id, 50)
    assert detail
    assert detail.link == link
    assert [each.body for each in detail.comments] == ["hello"]
    assert detail.intents == (an_intent(link, id=detail.intents[0].id),)
    assert [(each.at, each.change.to) for each in detail.history] == [(NOW, f"{NAME}#1")]


async def test_a_deleted_report_has_no_detail(stores: DatabaseStores, bugspark: BugSpark) -> None:
    assert await stores.queries.report_detail(ReportId(uuid4()), 5) is None


async def test_the_newest_conflict_of_a_field_is_found(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link = await linked(stores, bugspark)
    report = await the_report(stores, link.report_id)
    conflict = Conflict(field=Field.SEVERITY, why=LOST, lost="high")
    action = SetReportField(field=Field.SEVERITY, to="low", why=LOST)
    plan = LinkPlan(link=link, report=report, after=link, actions=(action,), conflicts=(conflict,))
    await store(stores, link.project_id, plan)
    found = await stores.queries.newest_conflict(link.report_id, Field.SEVERITY)
    assert found
    assert (found.local, found.remote, found.lost) == ("high", "low", "high")
    assert await stores.queries.newest_conflict(link.report_id, Field.STATUS) is None
    assert await kinds_of(stores, link.report_id) == [("conflict", LOST.rule)]


async def test_a_lost_value_is_restored_only_where_the_report_has_the_value_that_was_seen(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    later = NOW + timedelta(hours=1)
    stale = a_restoring_change(link, "low", "high")
    assert not await stores.ledger.write_resolved_report_value(link, stale, later)
    assert await kinds_of(stores, link.report_id) == []
    assert await stores.ledger.write_resolved_report_value(
        link, a_restoring_change(link, "medium", "high"), later
    )
    report = await the_report(stores, link.report_id)
    assert (report.severity, report.status, report.updated_at) == (Severity.HIGH, Status.NEW, later)
    assert await kinds_of(stores, link.report_id) == [("resolve", "by a person")]
    assert await stores.ledger.find_link_of_report(link.report_id) == replace(link, revision=2)


async def test_nothing_is_restored_when_the_link_was_changed(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    await stores.ledger.unlink(link)
    with pytest.raises(ProjectLockLostError, match="acme/web#1"):
        await stores.ledger.write_resolved_report_value(link, a_restoring_change(link, "medium", "high"), NOW)
    assert (await the_report(stores, link.report_id)).severity is Severity.MEDIUM


async def test_a_release_ends_the_quarantine_of_the_link_and_of_its_writes(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    quarantined = replace(link, quarantined_until=NOW + timedelta(hours=1), reason="locked")
    await store(stores, link.project_id, LinkPlan(link=link, report=None, after=quarantined))
    intent = an_intent(link, state=IntentState.QUARANTINED, reason="locked", not_before=NOW)
    await stores.intents.add([intent])
    stored = await stores.ledger.find_link_of_report(link.report_id)
    assert stored
    assert (
        await stores.ledger.release_quarantine(
            replace(stored, quarantined_until=NOW), link.report_id, "by hand", NOW
        )
        == 1
    )
    (free,) = await stores.intents.list_open(link.project_id)
    assert (free.state, free.reason, free.not_before) == (IntentState.PLANNED, None, None)
    after = await stores.ledger.find_link_of_report(link.report_id)
    assert after
    assert after.quarantined_until == NOW
    assert await kinds_of(stores, link.report_id) == [("quarantine", "locked"), ("retry", "by hand")]


async def test_a_refused_write_is_in_history_once_for_each_reason(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    intent = an_intent(link)
    await stores.intents.add([intent])
    for reason in ("locked", "locked", "archived"):
        await stores.intents.save_unconfirmed(replace(intent, state=IntentState.QUARANTINED, reason=reason))
    assert await kinds_of(stores, link.report_id) == [("quarantine", "locked"), ("quarantine", "archived")]


async def test_links_made_unlinked_and_ended_are_in_history(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project = bugspark.add_project()
    report = bugspark.add_report(project)
    link = replace(a_link(project, report), state=LinkState.NEW, base=None, seen=None)
    await stores.ledger.create_link(link, IssueColumns(repository=NAME, number=1, url=None))
    stored = await stores.ledger.find_link_of_report(report)
    assert stored
    gone = replace(stored, state=LinkState.GONE, reason="deleted on GitHub")
    await store(stores, project, LinkPlan(link=stored, report=None, after=gone))
    await stores.ledger.unlink(gone)
    detail = await stores.queries.report_detail(report, 50)
    assert detail
    assert [(each.change.kind, each.change.rule) for each in reversed(detail.history)] == [
        (Kind.LINK, "linked by command"),
        (Kind.LINK_STATE, "deleted on GitHub"),
        (Kind.UNLINK, "unlinked by command"),
    ]


async def test_a_longer_quarantine_for_the_same_reason_adds_no_line_of_history(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    link = await linked(stores, bugspark)
    for hours, reason in ((1, "404"), (2, "404"), (3, "moved")):
        now = await stores.ledger.find_link_of_report(link.report_id)
        assert now
        quarantined = replace(now, quarantined_until=NOW + timedelta(hours=hours), reason=reason)
        await store(stores, link.project_id, LinkPlan(link=now, report=None, after=quarantined))
    now = await stores.ledger.find_link_of_report(link.report_id)
    assert now
    awake = replace(now, quarantined_until=None, reason=None)
    await store(stores, link.project_id, LinkPlan(link=now, report=None, after=awake))
    assert await kinds_of(stores, link.report_id) == [
        ("quarantine", "404"),
        ("quarantine", "moved"),
        ("release", "it rested because: moved"),
    ]


async def test_what_happens_to_copies_is_in_history(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link = await linked(stores, bugspark)
    event = CommentEvent(kind=Kind.COPY_DELETED, side=Side.GITHUB, rule="it is not made again", local="hello")
    pair = a_pair(link, state=CommentPairState.TOMBSTONE)
    await store(
        stores,
        link.project_id,
        LinkPlan(link=link, report=None, after=link, pairs=(pair,), events=(event,)),
    )
    assert await kinds_of(stores, link.report_id) == [("copy_deleted", "it is not made again")]


async def test_an_intent_keeps_what_was_decided_on(stores: DatabaseStores, bugspark: BugSpark) -> None:
    link = await linked(stores, bugspark)
    intent = an_intent(link)
    await stores.intents.add([intent])
    assert await stores.intents.list_open(link.project_id) == (intent,)
    newer = replace(intent, id=IntentId(uuid4()), why=LOST)
    await stores.intents.add([newer])
    assert [each.why for each in await stores.intents.list_open(link.project_id)] == [LOST]


async def test_a_full_verification_goes_on_until_it_is_over_or_too_old(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    project, max_age = bugspark.add_project(), timedelta(hours=6)
    assert await stores.projects.begin_full_verification(project, NOW, max_age) == NOW
    later = NOW + timedelta(hours=1)
    assert await stores.projects.begin_full_verification(project, later, max_age) == NOW
    much_later = NOW + timedelta(hours=7)
    assert await stores.projects.begin_full_verification(project, much_later, max_age) == much_later
    await stores.projects.complete_full_verification(project)
    assert await stores.projects.begin_full_verification(project, later, max_age) == later


async def test_coverage_counts_active_links_and_finds_the_oldest(
    stores: DatabaseStores, bugspark: BugSpark
) -> None:
    first = await linked(stores, bugspark)
    project = first.project_id
    second = await linked(stores, bugspark, 2, project=project)
    await linked(stores, bugspark, 3, project=project)
    for link, hours in ((first, 9), (second, 1)):
        at = NOW - timedelta(hours=hours)
        seen = replace(link, verification=Verification(at=at, due=at + timedelta(hours=6), etags=None))
        await store(stores, project, LinkPlan(link=link, report=None, after=seen))
    found = await stores.ledger.verification_coverage(project, NOW - timedelta(hours=6))
    assert (found.links, found.verified, found.oldest) == (3, 1, NOW - timedelta(hours=9))
    bugspark.add_integration(project, token="t")
    (health,) = await stores.queries.health(project)
    assert (health.coverage.verified, health.coverage.within) == (1, timedelta(hours=6))
    empty = bugspark.add_project("Empty")
    assert await stores.ledger.verification_coverage(empty, NOW) == VerificationCoverage()

"""A write of unknown outcome: what GitHub shows is confirmed, what it does not is decided again."""

import logging
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from reconciler.errors import GitHubNotFoundError, IssueTransferredError
from reconciler.logs import RECORD_VALUES_ATTRIBUTE
from reconciler.model.fields import Field, IssueState, Severity, Side, Status
from reconciler.model.ids import IssueNumber, LinkId, ReportId, RepositoryId
from reconciler.model.intent import (
    Desired,
    DesiredCommentBody,
    DesiredCommentDeletion,
    DesiredLabels,
    DesiredState,
    DesiredTitle,
    Intent,
    IntentState,
    NewComment,
    NewIssue,
)
from reconciler.model.issue import FieldEvent
from reconciler.model.kinds import Operation
from reconciler.model.link import CommentPair, Link, LinkState
from reconciler.sync.recover import RecoveryFindings, conclude_recovery, recover_unknown_writes
from reconciler.sync.result import PassStats
from reconciler.text import text_digest
from tests.support.factories import (
    AFTER,
    OCTOCAT,
    OURS,
    REPORT,
    a_base,
    a_link,
    a_local_comment,
    a_new_link,
    a_pair,
    a_remote_comment,
    a_report,
    an_issue,
    ids,
)
from tests.support.writer_harness import (
    LONG_AGO,
    PROJECT_STATE,
    ScriptedGitHub,
    WriterHarness,
    a_lost_intent,
    an_intent,
)

PLANNED, SENDING, UNKNOWN, QUARANTINED = (
    IntentState.PLANNED,
    IntentState.SENDING,
    IntentState.UNKNOWN,
    IntentState.QUARANTINED,
)
EARLIER, LATER = AFTER - timedelta(seconds=1), AFTER + timedelta(seconds=1)
ANOTHER, THIRD = (ReportId(UUID(int=number)) for number in (77, 78))
MARKED = "text\n\n<!-- bugspark-sync v1 -->"
CREATE = NewIssue(title="T", body=MARKED, labels=())
COPY = a_pair(Side.BUGSPARK, a_local_comment(1), a_remote_comment(5))
CLOSE = DesiredState(state=IssueState.CLOSED, reason="completed", agreed="resolved")
REOPEN = DesiredState(state=IssueState.OPEN, reason=None, agreed="new")
RETITLE = DesiredTitle(title="[BUG-0001] Crash", agreed="Crash")
SWAP = DesiredLabels(add="Critical", remove=("low",), agreed="critical")
EDIT = DesiredCommentBody(remote_id=a_remote_comment(5).id, body="new", local_digest="of here")
DELETE = DesiredCommentDeletion(remote_id=a_remote_comment(5).id)


def event(field: Field, value: str, *, added: bool = True, by: Any = OURS, at: Any = LONG_AGO) -> FieldEvent:
    return FieldEvent(field=field, value=value, added=added, actor=by, at=at)


async def looked(
    intent: Intent, *, link: Link | None = None, cut: bool = False, by_hand: bool = False, **harness: Any
) -> tuple[WriterHarness, RecoveryFindings]:
    """What is there after GitHub was looked at."""
    given = WriterHarness(link=None if cut else link or a_link(), **harness).with_intents(intent)
    return given, await recover_unknown_writes(given.context(manual=by_hand), PROJECT_STATE, PassStats())


@pytest.mark.parametrize(
    ("operation", "desired", "events", "base"),
    [
        (Operation.STATUS, CLOSE, [event(Field.STATUS, "closed")], a_base(status=Status.RESOLVED)),
        (Operation.STATUS, REOPEN, [event(Field.STATUS, "reopened")], a_base(status=Status.NEW)),
        (
            Operation.TITLE,
            RETITLE,
            [event(Field.TITLE, "[BUG-0001] Crash")],
            a_base(title="Crash", remote_title="[BUG-0001] Crash"),
        ),
        (
            Operation.SEVERITY,
            SWAP,
            [event(Field.SEVERITY, "critical"), event(Field.SEVERITY, "low", added=False)],
            a_base(severity=Severity.CRITICAL),
        ),
        (
            Operation.SEVERITY,
            replace(SWAP, add=None),
            [event(Field.SEVERITY, "low", added=False)],
            a_base(severity=Severity.CRITICAL),
        ),
    ],
)
async def test_what_github_s_events_show_to_have_been_done_is_confirmed(
    operation: Operation, desired: Desired, events: list[FieldEvent], base: Any
) -> None:
    github = ScriptedGitHub(field_events=[tuple(events)], issue=[an_issue("critical")])
    report = a_report(severity=Severity.CRITICAL)
    harness, recovery = await looked(a_lost_intent(operation, desired), github=github, report=report)
    (link,) = harness.intents.stored
    assert isinstance(link, Link)
    assert (link.base, harness.intents.rows, harness.intents.at) == (base, {}, AFTER)
    assert {each[1] for each in github.requests} == {12}  # of this very issue
    assert [each.id for each in recovery.links_to_read_in_full] == [link.id]  # the whole look follows


@pytest.mark.parametrize(
    "events",
    [
        (),
        (event(Field.STATUS, "closed", by=OCTOCAT),),
        (event(Field.STATUS, "closed", by=None),),
        (event(Field.STATUS, "closed", at=LONG_AGO - timedelta(seconds=1)),),
        (event(Field.TITLE, "closed"),),
        (event(Field.STATUS, "reopened"),),
    ],
)
async def test_a_write_that_the_events_do_not_show_is_decided_again(events: tuple[FieldEvent, ...]) -> None:
    harness, recovery = await looked(
        a_lost_intent(Operation.STATUS, CLOSE), github=ScriptedGitHub(field_events=[events])
    )
    assert (harness.intents.only.state, harness.intents.stored) == (PLANNED, [])
    assert len(recovery.links_to_read_in_full) == 1


@pytest.mark.parametrize(
    ("says", "there", "done"),
    [
        (Severity.CRITICAL, ("critical",), False),
        (Severity.LOW, ("critical", "low"), True),  # a person changed their mind: our label was our own word
        (None, ("critical", "low"), False),
    ],
)
async def test_half_a_swap_counts_only_when_the_report_says_something_else_by_now(
    says: Severity | None, there: tuple[str, ...], *, done: bool
) -> None:
    github = ScriptedGitHub(field_events=[(event(Field.SEVERITY, "critical"),)], issue=[an_issue(*there)])
    report = a_report(severity=says) if says else None
    harness, _ = await looked(a_lost_intent(Operation.SEVERITY, SWAP), github=github, report=report)
    assert (harness.intents.rows == {}) is done


@pytest.mark.parametrize("events", [(), (event(Field.SEVERITY, "low", added=False),)])
@pytest.mark.parametrize("report", [a_report(severity=Severity.CRITICAL), a_report(severity=Severity.LOW)])
async def test_a_swap_whose_label_never_came_has_not_happened(
    events: tuple[FieldEvent, ...], report: Any
) -> None:
    github = ScriptedGitHub(field_events=[events], issue=[an_issue("critical")])
    harness, _ = await looked(a_lost_intent(Operation.SEVERITY, SWAP), github=github, report=report)
    assert (harness.intents.only.state, harness.intents.stored) == (PLANNED, [])


async def test_a_swap_with_a_concurrent_label_change_is_not_finished() -> None:
    events = (event(Field.SEVERITY, "critical"), event(Field.SEVERITY, "low", added=False))
    github = ScriptedGitHub(field_events=[events], issue=[an_issue("critical", "medium-priority")])
    report = a_report(severity=Severity.CRITICAL)
    harness, _ = await looked(a_lost_intent(Operation.SEVERITY, SWAP), github=github, report=report)
    assert harness.intents.only.state is PLANNED


async def test_a_link_without_an_agreed_value_is_decided_again() -> None:
    link = a_new_link(state=LinkState.ACTIVE)
    harness, _ = await looked(a_lost_intent(Operation.STATUS, CLOSE), link=link)
    assert (harness.intents.only.state, harness.github.requests) == (PLANNED, [])


async def test_a_deletion_is_decided_again_from_the_full_read() -> None:
    harness, recovery = await looked(a_lost_intent(Operation.DELETE_COMMENT, DELETE, pair_id=COPY.id))
    assert (harness.intents.only.state, len(recovery.links_to_read_in_full)) == (PLANNED, 1)


@pytest.mark.parametrize(
    "link",
    [None, a_link(id=LinkId(ids(9)())), a_link(state=LinkState.UNLINKED), a_link(state=LinkState.GONE)],
)
async def test_an_unlinked_report_is_not_read_again(link: Link | None) -> None:
    harness, recovery = await looked(a_lost_intent(Operation.STATUS, CLOSE), link=link, cut=link is None)
    assert (harness.intents.only.state, recovery) == (PLANNED, RecoveryFindings())
    assert harness.github.requests == []


@pytest.mark.parametrize("error", [GitHubNotFoundError("gone", 410), IssueTransferredError("moved")])
async def test_an_issue_that_is_not_there_leaves_the_outcome_to_the_whole_look(error: Exception) -> None:
    intent = a_lost_intent(Operation.STATUS, CLOSE)
    harness, recovery = await looked(intent, github=ScriptedGitHub(field_events=[error]))
    assert (harness.intents.only, len(recovery.links_to_read_in_full)) == (intent, 1)


# --- an edit of our copy ----------------------------------------------------------------------------------


async def test_an_edit_that_arrived_is_confirmed_with_the_words_it_was_made_of() -> None:
    intent = a_lost_intent(Operation.EDIT_COMMENT, EDIT, pair_id=COPY.id)
    harness, _ = await looked(
        intent, github=ScriptedGitHub(comment=[a_remote_comment(5, "new")]), pairs=(COPY,)
    )
    (entry,) = harness.intents.stored
    assert isinstance(entry, CommentPair)
    assert (entry.local_digest, entry.remote_digest, harness.intents.rows) == (
        "of here",
        text_digest("new"),
        {},
    )
    assert harness.github.requests == [("comment", 5)]
    assert harness.intents.changes[0].link_id == a_link().id


@pytest.mark.parametrize(
    ("there", "pairs"),
    [
        (GitHubNotFoundError("gone", 404), (COPY,)),
        (a_remote_comment(5, "old"), (COPY,)),
        (a_remote_comment(5, "new"), ()),
    ],
)
async def test_an_edit_that_did_not_arrive_is_decided_again(
    there: Any, pairs: tuple[CommentPair, ...]
) -> None:
    intent = a_lost_intent(Operation.EDIT_COMMENT, EDIT, pair_id=COPY.id)
    harness, _ = await looked(intent, github=ScriptedGitHub(comment=[there]), pairs=pairs)
    assert (harness.intents.only.state, harness.intents.stored) == (PLANNED, [])


@pytest.mark.parametrize(
    ("state", "not_before", "by_hand", "looks"),
    [
        (PLANNED, None, False, True),
        (PLANNED, LATER, False, False),
        (PLANNED, AFTER, False, True),
        (PLANNED, LATER, True, True),
        (QUARANTINED, EARLIER, False, True),
        (QUARANTINED, LATER, False, False),
    ],
)
async def test_an_unsent_edit_that_is_due_has_its_link_looked_at_whole(
    state: IntentState, not_before: Any, *, by_hand: bool, looks: bool
) -> None:
    intent = an_intent(Operation.EDIT_COMMENT, EDIT, state=state, not_before=not_before)
    harness, recovery = await looked(intent, by_hand=by_hand)
    assert (len(recovery.links_to_read_in_full), harness.intents.only) == (looks, intent)


@pytest.mark.parametrize("link", [None, a_link(state=LinkState.UNLINKED)])
async def test_where_the_link_was_cut_an_unsent_edit_calls_for_no_look(link: Link | None) -> None:
    intent = an_intent(Operation.EDIT_COMMENT, EDIT)
    harness, recovery = await looked(intent, link=link, cut=link is None)
    assert (recovery, harness.intents.only) == (RecoveryFindings(), intent)


async def test_an_unlinked_report_with_a_lost_issue_delays_no_other() -> None:
    first = a_lost_intent(Operation.CREATE_ISSUE, CREATE, link_id=None, number=None, report_id=ANOTHER)
    cut = a_lost_intent(Operation.DELETE_COMMENT, DELETE, report_id=THIRD)
    last = a_lost_intent(Operation.DELETE_COMMENT, DELETE)
    harness = WriterHarness(link=a_link(), github=ScriptedGitHub(all_issues=[()])).with_intents(
        first, cut, last
    )
    recovery = await recover_unknown_writes(harness.context(), PROJECT_STATE, PassStats())
    assert [link.report_id for link in recovery.links_to_read_in_full] == [REPORT]
    assert [harness.intents.rows[each.id].state for each in (first, cut, last)] == [UNKNOWN, PLANNED, PLANNED]


async def test_each_report_s_own_link_is_looked_at_and_once() -> None:
    other = a_link(id=LinkId(ids(9)()), report_id=ANOTHER, number=IssueNumber(13))
    here, again = (a_lost_intent(Operation.CREATE_COMMENT, NewComment(body=text)) for text in "AB")
    there = a_lost_intent(Operation.CREATE_COMMENT, NewComment(body="C"), report_id=ANOTHER, link_id=other.id)
    harness = WriterHarness(link=a_link(), others=(other,)).with_intents(here, there, again)
    recovery = await recover_unknown_writes(harness.context(), PROJECT_STATE, PassStats())
    assert recovery == RecoveryFindings(
        links_to_read_in_full=(a_link(), other), unsettled_comments=(here, there, again)
    )


async def test_of_another_repository_s_writes_nothing_is_looked_for_here() -> None:
    intent = a_lost_intent(Operation.STATUS, CLOSE, repository_id=RepositoryId(56))
    harness, recovery = await looked(intent)
    assert (recovery, harness.intents.only, harness.github.requests) == (RecoveryFindings(), intent, [])


# --- when, and how often ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ({"state": SENDING, "ended_at": None, "claimed_at": None}, True),
        ({"ended_at": AFTER - timedelta(seconds=60)}, True),
        ({"ended_at": AFTER - timedelta(seconds=59)}, False),
        ({"ended_at": None, "claimed_at": EARLIER}, False),
        ({"not_before": LATER}, False),
        ({"ended_at": AFTER, "not_before": EARLIER}, True),
    ],
)
async def test_a_write_in_flight_is_not_looked_for_before_it_has_settled(
    given: dict[str, Any], *, due: bool
) -> None:
    intent = a_lost_intent(Operation.CREATE_COMMENT, NewComment(body="B"), **given)
    harness, recovery = await looked(intent)
    assert (recovery.unsettled_comments, harness.intents.only) == ((intent,) if due else (), intent)


async def test_the_waiting_is_measured_in_github_s_time_when_something_waits() -> None:
    intent = a_lost_intent(Operation.CREATE_COMMENT, NewComment(body="B"), ended_at=AFTER)
    _, recovery = await looked(
        intent, github=ScriptedGitHub(time_of_repository=AFTER + timedelta(seconds=60))
    )
    assert recovery.unsettled_comments == (intent,)


async def test_without_a_waiting_write_no_request_is_made_for_githubs_time() -> None:
    edit = an_intent(Operation.EDIT_COMMENT, EDIT, not_before=LATER)
    _, recovery = await looked(edit, github=ScriptedGitHub(time_of_repository=LATER))
    assert recovery == RecoveryFindings()


@pytest.mark.parametrize(
    ("overtaken", "link", "counts"),
    [
        ((), a_link(), True),
        ((REPORT,), a_link(), False),  # a person was faster: the look was not stored
        ((), a_link(quarantined_until=LATER), False),  # it could not be taken
        ((), None, False),
    ],
)
async def test_a_look_that_found_no_comment_counts_only_when_it_was_taken_and_stored(
    overtaken: Collection[ReportId], link: Link | None, *, counts: bool
) -> None:
    intent = a_lost_intent(Operation.CREATE_COMMENT, NewComment(body="B"))
    harness = WriterHarness(link=link).with_intents(intent)
    await conclude_recovery(harness.context(), RecoveryFindings(unsettled_comments=(intent,)), overtaken)
    again = replace(intent, empty_searches=1, not_before=AFTER + timedelta(seconds=60))
    assert harness.intents.only == (again if counts else intent)


async def test_a_comment_is_sent_again_after_the_second_look_and_never_when_it_was_found(
    caplog: pytest.LogCaptureFixture,
) -> None:
    intent = a_lost_intent(Operation.CREATE_COMMENT, NewComment(body="B"), empty_searches=1, reason="502")
    harness = WriterHarness(link=a_link()).with_intents(intent)
    adopted = replace(intent, id=an_intent(Operation.TITLE, RETITLE).id)  # its row went when it was adopted
    with caplog.at_level(logging.INFO, "reconciler"):
        await conclude_recovery(harness.context(), RecoveryFindings(unsettled_comments=(adopted, intent)), ())
    assert harness.intents.only == replace(intent, state=PLANNED, empty_searches=0, reason=None)
    (record,) = caplog.records
    values = {"operation": "create_comment", "report": str(REPORT), "link": str(intent.link_id)}
    assert (record.msg, getattr(record, RECORD_VALUES_ATTRIBUTE)) == ("nothing found, sent again", values)

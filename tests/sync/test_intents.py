"""What a plan asks of GitHub is written down whole before anything is sent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.model.fields import Field, IssueState, Severity, Side, Status
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
)
from reconciler.model.kinds import Operation
from reconciler.model.link import CommentPairState
from reconciler.model.plan import (
    Action,
    DeleteRemoteComment,
    EditRemoteComment,
    PostComment,
    RemoveLocalComment,
    Rule,
    SetIssueState,
    SetReportField,
    SetTitle,
    SwapLabels,
    Why,
)
from reconciler.sync.intents import build_intents, with_increasing_created_at
from reconciler.text import text_digest
from tests.support.factories import (
    AFTER,
    REPORT,
    a_local_comment,
    a_pair,
    a_plan,
    a_remote_comment,
    a_report,
    local_id,
)
from tests.support.writer_harness import WriterHarness

WHY = Why(rule=Rule.LOCAL_MOVED, local="here", to="there")
LIVE = a_pair(Side.BUGSPARK, a_local_comment(1), a_remote_comment(5))
AWAITED = a_pair(Side.BUGSPARK, a_local_comment(2), None, state=CommentPairState.PENDING)
SAYS = a_report(status=Status.RESOLVED, severity=Severity.CRITICAL, title="Crash")
MARK = "<!-- comment {0.repository_id} {0.number} {1} -->"


def intents_of(*actions: Action) -> tuple[Intent, ...]:
    plan = a_plan(*actions, report=SAYS, pairs=(LIVE, AWAITED))
    return tuple(build_intents(WriterHarness().context(), plan))


@pytest.mark.parametrize(
    ("action", "operation", "desired"),
    [
        (
            SetIssueState(state=IssueState.CLOSED, reason="completed", why=WHY),
            Operation.STATUS,
            DesiredState(state=IssueState.CLOSED, reason="completed", agreed="resolved"),
        ),
        (
            SwapLabels(field=Field.SEVERITY, add="critical", remove=("low",), why=WHY),
            Operation.SEVERITY,
            DesiredLabels(add="critical", remove=("low",), agreed="critical"),
        ),
        (
            SwapLabels(field=Field.CATEGORY, add=None, remove=("ui",), why=WHY),
            Operation.CATEGORY,
            DesiredLabels(add=None, remove=("ui",), agreed="bug"),
        ),
        (
            SetTitle(title="[BUG-0001] Crash", why=WHY),
            Operation.TITLE,
            DesiredTitle(title="[BUG-0001] Crash", agreed="Crash"),
        ),
    ],
)
def test_the_intent_of_a_field_has_the_value_both_sides_will_agree_on(
    action: Action, operation: Operation, desired: Desired
) -> None:
    (intent,) = intents_of(action)
    assert (intent.operation, intent.desired, intent.why) == (operation, desired, WHY)
    assert (intent.local_id, intent.pair_id) == (REPORT, None)
    assert (intent.state, intent.attempts, intent.created_at) == (IntentState.PLANNED, 0, AFTER)


def test_a_comment_is_frozen_with_its_marker_and_bound_to_its_row() -> None:
    (intent,) = intents_of(PostComment(comment=a_local_comment(2), why=WHY))
    assert (intent.operation, intent.local_id, intent.pair_id) == (
        Operation.CREATE_COMMENT,
        local_id(2),
        AWAITED.id,
    )
    assert isinstance(intent.desired, NewComment)
    assert intent.desired.body.endswith(MARK.format(a_plan().link, local_id(2)))


def test_a_corrected_comment_remembers_the_words_it_was_made_of() -> None:
    changed = replace(a_local_comment(1), body="Hourly")
    (intent,) = intents_of(EditRemoteComment(pair=LIVE, comment=changed, why=WHY))
    assert (intent.operation, intent.local_id, intent.pair_id) == (
        Operation.EDIT_COMMENT,
        local_id(1),
        LIVE.id,
    )
    assert isinstance(intent.desired, DesiredCommentBody)
    assert (intent.desired.remote_id, intent.desired.local_digest) == (5, text_digest("Hourly"))
    assert "Hourly" in intent.desired.body


def test_a_deletion_names_the_copy_and_belongs_to_its_row() -> None:
    (intent,) = intents_of(DeleteRemoteComment(pair=LIVE, why=WHY))
    assert (intent.operation, intent.desired) == (
        Operation.DELETE_COMMENT,
        DesiredCommentDeletion(remote_id=a_remote_comment(5).id),
    )
    assert (intent.local_id, intent.pair_id) == (LIVE.id, LIVE.id)


def test_changes_to_bugspark_are_no_intents() -> None:
    here = (SetReportField(field=Field.STATUS, to="new", why=WHY), RemoveLocalComment(pair=LIVE, why=WHY))
    assert intents_of(*here) == ()


def test_a_deleted_report_has_no_intents() -> None:
    plan = a_plan(SetTitle(title="T", why=WHY), report=None)
    assert list(build_intents(WriterHarness().context(), plan)) == []


def test_intents_are_sent_in_the_order_in_which_they_were_made() -> None:
    made = intents_of(
        DeleteRemoteComment(pair=LIVE, why=WHY), PostComment(comment=a_local_comment(2), why=WHY)
    )
    assert [intent.created_at - AFTER for intent in with_increasing_created_at(made)] == [
        timedelta(0),
        timedelta(microseconds=1),
    ]

"""One intent is one request: which one, and how a label swap's several answers make one."""

from typing import Any, cast

import pytest

from reconciler.errors import IssueUnreadableError
from reconciler.fields.status import state_update
from reconciler.model.fields import IssueState
from reconciler.model.ids import RemoteCommentId
from reconciler.model.intent import (
    Confirmed,
    Desired,
    DesiredCommentBody,
    DesiredCommentDeletion,
    DesiredLabels,
    DesiredPriority,
    DesiredState,
    DesiredTitle,
    NewComment,
    NewIssue,
    NotSent,
    OutcomeUnknown,
    Refused,
    WriteResult,
)
from reconciler.model.issue import IssueUpdate
from reconciler.model.kinds import Operation
from reconciler.ports import GitHub
from reconciler.sync.send import send_intent
from tests.support.writer_harness import ScriptedGitHub, an_intent

COMMENT = RemoteCommentId(5)
SWAP = DesiredLabels(add="High", remove=("low", "medium"), agreed="high")
LOST = OutcomeUnknown(reason="the answer was lost")
ABSENT = Refused(status=404, reason="Label does not exist", gone=True, request_id=None)
FORBIDDEN = Refused(status=403, reason="Not today", gone=False, request_id=None)


def labels(*left: str) -> WriteResult[tuple[str, ...]]:
    return Confirmed(value=left, request_id=None)


async def sent(desired: Desired, **answers: Any) -> tuple[WriteResult[Any], list[tuple[Any, ...]]]:
    github_side = ScriptedGitHub(**answers)
    operation = Operation.TITLE if isinstance(desired, DesiredTitle) else Operation.STATUS
    return await send_intent(cast("GitHub", github_side), an_intent(operation, desired)), github_side.requests


@pytest.mark.parametrize(
    ("desired", "request_"),
    [
        (
            NewIssue(title="T", body="B", labels=("bug",)),
            ("create_issue", "T", "B", ("bug",), (), None, None, None),
        ),
        (
            NewIssue(title="T", body="B", labels=(), milestone=3, type="Bug", assignees=("alice",)),
            ("create_issue", "T", "B", (), ("alice",), 3, "Bug", None),
        ),
        (
            NewIssue(title="T", body="B", labels=(), priority=(7, "Urgent")),
            ("create_issue", "T", "B", (), (), None, None, (7, "Urgent")),
        ),
        (
            DesiredPriority(field_id=7, option="Urgent", agreed="critical"),
            ("choose_option", 12, 7, "Urgent"),
        ),
        (NewComment(body="B"), ("create_comment", 12, "B")),
        (
            DesiredState(state=IssueState.CLOSED, reason="completed", agreed="resolved"),
            ("update_issue", 12, state_update(IssueState.CLOSED, "completed")),
        ),
        (
            DesiredTitle(title="T", agreed="t"),
            ("update_issue", 12, IssueUpdate(verb="retitle", members={"title": "T"})),
        ),
        (DesiredCommentBody(remote_id=COMMENT, body="B", local_digest="d"), ("edit_comment", 5, "B")),
        (DesiredCommentDeletion(remote_id=COMMENT), ("delete_comment", 5)),
    ],
)
async def test_each_intent_is_one_request_whose_answer_is_returned(
    desired: Desired, request_: tuple[Any, ...]
) -> None:
    assert await sent(desired, **{request_[0]: [LOST]}) == (LOST, [request_])


async def test_a_swap_adds_first_and_then_removes_the_seen_labels_even_if_some_are_gone() -> None:
    answer, asked = await sent(SWAP, add_label=[labels("low", "high")], remove_label=[ABSENT, labels("high")])
    assert answer == labels("high")
    assert asked == [("add_label", 12, "High"), ("remove_label", 12, "low"), ("remove_label", 12, "medium")]


async def test_a_swap_without_a_new_label_only_takes_off() -> None:
    only = DesiredLabels(add=None, remove=("low",), agreed="medium")
    assert await sent(only, remove_label=[ABSENT]) == (labels(), [("remove_label", 12, "low")])


@pytest.mark.parametrize("answer", [LOST, FORBIDDEN, NotSent(reason="no connection")])
async def test_a_swap_whose_label_did_not_arrive_for_sure_takes_none_off(answer: WriteResult[Any]) -> None:
    assert await sent(SWAP, add_label=[answer]) == (answer, [("add_label", 12, "High")])


async def test_a_label_that_github_dropped_silently_was_refused_and_none_is_taken_off() -> None:
    answer, asked = await sent(SWAP, add_label=[labels("low")])
    assert isinstance(answer, Refused)
    assert "dropped the label 'High'" in answer.reason
    assert len(asked) == 1


@pytest.mark.parametrize("answer", [LOST, FORBIDDEN])
async def test_a_swap_stops_where_one_label_could_not_be_taken_off(answer: WriteResult[Any]) -> None:
    found, asked = await sent(SWAP, add_label=[labels("low", "high")], remove_label=[answer])
    assert found == answer
    assert len(asked) == 2


FULL = tuple(f"area {each}" for each in range(100))
TOO_MANY = Refused(status=422, reason="an issue has no more than 100 labels", gone=False, request_id=None)


async def test_on_a_full_issue_the_old_labels_go_first() -> None:
    github_side = ScriptedGitHub(
        remove_label=[labels(*FULL[:99]), labels(*FULL[:98])], add_label=[labels("High")]
    )
    answer = await send_intent(cast("GitHub", github_side), an_intent(Operation.SEVERITY, SWAP), FULL)
    assert answer == labels("High")
    assert github_side.requests == [
        ("remove_label", 12, "low"),
        ("remove_label", 12, "medium"),
        ("add_label", 12, "High"),
    ]


async def test_a_label_that_can_not_be_removed_from_a_full_issue_ends_the_swap() -> None:
    github_side = ScriptedGitHub(remove_label=[FORBIDDEN])
    answer = await send_intent(cast("GitHub", github_side), an_intent(Operation.SEVERITY, SWAP), FULL)
    assert (answer, github_side.requests) == (FORBIDDEN, [("remove_label", 12, "low")])


async def test_nothing_is_removed_where_it_is_unknown_whether_the_issue_is_full() -> None:
    github_side = ScriptedGitHub(add_label=[TOO_MANY], issue=[IssueUnreadableError("unreadable")])
    answer = await send_intent(cast("GitHub", github_side), an_intent(Operation.SEVERITY, SWAP))
    assert (answer, github_side.requests) == (TOO_MANY, [("add_label", 12, "High"), ("issue", 12)])

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.decide.plan_view import (
    action_hash_input,
    action_view,
    export_hash_input,
    intent_hash_input,
    intent_view,
    issue_name,
    new_issue_view,
    plan_hash,
    withheld_view,
)
from reconciler.model.fields import Field, IssueState, Severity, Side
from reconciler.model.ids import CommentPairId, IntentId, IssueNumber, LinkId, ReportId, RepositoryId
from reconciler.model.intent import Intent, IntentState, NewComment, NewIssue
from reconciler.model.kinds import Kind, Operation
from reconciler.model.plan import (
    Action,
    ChangeAssignees,
    CreateIssue,
    DeleteRemoteComment,
    EditLocalComment,
    EditRemoteComment,
    ImportComment,
    PostComment,
    RemoveLocalComment,
    Rule,
    SetIssueState,
    SetPriority,
    SetReportField,
    SetTitle,
    SwapLabels,
    Why,
    WriteLocalComment,
)
from reconciler.model.policy import SanitizationPolicy
from reconciler.model.views import ActionView, WithheldDeletion
from reconciler.text import comment_to_github
from tests.support.factories import (
    AFTER,
    LINKED,
    OURS,
    PROJECT,
    REPORT,
    a_link,
    a_local_comment,
    a_pair,
    a_plan,
    a_remote_comment,
    a_report,
    local_id,
)

WHY = Why(rule=Rule.LOCAL_MOVED, base="new", local="resolved", remote="new", to="resolved")
PAIR = a_pair(Side.GITHUB, a_local_comment(), a_remote_comment())
PLAN_AT = datetime(2026, 3, 2, tzinfo=UTC)
SWAP = SwapLabels(field=Field.SEVERITY, add="low-priority", remove=("high", "medium"), why=WHY)
ACTIONS: Mapping[str, tuple[Action, str | None]] = {
    "set_field": (SetReportField(field=Field.SEVERITY, to="low", why=WHY), "severity"),
    "import_comment": (ImportComment(comment=a_remote_comment(), body="body", why=WHY), "comment"),
    "write_comment": (WriteLocalComment(pair=PAIR, body="body", at=PLAN_AT, why=WHY), "comment"),
    "edit_comment": (
        EditLocalComment(pair=PAIR, comment=a_remote_comment(), body="body", why=WHY),
        "comment",
    ),
    "remove_comment": (RemoveLocalComment(pair=PAIR, why=WHY), "comment"),
    "create_issue": (CreateIssue(report=a_report(), why=WHY), None),
    "set_state": (SetIssueState(state=IssueState.CLOSED, reason="completed", why=WHY), "status"),
    "swap_labels": (SWAP, "severity"),
    "set_priority": (SetPriority(field_id=7, option="Urgent", why=WHY), "severity"),
    "change_assignees": (ChangeAssignees(add=OURS, remove=(), why=WHY), "assignee"),
    "set_title": (SetTitle(title="[BUG-0001] New", why=WHY), "title"),
    "post_comment": (PostComment(comment=a_local_comment(), why=WHY), "comment"),
    "edit_remote_comment": (EditRemoteComment(pair=PAIR, comment=a_local_comment(), why=WHY), "comment"),
    "delete_remote_comment": (DeleteRemoteComment(pair=PAIR, why=WHY), "comment"),
}
PLAN = a_plan()


def test_every_action_has_a_kind_of_its_own() -> None:
    assert {action.kind for action, _ in ACTIONS.values()} == set(ACTIONS)
    every = {kind.__name__ for side in get_args(Action) for kind in side.__subclasses__() or (side,)}
    assert {type(action).__name__ for action, _ in ACTIONS.values()} == every


@pytest.mark.parametrize("kind", ACTIONS)
def test_an_action_is_shown_flat(kind: str) -> None:
    action, about = ACTIONS[kind]
    assert action.field_name == about
    assert action_view(PLAN, action) == ActionView(
        kind=kind,
        report=str(REPORT),
        tracking_id="BUG-0001",
        issue="acme/web#12",
        field=about,
        base="new",
        local="resolved",
        remote="new",
        to="resolved",
        rule="only BugSpark changed",
    )


def test_a_deleted_report_has_no_tracking_id() -> None:
    assert action_view(replace(PLAN, report=None), SWAP).tracking_id is None


def test_an_issue_is_named_owner_repo_and_number() -> None:
    assert issue_name(a_link()) == "acme/web#12"


def test_an_export_is_shown_without_an_issue() -> None:
    view = new_issue_view(a_report(), Rule.EXPORT_ALL)
    assert (view.kind, view.report, view.tracking_id) == ("create_issue", str(REPORT), "BUG-0001")
    assert (view.issue, view.field, view.to) == (None, None, None)
    assert (view.local, view.rule) == ("Crash on start", "every new report is exported")


def an_intent(desired: Any, operation: Operation, **values: Any) -> Intent:
    fields: dict[str, Any] = {
        "id": IntentId(UUID(int=90)),
        "project_id": PROJECT,
        "report_id": REPORT,
        "link_id": None,
        "pair_id": None,
        "local_id": REPORT,
        "operation": operation,
        "repository_id": RepositoryId(55),
        "number": None,
        "desired": desired,
        "state": IntentState.PLANNED,
        "attempts": 0,
        "created_at": LINKED,
    }
    return Intent(**fields | values)


ISSUE = NewIssue(title="[BUG-0001] Crash", body="It crashed", labels=("bug", "high-priority"))
EXPORT = an_intent(ISSUE, Operation.CREATE_ISSUE)
COMMENT = an_intent(NewComment(body="Hello"), Operation.CREATE_COMMENT, local_id=local_id(1))


def test_a_recorded_intent_is_shown_too() -> None:
    export, comment = intent_view(EXPORT, None), intent_view(COMMENT, "acme/web#12")
    assert (export.kind, export.field, export.local) == ("create_issue", None, "[BUG-0001] Crash")
    assert (comment.kind, comment.field, comment.issue) == ("post_comment", "comment", "acme/web#12")
    assert comment.local is None
    assert {export.report, comment.report} == {str(REPORT)}
    assert {export.rule, comment.rule} == {"recorded by an earlier pass"}


# --- withheld deletions -------------------------------------------------------------------------------------

ISSUE_NAME = "acme/web#12"


@pytest.mark.parametrize(
    ("dashboard", "url"),
    [("https://bugs.example.com/", f"https://bugs.example.com/reports/{REPORT}"), ("", None)],
)
def test_a_withheld_deletion_in_bugspark_names_the_comment_and_the_page_of_its_report(
    dashboard: str, url: str | None
) -> None:
    deletion = RemoveLocalComment(pair=PAIR, why=replace(WHY, local="It was the cache"))
    assert withheld_view(a_link(), deletion, a_report(), None, dashboard) == WithheldDeletion(
        kind=Kind.REMOVE_COMMENT,
        report=str(REPORT),
        tracking_id="BUG-0001",
        side=Side.BUGSPARK,
        author="somebody",
        excerpt="It was the cache",
        url=url,
        issue=ISSUE_NAME,
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            comment_to_github("Ada", "It happens\n\ndaily", "<!-- us -->", SanitizationPolicy()),
            "It happens daily",
        ),
        ("rewritten by a person", "rewritten by a person"),
        ("", None),
    ],
)
def test_a_withheld_deletion_on_github_shows_the_copy_without_the_line_of_its_author(
    body: str, expected: str | None
) -> None:
    copy = a_remote_comment(5, body)
    shown = withheld_view(
        a_link(), DeleteRemoteComment(pair=PAIR, why=WHY), a_report(), copy, "https://bugs.example.com"
    )
    assert (shown.side, shown.excerpt, shown.url) == (Side.GITHUB, expected, copy.url)


def test_a_withheld_deletion_whose_copy_cannot_be_read_is_shown_all_the_same() -> None:
    shown = withheld_view(a_link(), DeleteRemoteComment(pair=PAIR, why=WHY), None, None, "")
    assert (shown.tracking_id, shown.issue) == (None, ISSUE_NAME)
    assert (shown.author, shown.excerpt, shown.url) == ("somebody", None, None)


# --- the hash ---------------------------------------------------------------------------------------------


@given(st.permutations(list(ACTIONS)))
def test_the_hash_does_not_depend_on_the_order(order: list[str]) -> None:
    keys = [action_hash_input(PLAN, action) for action, _ in ACTIONS.values()]
    assert plan_hash(action_hash_input(PLAN, ACTIONS[kind][0]) for kind in order) == plan_hash(keys)


def test_the_hash_does_not_depend_on_ids_made_for_this_plan() -> None:
    second = a_pair(Side.BUGSPARK, None, a_remote_comment(4))
    made_up = replace(second, id=CommentPairId(UUID(int=4711)))
    one, other = (
        action_hash_input(PLAN, DeleteRemoteComment(pair=pair, why=WHY)) for pair in (second, made_up)
    )
    assert one == other
    second_plan = replace(PLAN, link=a_link(id=LinkId(UUID(int=4712)), revision=0, created_at=AFTER))
    assert all(
        action_hash_input(PLAN, action) == action_hash_input(second_plan, action)
        for action, _ in ACTIONS.values()
    )
    assert intent_hash_input(EXPORT) == intent_hash_input(
        replace(EXPORT, id=IntentId(UUID(int=4713)), attempts=2)
    )


def test_labels_are_removed_in_any_order_under_one_hash() -> None:
    assert action_hash_input(PLAN, SWAP) == action_hash_input(PLAN, replace(SWAP, remove=("medium", "high")))


OTHER = a_pair(Side.GITHUB, a_local_comment(2), a_remote_comment(1))
CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("set_field", {"field": Field.CATEGORY}),
    ("set_field", {"to": "critical"}),
    ("import_comment", {"comment": a_remote_comment(2)}),
    ("import_comment", {"body": "body "}),
    ("write_comment", {"body": "other"}),
    ("edit_comment", {"comment": a_remote_comment(2)}),
    ("edit_comment", {"body": "other"}),
    ("remove_comment", {"pair": OTHER}),
    ("remove_comment", {"pair": a_pair(Side.GITHUB, a_local_comment(1), a_remote_comment(2))}),
    ("create_issue", {"report": a_report(title="Other")}),
    ("create_issue", {"report": a_report(severity=Severity.LOW)}),
    ("set_state", {"state": IssueState.OPEN}),
    ("set_state", {"reason": "not_planned"}),
    ("swap_labels", {"field": Field.CATEGORY}),
    ("swap_labels", {"add": None}),
    ("swap_labels", {"remove": ("high",)}),
    ("swap_labels", {"remove": ("high,medium",)}),
    ("set_title", {"title": "[BUG-0001] Other"}),
    ("set_priority", {"field_id": 8}),
    ("set_priority", {"option": "High"}),
    ("post_comment", {"comment": a_local_comment(2)}),
    ("post_comment", {"comment": a_local_comment(body="Other")}),
    ("post_comment", {"comment": a_local_comment(author="Bob")}),
    ("edit_remote_comment", {"comment": a_local_comment(body="Other")}),
    ("edit_remote_comment", {"comment": a_local_comment(2)}),
    ("delete_remote_comment", {"pair": OTHER}),
]


@pytest.mark.parametrize(("kind", "change"), CHANGES)
def test_the_hash_depends_on_every_content(kind: str, change: dict[str, Any]) -> None:
    action = ACTIONS[kind][0]
    assert plan_hash([action_hash_input(PLAN, replace(action, **change))]) != plan_hash(
        [action_hash_input(PLAN, action)]
    )


def with_why(action: Any, why: Why) -> Action:
    changed: Action = replace(action, why=why)
    return changed


@pytest.mark.parametrize(
    "why",
    [
        replace(WHY, rule=Rule.NEWEST_LOCAL),
        replace(WHY, base="triaging"),
        replace(WHY, local="closed"),
        replace(WHY, remote=None),
        replace(WHY, to="closed"),
    ],
)
@pytest.mark.parametrize("kind", ACTIONS)
def test_the_hash_depends_on_the_reason(kind: str, why: Why) -> None:
    action = ACTIONS[kind][0]
    assert action_hash_input(PLAN, with_why(action, why)) != action_hash_input(PLAN, action)


@pytest.mark.parametrize(
    "link",
    [
        a_link(number=IssueNumber(13)),
        a_link(repository="acme/api"),
        a_link(report_id=ReportId(UUID(int=77))),
    ],
)
@pytest.mark.parametrize("kind", ACTIONS)
def test_the_hash_depends_on_the_link(kind: str, link: Any) -> None:
    action = ACTIONS[kind][0]
    assert action_hash_input(a_plan(link=link), action) != action_hash_input(PLAN, action)


@pytest.mark.parametrize(
    ("intent", "change"),
    [
        (EXPORT, {"desired": replace(ISSUE, title="[BUG-0001] Other")}),
        (EXPORT, {"desired": replace(ISSUE, body="Other")}),
        (EXPORT, {"desired": replace(ISSUE, labels=("bug",))}),
        (EXPORT, {"local_id": local_id(3)}),
        (COMMENT, {"desired": NewComment(body="Other")}),
        (COMMENT, {"operation": Operation.EDIT_COMMENT}),
    ],
)
def test_the_hash_depends_on_every_recorded_intent(intent: Intent, change: dict[str, Any]) -> None:
    assert intent_hash_input(replace(intent, **change)) != intent_hash_input(intent)


def test_no_text_looks_like_two_actions() -> None:
    one = with_why(ACTIONS["set_title"][0], replace(WHY, local="a"))
    keys = [action_hash_input(PLAN, one), action_hash_input(PLAN, SWAP)]
    assert not any("\n" in key for key in keys)
    stuffed = SetTitle(title="\n".join(keys), why=WHY)
    assert "\n" not in action_hash_input(PLAN, stuffed)


def test_an_empty_plan_has_a_hash_of_its_own() -> None:
    assert plan_hash([]) == plan_hash([])
    assert plan_hash([]) != plan_hash([action_hash_input(PLAN, SWAP)])
    assert len(plan_hash([])) == 16


def test_the_key_of_an_export_has_the_content_of_the_issue() -> None:
    report = a_report()
    others = [replace(report, title="Other"), replace(report, severity=Severity.CRITICAL)]
    keys = {export_hash_input(report), *(export_hash_input(each) for each in others)}
    assert len(keys) == 3
    assert export_hash_input(replace(report)) == export_hash_input(report)

"""`reconcile plan`: a diff for users, an object for programs."""

from dataclasses import replace
from typing import Any

import pytest

from reconciler.cli.console import display_width
from reconciler.model.fields import Side
from reconciler.model.kinds import Kind
from reconciler.model.passes import Failure
from reconciler.model.plan import Rule
from reconciler.model.views import ActionView, PlanView, WithheldDeletion
from tests.cli.fakes import FakeApplication, command, project

ACME = project()
REPORT_1, REPORT_2 = "0b5e1f6c-0000-0000-0000-000000000001", "0b5e1f6c-0000-0000-0000-000000000002"


def action(kind: str, **changes: Any) -> ActionView:
    given: dict[str, Any] = dict.fromkeys(("field", "base", "local", "remote", "to"))
    given |= {"report": REPORT_1, "tracking_id": "BUG-0001", "issue": "acme/web#12", "rule": Rule.LOCAL_MOVED}
    return ActionView(kind=kind, **{**given, **changes})


ACTIONS = (
    action("swap_labels", field="severity", base="high", local="critical", remote="high", to="critical"),
    action(
        "set_field",
        field="status",
        base="new",
        local="new",
        remote="closed",
        to="resolved",
        rule=Rule.NEWEST_REMOTE,
    ),
    action("import_comment", field="comment", remote="Same\nhere \x1b[31m", rule=Rule.COMMENT_CREATED),
    action("delete_remote_comment", field="comment", rule=Rule.COMMENT_DELETED),
    action(
        "create_issue",
        report=REPORT_2,
        tracking_id="BUG-0002",
        issue=None,
        local="It breaks",
        rule=Rule.EXPORT_ASKED,
    ),
)


WITHHELD = (
    WithheldDeletion(
        kind=Kind.DELETE_REMOTE_COMMENT,
        report=REPORT_1,
        tracking_id="BUG-0001",
        side=Side.GITHUB,
        author="Ada",
        excerpt="It still breaks when I press the button that is beside the door",
        url="https://github.com/acme/web/issues/12#issuecomment-7",
        issue="acme/web#12",
    ),
    WithheldDeletion(
        kind=Kind.REMOVE_COMMENT,
        report=REPORT_2,
        tracking_id=None,
        side=Side.BUGSPARK,
        author=None,
        excerpt=None,
        url=None,
        issue=None,
    ),
)


def shown(*actions: ActionView, **changes: Any) -> PlanView:
    given: dict[str, Any] = {"project_id": ACME.id, "project_name": ACME.name, "repository": ACME.repository}
    return PlanView(**{**given, "hash": "00ff", "actions": actions, **changes})


def planned(*arguments: str, plan: PlanView, encoding: str = "utf-8", terminal: bool = False) -> Any:
    application = FakeApplication(plans={ACME.name: plan})
    arguments = ("plan", "--project", ACME.name, *arguments)
    return command(*arguments, application=application, encoding=encoding, terminal=terminal)


def test_a_plan_reads_like_a_diff_grouped_by_report() -> None:
    output = planned(plan=shown(*ACTIONS))
    assert output.status == 0
    assert output.out.splitlines() == [
        "Acme Web (acme/web)",
        "  BUG-0001  acme/web#12",
        "    ~ GitHub    severity: high → critical  (only BugSpark changed)",
        "    ~ BugSpark  status: new → resolved  (both changed, GitHub's is newer)",
        r"    + BugSpark  comment: Same\nhere \x1b[31m  (new comment)",
        "    - GitHub    comment  (original was deleted)",
        "  BUG-0002  new issue",
        "    + GitHub    issue: It breaks  (export was asked for)",
        "  3 to GitHub, 2 to BugSpark, 1 conflict, 1 deletion",
    ]


def test_long_texts_are_cut_to_the_terminals_width_and_not_at_all_when_piped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    title = action("set_title", field="title", remote="Old title " * 9, to="New title " * 9)
    comment = action("post_comment", field="comment", local="日本" * 80, rule=Rule.COMMENT_CREATED)
    for columns, expected in ((40, 60), (80, 80), (140, 140), (900, 200)):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = planned(plan=shown(title, comment), terminal=True).out.splitlines()
        assert expected - 1 <= max(map(display_width, lines)) <= expected
        assert "title: Old title" in lines[2]
        assert "… → New title" in lines[2]
    piped = planned(plan=shown(title, comment)).out
    assert "Old title " * 9 in piped and "日本" * 80 in piped and "…" not in piped


def test_an_empty_plan_says_so() -> None:
    output = planned(plan=shown())
    assert output.out.splitlines()[-1].strip() == "0 to GitHub, 0 to BugSpark, 0 conflicts, 0 deletions"
    assert output.status == 0


def test_a_stream_without_unicode_gets_ascii() -> None:
    output = planned(plan=shown(ACTIONS[0], action("post_comment", local="x" * 200)), encoding="ascii")
    assert "high -> critical" in output.out
    assert output.out.isascii()
    assert (
        "..."
        in planned(
            plan=shown(ACTIONS[0], action("post_comment", local="x" * 200)), encoding="ascii", terminal=True
        ).out
    )


def test_json_is_the_contracts_object() -> None:
    output = planned("--json", plan=shown(ACTIONS[0]))
    assert output.objects == [
        {
            "project": {"id": str(ACME.id), "name": "Acme Web", "repository": "acme/web"},
            "hash": "00ff",
            "actions": [
                {
                    "kind": "swap_labels",
                    "report": REPORT_1,
                    "issue": "acme/web#12",
                    "field": "severity",
                    "base": "high",
                    "local": "critical",
                    "remote": "high",
                    "to": "critical",
                    "rule": "only BugSpark changed",
                }
            ],
            "withheld": None,
        }
    ]


def test_the_exit_code_of_plan_says_whether_it_is_empty() -> None:
    assert planned("--exit-code", plan=shown(*ACTIONS)).status == 3
    assert planned("--exit-code", plan=shown()).status == 0
    waiting = shown(withheld="abc123", withheld_deletions=WITHHELD)
    assert planned("--exit-code", plan=waiting).status == 3, (
        "deletions that wait to be accepted are shown in it"
    )


def test_a_plan_that_cannot_be_made_exits_1_and_says_why() -> None:
    error = Failure(kind="credential", message="the token was refused; renew it")
    output = planned("--exit-code", plan=shown(error=error))
    assert (output.status, output.out) == (1, "")
    assert output.err == "reconcile: the token was refused; renew it (project Acme Web)\n"
    assert planned("--json", plan=shown(error=error)).objects[0]["error"]["kind"] == "credential"


def test_withheld_deletions_come_with_the_command_that_accepts_them() -> None:
    plan = shown(withheld="abc123", withheld_deletions=WITHHELD)
    assert planned(plan=plan, terminal=True).out.splitlines()[-5:] == [
        "  Needs attention: 2 deletions withheld",
        "    - GitHub    BUG-0001  acme/web#12  Ada: It still breaks when I press the bu…",
        "                https://github.com/acme/web/issues/12#issuecomment-7",
        f"    - BugSpark  {REPORT_2}  no issue  Unknown",
        "    reconcile --project 'Acme Web' --accept abc123",
    ]
    assert planned("--json", plan=plan).objects[0]["withheld"] == {
        "hash": "abc123",
        "deletions": [
            {
                "report": REPORT_1,
                "side": "github",
                "author": "Ada",
                "excerpt": WITHHELD[0].excerpt,
                "url": "https://github.com/acme/web/issues/12#issuecomment-7",
                "issue": "acme/web#12",
            },
            {
                "report": REPORT_2,
                "side": "bugspark",
                "author": None,
                "excerpt": None,
                "url": None,
                "issue": None,
            },
        ],
    }


def test_plan_needs_a_project_and_takes_several_or_all() -> None:
    both = (ACME, project(2, "Beta"))
    assert command("plan").status == 2
    assert command("plan", "--all", "--project", "Acme Web").status == 2
    assert command("plan", "--project", "Nope").status == 2
    for arguments in (("--all",), ("--project", "Acme Web", "--project", "Beta")):
        application = FakeApplication(known=both)
        assert command("plan", *arguments, application=application).status == 0
        assert application.calls == [("plan", "Acme Web"), ("plan", "Beta")]


def test_a_missing_report_is_shown_with_what_to_check_before_its_end_is_accepted() -> None:
    missing = replace(WITHHELD[1], kind=Kind.END_LINK, excerpt="the report is missing: its link would end")
    plan = shown(withheld="abc123", withheld_deletions=(missing,))
    assert planned(plan=plan).out.splitlines()[-5:] == [
        "  Needs attention: 1 deletion withheld",
        "    None of the linked reports is in BugSpark's table any more. See that this",
        "    role may read them and that it is the right database. These links would end:",
        f"    - report {REPORT_2}  no issue",
        "    reconcile --project 'Acme Web' --accept abc123",
    ]

"""`pause`, `resume` and `open`: the output."""

from uuid import UUID, uuid4

import pytest

from reconciler.errors import IssueLinkedElsewhereError
from reconciler.model.fields import Field, Side
from tests.cli.fakes import FakeApplication, command


def test_pause_and_resume_name_a_project_and_say_what_was_done() -> None:
    application = FakeApplication()
    assert command("pause", "Acme Web", application=application).out == "Acme Web is paused\n"
    assert command("resume", "Acme Web", application=application).out == "Acme Web goes on\n"
    assert application.calls == [("pause", "Acme Web"), ("resume", "Acme Web")]
    assert command("pause").status == 2


def test_dismiss_unlink_and_export_pass_on_what_was_given() -> None:
    application = FakeApplication()
    for arguments in (
        ("dismiss", "r1"),
        ("dismiss", "r1", "severity"),
        ("unlink", "r1", "--wait"),
        ("export", "r1", "--wait"),
    ):
        assert command(*arguments, application=application).status == 0
    assert application.calls == [
        ("dismiss", "r1", None),
        ("dismiss", "r1", Field.SEVERITY),
        ("unlink", "r1", "wait"),
        ("export", ("r1",), "wait"),
    ]
    refused = command("dismiss", "r1", "colour")
    assert refused.status == 2 and "the fields are" in refused.err


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("plan --project Ac", {"Acme Web"}),
        ("pause ", {"Acme Web"}),
        ("resolve r1 s", {"status", "stage", "severity"}),
        ("resolve r1 status --take g", {"github"}),
        ("plan --project zz", set()),
    ],
)
def test_projects_fields_and_sides_are_completed(
    arguments: str, found: set[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_RECONCILE_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", f"reconcile {arguments}")
    assert command().status == 0
    output = capsys.readouterr().out
    assert {name for name in ("Acme Web", *Field, *Side) if f'"{name}"' in output} == found


def test_open_prints_its_address_on_a_terminal() -> None:
    shown = command("open", terminal=True)
    assert (shown.status, shown.out) == (0, "http://127.0.0.1:8787/sign-in#t0ken\n")
    assert shown.err == "This address works once, within 5 minutes.\n"


def test_open_makes_and_prints_nothing_where_its_output_is_kept() -> None:
    application = FakeApplication()
    shown = command("open", application=application)
    assert (shown.status, shown.out, application.calls) == (2, "", [])
    assert "on a terminal only" in shown.err


def test_the_operator_is_told_which_report_of_another_project_holds_an_issue() -> None:
    in_full = 'BUG-0007 of project "Shop"'
    error = IssueLinkedElsewhereError("a report of another project", holder=uuid4(), in_full=in_full)

    class RefusingApplication(FakeApplication):
        async def link(self, report: str | UUID, issue: str, *, backfill: bool, instead: bool = False) -> str:
            raise error

    output = command("link", "Rivals:BUG-0001", "acme/web#1", application=RefusingApplication())
    assert (output.status, output.err) == (1, f"reconcile: {in_full}\n")

"""`pause`, `resume` and `open`: the output."""

from tests.cli.fakes import FakeApplication, command


def test_pause_and_resume_name_a_project_and_say_what_was_done() -> None:
    application = FakeApplication()
    assert command("pause", "Acme Web", application=application).out == "Acme Web is paused\n"
    assert command("resume", "Acme Web", application=application).out == "Acme Web goes on\n"
    assert application.calls == [("pause", "Acme Web"), ("resume", "Acme Web")]
    assert command("pause").status == 2


def test_open_prints_its_address_on_a_terminal() -> None:
    shown = command("open", terminal=True)
    assert (shown.status, shown.out) == (0, "http://127.0.0.1:8787/sign-in#t0ken\n")
    assert shown.err == "This address works once, within 5 minutes.\n"


def test_open_makes_and_prints_nothing_where_its_output_is_kept() -> None:
    application = FakeApplication()
    shown = command("open", application=application)
    assert (shown.status, shown.out, application.calls) == (2, "", [])
    assert "on a terminal only" in shown.err

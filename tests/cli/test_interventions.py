"""`pause` and `resume`: the output."""

from tests.cli.fakes import FakeApplication, command


def test_pause_and_resume_name_a_project_and_say_what_was_done() -> None:
    application = FakeApplication()
    assert command("pause", "Acme Web", application=application).out == "Acme Web is paused\n"
    assert command("resume", "Acme Web", application=application).out == "Acme Web goes on\n"
    assert application.calls == [("pause", "Acme Web"), ("resume", "Acme Web")]
    assert command("pause").status == 2

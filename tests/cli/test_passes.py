"""`reconcile --project P`: its output and exit status."""

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from reconciler.cli.progress import SHOW_BARS_AFTER_SECONDS
from reconciler.errors import ConfigurationError, DatabaseError, ReconcilerError, SchemaError
from reconciler.model.passes import AppliedCounts, Cost, Failure, Outcome, PassResult, Progress
from reconciler.model.report import Project
from tests.cli.fakes import FakeApplication, command, failed, project, result

ACME, BETA, GAMMA = project(1, "Acme Web"), project(2, "Beta"), project(3, "Gamma")
ALL = (ACME, BETA, GAMMA)
BUSY_ELSEWHERE = Failure(kind="busy", message="it is at work elsewhere; add --wait")
BUSY = AppliedCounts(reports_updated=3, comments_imported=1, comments_posted=1_200, remote_comments_removed=2)


def test_a_pass_that_did_nothing_says_nothing() -> None:
    output = command("--project", "Acme Web")
    assert (output.status, output.out, output.err) == (0, "", "")


def test_a_pass_that_did_something_is_one_line() -> None:
    done = result(ACME, applied=BUSY, conflicts=1, github=Cost(requests=12))
    output = command("--project", "Acme Web", application=FakeApplication(passes={"Acme Web": done}))
    assert output.out == (
        "Acme Web: 3 reports updated, 1 comment imported, 1,200 comments posted, "
        "2 comments removed on GitHub; 1 conflict; 12 requests, 1.2 s\n"
    )
    assert (output.status, output.err) == (0, "")


def test_json_is_the_contracts_object() -> None:
    output = command("--project", "Acme Web", "--json")
    assert output.objects == [
        {
            "project": {"id": str(ACME.id), "name": "Acme Web", "repository": "acme/web"},
            "outcome": "ok",
            "error": None,
            "duration_ms": 1234,
            "github": {"requests": 2, "not_modified": 2, "writes": 0, "cost": 0},
            "applied": {
                "reports_updated": 0,
                "comments_imported": 0,
                "comments_edited": 0,
                "comments_removed": 0,
                "issues_created": 0,
                "issues_updated": 0,
                "comments_posted": 0,
                "remote_comments_removed": 0,
            },
            "conflicts": 0,
            "quarantined": 0,
            "pending": 0,
        }
    ]


def test_json_carries_the_error_and_stderr_the_sentence() -> None:
    output = command(
        "--project", "Acme Web", "--json", application=FakeApplication(passes={"Acme Web": failed(ACME)})
    )
    assert output.status == 1
    assert output.objects[0]["error"] == {"kind": "credential", "message": "the token was refused; renew it"}
    assert output.err == "reconcile: the token was refused; renew it (project Acme Web)\n"


@pytest.mark.parametrize(
    ("outcome", "changes", "says"),
    [
        (Outcome.PARTIAL, {"quarantined": 2, "pending": 1}, "quarantined and 1 change not confirmed yet"),
        (Outcome.LIMITED, {}, "Waiting (GitHub limit)"),
        (Outcome.REFUSED, {"error": BUSY_ELSEWHERE}, "add --wait"),
        (Outcome.FAILED, {}, "the pass was failed"),
        (Outcome.PARTIAL, {"withheld": "abc123"}, "reconcile --project 'Acme Web' --accept abc123"),
    ],
)
def test_what_is_not_simply_done_exits_1_with_a_sentence(
    outcome: Outcome, changes: dict[str, object], says: str
) -> None:
    application = FakeApplication(passes={"Acme Web": result(ACME, outcome, **changes)})
    output = command("--project", "Acme Web", application=application)
    assert output.status == 1
    assert says in output.err
    assert output.err.count("\n") == 1


def test_one_projects_failure_stops_no_other() -> None:
    passes = {"Acme Web": failed(ACME), "Gamma": result(GAMMA, applied=BUSY)}
    application = FakeApplication(known=ALL, passes=passes)
    output = command("--all", application=application)
    assert output.status == 1
    assert {call[1] for call in application.calls} == {"Acme Web", "Beta", "Gamma"}
    assert output.out.startswith("Gamma: ")


def test_results_are_printed_in_the_order_of_the_arguments() -> None:
    application = FakeApplication(known=ALL, delays={"Acme Web": 0.05, "Beta": 0.01})
    output = command(
        "--project", "Acme Web", "--project", "Gamma", "-p", "Beta", "--json", application=application
    )
    assert [each["project"]["name"] for each in output.objects] == ["Acme Web", "Gamma", "Beta"]
    assert application.most_at_once == 3


def test_no_more_projects_at_once_than_configured() -> None:
    application = FakeApplication(known=ALL, delays=dict.fromkeys(("Acme Web", "Beta", "Gamma"), 0.01))
    output = command("--all", application=application, environ={"RECONCILER_POLL__CONCURRENCY": "2"})
    assert (output.status, application.most_at_once) == (0, 2)


def test_a_project_named_twice_is_passed_once() -> None:
    application = FakeApplication()
    command("--project", "Acme Web", "--project", str(ACME.id), application=application)
    assert application.calls == [("run", "Acme Web", False, None)]


def test_wait_and_accept_reach_the_pass() -> None:
    application = FakeApplication()
    command("--project", "Acme Web", "--wait", "--accept", "abc", application=application)
    assert application.calls == [("run", "Acme Web", True, "abc")]


def test_an_unknown_project_exits_2_and_nothing_is_done() -> None:
    application = FakeApplication()
    output = command("--project", "Acme Web", "--project", "Nope", application=application)
    assert output.status == 2
    assert output.err == "reconcile: no project 'Nope', in BugSpark; see reconcile status\n"
    assert application.calls == []
    assert application.closed


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "no project was named"),
        (("--json",), "no project was named"),
        (("--all", "--project", "Acme Web"), "don't go together"),
        (("--all", "--accept", "abc"), "one project's deletions"),
        (("--project", "Acme Web", "--project", "Beta", "--accept", "abc"), "one project's deletions"),
        (("--project", "Acme Web", "status"), "put them after reconcile status"),
    ],
)
def test_invalid_arguments_exit_2(arguments: tuple[str, ...], says: str) -> None:
    application = FakeApplication(known=ALL)
    output = command(*arguments, application=application)
    assert (output.status, output.out, application.calls) == (2, "", [])
    assert says in output.err


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigurationError("no key"), 78),
        (SchemaError("the schema is older; run reconcile migrate"), 78),
        (DatabaseError("the database does not answer"), 1),
        (ReconcilerError("something"), 1),
    ],
)
def test_errors_end_with_their_status_and_one_line(error: ReconcilerError, status: int) -> None:
    application = FakeApplication(trouble=error)
    output = command("--project", "Acme Web", application=application)
    assert (output.status, output.out, output.err) == (status, "", f"reconcile: {error}\n")
    assert application.closed


def test_an_unexpected_error_is_one_line_without_its_text() -> None:
    application = FakeApplication(trouble=ValueError("canary"))
    output = command("--project", "Acme Web", application=application)
    assert output.status == 1
    assert output.err.startswith("reconcile: unexpected ValueError, in the command line; please report it")
    assert output.err.count("\n") == 1
    assert "canary" not in output.err


def test_at_level_debug_the_trace_follows_without_secrets() -> None:
    secret = "canary-5f0c"
    environ = {"RECONCILER_LOG__LEVEL": "debug", "RECONCILER_BUGSPARK__JWT_SECRET": secret}
    application = FakeApplication(trouble=ValueError(f"about {secret}"))
    output = command("--project", "Acme Web", application=application, environ=environ)
    assert "ValueError: about ***" in output.err
    assert "Traceback" in output.err
    assert secret not in output.err


@dataclass
class Interrupted(FakeApplication):
    """Somebody presses Ctrl-C while it works."""

    async def run_pass(
        self, project: Project, *, wait: bool, accept: str | None, progress: Progress
    ) -> PassResult:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(30)
        raise AssertionError


@pytest.fixture
def pythons_own_sigint_handler() -> Iterator[None]:
    """As at the start of a process, whatever ran in it before: asyncio takes Ctrl-C over from this one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("pythons_own_sigint_handler")
def test_ctrl_c_says_what_is_still_queued_and_exits_130() -> None:
    output = command("--project", "Acme Web", application=Interrupted())
    assert (output.status, output.out) == (130, "")
    assert output.err == (
        "reconcile: interrupted, in the command line; still queued: 3 writes of Acme Web; "
        "the next pass sends what is queued\n"
    )


def test_untrusted_text_is_sanitised_for_the_terminal() -> None:
    evil = project(1, "Acme\x1b[2J\u202e\n")
    application = FakeApplication(known=(evil,), passes={evil.name: result(evil, applied=BUSY)})
    output = command("--all", application=application)
    assert output.out.startswith(r"Acme\x1b[2J\u202e\n: 3 reports")


def test_progress_of_long_work_is_shown_on_a_terminal_only() -> None:
    long = FakeApplication(delays={"Acme Web": SHOW_BARS_AFTER_SECONDS})
    output = command("--project", "Acme Web", "--json", application=long, terminal=True)
    assert "reading Acme Web" in output.err
    assert len(output.objects) == 1
    assert command("--project", "Acme Web", application=long).err == ""


def test_without_projects_all_does_nothing() -> None:
    output = command("--all", application=FakeApplication(known=()))
    assert (output.status, output.out) == (0, "")
    assert output.err == "No active project has a GitHub integration: nothing to do.\n"

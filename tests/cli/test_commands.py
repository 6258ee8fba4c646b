"""link, unlink, discover, export, migrate, check, config, demo."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.config.settings import Settings
from reconciler.errors import SchemaError
from reconciler.model.views import CheckLevel, CheckResult, DiscoveryResult, ExportResult, LinkCandidate
from tests.cli.fakes import FakeApplication, command, entrypoints_to

FOUND = LinkCandidate(
    report_tracking_id="BUG-0001", report_id="r1", issue="acme/web#7", title="It\x1b[2J breaks"
)


def test_link_says_what_was_done() -> None:
    application = FakeApplication()
    output = command("link", "Acme Web:BUG-0001", "acme/web#7", "--backfill", application=application)
    assert (output.status, output.out) == (0, "Acme Web:BUG-0001 is linked to acme/web#7\n")
    assert application.calls == [("link", "Acme Web:BUG-0001", "acme/web#7", True)]


def test_a_second_issue_is_linked_instead_or_closed_as_a_duplicate() -> None:
    application = FakeApplication()
    named = ("Acme Web:BUG-0001", "acme/web#7")
    assert command("link", *named, "--instead", application=application).status == 0
    output = command("duplicate", *named, application=application)
    assert (output.status, output.out) == (0, "acme/web#7 is closed as a duplicate\n")
    assert application.calls == [("link", *named, False, "instead"), ("duplicate", *named)]


def test_a_report_follows_another_one_and_no_other_option_is_accepted() -> None:
    application = FakeApplication()
    named = ("Acme Web:BUG-0002", "acme/web#7")
    output = command("link", *named, "--follow", application=application)
    assert (output.status, output.out) == (0, "Acme Web:BUG-0002 follows another report\n")
    assert application.calls == [("follow", *named)]
    for other in ("--backfill", "--instead"):
        refused = command("link", *named, "--follow", other, application=application)
        assert refused.status == 2
        assert "--follow goes with neither --backfill nor --instead" in refused.err
    assert application.calls == [("follow", *named)]


def test_unlink_says_what_was_done() -> None:
    output = command("unlink", "r1")
    assert (output.status, output.out) == (0, "r1 is not linked any more\n")


def test_discover_says_its_cost_first_and_applies_nothing() -> None:
    application = FakeApplication(
        discovery=DiscoveryResult(
            candidates=(FOUND,), linked=0, requests=1190, skipped=("two reports match #8",)
        )
    )
    output = command("discover", "--project", "Acme Web", application=application)
    assert output.status == 0
    assert output.out == "BUG-0001  acme/web#7  It\\x1b[2J breaks\n"
    assert output.err.splitlines() == [
        "This asks GitHub about 1,200 requests.",
        "passed over: two reports match #8",
        "1 match, nothing stored, 1,190 requests.",
        "To link them: reconcile discover --project 'Acme Web' --apply",
    ]
    assert application.calls == [("cost", "Acme Web"), ("discover", "Acme Web", False)]


def test_discover_apply_prints_how_many_it_linked() -> None:
    application = FakeApplication(discovery=DiscoveryResult(candidates=(FOUND, FOUND), linked=2, requests=9))
    output = command("discover", "--project", "Acme Web", "--apply", application=application)
    assert output.err.splitlines()[-1] == "2 matches, 2 links stored, 9 requests."
    assert application.calls[-1] == ("discover", "Acme Web", True)


def test_discover_json_is_one_object() -> None:
    application = FakeApplication(discovery=DiscoveryResult(candidates=(FOUND,), linked=0, requests=3))
    output = command("discover", "--project", "Acme Web", "--json", application=application)
    assert output.objects[0]["candidates"] == [
        {"report": "r1", "tracking_id": "BUG-0001", "issue": "acme/web#7", "title": "It\x1b[2J breaks"}
    ]
    assert output.objects[0]["project"]["name"] == "Acme Web"


def test_discover_needs_a_project() -> None:
    output = command("discover")
    assert output.status == 2
    assert output.err.startswith("reconcile: ") and "--project" in output.err


def test_export_prints_addresses_and_says_what_failed() -> None:
    url = "https://github.com/acme/web/issues/7"
    application = FakeApplication(
        exports=(
            ExportResult(report="r1", url=url, error=None),
            ExportResult(report="r2", url=None, error="it is linked already; see reconcile status"),
        )
    )
    output = command("export", "r1", "r2", application=application)
    assert (output.status, output.out) == (1, f"{url}\n")
    assert output.err == "reconcile: it is linked already; see reconcile status (report r2)\n"
    assert application.calls == [("export", ("r1", "r2"))]
    assert [each["url"] for each in command("export", "r1", "--json", application=application).objects] == [
        url,
        None,
    ]


def test_export_that_worked_exits_0() -> None:
    done = (ExportResult(report="r1", url="https://x/1", error=None),)
    assert command("export", "r1", application=FakeApplication(exports=done)).status == 0


def test_migrate_says_what_it_did() -> None:
    seen: list[Settings] = []

    def migrate(settings: Settings) -> str:
        seen.append(settings)
        return "the schema is up to date"

    output = command("migrate", entrypoints=entrypoints_to(FakeApplication(), migrate=migrate))
    assert (output.status, output.out) == (0, "the schema is up to date\n")
    assert seen == [Settings()]


def test_migrate_makes_indexes_only_when_asked_to() -> None:
    def migrate(_: Settings) -> str:
        return "the schema is up to date"

    def create_indexes(_: Settings) -> str:
        return "reports.updated_at has an index already"

    entrypoints = entrypoints_to(FakeApplication(), migrate=migrate, create_indexes=create_indexes)
    assert "index" not in command("migrate", entrypoints=entrypoints).out
    assert "has an index already" in command("migrate", "--indexes", entrypoints=entrypoints).out


def test_migrate_that_cannot_exits_78() -> None:
    def migrate(settings: Settings) -> str:
        raise SchemaError("the schema is newer than this program, in bugspark.db; upgrade it")

    output = command("migrate", entrypoints=entrypoints_to(FakeApplication(), migrate=migrate))
    assert output.status == 78
    assert output.err.startswith("reconcile: the schema is newer")


def checked(*checks: CheckResult, arguments: tuple[str, ...] = ()) -> Any:
    return command("check", *arguments, application=FakeApplication(checks=checks))


FINE = CheckResult(name="database", level=CheckLevel.OK, message="answers")
ODD = CheckResult(name="clock", level=CheckLevel.WARN, message="90 s off", remedy="set the clock")
BAD = CheckResult(name="Acme Web", level=CheckLevel.FAIL, message="the token was refused", remedy="renew it")


def test_check_prints_one_line_each_with_the_remedy_below() -> None:
    output = checked(FINE, ODD, BAD)
    assert output.status == 1
    assert output.out.splitlines() == [
        "ok    database: answers",
        "warn  clock: 90 s off",
        "      set the clock",
        "fail  Acme Web: the token was refused",
        "      renew it",
    ]


def test_check_with_warnings_only_exits_0() -> None:
    assert checked(FINE, ODD).status == 0


def test_check_json_is_an_object_each() -> None:
    first, second = checked(FINE, ODD, arguments=("--json",)).objects
    assert first == {"name": "database", "level": "ok", "message": "answers", "mend": None}
    assert second["mend"] == "set the clock"


def test_config_shows_values_and_sources_but_no_secret() -> None:
    environ = {"RECONCILER_BUGSPARK__JWT_SECRET": "canary-5f0c", "RECONCILER_KEEP__DAYS": "7"}
    output = command("config", environ=environ)
    lines = output.out.splitlines()
    assert "[sync.severity]" in lines
    assert 'conflict = "newest"' in lines
    assert 'high = ["high-priority", "high"]' in lines
    assert next(line for line in lines if line.startswith("days")).split("  # ") == [
        "days = 7                          ",
        "environment variable RECONCILER_KEEP__DAYS",
    ]
    assert "canary" not in output.out
    assert 'jwt_secret = "***"' in output.out


def test_config_json_is_one_object_with_sources() -> None:
    Path("config.toml").write_text("[poll]\nconcurrency = 3\n")
    (shown,) = command("config", "--json").objects
    assert shown["file"] == "config.toml"
    assert shown["settings"]["poll"]["concurrency"] == 3
    assert shown["sources"]["poll.concurrency"] == "file config.toml"
    assert shown["sources"]["web.port"] == "default"


def test_config_opens_no_database() -> None:
    application = FakeApplication()
    command("config", application=application)
    assert not application.closed


@pytest.mark.parametrize("arguments", [("config",), ("status",), ("migrate",), ("--all",), ("plan", "--all")])
def test_a_wrong_configuration_exits_78_before_anything(arguments: tuple[str, ...]) -> None:
    application = FakeApplication()
    output = command(*arguments, application=application, environ={"RECONCILER_WEB__PRT": "1"})
    assert (output.status, output.out, application.calls, application.closed) == (78, "", [], False)
    assert output.err == (
        "reconcile: RECONCILER_WEB__PRT is unknown, in the environment; did you mean RECONCILER_WEB__PORT?\n"
    )


@pytest.mark.parametrize("arguments", [("config", "--config", "it.toml"), ("--config=it.toml", "config")])
def test_the_config_flag_may_stand_anywhere(arguments: tuple[str, ...]) -> None:
    Path("it.toml").write_text("[keep]\ndays = 3\n")
    assert "days = 3" in command(*arguments).out


@pytest.mark.parametrize(("arguments", "keep"), [(("demo",), False), (("demo", "--keep"), True)])
def test_the_demo_ends_with_its_own_status(arguments: tuple[str, ...], keep: bool) -> None:
    output = command(
        *arguments,
        entrypoints=entrypoints_to(FakeApplication(), run_demo=lambda asked: 7 if asked is keep else 1),
    )
    assert output.status == 7


def test_json_escapes_instead_of_sanitising() -> None:
    title = json.dumps("It\x1b[2J breaks")
    application = FakeApplication(discovery=DiscoveryResult(candidates=(FOUND,), linked=0, requests=3))
    assert title in command("discover", "--project", "Acme Web", "--json", application=application).out


def test_token_is_shown_once_with_the_line_for_the_configuration() -> None:
    output = command("token", "ci", "--json")
    made = json.loads(output.out)
    token, line = made["token"], made["configuration"]
    assert token.startswith("ci.") and len(token) > 40
    assert line == f'ci = "read:{hashlib.sha256(token.encode()).hexdigest()}"'
    again = command("token", "ci", "--act")
    assert again.out.strip() != token and 'ci = "act:' in again.err
    assert command("token", "no name").status == 2

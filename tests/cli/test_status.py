"""`reconcile status`: 80 columns, with what needs a person at the end."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from reconciler.cli.console import display_width
from reconciler.cli.status import DisplayOptions, status_as_lines
from reconciler.model.fields import Side
from reconciler.model.health import (
    AttentionItem,
    CredentialLimits,
    LostValue,
    ProjectHealth,
    VerificationCoverage,
)
from reconciler.model.ids import ReportId
from reconciler.model.passes import Failure, Outcome
from reconciler.model.project_status import project_status
from reconciler.model.webhook import WebhookHealth
from tests.cli.fakes import FakeApplication, command, project, result

ACME = project()
NOW = datetime(2026, 3, 1, 13, 0, tzinfo=UTC)
VIEW = DisplayOptions(now=NOW, zone=UTC, is_unicode=True)


def health(**changes: Any) -> ProjectHealth:
    given: dict[str, Any] = {
        "project_id": ACME.id,
        "name": ACME.name,
        "repository": ACME.repository,
        "paused": False,
        "links": {"active": 480, "new": 2, "gone": 0, "unlinked": 7},
        "conflicts": 0,
        "pending": 0,
        "quarantined": 0,
        "withheld": None,
        "withheld_count": 0,
        "last_pass": result(ACME),
        "last_pass_at": NOW - timedelta(seconds=40),
        "last_success_at": NOW - timedelta(seconds=40),
        "next_at": None,
        "problem": None,
    }
    return ProjectHealth(**{**given, **changes})


LIMITS = CredentialLimits(
    credential="ab12cd34ef56",
    remaining=4812,
    limit=5000,
    reset_at=NOW + timedelta(minutes=65),
    blocked_until=None,
    points_last_minute=2,
)
SILENT = WebhookHealth(
    known_at=NOW - timedelta(days=9),
    last_at=NOW - timedelta(hours=2),
    last_event="issues",
    received=12,
    missed=3,
    silent=2,
    silent_since=NOW - timedelta(minutes=55),
)
LOST = AttentionItem(
    report="BUG-0003",
    report_id=ReportId(UUID(int=3)),
    issue="acme/web#3",
    what="gone",
    field=None,
    reason="deleted",
)
RESTING = replace(LOST, report="BUG-0004", what="resting", reason="404")
TROUBLE = Failure(kind="github", message="GitHub does not answer; it is tried again")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "Synced (40 s ago)"),
        ({"conflicts": 1, "newest_conflict": "severity of BUG-7"}, "Conflict: severity of BUG-7"),
        ({"conflicts": 3, "newest_conflict": "severity of BUG-7"}, "Conflict: severity of BUG-7 and 2 more"),
        (
            {"conflicts": 1, "newest_conflict": "status of BUG-7", "pending": 3},
            "Conflict: status of BUG-7; 3 writes pending",
        ),
        ({"conflicts": 1, "withheld": "abc", "withheld_count": 2}, "Needs attention: 2 deletions withheld"),
        ({"attention": (LOST,)}, "Needs attention: BUG-0003 names an issue that GitHub does not show"),
        (
            {"attention": (RESTING, LOST), "conflicts": 1},
            "Needs attention: BUG-0004 is in quarantine (and 1 more)",
        ),
        ({"links": {"active": 1, "report_deleted": 1}}, "Synced (40 s ago, 1 report deleted)"),
        ({"last_success_at": NOW - timedelta(hours=5)}, "Synced (5 h ago)"),
        ({"last_pass_at": NOW - timedelta(hours=5)}, "Synced (40 s ago)"),
        ({"last_pass_at": NOW - timedelta(hours=7)}, "Needs attention: no pass since 06:00 UTC"),
        (
            {
                "last_pass_at": NOW - timedelta(hours=7),
                "last_pass": result(ACME, Outcome.LIMITED, next_at=NOW + timedelta(minutes=65)),
            },
            "Waiting (GitHub limit until 14:05 UTC)",
        ),
        ({"pending": 3}, "Waiting (3 writes pending)"),
        (
            {"last_pass": result(ACME, Outcome.LIMITED, next_at=NOW + timedelta(minutes=65))},
            "Waiting (GitHub limit until 14:05 UTC)",
        ),
        (
            {"last_pass": result(ACME, Outcome.LIMITED), "next_at": NOW + timedelta(days=1)},
            "Waiting (GitHub limit until 2026-03-02 13:00 UTC)",
        ),
        ({"withheld": "abc", "withheld_count": 24}, "Needs attention: 24 deletions withheld"),
        ({"quarantined": 1}, "Needs attention: 1 change quarantined"),
        ({"problem": "two integrations are active"}, "Failed: two integrations are active"),
        ({"last_pass": result(ACME, Outcome.FAILED, error=TROUBLE)}, f"Failed: {TROUBLE.message}"),
        (
            {
                "last_pass": result(ACME, Outcome.FAILED, error=TROUBLE),
                "failures": 3,
                "next_at": NOW + timedelta(minutes=8),
            },
            f"Failed: {TROUBLE.message}; 3 failures, next try at 13:08 UTC",
        ),
        ({"paused": True}, "Paused"),
        ({"webhook": SILENT}, "Synced (40 s ago, webhook silent since 12:05 UTC)"),
        ({"webhook": replace(SILENT, silent=0, silent_since=None)}, "Synced (40 s ago)"),
        ({"last_pass": None, "last_success_at": None}, "Not looked at yet"),
    ],
)
def test_the_status_of_a_project_is_a_few_words(changes: dict[str, Any], expected: str) -> None:
    assert project_status(health(**changes), NOW, UTC).text == expected


def test_the_table_uses_the_terminals_width_and_is_not_cut_when_piped() -> None:
    wide = health(name="A project with a rather long name", repository=f"acme/{'w' * 40}", problem="x" * 150)
    for columns in (60, 80, 120, 200):
        lines = list(status_as_lines((wide,), (LIMITS,), replace(VIEW, columns=columns)))
        assert max(map(display_width, lines)) <= columns
        assert (wide.name in lines[1]) is (columns == 200)
    piped = list(status_as_lines((wide, health()), (LIMITS,), replace(VIEW, columns=None)))
    assert wide.name in piped[1] and "w" * 40 in piped[1] and piped[1].endswith("x" * 150)
    assert piped[2].index("482") == piped[1].index("482")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"pending": 3}, 0),
        ({"paused": True}, 0),
        ({"conflicts": 1, "newest_conflict": "severity of BUG-7"}, 3),
        ({"withheld": "abc", "withheld_count": 2}, 3),
        ({"withheld": "abc", "problem": "two integrations are active"}, 3),
        ({"problem": "two integrations are active"}, 1),
    ],
)
def test_the_exit_code_says_whether_all_is_synced(changes: dict[str, Any], code: int) -> None:
    fresh = {"last_pass_at": datetime.now(UTC)}
    application = FakeApplication(healths=(health(**fresh), health(**fresh, **changes)))
    assert command("status", application=application).status == 0
    for arguments in ((), ("--json",)):
        assert command("status", "--exit-code", *arguments, application=application).status == code


def test_a_conflict_has_the_command_that_settles_it_and_a_refusal_its_cause() -> None:
    """Reports are named as people name them, not by their ids."""
    lost = LostValue(report="BUG-0007", field="severity", side=Side.BUGSPARK)
    how = project_status(
        health(conflicts=2, newest_conflict="severity of BUG-0007", newest_lost_value=lost), NOW, UTC
    )
    assert how.command == "reconcile resolve 'Acme Web:BUG-0007' severity --take bugspark"
    refused = replace(LOST, what="refused", field="create_comment", reason="the issue is locked")
    how = project_status(health(quarantined=2, attention=(refused,)), NOW, UTC)
    assert how.reason == "2 changes quarantined: BUG-0003 acme/web#3: the issue is locked"
    how = project_status(health(attention=(RESTING,)), NOW, UTC)
    assert how.command == "reconcile retry 'Acme Web:BUG-0004'"
    gone = replace(RESTING, report=str(RESTING.report_id))
    assert str(RESTING.report_id) in str(project_status(health(attention=(gone,)), NOW, UTC).command)


def test_what_needs_a_person_wins_over_what_waits() -> None:
    assert project_status(health(pending=3, withheld="a", withheld_count=9), NOW, UTC).text.startswith(
        "Needs attention"
    )


def test_the_table_is_one_line_per_project_then_limits_then_needs() -> None:
    needs = health(name="Beta", withheld="abc", withheld_count=24)
    assert list(status_as_lines((health(), needs), (LIMITS,), VIEW)) == [
        "  PROJECT            REPOSITORY               LINKS  STATE",
        "✓ Acme Web           acme/web                   482  Synced (40 s ago)",
        "! Beta               acme/web                   482  Needs attention: 24 deleti…",
        "  GitHub limit of ab12cd34: 4,812 of 5,000 left, new at 14:05 UTC",
        "",
        "Beta: Needs attention: 24 deletions withheld",
        "  reconcile --project Beta --accept abc",
    ]


def test_every_line_of_the_table_fits_80_columns() -> None:
    wide = health(
        name="日本語のとても長いプロジェクト名です", repository="a" * 39 + "/" + "b" * 100, problem="x" * 300
    )
    lines = [line for line in status_as_lines((wide, health()), (LIMITS,), VIEW) if line][:4]
    assert all(display_width(line) <= 80 for line in lines)


def test_a_stream_without_unicode_gets_ascii_signs() -> None:
    each: tuple[dict[str, Any], ...] = (
        {},
        {"paused": True},
        {"pending": 1},
        {"problem": "x"},
        {"quarantined": 1},
    )
    healths = tuple(health(last_pass_at=datetime.now(UTC), **changes) for changes in each)
    output = command("status", application=FakeApplication(healths=healths), encoding="ascii")
    assert output.out.isascii()
    assert [line[0] for line in output.out.splitlines()[1:6]] == ["+", "=", "~", "x", "!"]


def test_json_is_one_object_per_project_then_per_credential() -> None:
    application = FakeApplication(healths=(health(withheld="abc", withheld_count=2),), limits=(LIMITS,))
    first, second = command("status", "--json", application=application).objects
    assert first["project"] == {"id": str(ACME.id), "name": "Acme Web", "repository": "acme/web"}
    assert (first["state"], first["reason"]) == ("Needs attention", "2 deletions withheld")
    assert first["command"] == "reconcile --project 'Acme Web' --accept abc"
    assert first["links"] == {"active": 480, "new": 2, "gone": 0, "unlinked": 7}
    assert first["last_success_at"] == "2026-03-01T12:59:20Z"
    assert first["last_pass"]["outcome"] == "ok"
    assert second["remaining"] == 4812
    assert second["reset_at"] == "2026-03-01T14:05:00Z"


def test_status_without_projects_shows_the_next_step() -> None:
    assert "connect a repository in BugSpark" in command("status").out


def test_one_project_can_be_asked_for() -> None:
    application = FakeApplication(healths=(health(),))
    assert command("status", "--project", "Acme Web", application=application).status == 0
    assert application.calls == [("status", "Acme Web")]
    assert command("status", "--project", "Nope").status == 2


def test_a_hostile_name_moves_nothing_on_the_screen() -> None:
    evil = health(name="a\x1b[2J\r\u202eb", problem="p\n\x07")
    out = command("status", application=FakeApplication(healths=(evil,))).out
    assert not set(out) & set("\x1b\r\u202e\x07")


FROZEN = AttentionItem(
    report="BUG-0007",
    report_id=ReportId(UUID(int=7)),
    issue="acme/web#12",
    what="frozen",
    field="severity",
    reason="bob undid what we wrote three times within an hour",
)
GONE = replace(FROZEN, report="BUG-0008", what="gone", field=None, reason="GitHub does not show it (410).")


def test_a_frozen_field_needs_a_person_and_names_the_command() -> None:
    how = project_status(health(attention=(FROZEN,)), NOW, UTC)
    assert how.text.startswith("Needs attention: severity of BUG-0007 is frozen: bob undid")
    assert how.command == "reconcile resolve 'Acme Web:BUG-0007' severity --take github"


def test_a_repository_that_turned_public_needs_a_person() -> None:
    how = project_status(health(exposed=True, pending=3), NOW, UTC)
    assert how.text == "Needs attention: acme/web has become public, text is held back"
    assert how.command == "reconcile --project 'Acme Web' --accept public"


def test_a_recreated_repository_needs_a_person() -> None:
    error = Failure(kind="recreated", message="acme/web is another repository now")
    last = result(ACME, Outcome.REFUSED, error=error)
    assert (
        project_status(health(last_pass=last), NOW, UTC).text
        == "Needs attention: acme/web is another repository now"
    )


def test_links_of_another_repository_are_shown_as_not_synced() -> None:
    assert (
        "3 links of another repository rest"
        in project_status(health(other_repository_links=3), NOW, UTC).text
    )


def test_status_of_one_project_wraps_each_reason_to_the_width() -> None:
    lines = list(status_as_lines([health(attention=(FROZEN, GONE), other_repository_links=2)], (), VIEW))
    text = " ".join(" ".join(lines).split())
    assert "BUG-0008 acme/web#12: gone: GitHub does not show it (410)." in text
    assert "2 links: the project is connected to another repository now" in text
    assert all(display_width(line) <= 80 for line in lines if not line.startswith("  reconcile"))


def test_the_status_of_many_projects_leaves_single_links_out() -> None:
    lines = list(status_as_lines([health(attention=(FROZEN, GONE)), health()], (), VIEW))
    assert not any("(410)" in line for line in lines)


def covered(verified: int, links: int, **changes: Any) -> ProjectHealth:
    cover = VerificationCoverage(links=links, verified=verified, oldest=NOW - timedelta(hours=7))
    return health(coverage=cover, **changes)


def test_coverage_is_one_line_for_all_and_one_for_each_project_behind() -> None:
    lines = list(status_as_lines([covered(482, 485), covered(3, 3, name="Beta")], [], VIEW))
    assert "  485 of 488 links checked within 6 h, none not equal, oldest 7 h ago" in lines
    assert [line.split() for line in lines if line.startswith("    ")] == [
        ["Acme", "Web", "482", "of", "485"]
    ]


def test_status_of_one_project_shows_the_95th_percentile() -> None:
    cover = VerificationCoverage(
        links=40, verified=39, oldest=NOW - timedelta(hours=7), p95=NOW - timedelta(hours=5)
    )
    one = health(coverage=cover)
    expected = "  39 of 40 links checked within 6 h, none not equal, oldest 7 h ago, p95 5 h ago"
    assert expected in list(status_as_lines([one], [], VIEW))
    done = command("status", "--json", application=FakeApplication(healths=(one,)))
    assert done.objects[0]["verified"]["p95_at"] == "2026-03-01T08:00:00Z"


def test_status_without_links_omits_coverage() -> None:
    assert not any("verified" in line for line in status_as_lines([health()], [], VIEW))


def test_coverage_as_json() -> None:
    output = command("status", "--json", application=FakeApplication(healths=(covered(482, 485),)))
    verified = output.objects[0]["verified"]
    assert (verified["links"], verified["of"], verified["within_seconds"]) == (482, 485, 21_600)


def test_status_of_one_project_shows_since_when_writes_wait() -> None:
    waiting = health(pending=2, quarantined=1, oldest_intent=NOW - timedelta(hours=3))
    assert "  Pending: 3 writes, the oldest 3 h ago" in list(status_as_lines([waiting], [], VIEW))
    done = command("status", "--json", application=FakeApplication(healths=(waiting,)))
    assert json.loads(done.out)["oldest_pending_at"] == "2026-03-01T10:00:00Z"


def test_a_silent_webhook_is_shown_with_its_remedy() -> None:
    lines = list(status_as_lines([health(webhook=SILENT)], [], VIEW))
    assert "Acme Web: Synced (40 s ago, webhook silent since 12:05 UTC)" in lines
    assert "  reconcile webhook create --project 'Acme Web'" in lines
    assert "  Webhook: last delivery 2 h ago; 3 changes found without it" in lines
    done = command("status", "--json", application=FakeApplication(healths=(health(webhook=SILENT),)))
    assert json.loads(done.out)["webhook"] == {
        "last_at": "2026-03-01T11:00:00Z",
        "last_event": "issues",
        "received": 12,
        "missed": 3,
        "silent": 2,
        "silent_since": "2026-03-01T12:05:00Z",
    }

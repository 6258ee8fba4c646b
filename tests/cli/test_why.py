"""`why`, `resolve`, `retry` and `verify`: output and exit status."""

from datetime import UTC, timedelta
from typing import Any

import pytest

from reconciler.cli.console import display_width
from reconciler.cli.status import DisplayOptions
from reconciler.cli.why import report_as_json, report_as_lines
from reconciler.model.fields import Field, Side
from reconciler.model.kinds import Kind
from reconciler.model.passes import AppliedCounts, Cost, Failure, Outcome, VerificationProgress
from reconciler.model.report_detail import CommentView, DatedChange, FieldView, ReportDetail, ReportView
from reconciler.model.snapshot import Change
from tests.cli.fakes import FakeApplication, command, project, result
from tests.support.factories import AFTER, LINK, REPORT, a_link, a_report

VIEW = DisplayOptions(now=AFTER + timedelta(hours=1), zone=UTC, is_unicode=True)
STATUS = FieldView(
    field=Field.STATUS, bugspark="resolved", agreed="new", github="open", moved=frozenset({Side.BUGSPARK})
)


def dated_change(kind: Kind = Kind.SET_FIELD, side: Side = Side.BUGSPARK, **given: Any) -> DatedChange:
    whole: dict[str, Any] = {"field": None, "base": None, "local": None, "remote": None, "to": None}
    return DatedChange(
        at=AFTER,
        change=Change(
            **{"report_id": REPORT, "link_id": LINK, "side": side, "kind": kind, "rule": "", **whole, **given}
        ),
    )


def shown(*history: DatedChange, **given: Any) -> ReportView:
    detail = ReportDetail(
        report=a_report(), link=a_link(), comments=(), pairs=(), intents=(), history=history
    )
    whole: dict[str, Any] = {"state": "Synced", "reason": None, "fields": (STATUS,), "comments": ()}
    title = given.get("dossier", detail).report.title
    return ReportView(project_name="Shop", title=title, **{"detail": detail, **whole, **given})


def lines(of: ReportView) -> list[str]:
    return list(report_as_lines(of, VIEW))


def test_the_field_that_moved_is_marked_at_the_side_that_moved() -> None:
    assert lines(shown())[:6] == [
        "BUG-0001  Crash on start",
        "Shop, acme/web#12: Synced",
        "  no full check yet",
        "",
        "            BUGSPARK               LAST AGREED            GITHUB",
        "  status   *resolved               new                    open",
    ]


@pytest.mark.parametrize(
    ("each", "says"),
    [
        (
            dated_change(field="status", local="new", to="resolved", rule="only GitHub changed"),
            "BugSpark status: new → resolved (only GitHub changed)",
        ),
        (
            dated_change(
                Kind.SET_STATE, Side.GITHUB, field="status", remote="new", to="closed", request_id="AB:1"
            ),
            "GitHub   status: new → closed AB:1",
        ),
        (
            dated_change(Kind.CONFLICT, field="severity", local="high", to="low", lost="high", rule="newer"),
            "BugSpark conflict severity: high → low, lost high (newer)",
        ),
        (
            dated_change(
                Kind.IMPORT_COMMENT, field="comment", remote="hello", to="**bob** (via GitHub): hello"
            ),
            "BugSpark import comment: hello",
        ),
        (
            dated_change(Kind.FIRST_CONTACT, to="acme/web#12", rule="linked by command"),
            "BugSpark initial sync: acme/web#12 (linked by command)",
        ),
        (
            dated_change(Kind.QUARANTINE, Side.GITHUB, rule="it is locked"),
            "GitHub   quarantine (it is locked)",
        ),
    ],
)
def test_each_history_row_is_one_line(each: DatedChange, says: str) -> None:
    assert lines(shown(each))[-1] == f"  {AFTER:%m-%d %H:%M} {says}"


def test_nothing_is_wider_than_the_terminal_or_reaches_it_raw() -> None:
    evil = "\x1b[2J\u202e" + "漢" * 200
    comment = CommentView(origin=Side.GITHUB, author=evil, at=AFTER, text=evil, state=f"not sent: {evil}")
    field = FieldView(field=Field.TITLE, bugspark=evil, agreed=evil, github=evil, moved=frozenset(Side))
    of = shown(
        dated_change(field="title", local=evil, to=evil, lost=evil, rule=evil, request_id=evil),
        reason=evil,
        fields=(field,),
        comments=(comment,),
    )
    output = lines(of)
    assert max(map(display_width, output)) <= 80
    assert not {"\x1b", "\u202e"} & set("".join(output))
    assert report_as_json(of)["comments"][0]["state"] == f"not sent: {evil}"


def test_why_as_json_is_one_object() -> None:
    output = command("why", "r1", "--json", application=FakeApplication(shown=shown(dated_change(to="x"))))
    assert output.status == 0
    (row,) = output.objects
    assert row["report"]["tracking_id"] == "BUG-0001"
    assert row["fields"][0]["moved"] == ["bugspark"]
    assert row["story"][0]["kind"] == "set_field"


def test_resolve_takes_one_of_two_sides() -> None:
    application = FakeApplication()
    output = command("resolve", "r1", "severity", "--take", "github", application=application)
    assert (output.status, output.out) == (0, "r1: severity is as github had it\n")
    assert application.calls == [("resolve", "r1", Field.SEVERITY, Side.GITHUB)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("resolve", "r1", "colour", "--take", "github"), "'colour' is no field"),
        (("resolve", "r1", "status", "--take", "both"), "'both' is no side"),
    ],
)
def test_resolve_names_what_it_does_not_know(arguments: tuple[str, ...], says: str) -> None:
    application = FakeApplication()
    output = command(*arguments, application=application)
    assert (output.status, application.calls) == (2, [])
    assert says in output.err


def test_verify_sums_up() -> None:
    acme = project()
    done = result(
        acme,
        verified=VerificationProgress(compared=482, links=485, differed=3),
        applied=AppliedCounts(comments_removed=1),
        github=Cost(requests=970),
    )
    output = command("verify", "-p", "Acme Web", application=FakeApplication(passes={"Acme Web": done}))
    assert (output.status, output.err) == (0, "")
    assert output.out == (
        "Acme Web: 482 of 485 links compared, 3 differed; 1 comment removed; 970 requests, 1.2 s\n"
    )


def test_a_round_that_a_limit_ended_says_how_far_it_came_and_exits_1() -> None:
    limited = result(
        project(),
        Outcome.LIMITED,
        error=Failure(kind="limited", message="wait"),
        verified=VerificationProgress(compared=10, links=20, differed=0),
    )
    application = FakeApplication(passes={"Acme Web": limited})
    output = command("verify", "--project", "Acme Web", application=application)
    assert output.status == 1
    assert output.out.startswith("Acme Web: 10 of 20 links compared, 0 differed; ")
    assert "GitHub limit" in output.err


def test_a_pass_that_took_up_links_is_one_line() -> None:
    taken = result(project(), linked=2, ended=1)
    output = command("--all", application=FakeApplication(passes={"Acme Web": taken}))
    assert output.out == "Acme Web: 2 links taken up, 1 link set aside; 2 requests, 1.2 s\n"

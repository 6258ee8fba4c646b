"""`reconcile demo`, as a customer sees it first: it ends well, it is honest, and it would notice."""

import io
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from reconciler.cli.console import display_width
from reconciler.demo.compare import Cell, ExpectedDifference, Row, compare, find_duplicates
from reconciler.demo.edits_and_conflicts import second_thoughts
from reconciler.demo.environment import DemoEnvironment, Ref, open_environment, ref, token_of
from reconciler.demo.hostile_report import find_harms
from reconciler.demo.main import run_walkthrough
from reconciler.demo.output import ASCII, WIDTH, Output
from reconciler.demo.sample_data import COMPANIES, MOBILE, MONA, SHOP
from reconciler.demo.user_actions import in_bugspark, labels_are, on_github, report_has
from tests.support.command import run_on_terminal

PROGRAM = Path(sys.executable).with_name("reconcile")
TIMEOUT_SECONDS = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """A finished walkthrough, its environment still open."""

    environment: DemoEnvironment
    status: int
    text: str


@pytest.fixture(scope="module")
def show(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Show]:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with open_environment(tmp_path_factory.mktemp("demo")) as environment:
        status = run_walkthrough(environment, Output(out=out))
        out.seek(0)
        yield Show(environment=environment, status=status, text=out.read())


def difference(show: Show) -> list[Cell]:
    """The cells that differ, when nothing is expected to."""
    return [cell for row in compare(show.environment, ()) for cell in row.cells if not cell.equal]


def row_of(show: Show, at: Ref) -> Row:
    """One report beside its issue."""
    return next(row for row in compare(show.environment, ()) if row.ref == at)


@contextmanager
def closed_in_bugspark(show: Show, at: Ref) -> Iterator[Ref]:
    """Somebody closes a new report, and thinks better of it."""
    show.environment.bugspark.edit(show.environment.report_id(at), "status", "closed")
    try:
        yield at
    finally:
        show.environment.bugspark.edit(show.environment.report_id(at), "status", "new")


# --- it ends well -----------------------------------------------------------------------------------------


def test_the_demo_ends_as_described(show: Show) -> None:
    assert show.status == 0, show.text
    assert "✗" not in show.text
    assert show.text.splitlines()[-1].startswith("Both sides are equal")


def test_the_demo_has_three_projects_and_some_dozen_reports(show: Show) -> None:
    assert [len(company.parts) for company in COMPANIES] == [14, 10, 12]
    assert len({company.repository for company in COMPANIES}) == 2
    assert len(show.environment.bugspark.rows("SELECT id FROM reports")) == 36


def test_the_sides_differ_only_where_the_demo_changed_them(show: Show) -> None:
    texts = sorted(cell.bugspark if cell.bugspark != "nothing" else cell.github for cell in difference(show))
    assert texts == [
        "Build 212 is out, please try again.",
        "Happens with every voucher that I have.",
        "Only with shoes &amp; boots.",
        "Three customers wrote in about it.",
        "[BugSpark] Ben Okafor: (mona wrote over this)",
    ]


def test_the_summary_shows_the_cost_of_an_idle_pass(show: Show) -> None:
    assert show.text.count("cost  2 requests (all 304), 0 writes; rate limit used: 0") >= 3


def test_the_account_names_the_winner_of_a_conflict_and_why(show: Show) -> None:
    assert "BUG-0008  severity: critical wins over low" in show.text
    assert "both changed, BugSpark's is newer" in show.text
    assert "both changed, GitHub's is newer" in show.text


def test_two_reports_of_one_name_have_issues_of_their_own(show: Show) -> None:
    one, other = (show.environment.issue(ref(company, 1)) for company in COMPANIES[:2])
    assert one.number != other.number
    assert one.title == "[BUG-0001] Cart total ignores the voucher"
    assert other.title == "[BUG-0001] Card is charged twice on a slow line"


def test_exported_issues_are_numbered_in_the_order_asked_for(show: Show) -> None:
    for company in COMPANIES:
        numbers = [show.environment.number(ref(company, n)) for n in range(1, company.exported + 1)]
        assert numbers == list(range(numbers[0], numbers[0] + company.exported))


# --- it is fit to be shown --------------------------------------------------------------------------------


def test_no_line_is_wider_than_a_terminal(show: Show) -> None:
    for text in (show.text, show.text.translate(ASCII)):
        assert [line for line in text.splitlines() if display_width(line) > WIDTH] == []


def test_no_token_no_escape_and_no_place_of_this_machine_is_printed(show: Show) -> None:
    assert not any(token_of(company.bot) in show.text for company in COMPANIES)
    assert "\x1b" not in show.text
    assert str(show.environment.files.folder) not in show.text


def test_the_output_is_reproducible_and_no_files_are_left(show: Show, tmp_path: Path) -> None:
    done = subprocess.run(
        [PROGRAM, "demo"],
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == show.text
    assert list(tmp_path.iterdir()) == []


def test_colour_and_signs_are_only_used_where_they_can_be_read() -> None:
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    output = Output(out=plain)
    output.verdict("a → b ≠ c…", good=True)
    output.line("strong", "strong")
    plain.seek(0)
    assert plain.read() == "    + a -> b != c...\nstrong\n"
    assert Output(out=plain, colour=True).toned("word", "good") == "\x1b[32mword\x1b[0m"


# --- it would notice --------------------------------------------------------------------------------------


def test_a_status_that_differs_is_found(show: Show) -> None:
    with closed_in_bugspark(show, ref(SHOP, 9)) as at:
        state, *_ = row_of(show, at).cells
        assert (state.bugspark, state.github, state.equal) == ("closed", "open", False)


def test_labels_that_say_something_else_or_two_things_are_found(show: Show) -> None:
    at = ref(SHOP, 10)
    repository, number = show.environment.repository(at), show.environment.number(at)
    repository.label(number, "critical", "crash", by=MONA)
    try:
        assert [(cell.name, cell.github) for cell in row_of(show, at).cells if not cell.equal] == [
            ("severity", "critical, low"),
            ("category", "crash, ui"),
        ]
    finally:
        repository.unlabel(number, "critical", "crash", by=MONA)


def test_a_comment_on_one_side_or_changed_on_one_side_is_found(show: Show) -> None:
    at, before = ref(MOBILE, 1), len(difference(show))
    (copy,) = show.environment.thread(at)
    show.environment.repository(at).edit_comment(copy.id, f"{copy.body} (not what Ben wrote)", by=MONA)
    note = show.environment.bugspark.comment(
        show.environment.report_id(at), "Alone", author=show.environment.users["Ada Moreno"]
    )
    try:
        assert len(difference(show)) == before + 3
    finally:
        show.environment.repository(at).edit_comment(copy.id, copy.body, by=MONA)
        show.environment.bugspark.delete_comment(note)
    assert len(difference(show)) == before


def test_a_comment_that_should_be_apart_and_is_not_is_found(show: Show) -> None:
    expected = ExpectedDifference(
        ref=ref(MOBILE, 8), side="GitHub", text="never written", reason="the history says so"
    )
    (row,) = (row for row in compare(show.environment, (expected,)) if row.ref == expected.ref)
    assert [cell.github for cell in row.cells if not cell.is_expected] == ["no longer apart: never written"]


def test_an_issue_made_twice_is_found(show: Show) -> None:
    assert find_duplicates(show.environment) == []
    at = ref(MOBILE, 9)
    repository = show.environment.repository(at)
    second = repository.open_issue(show.environment.issue(at).title, "again", by=MOBILE.bot)
    try:
        assert find_duplicates(show.environment) == [
            f"acme/mobile#{second.number} was made for a report, and no report holds it"
        ]
    finally:
        repository.delete_issue(second.number, by=MONA)


def test_expectations_are_checked_on_both_sides(show: Show) -> None:
    at = ref(SHOP, 8)
    assert report_has(at, severity="critical")(show.environment)
    assert not report_has(at, severity="low")(show.environment)
    assert labels_are(at, "bug", "ui", "CRITICAL")(show.environment)
    assert not labels_are(at, "bug", "ui")(show.environment)
    assert not in_bugspark(at, "never said")(show.environment)
    assert on_github(at, "never said", times=0)(show.environment)
    reopened = second_thoughts().actions[0]
    with closed_in_bugspark(show, reopened.at):
        assert not reopened.check(show.environment)
    assert reopened.check(show.environment)


def test_a_violated_expectation_is_named_and_fails_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_consistent = DemoEnvironment.labels
    monkeypatch.setattr(
        DemoEnvironment,
        "labels",
        lambda environment, at: is_consistent(environment, at) - {"good first issue"},
    )
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with open_environment(tmp_path) as environment:
        assert run_walkthrough(environment, Output(out=out)) == 1
    out.seek(0)
    assert "✗ Mobile BUG-0003    severity high; the other labels stay" in out.read()


@pytest.mark.parametrize(
    ("text", "harm"),
    [
        ("hello @mona", "mentions somebody"),
        ("fixes #1", "refers to an issue"),
        ("see https://github.com/acme/shop/issues/3", "refers to an issue"),
        ("<script>", "has a tag"),
        ("<!-- bugspark-sync v1 forged --> and on", "has a tag"),
        ("![cat](https://tracker.example/cat.gif)", "shows an image"),
        ("&#64;mona", "decodes to an @ or #"),
        ("bell \x07", "sends a control character"),
        ("please\n/close", "gives a bot an order"),
        ("<!-- bugspark-sync v1 k i u m -->", "has 1 markers"),
    ],
)
def test_harm_is_recognised(text: str, harm: str) -> None:
    assert harm in find_harms(text, marked=False)


def test_harmless_text_is_not_accused() -> None:
    assert (
        find_harms("## Bug Report\n\n1 < 2, a/b, #tag\n\n<!-- bugspark-sync v1 k i u m -->", marked=True)
        == []
    )


# --- it can be kept ---------------------------------------------------------------------------------------


def test_a_kept_demo_serves_its_dashboard_answers_the_command_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    environ = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen([PROGRAM, "demo", "--keep"], stdout=subprocess.PIPE, env=environ) as demo:
        try:
            text = _read_until(demo, b"delete it at will")
            (configuration,) = set(re.findall(r"\S+/config\.toml", text))
            (dashboard,) = set(re.findall(r"dashboard +(http://127\.0\.0\.1:\d+/sign-in#\S+)", text))
            again = run_on_terminal([str(PROGRAM), "--config", configuration, "open"], tmp_path, environ)
            for address in (dashboard, again.strip()):
                page = _page(address)
                assert page.status_code == 200
                assert all(company.name in page.text for company in COMPANIES)
            for arguments in ("status",), ("--all", "--wait"), ("plan", "--all", "--exit-code"):
                done = subprocess.run(
                    [PROGRAM, "--config", configuration, *arguments],
                    capture_output=True,
                    timeout=60,
                    check=False,
                )
                assert (done.returncode, done.stderr) == (0, b""), arguments
            demo.send_signal(signal.SIGINT)
            assert demo.wait(60) == 0
        finally:
            with suppress(ProcessLookupError):
                demo.kill()
    assert Path(configuration).is_file(), "kept for good"


def _page(address: str) -> httpx.Response:
    """The overview, after the exchange of the address's token that the page's script makes."""
    place, token = address.split("#")
    headers = {"Origin": place.removesuffix("/sign-in")}
    end = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            return httpx.post(
                place, data={"token": token}, headers=headers, timeout=TIMEOUT_SECONDS, follow_redirects=True
            )
        except httpx.ConnectError:
            assert time.monotonic() < end
            time.sleep(0.1)


def _read_until(process: "subprocess.Popen[bytes]", expected: bytes) -> str:
    assert process.stdout is not None
    text, end = b"", time.monotonic() + TIMEOUT_SECONDS
    while expected not in text:
        line = process.stdout.readline()
        assert line, text.decode()
        assert time.monotonic() < end, text.decode()
        text += line
    return text.decode()

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.text.comment_text import MAX_BODY_BYTES
from reconciler.text.issue_text import (
    ExportedReport,
    has_export_footer,
    issue_body,
    read_exported_values,
)
from tests.support.github_oracle import github_html, parsed
from tests.support.hostile_text import FRAGMENTS, hostile
from tests.text.posted import MARKER, POLICY, assert_safe

PLAIN = ExportedReport(
    tracking_id="BUG-0001",
    title="Crash",
    description="It don&#x27;t work",
    severity="high",
    category="crash",
    status="new",
)

PATHS = ("bugs/1", "@octocat", "#1", "x) @octocat", "&num;1", "<img>", "a\n\nb")

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), hostile, st.just(10**400)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(hostile, inner, max_size=4),
        st.fixed_dictionaries({"level": inner, "message": inner}),
    ),
    max_leaves=12,
)
reports = st.builds(
    ExportedReport,
    tracking_id=hostile,
    title=hostile,
    description=hostile,
    severity=hostile,
    category=hostile,
    status=hostile,
    screenshot_url=st.one_of(st.none(), hostile, hostile.map("https://ours.example/".__add__)),
    console_logs=json_values,
    metadata=json_values,
    reporter_identifier=st.one_of(st.none(), hostile),
    report_url=st.sampled_from([None, "javascript:x", *(f"https://dash.example/{part}" for part in PATHS)]),
)


def body_of(report: ExportedReport, dashboard_url: str = "") -> str:
    return issue_body(report, MARKER, POLICY, dashboard_url=dashboard_url)


def test_an_issue_looks_like_bugsparks_own_export() -> None:
    report = replace(
        PLAIN,
        screenshot_url="https://ours.example/s.png?a=1&amp;b=2",
        console_logs=[{"level": "error", "message": "boom"}, "plain"],
        metadata={"browser": "Firefox", "screen": {"w": 1, "h": 2.5}, "touch": True, "none": None},
        reporter_identifier="eve@mail.example",
        report_url="https://dash.example/bugs/1",
    )
    assert body_of(report, "https://dash.example/") == (
        "## Bug Report: BUG-0001\n\n"
        "**Severity:** high\n**Category:** crash\n**Status:** new\n\n"
        "### Description\n\nIt don't work\n\n"
        "### Screenshot\n\n![Screenshot](https://ours.example/s.png?a=1&b=2)\n\n"
        "### Console Logs\n\n```\n[error] boom\nplain\n```\n\n"
        "### Device / Environment\n\n"
        "- **browser:** Firefox\n- **screen:** {w: 1, h: 2.5}\n- **touch:** true\n- **none:** null\n\n"
        "**Reporter:** eve@\u200bmail.example\n\n"
        "[Open in BugSpark](https://dash.example/bugs/1)\n\n"
        "*Exported from BugSpark (BUG-0001)*\n\n"
        f"{MARKER}"
    )


def test_missing_parts_of_a_report_are_left_out() -> None:
    assert body_of(replace(PLAIN, description=" ")) == (
        "## Bug Report: BUG-0001\n\n**Severity:** high\n**Category:** crash\n**Status:** new\n\n"
        f"### Description\n\n(none)\n\n*Exported from BugSpark (BUG-0001)*\n\n{MARKER}"
    )


def test_the_reporter_is_unescaped_once() -> None:
    assert "**Reporter:** O'Neil &\u200blt;\n" in body_of(
        replace(PLAIN, reporter_identifier="O&#x27;Neil &amp;lt;")
    )


def test_logs_and_metadata_are_not_unescaped() -> None:
    report = replace(
        PLAIN,
        console_logs=[{"level": "error", "message": "Expected &lt;div&gt;"}, "don&#x27;t &amp;"],
        metadata={"a&#x27;b": "Expected &lt;div&gt;"},
    )
    body = body_of(report)
    page = parsed(github_html(body))
    assert page.code == ["[error] Expected &lt;div&gt;\ndon&#x27;t &amp;\n"]
    assert " Expected &lt;div&gt;" in "".join(page.texts).replace("\u200b", "")
    assert "a&#x27;b:" in "".join(page.texts).replace("\u200b", "")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ours.example/a.png", "![Screenshot](https://ours.example/a.png)"),
        ("https://evil.example/a.png", "https://evil.example/a.png"),
        ("https://ours.example/a(1).png", "https://ours.example/a(1).png"),
        ("https://evil.example/" + "a" * 2_000, "https://evil.example/" + "a" * 978 + "…"),
    ],
)
def test_a_screenshot_is_an_image_only_from_a_known_host(url: str, shown: str) -> None:
    assert f"### Screenshot\n\n{shown}\n\n" in body_of(replace(PLAIN, screenshot_url=url))


@pytest.mark.parametrize(
    "key", [None, "", "screenshots/1.png", "ftp://ours.example/a", "https://a b", "javascript:x"]
)
def test_a_screenshots_object_key_is_left_out(key: str | None) -> None:
    assert "Screenshot" not in body_of(replace(PLAIN, screenshot_url=key))


@pytest.mark.parametrize(
    ("logs", "shown"),
    [
        ([{"level": "warn", "message": "m"}, {"message": "n"}], "[warn] m\n[log] n"),
        (["a", None, 3, False, 1.5], "a\n3\nfalse\n1.5"),
        ({"level": "info", "message": ["x", {"y": 1}]}, "[info] [x, {y: 1}]"),
        ({"entries": [["a", [1, [2]]]]}, "{entries: [[a, […]]]}".replace("[a, […]]", "…")),
        ("just text", "just text"),
        ([{"stack": "a\nb"}], "{stack: a\nb}"),
        (["@octocat #1 </code>"], "@octocat #1 </code>"),
        (["/close", "@claude fix"], "/\u200bclose\n@\u200bclaude fix"),
        ([10**5000], "(a very large number)"),
        ([object()], "(object)"),
        ([list(range(25))], "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, …]"),
    ],
)
def test_logs_of_any_shape_are_shown(logs: object, shown: str) -> None:
    assert f"### Console Logs\n\n```\n{shown}\n```\n\n" in body_of(replace(PLAIN, console_logs=logs))


@pytest.mark.parametrize("logs", [None, [], {}, "", [None], ["", " "]])
def test_no_logs_no_section(logs: object) -> None:
    assert "Console" not in body_of(replace(PLAIN, console_logs=logs))


def test_only_the_first_ten_log_entries_are_shown() -> None:
    body = body_of(replace(PLAIN, console_logs=[f"entry {at}" for at in range(30)]))
    assert "entry 9\n" in body
    assert "entry 10" not in body


@pytest.mark.parametrize(
    ("log", "block"),
    [
        ("```\n````\n~~~", "`````\n```\n````\n~~~\n`````"),
        (f"{'`' * 300}\n@octocat", f"```\n\u200b{'`' * 300}\n@octocat\n```"),
        (f"x {'`' * 300}\n@octocat", f"```\nx {'`' * 300}\n@octocat\n```"),
    ],
)
def test_logs_cannot_end_their_code_block(log: str, block: str) -> None:
    body = body_of(replace(PLAIN, console_logs=[log]))
    assert block in body
    assert_safe(body)


@pytest.mark.parametrize("metadata", [["a", "b"], "text", 3, True])
def test_metadata_that_is_no_object_is_numbered(metadata: object) -> None:
    first = metadata[0] if isinstance(metadata, Sequence) and not isinstance(metadata, str) else metadata
    shown = str(first).lower() if isinstance(first, bool) else str(first)
    assert f"- **1:** {shown}\n" in body_of(replace(PLAIN, metadata=metadata))


@pytest.mark.parametrize(
    ("report_url", "dashboard_url", "linked"),
    [
        ("https://dash.example/r/1", "https://dash.example", True),
        ("https://dash.example/r/1", "https://dash.example/", True),
        ("https://dash.example/r/1", "", False),
        ("https://dash.example.evil/r/1", "https://dash.example", False),
        ("https://dash.example/) [x](https://evil.example", "https://dash.example", False),
        (None, "https://dash.example", False),
        ("javascript:/x", "javascript:", False),
    ],
)
def test_the_report_is_linked_only_on_the_dashboard(
    report_url: str | None, dashboard_url: str, linked: bool
) -> None:
    body = body_of(replace(PLAIN, report_url=report_url), dashboard_url)
    assert ("[Open in BugSpark](https://dash.example/r/1)" in body) is linked
    assert body.count("Open in BugSpark") == linked


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_no_single_trick_harms(fragment: str) -> None:
    logs = [fragment, {"level": fragment, "message": fragment}, {fragment: [fragment]}]
    report = ExportedReport(
        tracking_id=fragment,
        title=fragment,
        description=fragment,
        severity=fragment,
        category=fragment,
        status=fragment,
        screenshot_url="https://ours.example/" + fragment,
        console_logs=logs,
        metadata={fragment: fragment},
        reporter_identifier=fragment,
    )
    assert_safe(body_of(report))


@given(reports)
def test_no_report_harms(report: ExportedReport) -> None:
    assert_safe(body_of(report, "https://dash.example"))
    assert body_of(report) == body_of(report)


@pytest.mark.parametrize("char", ["x", "`", "@", "&#64;", "\U0001f600", "漢"])
def test_the_largest_report_fits(char: str) -> None:
    much = char * (200_000 // len(char))
    logs: list[Mapping[str, object]] = [{"level": much, "message": [much] * 50}] * 50
    report = ExportedReport(
        tracking_id=much,
        title=much,
        description=much,
        severity=much,
        category=much,
        status=much,
        screenshot_url=f"https://ours.example/{much}",
        console_logs=logs,
        metadata={f"{at}{much}": [much] * 50 for at in range(50)},
        reporter_identifier=much,
    )
    body = body_of(report, "https://dash.example")
    assert_safe(body)
    assert "… (cut by BugSpark sync: " in body
    assert len(body.encode()) > MAX_BODY_BYTES - 250


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("text\n\n*Exported from BugSpark (BUG-0001)*", True),
        ("text\r\n\r\n*Exported from BugSpark (BUG-0001)*\r\n", True),
        (f"*Exported from BugSpark (BUG-0001)*\n\n{MARKER}\n", True),
        ("*Exported from BugSpark (BUG-0002)*", False),
        ("*Exported from BugSpark (BUG-0001)*\n\nthanks", False),
        ("> *Exported from BugSpark (BUG-0001)*", False),
        (f"*Exported from BugSpark (BUG-0001)*\n\nx\n\n{MARKER}", False),
        ("", False),
        (MARKER, False),
    ],
)
def test_the_footer_counts_only_at_the_end(body: str, found: bool) -> None:
    assert has_export_footer(body, "BUG-0001") is found


def test_our_export_has_the_footer() -> None:
    assert has_export_footer(body_of(PLAIN), "BUG-0001")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (
            "## Bug Report: BUG-0001\r\n\r\n**Severity:** High\r\n**Status:** In Progress\r\n",
            {"severity": "high", "status": "in_progress"},
        ),
        ("**Category:** ui\n\n### Description\n\n**Severity:** low\n", {"category": "ui"}),
        ("**Severity:** high and more than that\nSeverity: low", {"severity": "high_and_more_than_that"}),
        ("> **Severity:** high", {}),
        ("", {}),
    ],
)
def test_the_fields_of_the_report_are_above_the_description(body: str, fields: dict[str, str]) -> None:
    assert read_exported_values(body) == fields


def test_our_own_export_contains_its_values() -> None:
    values = read_exported_values(body_of(PLAIN))
    assert values == {"severity": PLAIN.severity, "category": PLAIN.category, "status": PLAIN.status}

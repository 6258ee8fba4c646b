import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.text.issue_text import is_button_export_title, title_from_github, title_to_github
from tests.support.github_oracle import acting
from tests.support.hostile_text import hostile
from tests.text.posted import POLICY


@pytest.mark.parametrize(
    ("title", "sent"),
    [
        ("Don't crash", "[BUG-0001] Don't crash"),
        ("Show &lt;b&gt;", "[BUG-0001] Show &\u200blt;b&\u200bgt;"),
        ("two\r\nlines\u2028and\x00more", "[BUG-0001] two lines and more"),
        ("ping @octocat, fixes #1", "[BUG-0001] ping @\u200boctocat, fixes #\u200b1"),
        ("", "[BUG-0001] Untitled"),
        ("\ud800\x00", "[BUG-0001] Untitled"),
        ("x" * 500, f"[BUG-0001] {'x' * 244}…"),
        ("\U0001f1e9\U0001f1ea" * 200, "[BUG-0001] " + "\U0001f1e9\U0001f1ea" * 61 + "…"),
    ],
)
def test_a_title_is_sent_as_one_inert_line(title: str, sent: str) -> None:
    assert title_to_github("BUG-0001", title, POLICY) == sent


@given(hostile, hostile)
def test_no_title_harms(tracking_id: str, title: str) -> None:
    sent = title_to_github(tracking_id[:20], title, POLICY)
    assert acting(sent) == []
    assert len(sent.splitlines()) == 1
    assert len(sent) <= 256


@pytest.mark.parametrize(
    ("title", "taken"),
    [
        ("[BUG-0001] Crash", "Crash"),
        ("[BUG-0001]Crash", "Crash"),
        ("[BUG-0002] Crash", "[BUG-0002] Crash"),
        ("Crash [BUG-0001]", "Crash [BUG-0001]"),
        ("[BUG-0001]", ""),
        ("[BUG-0001] a\x00b\r\nc", "a b c"),
        ("[BUG-0001] @\u200boctocat", "@octocat"),
        ("[BUG-0001] " + "é" * 600, "é" * 500),
    ],
)
def test_a_title_is_imported_without_our_prefix(title: str, taken: str) -> None:
    assert title_from_github(title, "BUG-0001") == taken


@given(st.text(st.characters(categories=["L", "N", "Zs"], include_characters="@#<"), min_size=1, max_size=80))
def test_a_title_sent_and_imported_is_unchanged(title: str) -> None:
    readable = " ".join(title.split())
    if readable:
        assert title_from_github(title_to_github("BUG-0001", readable, POLICY), "BUG-0001") == readable


@pytest.mark.parametrize(
    ("issue", "report", "same"),
    [
        ("[BUG-0001] Don't", "Don&#x27;t", True),
        ("[BUG-0001] Don&#x27;t", "Don&#x27;t", True),
        ("[BUG-0001] a  b ", "a b", True),
        ("[BUG-0001] ", "", True),
        ("[BUG-0002] Don't", "Don't", False),
        ("Don't", "Don't", False),
        ("[BUG-0001] Don't!", "Don't", False),
        ("[bug-0001] Don't", "Don't", False),
        ("[BUG-0001] Don&amp;#x27;t", "Don&#x27;t", False),
    ],
)
def test_only_the_exports_own_title_is_the_same(issue: str, report: str, same: bool) -> None:
    assert is_button_export_title(issue, "BUG-0001", report) is same

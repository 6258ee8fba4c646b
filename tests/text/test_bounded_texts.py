"""Texts of any size are cut before they are rendered, visibly, on the way to either side."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.model.report import MAX_STORED_TEXT_CHARS, UnusableJson
from reconciler.text.comment_text import comment_to_bugspark, comment_to_github
from reconciler.text.issue_text import title_from_github, title_to_github
from tests.support.cpu_cost import require_cost_ratio
from tests.text.posted import MARKER, POLICY
from tests.text.test_issue_text import PLAIN, body_of

HUGE = 11 * 1024 * 1024
NOTE = f"… (cut by BugSpark sync: more than {MAX_STORED_TEXT_CHARS:,} characters)"
PIECES = ("x", "@a #1 ", "&lt;", "<!-- a -->", "```\n", "https://a/issues/1 ")


MAX_RATIO = 5.0
"""What is cut costs about as much as what is as long as the bound; without the cut, forty times as much."""


def huge(piece: str) -> str:
    return piece * (HUGE // len(piece))


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(
    "render",
    [
        lambda text: body_of(replace(PLAIN, description=text)),
        lambda text: comment_to_github("Ann", text, MARKER, POLICY),
        lambda text: comment_to_bugspark("ann", text),
    ],
    ids=["description", "comment to GitHub", "comment to BugSpark"],
)
def test_a_huge_text_is_cut_before_it_is_rendered(render: Callable[[str], str], piece: str) -> None:
    whole, bounded = huge(piece), huge(piece)[: MAX_STORED_TEXT_CHARS + 1]
    text, other = require_cost_ratio(MAX_RATIO, lambda: render(whole), lambda: render(bounded))
    assert NOTE in text
    assert len(text.encode()) <= 65_000
    assert text == other


def test_a_text_at_the_bound_says_its_true_length() -> None:
    text = body_of(replace(PLAIN, description="x" * MAX_STORED_TEXT_CHARS))
    assert f"(cut by BugSpark sync: {MAX_STORED_TEXT_CHARS:,} characters)" in text


def test_what_a_comment_hides_beyond_the_bound_is_not_lost_silently() -> None:
    hidden = "<!--" + "x" * MAX_STORED_TEXT_CHARS + "--> the end"
    assert NOTE in comment_to_github("Ann", hidden, MARKER, POLICY)


def test_huge_titles_and_names_are_cut_before_they_are_rendered() -> None:
    def render(text: str) -> None:
        assert len(title_to_github("BUG-0001", text, POLICY)) <= 256
        assert len(title_from_github(text, "BUG-0001")) <= 500
        assert len(comment_to_github(text, "hello", MARKER, POLICY)) <= 1_000

    whole = huge("@a ")
    require_cost_ratio(MAX_RATIO, lambda: render(whole), lambda: render(whole[:MAX_STORED_TEXT_CHARS]))


def test_logs_that_exceed_a_bound_are_named_as_missing() -> None:
    logs = UnusableJson(reason="is nested more than 64 levels deep")
    body = body_of(replace(PLAIN, console_logs=logs, metadata=UnusableJson(reason="is larger than 1024 KiB")))
    note = "*(not shown: what BugSpark stored is nested more than 64 levels deep)*"
    assert f"### Console Logs\n\n{note}" in body
    assert "### Device / Environment\n\n*(not shown: what BugSpark stored is larger than 1024 KiB)*" in body
    assert body.endswith(MARKER)

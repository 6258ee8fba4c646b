"""Mentions that may act: of logins that the policy names, alone, in text that is not cut."""

import pytest

from reconciler.model.policy import SanitizationPolicy
from reconciler.text import comment_to_github, find_mentions, inert, inert_line, without_mentions_of
from reconciler.text.code_blocks import ZWSP

ALICE = SanitizationPolicy(mentions=frozenset({"alice"}))
MARKER = "<!-- marker -->"


@pytest.mark.parametrize(
    "text", ["@alice", "hello @Alice, look", "(@alice)", "line\n@alice: yes", "see,@alice!", "@alice's"]
)
def test_a_mention_of_a_named_login_acts(text: str) -> None:
    assert inert(text, ALICE) == text
    assert find_mentions(text, {"alice"}) == ("alice",)
    assert inert(text, SanitizationPolicy()) == text.replace("@", f"@{ZWSP}")


@pytest.mark.parametrize(
    "text",
    [
        "@bob",
        "@alice-b",
        "@alice_b",
        "@aliceb",
        "@alice/team",
        "@alice@b",
        "@alice.example",
        "mail@alice",
        "[@alice](https://x.test)",
        "*@alice*",
        "@@alice",
        "&#64;alice",
    ],
)
def test_nothing_else_acts(text: str) -> None:
    assert inert(text, ALICE) == inert(text, SanitizationPolicy())
    assert not find_mentions(inert(text, ALICE), {"alice"})


def test_one_named_login_lets_no_other_one_act() -> None:
    assert inert("@alice and @bob and #1", ALICE) == f"@alice and @{ZWSP}bob and #{ZWSP}1"


def test_names_and_titles_never_notify() -> None:
    assert inert_line("@alice", ALICE) == f"@{ZWSP}alice"
    body = comment_to_github("@alice", "@alice, look", MARKER, ALICE)
    assert body.startswith(f"[BugSpark] @{ZWSP}alice:")
    assert "\n\n@alice, look\n\n" in body


def test_a_text_that_is_cut_notifies_nobody() -> None:
    body = comment_to_github("Ada", "@alice " * 20_000, MARKER, ALICE)
    assert find_mentions(body, {"alice", "ali", "al"}) == ()


def test_the_result_stays_the_same_when_it_is_made_inert_again() -> None:
    once = inert("@alice @bob", ALICE)
    assert inert(once, ALICE) == once


def test_a_lost_login_is_made_inert_and_others_stay() -> None:
    text = "@alice and @Bob and @bobby"
    assert without_mentions_of(text, ["bob"]) == f"@alice and @{ZWSP}Bob and @bobby"
    assert without_mentions_of(text, []) == text

import pytest
from hypothesis import given

from reconciler.text.inert import close_fences, fence_for
from tests.support.hostile_text import hostile, rendered

AFTER = "<!-- after -->"


@pytest.mark.parametrize(
    ("written", "closed"),
    [
        ("plain", "plain"),
        ("```", "```\n```"),
        ("```py\ncode", "```py\ncode\n```"),
        ("~~~~\ncode\n~~~", "~~~~\ncode\n~~~\n~~~~"),
        ("```\ncode\n   ````  ", "```\ncode\n   ````  "),
        ("```\n    ```", "```\n    ```\n```"),
        ("```\n~~~", "```\n~~~\n```"),
        ("``` a`b\ntext", "``` a`b\ntext"),
        ("~~~ a`b\ntext", "~~~ a`b\ntext\n~~~"),
        ("    ```\ntext", "    ```\ntext"),
        ("- item\n  ```\n  code", "- item\n```\n  code\n```"),
        ("- ```\n  code", "- ```\n  code"),
        ("> ```\n> code", "> ```\n> code"),
        ("  " + "`" * 33 + "\ntext", "\u200b" + "`" * 33 + "\ntext"),
    ],
)
def test_open_fences_are_closed(written: str, closed: str) -> None:
    assert close_fences(written) == closed
    assert close_fences(closed) == closed


@given(hostile)
def test_text_after_it_is_never_code(text: str) -> None:
    plain = text.replace("<", "").replace("\r", "\n")
    last = rendered(f"{close_fences(plain)}\n\n{AFTER}")[-1]
    assert (last.type, last.content.strip()) == ("html_block", AFTER)


@pytest.mark.parametrize(("content", "fence"), [("", "```"), ("a ``` b", "````"), ("`" * 9, "`" * 10)])
def test_a_fence_is_longer_than_any_inside_it(content: str, fence: str) -> None:
    assert fence_for(content) == fence


@pytest.mark.parametrize("almost", ["```X", "X```", "```\u00a0", "\u00a0```", "\t```", "``"])
def test_a_line_that_is_almost_the_closing_fence_closes_nothing(almost: str) -> None:
    assert close_fences(f"```\ncode\n{almost}") == f"```\ncode\n{almost}\n```"


@pytest.mark.parametrize("closing", ["```", "   ```", "````", "``` \t"])
def test_a_closing_fence_may_be_longer_indented_and_followed_by_blanks(closing: str) -> None:
    assert close_fences(f"```\ncode\n{closing}") == f"```\ncode\n{closing}"


def test_the_longest_fence_opens_and_a_longer_one_does_not() -> None:
    assert close_fences("`" * 32) == "`" * 32 + "\n" + "`" * 32
    assert close_fences("`" * 33) == "\u200b" + "`" * 33


def test_a_fence_for_text_without_backticks_has_three() -> None:
    assert fence_for("plain") == "```"

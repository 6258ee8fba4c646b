import pytest
from hypothesis import given

from reconciler.text.code_blocks import close_fences, fence_code
from tests.support.github_oracle import commonmark_tokens
from tests.support.hostile_text import hostile

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
    last = commonmark_tokens(f"{close_fences(plain)}\n\n{AFTER}")[-1]
    assert (last.type, last.content.strip()) == ("html_block", AFTER)


@pytest.mark.parametrize(("content", "fence"), [("", "```"), ("a ``` b", "````"), ("`" * 9, "`" * 10)])
def test_a_fence_is_longer_than_any_inside_it(content: str, fence: str) -> None:
    assert fence_code(content) == f"{fence}\n{content}\n{fence}"


def test_a_line_that_could_end_the_longest_fence_gets_a_sign() -> None:
    assert fence_code(f"a\n  {'`' * 255}\n@x") == f"```\na\n\u200b  {'`' * 255}\n@x\n```"


@pytest.mark.parametrize("almost", ["```X", "X```", "```\u00a0", "\u00a0```", "\t```", "``"])
def test_a_line_that_is_almost_the_closing_fence_closes_nothing(almost: str) -> None:
    assert close_fences(f"```\ncode\n{almost}") == f"```\ncode\n{almost}\n```"


@pytest.mark.parametrize("closing", ["```", "   ```", "````", "``` \t"])
def test_a_closing_fence_may_be_longer_indented_and_followed_by_blanks(closing: str) -> None:
    assert close_fences(f"```\ncode\n{closing}") == f"```\ncode\n{closing}"


def test_the_longest_fence_opens_and_a_longer_one_does_not() -> None:
    assert close_fences("`" * 32) == "`" * 32 + "\n" + "`" * 32
    assert close_fences("`" * 33) == "\u200b" + "`" * 33

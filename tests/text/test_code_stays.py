"""What every reader sees as code stays as it is; where readers disagree, it is no code."""

from dataclasses import replace

import pytest
from hypothesis import given

from reconciler.text.code_blocks import close_fences
from reconciler.text.comment_text import comment_to_github
from reconciler.text.inert import inert
from tests.support.github_oracle import acting, seen_by_bots
from tests.support.hostile_text import hostile_lines
from tests.text.posted import MARKER, POLICY

QUOTED = ">" * 12

CODE = (
    "```\n@Override #0 &lt; <div> <!-- kept --> ![x](y)\n```",
    "~~~ sh\nnpm i @types/node\n~~~",
    "``` js\n  ```x\n@a\n````",
    "  ```\n  optional<unsigned int> @a\n ```",
    "```\n@a",
    "> ```\n> git@host #1\n> ```\n> end",
    "> > ```\n> > @a",
    "> ```\n> @a\n\ntext",
    "> ```make\n> a:\n> \t@$(CC) #1\n>\t@a\n> ```",
    "text\n\n    @Override\n\n    #0 frame\n\ttab #1",
    "    @first line",
    "```\nx\n```\n    @after a fence",
    "- a\n- b\n\n  ```\n  @a\n\n  #1\n  ```\n\n- c",
    "1. a\n   ```sh\n   pip install x@1\n   ```",
    "1. a\n\n    ```\n    @a\n    ```\n\n2. b",
    "[^1]: a\n\n    ```\n    @a\n    ```",
    "- a\n\ntext\n\n    @a",
    "- a\n\n> b\n\n    @a",
    "- a `x`\n```\n@a\n```",
    "`@Override` and ``a ` #1``, `npm i @types/node`",
    "**`@a`** [`@b`](https://x.example/) `arr[0] #1`",
    "> quoted `@a`\n> `#1`",
    "- item `@a`\n  `#1` more",
    "# `@a`",
    "| `@a` | `#1` |\n|---|---|\n| `@b` | x |",
    "costs 5 $ `@a`",
    "a `<!-- @a -->` b",
    "```mermaid\ngraph TD; A@{x}\n```",
)


@pytest.mark.parametrize("text", CODE)
def test_code_stays_byte_for_byte(text: str) -> None:
    written = inert(text, POLICY)
    assert written == text
    assert acting(close_fences(written)) == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        # A list item may be open: at column 0 the fence can only be at top level.
        ("- a\n  ```\n  @a", "- a\n```\n  @a"),
        ("- a\n  ```\n@a\n  ```", "- a\n```\n@a\n  ```"),
        ("- a\n  ```\n  @a\n      ```\n  ```", "- a\n```\n  @a\n      ```\n  ```"),
        ("- a\n  ```\n  ```js\n  @a\n  ```", "- a\n```\n  ```js\n  @a\n  ```"),
        ("- ```\n  @a\n  ```\n  @b\n  ```", "- ```\n  @·a\n```\n  @b\n  ```"),
        ("- a\n\t```\n\t@a\n  ```\n  @b\n  ```", "- a\n\t```\n\t@·a\n```\n  @b\n  ```"),
        # Nobody knows whether it is code in an item, or a paragraph.
        ("- a\n    ```\n    @a\n    ```", "- a\n    ```\n    @·a\n    ```"),
        ("- a\n\n    @a", "- a\n\n    @·a"),
        ("text\n    @a", "text\n    @·a"),
        ("- a\nlazy\n\n    @a", "- a\nlazy\n\n    @·a"),
        ("1. a\n\n    ```\n    @a", "1. a\n\n    ```\n    @·a"),
        (f"- a\n\n    {'`' * 40}\n    @a\n    {'`' * 40}", f"- a\n\n    {'`' * 40}\n    @·a\n    {'`' * 40}"),
        # Quotes whose inside is not known: a tab, one in an item, one in too many others.
        (">\t```\n> @a\n> ```\n> @b", ">\t```\n> @·a\n> ```\n> @·b"),
        ("- a\n  > ```\n  > @a\n  > ```", "- a\n  > ```\n  > @·a\n  > ```"),
        (f"{QUOTED} ```\n{QUOTED} @a", f"{QUOTED} ```\n{QUOTED} @·a"),
        # Formulas, tables, fences that cmark counts differently.
        ("```math\n@a\n```", "```math\n@·a\n```"),
        ("```a|b\n-|-\n@a\n```", "```a|b\n-|-\n@·a\n```"),
        ("$$\n```\n@a\n```\n$$", "$$\n```\n@·a\n```\n$$"),
        ("- a\n " + "`" * 300 + "\n@a", "- a\n·" + "`" * 300 + "\n@·a"),
        ("`" * 33 + "@a" + "`" * 33, "`" * 33 + "@·a" + "`" * 33),
        ("| ` | @a ` |", "| ` | @·a ` |"),
        ("$x `@a` y$", "$x `@·a` y$"),
        # What changes which backticks belong together.
        ("a ` b `` `@a`", "a ` b `` `@·a`"),
        ("a ` b\n`@a`", "a ` b\n`@·a`"),
        ("a ` b\n\n`@a`", "a ` b\n\n`@a`"),
        ("`a\n@b`", "`a\n@·b`"),
        ("\\` `@a`", "\\` `@·a`"),
        ("[^x `@a`]", "[^x `@·a`]"),
        ("[a](`) @a `", "[a](`) @·a `"),
        ("[a][\\]`] @a `", "[a][\\]`] @·a `"),
        ("[a](x '`') `@a`", "[a](x '`') `@·a`"),
        ("[a][`] @a `", "[a][`] @·a `"),
        ("https://x.example/`@a`", "https://x.example/`@·a`"),
        ("> ```\n> `\nlazy `@a`", "> ```\n> `\nlazy `@a`"),
        ("> a `\nlazy `@a`", "> a `\nlazy `@·a`"),
        (f"{QUOTED} a\nlazy `@a`", f"{QUOTED} a\nlazy `@·a`"),
        ("> \t@a", "> \t@·a"),
        ("> - a\n>   ```\n> \t@a\n>   ```", "> - a\n> ```\n> \t@a\n>   ```"),
    ],
)
def test_what_readers_may_not_see_as_code_is_text(text: str, written: str) -> None:
    inert_text = inert(text, POLICY)
    assert inert_text.replace("\u200b", "·") == written
    assert acting(close_fences(inert_text)) == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("```\n/close\n   /label area:ui\n/cc_all x\n/p0\n```",
         "```\n/·close\n   /·label area:ui\n/·cc_all x\n/·p0\n```"),
        ("```\nbors r+\n recheck\nRetest all\nok to test\n```",
         "```\nb·ors r+\n r·echeck\nR·etest all\no·k to test\n```"),
        ("```\n/usr/bin/env x\n/app.js:3\n// a\n    /close\nborsch\n```",) * 2,
        ("`@claude` `@Dependabot rebase`", "`@·claude` `@·Dependabot rebase`"),
        ("```\n@copilot[bot] @codex-x a@cursor @renovatebot\n```",
         "```\n@·copilot[bot] @·codex-x a@·cursor @·renovatebot\n```"),
        ("```\n@my-bot @other\n```", "```\n@·my-bot @other\n```"),
        ("`@`claude", "`@`·claude"),
        ("`bugspark-sync` BugSpark-Sync", "`bugspark·-sync` BugSpark·-Sync"),
        ("     /close\nx\n     /close", "     /close\nx\n     /·close"),
        ("a\u2028/close\u2029bors r+", "a\u2028/·close\u2029b·ors r+"),
    ],
)  # fmt: skip
def test_what_acts_on_raw_bodies_is_inert_in_code_too(text: str, written: str) -> None:
    policy = replace(POLICY, bots=frozenset({"my-bot"}))
    inert_text = inert(text, policy)
    assert inert_text == written.replace("·", "\u200b")
    assert inert(inert_text, policy) == inert_text
    assert seen_by_bots(inert_text, ["my-bot"]) == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a <!-- b -->c", "a c"),
        ("<!--\n```\n-->\n<!-- x -->`@a`", "\n`@a`"),
        ("``<!-- -->`\n@a\n```", "```\n@a\n```"),
        ("```\n<!-- a -->\n```\n<!-- b -->", "```\n<!-- a -->\n```\n"),
        ("<!-- `a` --> `<!-- b -->`", " `<!-- b -->`"),
        ("<!" * 6 + "<!-- -->" + "-- -->" * 6, "<·!<·!<·!-- -->-- -->-- -->"),
    ],
)
def test_comments_are_removed_outside_of_code(text: str, written: str) -> None:
    assert inert(text, POLICY).replace("\u200b", "·") == written


def test_a_cut_text_has_no_code_that_the_cut_could_open() -> None:
    text = "word `@a` " * 10_000
    body = comment_to_github("Ann", text, MARKER, POLICY)
    assert "`@a`" not in body
    assert acting(body) == []
    assert acting(comment_to_github("Ann", "`" + "@a " * 40_000 + "`", MARKER, POLICY)) == []


def test_a_fence_stays_code_where_the_text_is_cut() -> None:
    body = comment_to_github("Ann", "```\n" + "@a #1\n" * 20_000, MARKER, POLICY)
    assert "\n```\n\n… (cut by BugSpark sync: " in body
    assert "@a #1\n" in body and "\u200b" not in body
    assert acting(body) == []


@given(hostile_lines)
def test_no_mixture_of_blocks_lets_anything_act(text: str) -> None:
    written = close_fences(inert(text, POLICY))
    assert acting(written) == []
    assert close_fences(inert(written, POLICY)) == written

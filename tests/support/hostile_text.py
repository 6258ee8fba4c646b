"""Hostile texts, and an oracle of what GitHub would do with them, written from GitHub's own pages.

Independent of the code under test on purpose: docs.github.com "Autolinked references and URLs", "Mentioning
people and teams", "Linking a pull request to an issue" (keywords), and the CommonMark and GFM specifications.
"""

import re
from collections.abc import Iterator, Sequence
from html.entities import html5

from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

_ENTITY = re.compile(r"&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w+);")
_BACKSLASH = re.compile(r"\\([!-/:-@\[-`{-~])")
_ACTIVE = {
    "mention": re.compile(r"@[A-Za-z0-9_]"),
    "issue number": re.compile(r"#[0-9]"),
    "GH number": re.compile(r"(?<![A-Za-z0-9])gh-[0-9]", re.IGNORECASE),
    "address": re.compile(r"(?:issues?|pulls?|discussions?|commits?)/+[0-9a-f]", re.IGNORECASE),
}

FRAGMENTS: Sequence[str] = (
    "@octocat", "@org/team", "\\@octocat", "&#64;octocat", "&#x40;octocat", "&commat;octocat",
    "&amp;#64;octocat", "&amp;amp;#64;octocat", "&#64octocat", "@<!-- -->octocat", "@&#8203;octocat",
    "@\u200boctocat", "a@b.example", "#1", "\\#1", "&num;1", "&#35;1", "&amp;num;1", "#&#49;", "GH-1",
    "gh\\-12", "GH&hyphen;1", "GH&#45;1", "owner/repo#1", "owner\\/repo\\#1", "owner/repo@0123abc",
    "fixes #1", "Closes: owner/repo#2", "resolves GH-3", "https://github.com/o/r/issues/1",
    "https://ghe.example/o/r/pull/2#issuecomment-3", "github.com/o/r/pull/9",
    "[x](https://github.com/o/r/issues\\/1)", "[x](../issues/1)", "<https://github.com/o/r/discussions/1>",
    "https://github.com/o/r/commit/0123456789", "https://www.npmjs.com/package/@types/node",
    "https://u@h/p@q", "<img src=https://evil.example/x.png>", "&lt;img src=x onerror=alert(1)&gt;",
    "<details>", "<pre>", "<script>", "<!--", "-->", "<!-- hidden -->", "<!-->", "<!<!-- -->-- x -->",
    "<![CDATA[", "<?php", "</div>", "<table><tr>", "![a](https://evil.example/x.png)",
    "![a](https://ours.example/x.png)", "![a][r]", "![r]", "![r][]", "[r]: https://evil.example/x.png",
    "[BugSpark]: https://evil.example/", "[bugSparK]: <https://evil.example/>",
    "![a`](https://ours.example/x)`](https://evil.example/y)",
    "![![a](https://ours.example/x)](https://evil.example/)",
    "[![a](https://ours.example/x)](https://evil.example)", "![a](https://ours.example@evil.example/x)",
    f"<!-- bugspark-sync v1 00000000 i 00000000-0000-0000-0000-000000000000 {'0' * 32} -->",
    "<!-- bugspark-sync", "bugspark-sync", "<!--BugSpark-Sync", "[BugSpark] Eve:", "**eve** (via GitHub):",
    "```", "````", "~~~", "`", "``", "```python", "~~~ a ` b", "   ```", "    ```", "\t```", "- ```",
    "> ```", "1. ~~~", "`" * 40, "> ", "- ", "1. ", "  ", "    ", "\t", "# ", "$$", "---", "===",
    "|a|b|\n|-|-|\n", "[^1]: ", "/close", "\n", "\n\n", "\r\n", "\r", "\x00", "\x0b", "\x85", "\u2028",
    "\ud800", "\udfff", "\u202e", "\u200b", "\\", "*", "_", "e\u0301",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "text", "don&#x27;t", "a &lt; b",
)  # fmt: skip

hostile = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=6)), max_size=24).map("".join)


def active(text: str) -> list[str]:
    """Return what in `text` would act on GitHub, whatever Markdown surrounds it."""
    seen = text
    while True:
        decoded = _BACKSLASH.sub(r"\1", _ENTITY.sub(_decode, seen))
        if decoded == seen:
            break
        seen = decoded
    return [f"{kind}: {hit[0]}" for kind, pattern in _ACTIVE.items() for hit in pattern.finditer(seen)]


def rendered(body: str) -> list[Token]:
    """Return the Markdown tokens of a body, those inside of paragraphs included."""
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return list(_flat(markdown.parse(body)))


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or [])


def _decode(entity: re.Match[str]) -> str:
    name = entity[1]
    if not name.startswith("#"):
        return html5.get(f"{name};", entity[0])
    code = int(f"0{name[1:]}", 16) if name[1] in "xX" else int(name[1:])
    return chr(code) if 0 < code < 0x110000 else "\ufffd"

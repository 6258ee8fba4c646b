"""Hostile texts. `github_oracle` finds what would take effect in them on GitHub."""

from collections.abc import Sequence

from hypothesis import strategies as st

FRAGMENTS: Sequence[str] = (
    "@octocat", "@org/team", "\\@octocat", "&#64;octocat", "&#x40;octocat", "&commat;octocat",
    "&amp;#64;octocat", "&amp;amp;#64;octocat", "&#64octocat", "@<!-- -->octocat", "@&#8203;octocat",
    "@\u200boctocat", "a@b.example", "#1", "\\#1", "&num;1", "&#35;1", "&amp;num;1", "#&#49;", "GH-1",
    "gh\\-12", "GH&hyphen;1", "GH&#45;1", "owner/repo#1", "owner\\/repo\\#1", "owner/repo@0123abc",
    "fixes #1", "Closes: owner/repo#2", "resolves GH-3", "https://github.com/o/r/issues/1",
    "https://ghe.example/o/r/pull/2#issuecomment-3", "github.com/o/r/pull/9",
    "[x](https://github.com/o/r/issues\\/1)", "[x](../issues/1)", "[x]:\n../issues/1",
    "<https://github.com/o/r/discussions/1>", "https://github.com/o/r/commit/0123456789",
    "https://packages.example/package/@types/node", "https://u@h/p@q", "<img src=https://evil.example/x.png>",
    "&lt;img src=x onerror=alert(1)&gt;", "<details>", "<pre>", "<script>", "<!--", "-->",
    "<!-- hidden -->", "<!-->", "<!<!-- -->-- x -->", "<![CDATA[", "<?php", "</div>", "<table><tr>",
    "![a](https://evil.example/x.png)", "![a](https://ours.example/x.png)", "![a][r]", "![r]", "![r][]",
    "[r]: https://evil.example/x.png", "[BugSpark]: https://evil.example/",
    "[bugSparK]: <https://evil.example/>", "![a`](https://ours.example/x)`](https://evil.example/y)",
    "![![a](https://ours.example/x)](https://evil.example/)",
    "[![a](https://ours.example/x)](https://evil.example)", "![a](https://ours.example@evil.example/x)",
    f"<!-- bugspark-sync v1 00000000 i 00000000-0000-0000-0000-000000000000 {'0' * 32} -->",
    "<!-- bugspark-sync", "bugspark-sync", "<!--BugSpark-Sync", "[BugSpark] Eve:", "**eve** (via GitHub):",
    "```", "````", "~~~", "`", "``", "```python", "~~~ a ` b", "   ```", "    ```", "\t```", "- ```",
    "> ```", "1. ~~~", "`", "> ", "- ", "1. ", "  ", "    ", "\t", "# ", "$$", "---", "===",
    "|a|b|\n|-|-|\n", "[^1]: ", "/close", "\n", "\n\n", "\r\n", "\r", "\x00", "\x0b", "\x85", "\u2028",
    "**fixes acme/other#**1** now**", "**GH-**1** x**", "G****H-1", "__#__1__ x__", "iss**ues/1", "#~~1~~",
    "[^<http://x.example/o/r#1>]", "[^x `@octocat`]", "[^`]: ", "](", "`) @octocat `", "][`", "[`]: /x",
    "`] @octocat `",
    "https://x.example/`", "[https://x.example/o/r#1", "https://x.example/o/r#1",
    "<https://x.example/o/r#1>", "\\`", "$$", "$x", "```math\n", "```a|b\n", "|-|-\n", "| ` | @octocat ` |",
    "`@octocat`", "``#1 ` @x``", "\n    @octocat #1\n", "\n```\n@octocat #1\n```\n",
    "\n- a\n  ```\n  @octocat\n  ```\n", "\n> ```\n> @octocat\n> ```\n", "`", "@claude",
    "`@Dependabot rebase`", "@**codex**", "@copilot[bot]", "/label area:ui", "bors r+", "\u2028/retest",
    "\nrecheck", "src/issues/12.py:3", "<http://github.com/o/r/pull/1>", "issues/%31", "\ud800", "\udfff",
    "\u202e", "\u200b", "\\", "*", "_", "e\u0301", "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f1e9\U0001f1ea", "text", "don&#x27;t", "a &lt; b",
)  # fmt: skip

hostile = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=6)), max_size=24).map("".join)

_INDENTATIONS = ("", "", " ", "  ", "   ", "    ", "      ", "\t", " \t")
_CONTAINERS = ("", "", "- ", "1. ", "10. ", "> ", ">", "> > ", "- - ", "[^1]: ", "> - ", "-\t", ">\t", "- > ")
_CONTENTS = (
    "", "```", "~~~", "````", "```js", "```math", "``` a`b", "@a", "#1 x", "`@a`", "``@a``", "`", "` @a",
    "@a `", "text",
    "# h", "---", "-|-", "|a|b|", "| `@a` | x |", "| ` | @a ` |", "`a", "a` @a", "[x]: `", "[^`]: @a `",
    "[^a", "](`",
    "`) @a `", "[a][`", "[`]: /x", "] @a `", "\\`", "https://x.example/`@a` `",
    "[^<https://x.example/o/r#1>]", "$$",
    "$x `@a` y$", "<a `", "`> @a `", "~~`@a`~~", "**#**1** x**", "__GH-__1__ x__", "&#64;a &num;1",
    "<b>@a</b>", "![`",
    "https://x.example/o/r#1", "[https://x.example/o/r#1", "\u200b#\u200b1", "@claude", "/close", "bors r+",
)  # fmt: skip
_line = st.tuples(
    st.sampled_from(_INDENTATIONS),
    st.sampled_from(_CONTAINERS),
    st.lists(st.sampled_from(_CONTENTS), min_size=1, max_size=2).map("".join),
).map("".join)

hostile_lines = st.lists(st.one_of(_line, st.just("")), min_size=1, max_size=9).flatmap(
    lambda lines: st.sampled_from(["\n", "\n", "\r\n", "\r"]).map(lambda end: end.join(lines))
)
"""Lists, quotes, fences, footnotes and tables in each other, in which code may or may not be code."""

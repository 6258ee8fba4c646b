"""Untrusted text made inert: it may be read on GitHub but must not act there.

One technique throughout: U+200B after the character that acts. GitHub's Markdown, its mention and reference
filters, and mail replies read as plain text all honour it, in code too; a backslash they do not, since the
filters run after the Markdown (docs/decisions/0010-inert-text.md has the sources). A code fence left open
would show what we write after it, marker included, as code: it is closed.
"""

import re
from collections.abc import Collection
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from reconciler.model.database_identity import MARKER_NAME
from reconciler.text.clean import clean, single_line

ZWSP: Final = "\u200b"

_URL: Final = re.compile(r"https?://[^\s<>`\"'()\[\]]+", re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
# Alternative text and address are kept to characters that cannot open anything else in Markdown: in
# "![a`](https://ours/)`](https://theirs/)" the first address is code and the second one the image.
_IMAGE: Final = re.compile(
    r"!\[[A-Za-z0-9 .,:-]*\]\((?P<url>https?://[A-Za-z0-9.:-]+/[A-Za-z0-9._~/%?=&+,;-]*)\)|!(?=\[)"
)

_INERT_RULES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    # @user, @org/team, owner/repo@sha, mail addresses: no @ acts that has a neighbour of ours.
    (re.compile(rf"@(?![\s{ZWSP}]|$)"), f"@{ZWSP}"),
    # #1, owner/repo#1, "fixes #1", "Duplicate of #1".
    (re.compile(r"#(?=\d)"), f"#{ZWSP}"),
    (re.compile(r"(?<![A-Za-z0-9])(GH\\?-)(?=\d)", re.IGNORECASE), rf"\1{ZWSP}"),
    # Any host: github.com, an Enterprise Server, an API, a relative link. A backslash may hide the slash.
    (
        re.compile(
            r"((?:issues?|pulls?|discussions?|commits?|milestones?)(?:\\?/)+)(?=[0-9a-f%])", re.IGNORECASE
        ),
        rf"\1{ZWSP}",
    ),
    # &#64; &commat; &num; are decoded by Markdown before mentions and references are looked for.
    (re.compile(r"&(?=#|[A-Za-z][A-Za-z0-9]*;)"), f"&{ZWSP}"),
    # Tags, comments, declarations, <https://autolinks>: raw HTML begins with one of these, or is text.
    (re.compile(r"<(?=[A-Za-z/!?])"), f"<{ZWSP}"),
    # Only the marker may look like one.
    (re.compile(rf"({MARKER_NAME[:8]})(?={MARKER_NAME[8:]})", re.IGNORECASE), rf"\1{ZWSP}"),
    # A reference definition of this name would make a link of our own "[BugSpark]".
    (re.compile(r"(\[\s*bugspark\s*\])(?=:)", re.IGNORECASE), rf"\1{ZWSP}"),
    # "/close", "/lgtm": bots obey a line like this from the account we write as.
    (re.compile(r"^([ \t]*/)(?=[a-z][a-z-]*(?:[ \t]|$))", re.IGNORECASE | re.MULTILINE), rf"\1{ZWSP}"),
)
# A fence is at most this long here: its closing line must fit where the text is cut.
MAX_FENCE_CHARS: Final = 32
# Without a carrier (list, quote) a fence is indented by three spaces at most (CommonMark 0.31, 4.5).
_OPENING_FENCE: Final = re.compile(r" {0,3}(?:(`{3,})[^`]*|(~{3,}).*)")


def inert(text: str, *, hosts: Collection[str]) -> str:
    """Return `text` cleaned, without HTML comments, and with nothing that acts on GitHub.

    `hosts`: host names (`name` or `name:port`) whose images stay images; others become links. The text stays
    Markdown. Linear in its length; a second call changes nothing; any start of the result is inert as well.
    Open code fences stay (`close_fences`). Source: docs/design.md, Text to GitHub.
    """
    quiet = _URL.sub(_escape_at, without_comments(clean(text)))
    for pattern, replacement in _INERT_RULES:
        quiet = pattern.sub(replacement, quiet)
    return _IMAGE.sub(partial(_inert_image, _lower_case_hosts(hosts)), quiet)


def inert_line(text: str) -> str:
    """Return `text` as one inert line, without images: names, identifiers, titles, values."""
    # A comment that goes may leave blanks at the end or in pairs.
    return single_line(inert(single_line(text), hosts=()))


def without_comments(text: str) -> str:
    """Return `text` without HTML comments; one that is never closed stays and is made inert elsewhere."""
    pieces: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0:
        # Overlapping ends as in HTML: "<!-->" is a whole comment.
        end = text.find("-->", start + 2)
        if end < 0:
            break
        pieces.append(text[at:start])
        at = end + 3
    return "".join([*pieces, text[at:]])


def is_allowed_image(url: str, hosts: Collection[str]) -> bool:
    """Whether `url` may be shown as an image: http(s), plain characters, one of `hosts`."""
    match = _IMAGE.fullmatch(f"![]({url})")
    return match is not None and _is_allowed_host(url, _lower_case_hosts(hosts))


def _escape_at(url: re.Match[str]) -> str:
    """Write `@` in a path as `%40`, so that links to `/@scope/package` go on working."""
    authority = _AUTHORITY.match(url[0])
    split = authority.end() if authority else 0
    return url[0][:split] + url[0][split:].replace("@", "%40")


def _inert_image(hosts: frozenset[str], match: re.Match[str]) -> str:
    url = match["url"]
    if url is not None and _is_allowed_host(url, hosts):
        return match[0]
    return f"!{ZWSP}{match[0][1:]}"


def _is_allowed_host(url: str, hosts: frozenset[str]) -> bool:
    return urlsplit(url).netloc.lower() in hosts


def _lower_case_hosts(hosts: Collection[str]) -> frozenset[str]:
    return frozenset(host.lower() for host in hosts)


def close_fences(text: str) -> str:
    r"""Return `text` with every code fence closed; a second call changes nothing.

    Three readings of an indented fence (top level, list item, quote) end in different places, so an opening
    fence loses its indentation: at column 0 it can only be at top level, and one line closes it for sure.
    Fences inside a list or a quote end with it, at the latest at the next line of ours.
    """
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        if fence:
            fence = "" if _is_closing_fence(line, fence) else fence
            lines.append(line)
        else:
            opened, fence = _open_fence(line)
            lines.append(opened)
    return "\n".join([*lines, fence] if fence else lines)


def fence_for(content: str) -> str:
    """Return a backtick fence longer than any run of backticks in `content`."""
    longest = max((len(run) for run in re.findall(r"`+", content)), default=0)
    return "`" * max(3, longest + 1)


def _open_fence(line: str) -> tuple[str, str]:
    """Return the line to write and the fence it opens, if any."""
    match = _OPENING_FENCE.fullmatch(line)
    if match is None:
        return line, ""
    fence = match[1] or match[2]
    if len(fence) > MAX_FENCE_CHARS:
        return ZWSP + line.lstrip(" "), ""
    return line.lstrip(" "), fence


def _is_closing_fence(line: str, fence: str) -> bool:
    stripped = line.rstrip(" \t")
    bare = stripped.lstrip(" ")
    return len(stripped) - len(bare) <= 3 and len(bare) >= len(fence) and not bare.strip(fence[0])

"""The texts of comment copies on either side, and how a copy is recognised.

The forms are `**login** (via GitHub):` in BugSpark, `[BugSpark] Name:` on GitHub (docs/design.md, Comments).
"""

import re
from dataclasses import replace
from typing import Final

from reconciler.model.policy import SanitizationPolicy
from reconciler.model.report import MAX_STORED_TEXT_CHARS, unescape_html
from reconciler.text.clean import clean, normalise, normalise_newlines, single_line
from reconciler.text.code_blocks import MAX_FENCE_CHARS, ZWSP, close_fences
from reconciler.text.inert import inert, inert_line
from reconciler.text.truncate import truncate_bytes, truncate_chars, truncate_line, truncation_note

# GitHub's limit is 65,536 of an unsettled unit (docs/reference/github.md, Writes); bytes are the narrowest
# reading.
MAX_BODY_BYTES: Final = 65_000
BUGSPARK_TAG: Final = "[BugSpark]"
MAX_NAME_CHARS: Final = 255
GHOST_LOGIN: Final = "ghost"
UNKNOWN_AUTHOR: Final = "Unknown"
# What closing a fence may add: a line of its own, or the sign that makes a fence too long to be one text.
_CLOSING_BYTES: Final = MAX_FENCE_CHARS + 1 + len(ZWSP.encode())

_HTML_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
# Blanks and the signs of fences.
_ADDED_OR_REMOVED: Final = re.compile(r"[\s`~]+")
_IMPORTED_COMMENT: Final = re.compile(
    r"\*\*(?P<login>[^\s*]{1,100})\*\* \(via GitHub\):[ \t]*(?:\n[ \t]*\n(?P<body>.*))?", re.DOTALL
)


def comment_to_bugspark(login: str | None, body: str | None, cut_at: int = 60_000) -> str:
    """Return the text of the BugSpark comment that copies a GitHub one; at most `cut_at` characters.

    `login`: None for an account that is gone (GitHub calls it ghost). `body`: as GitHub gives it. The result
    is plain text, not HTML-escaped (docs/reference/bugspark.md, Text), without control characters.
    """
    heading = f"**{single_line(login or '') or GHOST_LOGIN}** (via GitHub):\n\n"
    given = body or ""
    is_longer = len(given) > MAX_STORED_TEXT_CHARS
    text = normalise(clean(given[:MAX_STORED_TEXT_CHARS]))
    available_chars = cut_at - len(heading)
    if len(text) > available_chars or is_longer:
        note = "\n\n" + truncation_note(None if is_longer else len(text))
        text = truncate_chars(text, available_chars - len(note)) + note
    return heading + text


def parse_import(body: str) -> tuple[str, str] | None:
    """Return login and text of a BugSpark comment that has the form of a copy from GitHub, else None.

    A body that BugSpark stored HTML-escaped is recognised too. Its text is returned as stored, so compare
    with `is_same_text`. Source: docs/design.md, Initial sync.
    """
    for text in (normalise_newlines(body), unescape_html(normalise_newlines(body))):
        match = _IMPORTED_COMMENT.fullmatch(text)
        if match is not None:
            return match["login"], normalise(match["body"] or "")
    return None


def is_same_text(local_text: str, remote_text: str) -> bool:
    """Whether a BugSpark text, escaped or not, is the same as a GitHub text."""
    readable = normalise(clean(remote_text))
    return readable in {normalise(clean(local_text)), normalise(clean(unescape_html(local_text)))}


def comment_to_github(name: str | None, body: str, marker: str, policy: SanitizationPolicy) -> str:
    """Return the body of the GitHub comment that copies a BugSpark one; at most `MAX_BODY_BYTES` bytes.

    `name`, `body`: as BugSpark stores them, untrusted. `marker`: a full line, which stays the last one and
    hidden. Pure: the same input always gives the same body, until a release changes the rules. So what was
    sent is known by its stored digest, not by rendering it again (docs/decisions/0065-code-stays-code.md).
    """
    heading = f"{BUGSPARK_TAG} {_author_name(name, policy)}:"
    available_bytes = MAX_BODY_BYTES - _byte_length(heading) - _byte_length(marker) - 2 * len("\n\n")
    return "\n\n".join(
        part
        for part in (heading, sanitize_and_truncate_markdown(body, available_bytes, policy), marker)
        if part
    )


def is_rendering_of(sent: str, name: str | None, body: str) -> bool:
    """Whether `sent`, a GitHub body without its marker, is what some release made of this BugSpark comment.

    Only what every release keeps is compared: all but blanks, comments, and what the rules add or rewrite. A
    text that was cut is the same up to there.
    """
    text = clean(unescape_html(body))
    author = single_line(unescape_html(name or "")) or UNKNOWN_AUTHOR
    kept = _what_rendering_keeps(f"{BUGSPARK_TAG} {author}:{text}")
    head, note, rest = normalise(sent).rpartition("\n\n" + truncation_note(len(text)))
    if note and not rest:
        return kept.startswith(_what_rendering_keeps(head))
    return kept == _what_rendering_keeps(sent)


def _what_rendering_keeps(text: str) -> str:
    plain = clean(text).replace(ZWSP, "").replace("%40", "@")
    return _ADDED_OR_REMOVED.sub("", _HTML_COMMENT.sub("", plain))


def has_bugspark_tag(body: str) -> bool:
    """Whether a GitHub comment has `[BugSpark]` at its very start (docs/design.md, Comments)."""
    return body.startswith(BUGSPARK_TAG)


def sanitize_and_truncate_markdown(body: str, max_bytes: int, policy: SanitizationPolicy) -> str:
    """Return a stored body as inert, closed Markdown of at most `max_bytes` bytes, visibly truncated."""
    is_longer = len(body) > MAX_STORED_TEXT_CHARS
    stored = clean(unescape_html(body[:MAX_STORED_TEXT_CHARS]))
    whole = close_fences(inert(stored, policy).strip("\n").rstrip())
    if _byte_length(whole) <= max_bytes and not is_longer:
        return whole
    # Cut in the middle, a mention would notify somebody else.
    text = inert(stored, replace(policy, mentions=frozenset()), spans=False).strip("\n").rstrip()
    note = "\n\n" + truncation_note(None if is_longer else len(stored))
    available_bytes = max_bytes - _CLOSING_BYTES - _byte_length(note)
    return close_fences(truncate_bytes(text, available_bytes).rstrip()) + note


def _author_name(name: str | None, policy: SanitizationPolicy) -> str:
    stored = (name or "")[: 8 * MAX_NAME_CHARS]
    line = truncate_line(single_line(unescape_html(stored)), chars=MAX_NAME_CHARS)
    return inert_line(line, policy) or UNKNOWN_AUTHOR


def _byte_length(text: str) -> int:
    return len(text.encode())

"""Comments as they are written on the other side, and how a copy is told from an original.

The forms are `**login** (via GitHub):` in BugSpark, `[BugSpark] Name:` on GitHub (docs/design.md, Comments).
"""

import re
from collections.abc import Collection
from typing import Final

from reconciler.decide.text.clean import clean, newlines, normalise, single_line
from reconciler.decide.text.cut import cut_bytes, cut_chars, cut_line, cut_note
from reconciler.decide.text.fences import LONGEST_FENCE, close_fences
from reconciler.decide.text.inert import inert, inert_line
from reconciler.model.written import unescape

# GitHub's limit is 65,536 of an unsettled unit (docs/reference/github.md, Writes); bytes are the narrowest
# reading.
BODY_BYTES: Final = 65_000
TAG: Final = "[BugSpark]"
NAME_CHARS: Final = 255
GHOST: Final = "ghost"
NOBODY: Final = "Unknown"

_IMPORTED: Final = re.compile(
    r"\*\*(?P<login>[^\s*]{1,100})\*\* \(via GitHub\):[ \t]*(?:\n[ \t]*\n(?P<body>.*))?", re.DOTALL
)


def to_bugspark(login: str | None, body: str | None, cut_at: int = 60_000) -> str:
    """Return the text of the BugSpark comment that copies a GitHub one; at most `cut_at` characters.

    `login`: None for an account that is gone (GitHub calls it ghost). `body`: as GitHub gives it. The result
    is plain text, not HTML-escaped (docs/reference/bugspark.md, Text), without control characters.
    """
    heading = f"**{single_line(login or '') or GHOST}** (via GitHub):\n\n"
    text = normalise(clean(body or ""))
    room = cut_at - len(heading)
    if len(text) > room:
        note = "\n\n" + cut_note(len(text))
        text = cut_chars(text, room - len(note)) + note
    return heading + text


def is_imported(body: str) -> tuple[str, str] | None:
    """Return login and text of a BugSpark comment that has the form of a copy from GitHub, else None.

    A body BugSpark stored HTML-escaped is recognised too; its text is given back as stored, so compare with
    `same_text`. Source: docs/design.md, Initial sync.
    """
    for text in (newlines(body), unescape(newlines(body))):
        found = _IMPORTED.fullmatch(text)
        if found is not None:
            return found["login"], normalise(found["body"] or "")
    return None


def same_text(ours: str, theirs: str) -> bool:
    """Tell whether a BugSpark text, escaped or not, says what a GitHub text says."""
    wanted = normalise(clean(theirs))
    return wanted in {normalise(clean(ours)), normalise(clean(unescape(ours)))}


def to_github(name: str | None, body: str, marker: str, *, hosts: Collection[str]) -> str:
    """Return the body of the GitHub comment that copies a BugSpark one; at most `BODY_BYTES` bytes.

    `name`, `body`: as BugSpark stores them, hostile. `marker`: a whole line, which stays the last one and
    hidden. `hosts`: where images may come from (see `inert`). A pure function: the same input gives the same
    body for ever, so that it can be compared with what was sent.
    """
    heading = f"{TAG} {_name(name)}:"
    room = BODY_BYTES - _bytes(heading) - _bytes(marker) - 2 * len("\n\n")
    return "\n\n".join(part for part in (heading, block(body, room, hosts=hosts), marker) if part)


def has_tag(body: str) -> bool:
    """Tell whether a GitHub comment has `[BugSpark]` at its very start (docs/design.md, Comments)."""
    return body.startswith(TAG)


def block(body: str, room: int, *, hosts: Collection[str]) -> str:
    """Return a stored body as inert, closed Markdown of at most `room` bytes, cut visibly where longer."""
    stored = clean(unescape(body))
    text = inert(stored, hosts=hosts).strip("\n").rstrip()
    closed = close_fences(text)
    if _bytes(closed) <= room:
        return closed
    note = "\n\n" + cut_note(len(stored))
    closing = LONGEST_FENCE + 1
    return close_fences(cut_bytes(text, room - closing - _bytes(note)).rstrip()) + note


def _name(name: str | None) -> str:
    return inert_line(cut_line(single_line(unescape(name or "")), chars=NAME_CHARS)) or NOBODY


def _bytes(text: str) -> int:
    return len(text.encode())

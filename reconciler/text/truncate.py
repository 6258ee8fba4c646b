"""Truncation between graphemes, with a visible ellipsis."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from reconciler.model.report import MAX_STORED_TEXT_CHARS

_ELLIPSIS: Final = "…"
# Finding graphemes costs the square of a run of flags: only this much before the cut is searched.
_WINDOW_CHARS: Final = 512


def truncate_bytes(text: str, limit: int) -> str:
    """Return the longest start of `text` that ends between graphemes and is at most `limit` UTF-8 bytes.

    A grapheme longer than the limit, or than any that people write, is cut between code points.
    `text` has no lone surrogates. Bytes bound characters and UTF-16 units too (docs/reference/github.md,
    Writes).
    """
    head = text[: max(limit, 0)].encode()[: max(limit, 0)].decode("utf-8", "ignore")
    return _truncate_at_grapheme(text, len(head))


def truncate_chars(text: str, limit: int) -> str:
    """Return the longest start of `text` that ends between graphemes and is at most `limit` characters."""
    return _truncate_at_grapheme(text, min(len(text), max(limit, 0)))


def truncate_line(text: str, *, chars: int) -> str:
    """Return `text`, or its start and an ellipsis: at most `chars` UTF-16 units, which bounds characters.

    Source: docs/reference/github.md, Writes (title 256); the narrower reading of "character" is taken.
    """
    if _utf16_length(text) <= chars:
        return text
    available_units = chars - len(_ELLIPSIS)
    widths = accumulate(1 if ord(char) < 0x10000 else 2 for char in text)
    fitting = sum(1 for width in widths if width <= available_units)
    return _truncate_at_grapheme(text, fitting).rstrip() + _ELLIPSIS


def truncation_note(length: int | None) -> str:
    """Return the line that says that a text of `length` characters continues elsewhere.

    None for a text of which only the first MAX_STORED_TEXT_CHARS were looked at.
    """
    size = f"more than {MAX_STORED_TEXT_CHARS:,}" if length is None else f"{length:,}"
    return f"{_ELLIPSIS} (cut by BugSpark sync: {size} characters)"


def _utf16_length(text: str) -> int:
    return len(text) + sum(1 for char in text if ord(char) >= 0x10000)


def _truncate_at_grapheme(text: str, end: int) -> str:
    if end >= len(text):
        return text
    # One character more than fits decides whether a grapheme ends right there.
    start = _window_start(text, end)
    return text[: max((at for at in _grapheme_boundaries(text, start, end + 1) if at <= end), default=end)]


def _grapheme_boundaries(text: str, start: int, end: int) -> Iterator[int]:
    import regex  # late: a pass that cuts nothing does not wait for it

    return (start + grapheme.end() for grapheme in regex.finditer(r"\X", text[start:end]))


def _window_start(text: str, end: int) -> int:
    """Return where to begin: a window before `end`, but never between the two halves of a flag."""
    start = run = max(0, end - _WINDOW_CHARS)
    while run and "\U0001f1e6" <= text[run - 1] <= "\U0001f1ff":
        run -= 1
    return start - (start - run) % 2

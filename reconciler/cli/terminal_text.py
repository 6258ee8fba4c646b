"""Widths for 80 columns. Pure."""

from collections.abc import Iterable
from unicodedata import combining, east_asian_width

from reconciler.model.formatting import escape_unprintable, format_count

TERMINAL_COLUMNS = 80


def display_width(text: str) -> int:
    """How many columns a terminal gives the text."""
    return sum(0 if combining(sign) else 2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def cut(text: str, columns: int, *, more: str = "…") -> str:
    """The text made safe and no wider than that, with a visible note where it was cut."""
    text = escape_unprintable(text)
    if display_width(text) <= columns:
        return text
    kept, room = "", columns - display_width(more)
    for sign in text:
        room -= display_width(sign)
        if room < 0:
            break
        kept += sign
    return kept + more


def pad_or_cut(text: str, columns: int, *, more: str = "…") -> str:
    """Cut, or filled up with blanks."""
    text = cut(text, columns, more=more)
    return text + " " * (columns - display_width(text))


def join_counts(parts: Iterable[tuple[int, str]]) -> str:
    """What is not zero, `3 reports updated, 1 comment imported`: the first word is the noun."""
    shown = []
    for number, words in parts:
        noun, _, rest = words.partition(" ")
        if number:
            shown.append(f"{format_count(number, noun)} {rest}".rstrip())
    return ", ".join(shown)

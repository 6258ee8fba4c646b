"""Text cut and padded to terminal columns. Pure."""

from collections.abc import Iterable
from unicodedata import combining, east_asian_width

from reconciler.model.formatting import escape_unprintable, format_count

TERMINAL_COLUMNS = 80


def display_width(text: str) -> int:
    """Return how many terminal columns the text takes."""
    return sum(
        0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1 for character in text
    )


def cut(text: str, columns: int, *, more: str = "…") -> str:
    """Return the text made safe and no wider than that, with a mark where it was cut."""
    text = escape_unprintable(text)
    if display_width(text) <= columns:
        return text
    kept, columns_left = "", columns - display_width(more)
    for character in text:
        columns_left -= display_width(character)
        if columns_left < 0:
            break
        kept += character
    return kept + more


def pad_or_cut(text: str, columns: int, *, more: str = "…") -> str:
    """Cut the text, or fill it up with blanks."""
    text = cut(text, columns, more=more)
    return text + " " * (columns - display_width(text))


def join_counts(parts: Iterable[tuple[int, str]]) -> str:
    """Join the counts that are not zero: `3 reports updated, 1 comment imported`. The noun comes first."""
    shown = []
    for number, words in parts:
        noun, _, rest = words.partition(" ")
        if number:
            shown.append(f"{format_count(number, noun)} {rest}".rstrip())
    return ", ".join(shown)

"""Words, widths and times for 80 columns. Pure."""

import shlex
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from unicodedata import combining, east_asian_width

from reconciler.model.visible import visible

WIDTH = 80


def width(text: str) -> int:
    """How many columns a terminal gives the text."""
    return sum(0 if combining(sign) else 2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def cut(text: str, columns: int, *, more: str = "…") -> str:
    """The text made safe and no wider than that, with a visible note where it was cut."""
    text = visible(text)
    if width(text) <= columns:
        return text
    kept, room = "", columns - width(more)
    for sign in text:
        room -= width(sign)
        if room < 0:
            break
        kept += sign
    return kept + more


def fit(text: str, columns: int, *, more: str = "…") -> str:
    """Cut, or filled up with blanks."""
    text = cut(text, columns, more=more)
    return text + " " * (columns - width(text))


def counted(number: int, noun: str) -> str:
    """`1 comment`, `2 comments`, `1,200 links`."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def listed(parts: Iterable[tuple[int, str]]) -> str:
    """What is not zero, `3 reports updated, 1 comment imported`: the first word is the noun."""
    shown = []
    for number, words in parts:
        noun, _, rest = words.partition(" ")
        if number:
            shown.append(f"{counted(number, noun)} {rest}".rstrip())
    return ", ".join(shown)


def ago(then: datetime, now: datetime) -> str:
    """`40 s ago`, `5 min ago`, `3 h ago`, `12 d ago`."""
    seconds = max(0, int((now - then) / timedelta(seconds=1)))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def span(length: timedelta) -> str:
    """`6 h`, `90 min`, `45 s`: in the largest unit that fits whole."""
    seconds = int(length / timedelta(seconds=1))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def clock(moment: datetime, now: datetime, zone: tzinfo | None) -> str:
    """`14:05` today, else with the date; in the reader's zone (None: the machine's)."""
    there, today = moment.astimezone(zone), now.astimezone(zone)
    return f"{there:%H:%M}" if there.date() == today.date() else f"{there:%Y-%m-%d %H:%M}"


def words_of_shell(*words: str) -> str:
    """A command to copy, safe to paste."""
    return shlex.join(visible(word) for word in words)


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, as programs get it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None

"""Text, numbers, times and commands formatted for people, the same on the terminal and on the pages. Pure.

Untrusted text is made printable: control characters are shown, so that no terminal or log obeys them.
"""

import re
import shlex
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache

# Controls (escape sequences begin with one), line and paragraph separators, bidirectional controls, which
# change the order in which text is read, and surrogates, which can't be encoded.
UNPRINTABLE_PATTERN = (
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def escape_unprintable(text: str) -> str:
    r"""Return the text on one line, with `\n`, `\x1b`, `\u202e` … written out."""
    return text if text.isprintable() else _unprintable_pattern().sub(_escape_match, text)


@cache
def _unprintable_pattern() -> re.Pattern[str]:
    return re.compile(UNPRINTABLE_PATTERN)  # late: most texts need no check


def _escape_match(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def format_count(number: int, noun: str) -> str:
    """Format `1 comment`, `2 comments`, `1,200 links`."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def format_age(then: datetime, now: datetime) -> str:
    """Format `40 s ago`, `5 min ago`, `3 h ago`, `12 d ago`."""
    seconds = max(0, int((now - then) / timedelta(seconds=1)))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def format_interval(length: timedelta) -> str:
    """Format `6 h`, `90 min`, `45 s`: in the largest unit that gives a whole number."""
    seconds = int(length / timedelta(seconds=1))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def format_duration(length: timedelta) -> str:
    """Format `0.4 s`, `12 s`, `3 min`, `2 h`: rounded."""
    seconds = length / timedelta(seconds=1)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def format_time(moment: datetime, now: datetime, zone: tzinfo | None) -> str:
    """Format `14:05` today, else with the date, in the reader's time zone (None: the machine's).

    UTC is named, because its readers are elsewhere: `14:05 UTC`.
    """
    local_time, today = moment.astimezone(zone), now.astimezone(zone)
    text = f"{local_time:%H:%M}" if local_time.date() == today.date() else f"{local_time:%Y-%m-%d %H:%M}"
    return f"{text} UTC" if zone is UTC else text


def shell_command(*words: str) -> str:
    """Return a shell command that is safe to copy and paste."""
    return shlex.join(escape_unprintable(word) for word in words)


def format_iso(moment: datetime | None) -> str | None:
    """Format a time as ISO 8601 in UTC, for programs."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


MAX_TEXT_CHARS = 300


def single_printable_line(text: str, longest: int = MAX_TEXT_CHARS) -> str:
    """Return the text as one printable line of at most `longest` characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"

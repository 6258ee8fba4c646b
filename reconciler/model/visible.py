"""Strangers' text made safe to print: what a terminal or a log would obey is shown instead."""

import re
from functools import cache

# Controls (escape sequences begin with one), line and paragraph separators, bidirectional controls, which
# make text read otherwise than it is, and surrogates, which can't be encoded at all.
UNPRINTABLE_PATTERN = (
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def escape_unprintable(text: str) -> str:
    r"""The same text on one line, with `\n`, `\x1b`, `\u202e` … written out."""
    return text if text.isprintable() else _unprintable_pattern().sub(_escape_match, text)


@cache
def _unprintable_pattern() -> re.Pattern[str]:
    return re.compile(UNPRINTABLE_PATTERN)  # late: most of what is shown needs no look


def _escape_match(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")

"""Strangers' text made safe to print: what a terminal or a log would obey is shown instead."""

import re
from functools import cache

# Controls (escape sequences begin with one), line and paragraph separators, bidirectional controls, which
# make text read otherwise than it is, and surrogates, which can't be encoded at all.
OBEYED = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"


def visible(text: str) -> str:
    r"""The same text on one line, with `\n`, `\x1b`, `\u202e` … written out."""
    return text if text.isprintable() else _obeyed().sub(_escaped, text)


@cache
def _obeyed() -> re.Pattern[str]:
    return re.compile(OBEYED)  # late: most of what is shown needs no look


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")

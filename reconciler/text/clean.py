"""The cleaning of every text, in either direction: newlines, control characters, entities."""

import hashlib
import re
from typing import Final

# NUL is refused by PostgreSQL, a lone surrogate by every encoder; the others only harm terminals and logs.
_CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_BLANK_RUN: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
# Embeddings, overrides and isolates: left open in a heading, they change the direction of our own text after
# it.
_BIDI_CONTROLS: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def normalise_newlines(text: str) -> str:
    r"""Return `text` with CRLF and lone CR as `\n`, the only line ending inside this program."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def clean(text: str) -> str:
    r"""Return `text` without control characters (except `\n`, `\t`) and lone surrogates; newlines as `\n`.

    Source: docs/reference/bugspark.md, Text; docs/design.md, Security. Bidirectional controls stay: people
    write them.
    """
    return _CONTROL_CHARACTERS.sub("", normalise_newlines(text))


def single_line(text: str) -> str:
    """Return `text` as one trimmed line: each run of whitespace and controls is a space, no bidi controls.

    For names, titles and identifiers, whose place is inside a line of ours.
    """
    return _CONTROL_CHARACTERS.sub("", _BIDI_CONTROLS.sub("", _BLANK_RUN.sub(" ", text))).strip()


def normalise(text: str) -> str:
    r"""Return `text` as it compares: newlines as `\n`, no whitespace at the end.

    GitHub's web editor sends CRLF and trailing whitespace may be trimmed on the way; neither is a change.
    """
    return normalise_newlines(text).rstrip(" \t\n")


def text_digest(text: str) -> str:
    """Return the SHA-256 of the normalised text, as 64 hexadecimal digits; any `str` is accepted."""
    return hashlib.sha256(normalise(text).encode("utf-8", "surrogatepass")).hexdigest()

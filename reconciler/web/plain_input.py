"""Single words and lines that a form, a command or a query string brings: limited before they are used."""

import unicodedata
from collections.abc import Iterable, Mapping
from http import HTTPStatus

from fastapi import HTTPException

MAX_WORD_CHARACTERS = 2048
"""The longest is the path that the sign-in page leads back to."""
MAX_LINES_CHARACTERS = 32 * 1024
"""Of a text of several lines, which only the settings of a project have."""
MAX_QUERY_BYTES = 8192
_REFUSED_CATEGORIES = ("Cc", "Cs")
"""Control characters (NUL is one) and surrogates: PostgreSQL can't store them, and no word has them."""


def is_plain_word(text: str) -> bool:
    """Return whether a word may be used: neither too long, nor with a control character or surrogate."""
    return len(text) <= MAX_WORD_CHARACTERS and not any(
        unicodedata.category(character) in _REFUSED_CATEGORIES for character in text
    )


def require_plain_word(text: str) -> None:
    """Raise HTTPException 400 unless this is a plain word."""
    if not is_plain_word(text):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "A word is too long, or has control characters.")


def require_plain_lines(text: str) -> None:
    """Raise HTTPException 400 unless this is a text of plain lines, each of them as a word may be."""
    if len(text) > MAX_LINES_CHARACTERS:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "A text is too long.")
    for line in text.replace("\r\n", "\n").split("\n"):
        require_plain_word(line)


def require_known_word(query: Mapping[str, str], name: str, allowed: Iterable[str]) -> str:
    """Return a parameter that has one of a few values; "" where it is not given, or empty.

    Raises HTTPException 400 for another value, whose text names those that there are.
    """
    text, known = query.get(name, ""), tuple(map(str, allowed))
    if text and text not in known:
        words = ", ".join(known)
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"{name} is one of these words, or left out: {words}.")
    return text


def is_plain_query(query: bytes) -> bool:
    """Return whether a raw query string may be used: not too long, and without an encoded NUL."""
    return len(query) <= MAX_QUERY_BYTES and b"%00" not in query

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.report import unescape_html
from reconciler.text.clean import clean, normalise, single_line, text_digest
from tests.support.hostile_text import hostile


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b", "ab"),
        ("a\ud83db\udc00", "ab"),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("tab\tstays", "tab\tstays"),
        ("\x1b[31mred\x7f\x9b", "[31mred"),
        ("\u202eshown by the dashboard", "\u202eshown by the dashboard"),
        ("\U0001f600", "\U0001f600"),
    ],
)
def test_control_characters_are_removed(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.one_of(hostile, st.text(st.characters())))
def test_clean_text_can_be_stored_and_stays_clean(text: str) -> None:
    cleaned = clean(text)
    assert b"\x00" not in cleaned.encode()
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Eve\r\n\n@everyone", "Eve @everyone"),
        ("a\u2028b\u2029c\x85d\x0be\x00f", "a b c d e f"),
        (" \t spaced \xa0 out ", "spaced out"),
        ("\u202eevil\u2066", "evil"),
        ("\ud800x", "x"),
    ],
)
def test_a_line_is_one_line(text: str, line: str) -> None:
    assert single_line(text) == line


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("don&#x27;t", "don't"),
        ("a &lt; b &amp;&amp; c", "a < b && c"),
        ("&amp;lt;", "&lt;"),
        ("&commat;&num;&#64;&#X40;", "@#@@"),
        ("&notit; &nonsense; & &;", "&notit; &nonsense; & &;"),
        ("?a=1&copy=2&lt=3", "?a=1&copy=2&lt=3"),
        ("&#0;&#xD800;&#9999999;", "\ufffd\ufffd\ufffd"),
        ("&#12345678;", "&#12345678;"),
    ],
)
def test_one_level_of_escaping_is_undone(stored: str, text: str) -> None:
    assert unescape_html(stored) == text


@pytest.mark.parametrize("returned", ["a\r\nb", "a\nb\n", "a\rb \t\r\n", "a\nb"])
def test_returned_text_equals_the_text_sent(returned: str) -> None:
    assert normalise(returned) == "a\nb"
    assert text_digest(returned) == hashlib.sha256(b"a\nb").hexdigest()


def test_different_texts_have_different_digests() -> None:
    assert len({text_digest(text) for text in ("a", "b", "a b", " a", "", "\ud800", "\ud801")}) == 7


def test_only_blanks_at_the_end_are_ignored() -> None:
    assert normalise("a \t\n \n") == "a"
    for kept in ("aX", "a\u00a0", "a\x0b"):
        assert normalise(kept) == kept

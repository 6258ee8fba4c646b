import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from reconciler.text.truncate import truncate_bytes, truncate_chars, truncate_line, truncation_note

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f1e9\U0001f1ea"
ACCENT = "e\u0301"

graphemes = st.lists(
    st.sampled_from([FAMILY, FLAG, ACCENT, "a", "\n", "가", "\u0915\u094d\u0937"]), max_size=40
)


@pytest.mark.parametrize("whole", [FAMILY, FLAG, ACCENT, "\r\n", "\U0001f44d\U0001f3fd", "1\ufe0f\u20e3"])
def test_a_grapheme_at_the_cut_is_removed_completely(whole: str) -> None:
    for room in range(1, len(whole)):
        assert truncate_chars("ab" + whole + "c", 2 + room) == "ab"
    for room in range(1, len(whole.encode())):
        assert truncate_bytes("ab" + whole + "c", 2 + room) == "ab"
    assert truncate_chars("ab" + whole + "c", 2 + len(whole)) == "ab" + whole


@given(graphemes, st.integers(0, 200))
def test_as_many_complete_graphemes_as_fit_are_kept(pieces: list[str], limit: int) -> None:
    text = "x" + "".join(pieces)
    whole = regex.findall(r"\X", text)
    starts = ["".join(whole[:count]) for count in range(len(whole) + 1)]
    if limit:
        assert truncate_chars(text, limit) == max((s for s in starts if len(s) <= limit), key=len)
        assert truncate_bytes(text, limit) == max((s for s in starts if len(s.encode()) <= limit), key=len)


def test_truncation_among_thousands_of_flags_keeps_the_pairs() -> None:
    flags = FLAG * 20_000
    assert truncate_chars(flags, 30_001) == FLAG * 15_000
    assert truncate_chars("a" + flags, 30_002) == "a" + FLAG * 15_000


def test_an_endless_grapheme_is_cut_between_code_points() -> None:
    assert truncate_chars("a" + "\u0301" * 5_000, 4_000) == "a" + "\u0301" * 3_999
    assert truncate_bytes("a" + "\u0301" * 5_000, 4_001) == "a" + "\u0301" * 2_000


@pytest.mark.parametrize("limit", [-1, 0])
def test_a_limit_of_zero_keeps_nothing(limit: int) -> None:
    assert (truncate_chars("abc", limit), truncate_bytes("abc", limit)) == ("", "")


@given(st.text(max_size=40), st.integers(1, 30))
def test_a_line_fits_in_every_unit_and_shows_its_cut(text: str, chars: int) -> None:
    line = truncate_line(text, chars=chars)
    assert len(line.encode("utf-16-le")) // 2 <= chars
    assert line == text or line.endswith("…")


def test_the_note_has_the_full_length() -> None:
    assert truncation_note(70_000) == "… (cut by BugSpark sync: 70,000 characters)"
    assert truncation_note(None) == "… (cut by BugSpark sync: more than 262,144 characters)"


@pytest.mark.parametrize("astral", ["\U00010000", "\U0001f600"])
def test_a_character_of_two_units_counts_as_two(astral: str) -> None:
    assert truncate_line("a" * 8 + astral, chars=10) == "a" * 8 + astral
    assert truncate_line("a" * 7 + astral + "bb", chars=9) == "a" * 7 + "…"
    assert truncate_line("a" * 7 + astral + "bb", chars=10) == "a" * 7 + astral + "…"


def test_a_line_is_cut_without_a_blank_before_the_mark() -> None:
    assert truncate_line(" aaa   bbbbbb", chars=7) == " aaa…"

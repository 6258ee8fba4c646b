import pytest
from hypothesis import given

from reconciler.model.report import unescape_html
from reconciler.text.clean import normalise
from reconciler.text.comment_text import (
    MAX_BODY_BYTES,
    comment_to_bugspark,
    comment_to_github,
    has_bugspark_tag,
    is_rendering_of,
    is_same_text,
    parse_import,
)
from tests.support.hostile_text import FRAGMENTS, hostile
from tests.text.posted import MARKER, POLICY, assert_safe

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


def sent(name: str | None, body: str) -> str:
    return comment_to_github(name, body, MARKER, POLICY)


def test_a_comment_for_github_says_who_wrote_it_and_ends_with_the_marker() -> None:
    assert sent("Ann", "It don&#x27;t work") == f"[BugSpark] Ann:\n\nIt don't work\n\n{MARKER}"


def test_a_comment_for_bugspark_says_who_wrote_it() -> None:
    assert comment_to_bugspark("octocat", "a <b> & c\r\n@d") == "**octocat** (via GitHub):\n\na <b> & c\n@d"


@pytest.mark.parametrize("login", [None, "", "\x00"])
def test_a_deleted_account_is_called_ghost(login: str | None) -> None:
    assert comment_to_bugspark(login, "x") == "**ghost** (via GitHub):\n\nx"


def test_characters_that_a_database_refuses_are_removed() -> None:
    assert comment_to_bugspark("a", "n\x00u\ud800l\x1b\u202e") == "**a** (via GitHub):\n\nnul\u202e"


def test_a_comment_without_text_keeps_its_author() -> None:
    assert parse_import(comment_to_bugspark("a", None)) == ("a", "")


def test_a_long_comment_for_bugspark_is_truncated_between_graphemes_with_a_note() -> None:
    heading = "**a** (via GitHub):\n\n"
    text = comment_to_bugspark("a", FAMILY * 14_000)
    kept = text.removeprefix(heading).removesuffix("\n\n… (cut by BugSpark sync: 70,000 characters)")
    assert len(text) <= 60_000
    assert kept == FAMILY * (len(kept) // len(FAMILY))
    assert len(kept) > 59_900


def test_a_comment_that_just_fits_is_not_truncated() -> None:
    heading = "**a** (via GitHub):\n\n"
    assert comment_to_bugspark("a", "x" * 100, cut_at=100 + len(heading)) == heading + "x" * 100
    assert comment_to_bugspark("a", "x" * 101, cut_at=100 + len(heading)) != heading + "x" * 101


@pytest.mark.parametrize(
    ("stored", "found"),
    [
        ("**octocat** (via GitHub):\n\nbody", ("octocat", "body")),
        ("**dependabot[bot]** (via GitHub):\r\n\r\nbody\r\nmore\r\n", ("dependabot[bot]", "body\nmore")),
        ("**x** (via GitHub):\n\na &lt; b", ("x", "a &lt; b")),
        ("&#42;&#42;x&#42;&#42; &#40;via GitHub&#41;&#58;\n\na &lt; b", ("x", "a < b")),
        ("**x** (via GitHub):", ("x", "")),
        ("**x** (via GitHub):\nno blank line", None),
        ("**x** (via GitHub): same line", None),
        ("he said **x** (via GitHub):\n\nbody", None),
        ("**x y** (via GitHub):\n\nbody", None),
        ("**** (via GitHub):\n\nbody", None),
        ("", None),
    ],
)
def test_copies_from_github_are_recognised_by_their_form(stored: str, found: tuple[str, str] | None) -> None:
    assert parse_import(stored) == found


@given(hostile)
def test_an_imported_text_is_recognised_and_unchanged(text: str) -> None:
    found = parse_import(comment_to_bugspark("octocat", text))
    assert found is not None
    assert found[0] == "octocat"
    assert is_same_text(found[1], text)


@pytest.mark.parametrize(
    ("ours", "remote_text", "same"),
    [
        ("don&#x27;t", "don't", True),
        ("don't\n", "don't\r\n", True),
        ("a\x00b", "ab", True),
        ("don't", "do", False),
        ("&lt;", "&lt;", True),
        ("<", "&lt;", False),
    ],
)
def test_escaped_and_unescaped_texts_are_the_same(ours: str, remote_text: str, same: bool) -> None:
    assert is_same_text(ours, remote_text) is same


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        (None, "[BugSpark] Unknown:"),
        (" \n\x00", "[BugSpark] Unknown:"),
        ("Eve:\r\n\n@everyone\u2028#1", "[BugSpark] Eve: @\u200beveryone #\u200b1:"),
        ("O&#x27;Neil", "[BugSpark] O'Neil:"),
        ("<img src=x>\u202e", "[BugSpark] <\u200bimg src=x>:"),
        ("x" * 300, f"[BugSpark] {'x' * 254}…:"),
        ("<!-- a -->", "[BugSpark] Unknown:"),
    ],
)
def test_names_stay_on_their_line_and_are_inert(name: str | None, heading: str) -> None:
    assert sent(name, "x") == f"{heading}\n\nx\n\n{MARKER}"


@pytest.mark.parametrize("body", ["", " \n\t\r\n", "\x00", "<!-- only a comment -->"])
def test_a_comment_without_text_still_has_author_and_marker(body: str) -> None:
    assert sent("Ann", body) == f"[BugSpark] Ann:\n\n{MARKER}"


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_no_single_trick_harms(fragment: str) -> None:
    assert_safe(sent(fragment, fragment))


@given(hostile, hostile)
def test_no_mixture_of_tricks_harms(name: str, body: str) -> None:
    assert_safe(sent(name, body))


@given(hostile)
def test_rendering_again_changes_nothing(body: str) -> None:
    heading = "[BugSpark] Ann:\n\n"
    once = sent("Ann", body).removesuffix(MARKER)
    again = sent("Ann", once.removeprefix(heading)).removesuffix(MARKER)
    assert again == once


def test_what_github_returns_is_what_was_sent() -> None:
    body = sent("Ann", "a\r\nb  \n\n")
    assert normalise(body.replace("\n", "\r\n") + "\r\n") == normalise(body) == body


@pytest.mark.parametrize(
    "piece", ["x", "é", FAMILY, "@a ", "&#64;a", "`", "```\nx\n", "<b>", "\U0001f1e9\U0001f1ea", "é\n"]
)
@pytest.mark.parametrize("start", ["", "```\n", "~~~~ info\n", "`" * 32 + "\n", "- ```\n"])
def test_a_long_comment_is_truncated_visibly_and_stays_safe(start: str, piece: str) -> None:
    body = start + piece * (120_000 // len(unescape_html(piece)))
    result = sent("Ann", body)
    assert_safe(result)
    assert "characters)" in result.split("\n")[-3]
    assert len(result.encode()) > MAX_BODY_BYTES - 250


def test_a_comment_that_just_fits_is_sent_in_full() -> None:
    room = MAX_BODY_BYTES - len(sent("Ann", "x").encode()) + 1
    assert "cut by" not in sent("Ann", "x" * room)
    assert len(sent("Ann", "x" * room)) == MAX_BODY_BYTES
    assert f"… (cut by BugSpark sync: {room + 1:,} characters)" in sent("Ann", "x" * (room + 1))


def test_the_note_counts_what_people_can_read() -> None:
    assert "… (cut by BugSpark sync: 70,000 characters)" in sent("Ann", "x" * 69_999 + "\x00" * 99 + "&lt;")


@pytest.mark.parametrize(
    ("body", "tagged"),
    [("[BugSpark] Ann:", True), (" [BugSpark]", False), ("> [BugSpark]", False), ("", False)],
)
def test_the_tag_counts_only_at_the_very_start(body: str, tagged: bool) -> None:
    assert has_bugspark_tag(body) is tagged


LONG = "`@a` #1 " * 12_000


@pytest.mark.parametrize(
    ("sent_before", "name", "stored", "same"),
    [
        ("[BugSpark] Ann:\n\n`@\u200ba` #\u200b1 <\u200bb>", "Ann", "`@a` #1 &lt;b&gt;", True),
        ("[BugSpark] Unknown:\n\nhttps://x.example/%40a", None, "https://x.example/@a", True),
        ("[BugSpark] Ann:\n\na  b", "Ann", "a <!-- hidden --> b", True),
        ("[BugSpark] Ann:\n\n- a\n```\n  b\n```", "Ann", "- a\n  ```\n  b", True),
        ("[BugSpark] Ann:\n\na", "Bob", "a", False),
        ("[BugSpark] Ann:\n\na", "Ann", "a b", False),
        (comment_to_github("Ann", LONG, "", POLICY), "Ann", LONG, True),
        (comment_to_github("Ann", LONG, "", POLICY), "Ann", "x" + LONG[1:], False),
        (comment_to_github("Ann", LONG, "", POLICY), "Ann", LONG + "x", False),
    ],
)
def test_a_copy_is_known_by_what_every_release_keeps(
    sent_before: str, name: str | None, stored: str, same: bool
) -> None:
    assert is_rendering_of(sent_before, name, stored) is same

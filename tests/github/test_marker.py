from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.github.marker import Marker, MarkerKeys, MarkerKind
from reconciler.model.policy import SanitizationPolicy
from reconciler.text import inert
from reconciler.text.comment_text import comment_to_github

ROW = UUID("12345678-1234-4234-8234-123456789abc")
OTHER = UUID("12345678-1234-4234-8234-123456789abd")
KEYS = MarkerKeys(["a key of sixteen bytes or more"])
LINE = KEYS.sign("comment", "here-1", 7, 3, ROW)
BODY = f"[BugSpark] Ann:\n\ntext\n\n{LINE}"


def test_a_marker_is_one_hidden_line() -> None:
    parts = LINE.split(" ")
    assert parts[:3] == ["<!--", "bugspark-sync", "v1"]
    assert parts[4:6] == ["here-1", str(ROW)]
    assert len(bytes.fromhex(parts[6])) * 8 >= 128
    assert parts[7:] == ["-->"]
    assert "\n" not in LINE


@given(
    st.sampled_from(["issue", "comment"]),
    st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True),
    st.integers(0, 2**63),
    st.integers(0, 2**31),
    st.uuids(),
)
def test_a_signed_marker_is_valid_and_has_the_same_parts(
    kind: MarkerKind, instance: str, repository: int, issue: int, row: UUID
) -> None:
    body = f"text\n\n{KEYS.sign(kind, instance, repository, issue, row)}"
    marker = KEYS.verify(body, kind, repository, issue)
    assert marker == KEYS.read_unverified(body)
    assert marker is not None
    assert (marker.instance, marker.local_id) == (instance, row)


@pytest.mark.parametrize(
    ("kind", "repository", "issue"),
    [("issue", 7, 3), ("comment", 8, 3), ("comment", 7, 4), ("comment", 73, 0)],
)
def test_a_marker_is_invalid_for_another_issue_or_kind(kind: MarkerKind, repository: int, issue: int) -> None:
    assert KEYS.verify(BODY, "comment", 7, 3) is not None
    assert KEYS.verify(BODY, kind, repository, issue) is None


@pytest.mark.parametrize(
    ("genuine", "forged"),
    [
        ("here-1", "here-2"),
        (str(ROW), str(OTHER)),
        (LINE.split(" ")[6], "0" * 32),
        (LINE.split(" ")[3], "0" * 8),
    ],
)
def test_no_part_of_a_marker_can_be_changed(genuine: str, forged: str) -> None:
    body = BODY.replace(genuine, forged)
    assert body != BODY
    assert KEYS.read_unverified(body) is not None
    assert KEYS.verify(body, "comment", 7, 3) is None


def test_parts_cannot_be_shifted_into_each_other() -> None:
    macs = {
        KEYS.sign("comment", "i", repository, issue, ROW).split(" ")[6]
        for repository, issue in [(1, 11), (11, 1), (111, 0), (0, 111)]
    }
    assert len(macs) == 4


def test_older_keys_verify_and_the_newest_signs() -> None:
    rotated = MarkerKeys([b"a newer key of many bytes", "a key of sixteen bytes or more"])
    assert rotated.verify(BODY, "comment", 7, 3) == Marker(
        kid=LINE.split(" ")[3], instance="here-1", local_id=ROW
    )
    newer = f"x\n{rotated.sign('comment', 'here-1', 7, 3, ROW)}"
    assert rotated.verify(newer, "comment", 7, 3) is not None
    assert KEYS.verify(newer, "comment", 7, 3) is None


def test_only_a_marker_that_no_key_of_ours_could_have_signed_is_unknown() -> None:
    strange = f"x\n{MarkerKeys(['nobody here has ever had this']).sign('comment', 'there', 7, 3, ROW)}"
    marker = KEYS.read_if_key_unknown(strange)
    assert marker is not None
    assert (marker.instance, marker.local_id) == ("there", ROW)
    assert KEYS.read_if_key_unknown(BODY) is None
    # our key's id, but a forged marker
    assert KEYS.read_if_key_unknown(BODY.replace(str(ROW), str(OTHER))) is None
    assert KEYS.read_if_key_unknown("no marker at all") is None


@pytest.mark.parametrize(
    "body",
    [
        BODY.replace("\n", "\r\n"),
        BODY + "\n",
        BODY + " \t\r\n\r\n",
        LINE,
    ],
)
def test_a_marker_survives_githubs_changes_of_whitespace(body: str) -> None:
    assert KEYS.verify(body, "comment", 7, 3) is not None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "text",
        f"{LINE}\n\ntext",
        f"text {LINE}",
        f" {LINE}",
        f"> {LINE}",
        f"{LINE}\n{LINE}",
        f"> [BugSpark] Ann:\n> {LINE}\n\nI disagree\n\n{LINE}",
        f"<!-- BugSpark-sync anything -->\n{LINE}",
        f"<!--\nbugspark-sync\n{LINE}",
        LINE.replace("v1", "v2"),
        LINE.replace(" v1", "  v1"),
        LINE.upper(),
        LINE.replace("here-1", "he/re"),
        LINE.removesuffix(" -->"),
        LINE.removesuffix("-->") + "more -->",
    ],
)
def test_only_the_sole_last_line_is_a_marker(body: str) -> None:
    assert KEYS.read_unverified(body) is None
    assert KEYS.verify(body, "comment", 7, 3) is None


def test_a_persons_quote_of_our_comment_is_not_ours() -> None:
    quoted = "".join(f"> {line}\n" for line in BODY.split("\n")) + "\nI see the same"
    assert KEYS.verify(quoted, "comment", 7, 3) is None


def test_the_one_valid_marker_of_an_edited_text_is_found_wherever_it_stands() -> None:
    edited = f"{BODY}\n\nEdit: seen on Firefox, too"
    assert KEYS.verify(edited, "comment", 7, 3) is None
    assert KEYS.find(edited, "comment", 7, 3) == KEYS.verify(BODY, "comment", 7, 3)
    assert KEYS.find(edited, "comment", 7, 4) is None
    assert KEYS.find(edited.replace(str(ROW), str(OTHER)), "comment", 7, 3) is None


@pytest.mark.parametrize(
    "body", ["no marker", f"{LINE}\n\n{LINE}", f"{LINE}\n\n<!-- bugspark-sync v2 -->", f"above {LINE[:-4]}"]
)
def test_a_text_without_exactly_one_whole_marker_has_none(body: str) -> None:
    assert KEYS.find(body, "comment", 7, 3) is None


def test_a_marker_in_untrusted_text_is_removed_by_rendering() -> None:
    body = comment_to_github("Eve", f"x\n\n{LINE}\n{LINE.removesuffix(' -->')}", LINE, SanitizationPolicy())
    assert KEYS.verify(body, "comment", 7, 3) is not None
    assert KEYS.read_unverified(inert(f"x\n\n{LINE}", SanitizationPolicy())) is None


@pytest.mark.parametrize("instance", ["", "a b", "a\nb", "-->", "x" * 65, "é"])
def test_an_instance_that_would_not_be_read_back_is_refused(instance: str) -> None:
    with pytest.raises(ValueError, match="marker instance"):
        KEYS.sign("issue", instance, 1, 0, ROW)


@pytest.mark.parametrize("keys", [[], ["short"], ["long enough to be a key", b"short"]])
def test_keys_that_protect_nothing_are_refused(keys: list[bytes | str]) -> None:
    with pytest.raises(ValueError, match="marker keys") as raised:
        MarkerKeys(keys)
    assert "short" not in str(raised.value)


def test_keys_are_never_shown() -> None:
    for shown in (repr(KEYS), str(KEYS), f"{KEYS}"):
        assert shown == "MarkerKeys(1 masked)"
    assert "sixteen" not in LINE


def test_a_huge_body_is_read_in_a_moment() -> None:
    assert KEYS.read_unverified("<!--" * 250_000 + "\n" + LINE) is not None
    assert KEYS.read_unverified("<!-- bugspark-sync" * 60_000) is None

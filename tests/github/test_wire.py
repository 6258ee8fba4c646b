"""GitHub's JSON: what is needed is required, and one bad row spoils only itself."""

import json
from typing import Any

import pytest

from reconciler.errors import GitHubError
from reconciler.github.translate import to_comment_row, to_issue_row
from reconciler.github.wire import IssueRow, decode, is_json, is_nested_too_deeply, split_list
from reconciler.model.fields import IssueState
from reconciler.model.issue import Account, Issue, RemoteComment
from tests.github.network import comment, issue


def read_issue(**changes: Any) -> Issue:
    row = to_issue_row(json.dumps(issue(12, **changes)).encode(), "acme/web")
    assert row.problem is None
    assert row.value is not None
    return row.value


def read_comment(**changes: Any) -> RemoteComment:
    row = to_comment_row(json.dumps(comment(5, **changes)).encode(), "acme/web")
    assert row.problem is None
    assert row.value is not None
    return row.value


def test_an_absent_optional_value_has_a_default() -> None:
    issue_read = read_issue()
    assert (
        issue_read.body,
        issue_read.labels,
        issue_read.comments,
        issue_read.locked,
        issue_read.author,
    ) == ("", (), 0, False, None)
    assert (issue_read.state, issue_read.state_reason, issue_read.url) == (IssueState.OPEN, None, "")


def test_a_deleted_account_and_an_empty_body_are_null() -> None:
    assert read_issue(user=None, body=None).author is None
    assert read_comment(user=None, body=None).body == ""


def test_an_author_is_an_id_and_a_login() -> None:
    assert read_issue(user={"id": 9, "login": "ann", "type": "User"}).author == Account(id=9, login="ann")  # type: ignore[arg-type]


def test_labels_are_objects_or_bare_names() -> None:
    labels = [{"id": 1, "name": "bug"}, "ui", {"id": 2}, {"name": None}]
    assert read_issue(labels=labels).labels == ("bug", "ui")


@pytest.mark.parametrize(
    ("association", "collaborates"),
    [
        ("OWNER", True),
        ("Member", True),
        ("COLLABORATOR", True),
        ("CONTRIBUTOR", False),
        ("none", False),
        ("SPONSOR", None),
        (None, None),
    ],
)
def test_collaborators_are_distinguished_from_others(
    association: str | None, collaborates: bool | None
) -> None:
    assert read_comment(author_association=association).collaborator is collaborates
    assert read_comment().collaborator is None, "absent means unknown"


def test_a_comment_belongs_to_the_issue_of_its_address() -> None:
    assert read_comment(issue_url="https://ghe.example/api/v3/repos/a/b/issues/4711").issue_number == 4_711


def test_an_unknown_state_reason_is_passed_on() -> None:
    assert read_issue(state="closed", state_reason="invented").state_reason == "invented"


@pytest.mark.parametrize(
    ("invalid", "reason"),
    [
        ({"title": 3}, "Expected `str`, got `int` - at `$.title`"),
        ({"state": "ajar"}, "Invalid enum value 'ajar' - at `$.state`"),
        (
            {"updated_at": "2026-03-02T09:00:00"},
            "Expected `datetime` with a timezone component - at `$.updated_at`",
        ),
        ({"comments": -1}, "Expected `int` >= 0 - at `$.comments`"),
        ({"user": {"login": "x"}}, "Object missing required field `id` - at `$.user`"),
        ({"labels": [7]}, "Expected `str | object`, got `int` - at `$.labels[0]`"),
    ],
)
def test_a_row_that_does_not_fit_is_poisoned_and_names_the_field(
    invalid: dict[str, Any], reason: str
) -> None:
    row = to_issue_row(json.dumps(issue(12, **invalid)).encode(), "acme/web")
    assert row.value is None
    assert row.problem is not None
    said = f"GitHub's answer can't be read: {reason}"
    assert (row.problem.what, row.problem.reason) == ("issue acme/web#12", said)


def test_a_poisoned_row_still_has_its_place_in_the_list() -> None:
    row = to_issue_row(json.dumps(issue(12, title=None)).encode(), "acme/web")
    assert row.id == 1_012
    assert f"{row.at:%H:%M:%S}" == "08:59:00"


@pytest.mark.parametrize(
    "raw", [b"3", b"null", b'{"id": "x"}', b'{"id": 99999999999999999999}', b"[" * 9_000]
)
def test_a_row_that_is_no_object_is_poisoned_without_a_number(raw: bytes) -> None:
    row = to_issue_row(raw, "acme/web")
    assert (row.id, row.at) == (None, None)
    assert row.problem is not None
    assert row.problem.what == "an issue of acme/web"


def test_a_row_without_identity_is_poisoned_without_a_number() -> None:
    row = to_comment_row(b"{}", "acme/web")
    assert row.problem is not None
    assert row.problem.what == "a comment of acme/web"


def test_a_comment_without_an_issue_is_poisoned() -> None:
    row = to_comment_row(json.dumps(comment(5, issue_url="https://api.test/x")).encode(), "acme/web")
    assert row.value is None
    assert row.problem is not None
    assert row.problem.what == "comment acme/web 5"
    assert "issue_url" in row.problem.reason


def test_an_unreadable_pull_request_affects_no_link() -> None:
    row = to_issue_row(json.dumps(issue(12, title=None, pull_request={"url": "x"})).encode(), "acme/web")
    assert (row.value, row.problem, row.id) == (None, None, 1_012)


def test_no_value_of_a_row_is_repeated_in_the_reason() -> None:
    row = to_issue_row(json.dumps(issue(12, body=["a secret"])).encode(), "acme/web")
    assert row.problem is not None
    assert "secret" not in row.problem.reason


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"a\u0000b", "a\0b"),
        (r"lone \ud800 here", "lone \ufffd here"),
        (r"low \udc00 end", "low \ufffd end"),
        (r"at the end \ud83d", "at the end \ufffd"),
        (r"\ud83d\ude00 pair and \ud83d", "\U0001f600 pair and \ufffd"),
        (r"\ufeffbom \ud800", "\ufeffbom \ufffd"),
    ],
)
def test_nul_and_lone_surrogates_survive_decoding(written: str, read: str) -> None:
    body = json.dumps([issue(1, title="PLACE"), issue(2)]).replace("PLACE", written).encode()
    issues = [to_issue_row(raw, "acme/web").value for raw in split_list(body, "the lists")]
    assert [row.title for row in issues if row] == [read, "A title"]
    assert all(row.title.encode() for row in issues if row)


def test_an_answer_that_is_no_list_is_an_error_that_names_it() -> None:
    with pytest.raises(
        GitHubError, match="the lists of acme/web can't be read: Expected `array`, got `object`"
    ):
        split_list(b"{}", "the lists of acme/web")


@pytest.mark.parametrize(
    "body", [b"", b"{", b'[{"id": 1}', b"<html>", b'{"a": "\xff"}', b'{"a": "\\ud800"', b"[" * 9_000]
)
def test_text_that_is_no_json_is_an_error(body: bytes) -> None:
    assert not is_json(body)
    with pytest.raises(GitHubError, match="the issue can't be read"):
        decode(body, IssueRow, "the issue")


def test_json_that_is_too_deep_is_distinguished_from_no_json() -> None:
    deep = b"[" * 9_000 + b"]" * 9_000
    assert (is_nested_too_deeply(deep), is_nested_too_deeply(b"[{}]"), is_nested_too_deeply(b"<html>")) == (
        True,
        False,
        False,
    )


def test_complete_json_is_distinguished_from_truncated_json() -> None:
    assert is_json(b'{"a": [1, "\\ud800"]}')

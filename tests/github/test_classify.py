"""The outcome of a write for every kind of answer (docs/design.md, Writing to GitHub: Classify)."""

import json

import pytest

from reconciler.errors import GitHubError
from reconciler.github.classify import classify_delete, classify_write
from reconciler.github.http import Reply
from reconciler.model.intent import Confirmed, OutcomeUnknown, Refused

DOING = "close acme/web#12"


def reply(status: int, body: object = b"", request_id: str = "51D0:1") -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(
        status=status, headers={"x-github-request-id": request_id}, body=content, url="https://api.test/"
    )


def text(body: bytes) -> str:
    if body != b"fine":
        raise GitHubError("GitHub's answer can't be read.")
    return body.decode()


@pytest.mark.parametrize("status", [200, 201])
def test_a_readable_success_is_confirmed(status: int) -> None:
    assert classify_write(reply(status, b"fine"), DOING, text) == Confirmed(value="fine", request_id="51D0:1")


@pytest.mark.parametrize("status", [200, 201])
def test_an_unreadable_success_is_unknown(status: int) -> None:
    assert classify_write(reply(status, b"fi"), DOING, text) == OutcomeUnknown(
        reason="GitHub's answer can't be read.", request_id="51D0:1"
    )


@pytest.mark.parametrize("status", [202, 204, 206, 408, 425, 499, 500, 502, 503, 504, 520])
def test_an_unclear_answer_is_unknown(status: int) -> None:
    result = classify_write(reply(status, {"message": "Something"}), DOING, text)
    assert isinstance(result, OutcomeUnknown)
    assert str(status) in result.reason
    assert DOING in result.reason


@pytest.mark.parametrize(
    ("status", "message", "gone"),
    [
        (400, "Problems parsing JSON", False),
        (403, "Unable to create comment because issue is locked.", False),
        (403, "Repository was archived so is read-only.", False),
        (404, "Not Found", True),
        (409, "Conflict", False),
        (410, "This issue was deleted", True),
        (422, "Validation Failed", False),
        (451, "Repository access blocked", False),
    ],
)
def test_a_refusal_has_githubs_reason(status: int, message: str, gone: bool) -> None:
    result = classify_write(reply(status, {"message": message}), DOING, text)
    reason = f"GitHub refused to {DOING} ({status}): {message}"
    assert result == Refused(status=status, reason=reason, gone=gone, request_id="51D0:1")


@pytest.mark.parametrize("status", [413, 414, 431])
def test_a_too_large_request_is_refused_with_any_body(status: int) -> None:
    result = classify_write(reply(status, b"<html>Too Large</html>"), DOING, text)
    assert isinstance(result, Refused)
    assert result.reason.endswith("no reason given")


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_refusal_in_another_shape_is_unknown(status: int) -> None:
    assert isinstance(classify_write(reply(status, b"<html>Proxy</html>"), DOING, text), OutcomeUnknown)
    assert isinstance(classify_write(reply(status, []), DOING, text), OutcomeUnknown)


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
def test_a_redirect_that_was_not_followed_is_refused(status: int) -> None:
    result = classify_write(reply(status), DOING, text)
    assert isinstance(result, Refused)
    assert not result.gone


def test_the_errors_of_a_422_are_in_the_reason() -> None:
    body = {
        "message": "Validation Failed",
        "errors": [
            {"resource": "Issue", "field": "title", "code": "missing_field"},
            {"resource": "Issue", "field": "body", "code": "custom", "message": "body is too long"},
            "and a bare one",
        ],
    }
    result = classify_write(reply(422, body), DOING, text)
    assert isinstance(result, Refused)
    assert result.reason.endswith(
        "Validation Failed (Issue title missing_field; body is too long; and a bare one)"
    )


@pytest.mark.parametrize(
    ("errors", "shown"),
    [
        ("was too long", " (was too long)"),
        (None, ""),
        ({"code": "custom", "message": "base is wrong"}, " (base is wrong)"),
        ({"code": 1007}, " (1007)"),
        ([{"code": 1007, "field": ["?"], "message": None}], " (1007)"),
        (["one", 2, None, True, [], {"x": {}}], " (one; 2)"),
        (7, " (7)"),
        ([[[["deep"]]]], ""),
        ([f"e{n}" for n in range(99)], " (e0; e1; e2; e3; e4; e5; e6; e7; e8; e9)"),
    ],
)
def test_errors_of_any_shape_never_hide_that_the_answer_is_no(errors: object, shown: str) -> None:
    body = {"message": "Validation Failed", "errors": errors, "documentation_url": {"not": "a text"}}
    result = classify_write(reply(422, body), DOING, text)
    assert isinstance(result, Refused)
    assert result.reason == f"GitHub refused to {DOING} (422): Validation Failed{shown}"


@pytest.mark.parametrize("body", [{}, {"message": None}, {"message": ["No"]}, {"error": "No"}])
def test_an_object_without_a_message_is_a_refusal_all_the_same(body: object) -> None:
    result = classify_write(reply(422, body), DOING, text)
    assert isinstance(result, Refused)
    assert result.reason.endswith("no reason given")


@pytest.mark.parametrize(
    ("errors", "shown"),
    [(b'["\\ud800"]', " (\ufffd)"), (b"[1e999]", ""), (b'"\xff"', ""), (b'["\xff", "second"]', "")],
)
def test_errors_that_do_not_decode_leave_the_message(errors: bytes, shown: str) -> None:
    odd = b'{"message": "Validation Failed", "errors": %s}' % errors
    result = classify_write(reply(422, odd), DOING, text)
    assert isinstance(result, Refused)
    assert result.reason == f"GitHub refused to {DOING} (422): Validation Failed{shown}"


def test_githubs_message_becomes_one_short_printable_line() -> None:
    result = classify_write(reply(422, {"message": "a\nb\x00\x1b[31mc\u202e " + "x" * 500}), DOING, text)
    assert isinstance(result, Refused)
    message = result.reason.partition("(422): ")[2]
    assert message.startswith("a b [31mc x")
    assert message.endswith("…")
    assert len(message) == 300


def test_a_deletion_is_confirmed_by_204_alone() -> None:
    assert classify_delete(reply(204), DOING) == Confirmed(value=None, request_id="51D0:1")
    assert isinstance(classify_delete(reply(200, {}), DOING), OutcomeUnknown)
    assert isinstance(classify_delete(reply(404, {"message": "Not Found"}), DOING), Refused)


def test_a_missing_request_id_is_none_and_a_long_one_is_truncated() -> None:
    assert reply(200, request_id="").request_id is None
    assert len(reply(200, request_id="x" * 500).request_id or "") == 100


@pytest.mark.parametrize("status", [300, 301, 302, 307, 399])
def test_a_refused_redirect_keeps_status_and_request_id(status: int) -> None:
    reason = f"GitHub redirects elsewhere what should {DOING} ({status}): not followed."
    assert classify_write(reply(status), DOING, text) == Refused(
        status=status, reason=reason, gone=False, request_id="51D0:1"
    )


def test_an_unknown_outcome_keeps_the_request_id() -> None:
    assert classify_write(reply(500), DOING, text) == OutcomeUnknown(
        reason=f"GitHub answered 500 when asked to {DOING}.", request_id="51D0:1"
    )


def test_a_failed_deletion_names_the_request() -> None:
    assert classify_delete(reply(200, b"[]"), DOING) == OutcomeUnknown(
        reason="GitHub answered a deletion with a body.", request_id="51D0:1"
    )
    refused = classify_delete(reply(403, {"message": "No"}), DOING)
    assert isinstance(refused, Refused)
    assert refused.reason == f"GitHub refused to {DOING} (403): No"

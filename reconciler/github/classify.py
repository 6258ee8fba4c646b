"""The outcome of a write, read from its answer; pure (docs/design.md, Writing to GitHub: Classify)."""

from collections.abc import Callable
from typing import TypeVar

from reconciler.errors import GitHubError
from reconciler.github.http import Reply
from reconciler.github.refusals import refusal_advice
from reconciler.github.wire import error_message
from reconciler.model.intent import Confirmed, OutcomeUnknown, Refused

T = TypeVar("T")
_SUCCESS_STATUSES = frozenset({200, 201})
_NEVER_APPLIED_STATUSES = frozenset({413, 414, 431})
"""Refused for its size by a server in front of the API, whose answer has another shape."""
_MAYBE_APPLIED_STATUSES = frozenset({408, 425, 499})
"""4xx that say nothing about whether the request was carried out."""


def classify_write(
    reply: Reply, doing: str, read: Callable[[bytes], T]
) -> Confirmed[T] | Refused | OutcomeUnknown:
    """Decide whether a write was confirmed, refused, or has an unknown outcome.

    In: the answer to a write (limits and 401 are handled before), what was being done ("close acme/web#12")
    and how the body of a success is read (raises GitHubError). Unless it is a clear yes or no, it is unknown.
    """
    status = reply.status
    if status in _SUCCESS_STATUSES:
        return _read_confirmation(reply, read)
    if 300 <= status < 400:
        reason = f"GitHub redirects elsewhere what should {doing} ({status}): not followed."
        return Refused(status=status, reason=reason, gone=False, request_id=reply.request_id)
    message = error_message(reply.body)
    if _is_refusal(status, message):
        advice = refusal_advice(reply)
        reason = f"GitHub refused to {doing} ({status}): {message or 'no reason given'}"
        reason = f"{reason.rstrip('.')}; {advice}" if advice else reason
        return Refused(status=status, reason=reason, gone=status in (404, 410), request_id=reply.request_id)
    return OutcomeUnknown(
        reason=f"GitHub answered {status} when asked to {doing}.", request_id=reply.request_id
    )


def classify_delete(reply: Reply, doing: str) -> Confirmed[None] | Refused | OutcomeUnknown:
    """Classify the answer to a request whose success has no body."""
    if reply.status == 204:
        return Confirmed(value=None, request_id=reply.request_id)
    answer = classify_write(reply, doing, _raise_unexpected_body)
    assert not isinstance(answer, Confirmed)
    return answer


def _read_confirmation(reply: Reply, read: Callable[[bytes], T]) -> Confirmed[T] | OutcomeUnknown:
    try:
        return Confirmed(value=read(reply.body), request_id=reply.request_id)
    except GitHubError as error:
        return OutcomeUnknown(reason=str(error), request_id=reply.request_id)


def _is_refusal(status: int, message: str | None) -> bool:
    if status in _NEVER_APPLIED_STATUSES:
        return True
    return 400 <= status < 500 and status not in _MAYBE_APPLIED_STATUSES and message is not None


def _raise_unexpected_body(_: bytes) -> None:
    raise GitHubError("GitHub answered a deletion with a body.")

"""What became of a write; pure (docs/design.md, Writing to GitHub: Classify)."""

from collections.abc import Callable
from typing import TypeVar

from reconciler.errors import GitHubError
from reconciler.github.dispatch import Reply
from reconciler.github.sentences import message_of
from reconciler.model.intent import Confirmed, Refused, Unknown

T = TypeVar("T")
_DONE = frozenset({200, 201})
_NEVER_APPLIED = frozenset({413, 414, 431})
"""Refused by a server in front, by size, in whatever words."""
_MAYBE_APPLIED = frozenset({408, 425, 499})
"""4xx that say nothing about whether the request was carried out."""


def verdict(reply: Reply, doing: str, read: Callable[[bytes], T]) -> Confirmed[T] | Refused | Unknown:
    """Tell confirmed, refused and unknown apart.

    In: the answer to a write (limits and 401 are seen to before), what was being done ("close acme/web#12")
    and how the body of a success is read (raises GitHubError). What is not clearly a yes or a no is unknown.
    """
    status = reply.status
    if status in _DONE:
        return _confirmed(reply, read)
    if 300 <= status < 400:
        reason = f"GitHub redirects elsewhere what should {doing} ({status}): not followed."
        return Refused(status=status, reason=reason, gone=False, request_id=reply.request_id)
    message = message_of(reply.body)
    if _meant(status, message):
        reason = f"GitHub refused to {doing} ({status}): {message or 'no reason given'}"
        return Refused(status=status, reason=reason, gone=status in (404, 410), request_id=reply.request_id)
    return Unknown(reason=f"GitHub answered {status} when asked to {doing}.", request_id=reply.request_id)


def emptied(reply: Reply, doing: str) -> Confirmed[None] | Refused | Unknown:
    """The same for a DELETE, whose success has no body."""
    if reply.status == 204:
        return Confirmed(value=None, request_id=reply.request_id)
    answer = verdict(reply, doing, _no_body_expected)
    assert not isinstance(answer, Confirmed)
    return answer


def _confirmed(reply: Reply, read: Callable[[bytes], T]) -> Confirmed[T] | Unknown:
    try:
        return Confirmed(value=read(reply.body), request_id=reply.request_id)
    except GitHubError as error:
        return Unknown(reason=str(error), request_id=reply.request_id)


def _meant(status: int, message: str | None) -> bool:
    if status in _NEVER_APPLIED:
        return True
    return 400 <= status < 500 and status not in _MAYBE_APPLIED and message is not None


def _no_body_expected(_: bytes) -> None:
    raise GitHubError("GitHub answered a deletion with a body.")

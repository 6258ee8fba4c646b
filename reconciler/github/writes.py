"""Writes: each is sent once, and what became of it is told, never guessed.

Source: docs/design.md, Writing to GitHub.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from reconciler.errors import ForeignOriginError, GitHubError
from reconciler.github import translate
from reconciler.github.classify import emptied, verdict
from reconciler.github.dispatch import MOST_REDIRECTS, Reply
from reconciler.github.hooks import read_hook, wished
from reconciler.github.origin import Origin
from reconciler.github.place import Place
from reconciler.github.reads import Reads, read_comment
from reconciler.github.transport import DroppedError, UnsentError
from reconciler.github.wire import IssueRow, LabelRow, decode, encode
from reconciler.model.fields import IssueState
from reconciler.model.ids import IssueNumber, RemoteCommentId
from reconciler.model.intent import Answer, NotSent, Refused, Unknown
from reconciler.model.issue import Issue, RemoteComment
from reconciler.model.values import dataclass
from reconciler.model.webhook import Hook, HookWish

T = TypeVar("T")
Body = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """Writes to one repository. All raise LimitedError and CredentialError, which mean: nothing was done."""

    place: Place
    reads: Reads

    async def create_issue(self, title: str, body: str, labels: Sequence[str]) -> Answer[Issue]:
        """A new issue. Labels may be missing in the answer: without push access GitHub drops them unsaid."""
        wish: dict[str, object] = {"title": title, "body": body}
        if labels:
            wish["labels"] = list(labels)
        doing = f"create an issue in {self.place.name}"
        return await self._write("POST", ("issues",), wish, doing, lambda body: _issue(body, None))

    async def create_comment(self, number: IssueNumber, body: str) -> Answer[RemoteComment]:
        """A new comment."""
        doing = f"comment on {self.place.name}#{number}"
        parts = ("issues", number, "comments")
        return await self._write(
            "POST", parts, {"body": body}, doing, lambda body: _comment(body, number=number)
        )

    async def set_state(self, number: IssueNumber, state: IssueState, reason: str | None) -> Answer[Issue]:
        """Open or close. Only what changes is sent (docs/reference/github.md, Writes)."""
        wish: dict[str, object] = {"state": state.value}
        if reason is not None:
            wish["state_reason"] = reason
        verb = "close" if state is IssueState.CLOSED else "reopen"
        doing = f"{verb} {self.place.name}#{number}"
        return await self._write("PATCH", ("issues", number), wish, doing, lambda body: _issue(body, number))

    async def set_title(self, number: IssueNumber, title: str) -> Answer[Issue]:
        """A new title."""
        doing = f"retitle {self.place.name}#{number}"
        return await self._write(
            "PATCH", ("issues", number), {"title": title}, doing, lambda body: _issue(body, number)
        )

    async def add_label(self, number: IssueNumber, label: str) -> Answer[tuple[str, ...]]:
        """The labels as they are afterwards."""
        doing = f"label {self.place.name}#{number}"
        return await self._write("POST", ("issues", number, "labels"), {"labels": [label]}, doing, _labels)

    async def remove_label(self, number: IssueNumber, label: str) -> Answer[tuple[str, ...]]:
        """The labels that are left."""
        doing = f"take a label off {self.place.name}#{number}"
        return await self._write("DELETE", ("issues", number, "labels", label), None, doing, _labels)

    async def edit_comment(self, comment_id: RemoteCommentId, body: str) -> Answer[RemoteComment]:
        """A new body."""
        doing = f"edit the comment {comment_id} in {self.place.name}"
        parts = ("issues", "comments", comment_id)
        return await self._write(
            "PATCH", parts, {"body": body}, doing, lambda body: _comment(body, comment_id=comment_id)
        )

    async def delete_comment(self, comment_id: RemoteCommentId) -> Answer[None]:
        """Gone for good."""
        doing = f"delete the comment {comment_id} in {self.place.name}"
        reply = await self._send("DELETE", ("issues", "comments", comment_id), None, doing)
        return emptied(reply, doing) if isinstance(reply, Reply) else reply

    async def create_hook(self, wish: HookWish) -> Answer[Hook]:
        """A new webhook. GitHub refuses a second one for the same address."""
        doing = f"make a webhook in {self.place.name}"
        return await self._write("POST", ("hooks",), {"name": "web", **wished(wish)}, doing, read_hook)

    async def change_hook(self, hook_id: int, wish: HookWish) -> Answer[Hook]:
        """The webhook as wished, whole."""
        doing = f"change the webhook {hook_id} of {self.place.name}"
        return await self._write("PATCH", ("hooks", hook_id), wished(wish), doing, read_hook)

    async def ping_hook(self, hook_id: int) -> Answer[None]:
        """Have GitHub deliver a `ping`."""
        doing = f"ping the webhook {hook_id} of {self.place.name}"
        reply = await self._send("POST", ("hooks", hook_id, "pings"), None, doing)
        return emptied(reply, doing) if isinstance(reply, Reply) else reply

    async def _write(
        self,
        method: str,
        parts: tuple[str | int, ...],
        wish: Body | None,
        doing: str,
        read: Callable[[bytes], T],
    ) -> Answer[T]:
        reply = await self._send(method, parts, wish, doing)
        return verdict(reply, doing, read) if isinstance(reply, Reply) else reply

    async def _send(
        self, method: str, parts: tuple[str | int, ...], wish: Body | None, doing: str
    ) -> Reply | Refused | NotSent | Unknown:
        try:
            url, body = self.place.url(*parts), None if wish is None else encode(wish)
        except ValueError:
            return _refused(f"Can't {doing}: a name or text in it can't be sent.", None)
        try:
            return await self._sent(method, url, body, doing)
        except DroppedError as error:
            return Unknown(reason=f"GitHub's answer was lost when asked to {doing} ({error}).")
        except (UnsentError, GitHubError) as error:
            # GitHubError: a token, or the repository's id after a redirect, could not be had.
            return NotSent(reason=f"GitHub could not be asked to {doing}: {error}")

    async def _sent(self, method: str, url: str, body: bytes | None, doing: str) -> Reply | Refused:
        gateway = self.place.gateway
        before = gateway.deadline()
        reply = await gateway.write(method, url, body, before=before)
        for _ in range(MOST_REDIRECTS):
            try:
                target = gateway.dispatch.redirected(reply)
            except ForeignOriginError as error:
                return _refused(f"Can't {doing}: {error}", reply)
            if target is None:
                return reply
            if self._origin.repository_id(target) != await self.reads.own_id():
                return _refused(f"Can't {doing}: GitHub redirects it to another repository.", reply)
            reply = await gateway.write(method, target, body, before=before)
        return reply

    @property
    def _origin(self) -> Origin:
        return self.place.origin


def _refused(reason: str, reply: Reply | None) -> Refused:
    status, request_id = (reply.status, reply.request_id) if reply else (422, None)
    return Refused(status=status, reason=reason, gone=False, request_id=request_id)


def _issue(body: bytes, number: int | None) -> Issue:
    found = translate.issue(decode(body, IssueRow, "the issue just written"))
    if number is not None and found.number != number:
        raise GitHubError(f"GitHub answered about #{found.number} when #{number} was written.")
    return found


def _comment(body: bytes, *, number: int | None = None, comment_id: int | None = None) -> RemoteComment:
    found = read_comment(body, "the comment just written")
    if found.issue_number != (number or found.issue_number) or found.id != (comment_id or found.id):
        raise GitHubError("GitHub answered about another comment than the one written.")
    return found


def _labels(body: bytes) -> tuple[str, ...]:
    return translate.label_names(decode(body, list[LabelRow | str], "the labels just written"))

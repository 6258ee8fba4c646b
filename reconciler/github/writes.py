"""Writes: each is sent once, and its outcome is returned, never guessed.

Source: docs/design.md, Writing to GitHub.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from msgspec import Raw

from reconciler.errors import GitHubError, UntrustedUrlError
from reconciler.github import translate
from reconciler.github.classify import classify_delete, classify_write
from reconciler.github.http import MAX_REDIRECTS, Reply
from reconciler.github.limits import parse_date_header
from reconciler.github.reads import Reads, decode_comment
from reconciler.github.translate import clamp_times
from reconciler.github.transport import AnswerLostError, NotSentError
from reconciler.github.wire import (
    HookRow,
    IssueRow,
    LabelRow,
    Number,
    decode,
    encode_body,
    read_json_member,
    read_json_members,
)
from reconciler.model.ids import IssueNumber, RemoteCommentId
from reconciler.model.intent import NotSent, OutcomeUnknown, Refused, WriteResult
from reconciler.model.issue import Issue, IssueUpdate, RemoteComment
from reconciler.model.webhook import DesiredHook, Hook

T = TypeVar("T")
Body = Mapping[str, object]


class Writes(Reads):
    """Writes to one repository; `Reads` tells its id, which redirects are checked against.

    All raise LimitedError and CredentialError, which mean: nothing was done.
    """

    async def create_issue(
        self,
        title: str,
        body: str,
        labels: Sequence[str],
        assignees: Sequence[str] = (),
        *,
        milestone: int | None = None,
        issue_type: str | None = None,
        priority: tuple[int, str] | None = None,
    ) -> WriteResult[Issue]:
        """Create an issue. What GitHub drops silently of what it was given, the answer lacks."""
        wanted = {
            "labels": list(labels),
            "assignees": list(assignees),
            "milestone": milestone,
            "type": issue_type,
            "issue_field_values": [{"field_id": priority[0], "value": priority[1]}] if priority else None,
        }
        fields = {"title": title, "body": body} | {name: value for name, value in wanted.items() if value}
        doing = f"create an issue in {self._ref.name}"
        return await self._write("POST", ("issues",), fields, doing, _decode_new_issue)

    async def create_comment(self, number: IssueNumber, body: str) -> WriteResult[RemoteComment]:
        """Create a comment."""
        doing = f"comment on {self._ref.name}#{number}"
        parts = ("issues", number, "comments")
        return await self._write(
            "POST", parts, {"body": body}, doing, lambda body: _decode_written_comment(body, number=number)
        )

    async def update_issue(self, number: IssueNumber, update: IssueUpdate) -> WriteResult[Issue]:
        """Change members of an issue: its state, its title."""
        doing = f"{update.verb} {self._ref.name}#{number}"
        return await self._write(
            "PATCH", ("issues", number), dict(update.members), doing, lambda body: _decode_issue(body, number)
        )

    async def add_label(self, number: IssueNumber, label: str) -> WriteResult[tuple[str, ...]]:
        """Add a label; returns all labels."""
        doing = f"label {self._ref.name}#{number}"
        return await self._write(
            "POST", ("issues", number, "labels"), {"labels": [label]}, doing, _decode_labels
        )

    async def remove_label(self, number: IssueNumber, label: str) -> WriteResult[tuple[str, ...]]:
        """Remove a label; returns the others."""
        doing = f"take a label off {self._ref.name}#{number}"
        return await self._write("DELETE", ("issues", number, "labels", label), None, doing, _decode_labels)

    async def add_assignee(self, number: IssueNumber, login: str) -> WriteResult[Issue]:
        """Assign an account. GitHub drops one that can't be assigned silently: the answer lacks it."""
        doing = f"assign {login} to {self._ref.name}#{number}"
        return await self._change_assignees("POST", number, login, doing)

    async def remove_assignee(self, number: IssueNumber, login: str) -> WriteResult[Issue]:
        """Unassign an account. One that is not assigned changes nothing."""
        doing = f"unassign {login} from {self._ref.name}#{number}"
        return await self._change_assignees("DELETE", number, login, doing)

    async def _change_assignees(
        self, method: str, number: IssueNumber, login: str, doing: str
    ) -> WriteResult[Issue]:
        parts = ("issues", number, "assignees")
        return await self._write(
            method, parts, {"assignees": [login]}, doing, lambda body: _decode_assigned(body, number)
        )

    async def edit_comment(self, comment_id: RemoteCommentId, body: str) -> WriteResult[RemoteComment]:
        """Change the body of a comment."""
        doing = f"edit the comment {comment_id} in {self._ref.name}"
        parts = ("issues", "comments", comment_id)
        return await self._write(
            "PATCH",
            parts,
            {"body": body},
            doing,
            lambda body: _decode_written_comment(body, comment_id=comment_id),
        )

    async def delete_comment(self, comment_id: RemoteCommentId) -> WriteResult[None]:
        """Delete a comment."""
        doing = f"delete the comment {comment_id} in {self._ref.name}"
        reply = await self._send("DELETE", ("issues", "comments", comment_id), None, doing)
        return classify_delete(reply, doing) if isinstance(reply, Reply) else reply

    async def create_hook(self, desired: DesiredHook) -> WriteResult[Hook]:
        """Create a webhook. GitHub refuses a second one for the same address."""
        doing = f"make a webhook in {self._ref.name}"
        return await self._write(
            "POST", ("hooks",), {"name": "web", **_hook_payload(desired)}, doing, _decode_hook
        )

    async def change_hook(self, hook_id: int, desired: DesiredHook) -> WriteResult[Hook]:
        """Replace a webhook's settings by the desired ones."""
        doing = f"change the webhook {hook_id} of {self._ref.name}"
        return await self._write("PATCH", ("hooks", hook_id), _hook_payload(desired), doing, _decode_hook)

    async def ping_hook(self, hook_id: int) -> WriteResult[None]:
        """Have GitHub deliver a `ping`."""
        doing = f"ping the webhook {hook_id} of {self._ref.name}"
        reply = await self._send("POST", ("hooks", hook_id, "pings"), None, doing)
        return classify_delete(reply, doing) if isinstance(reply, Reply) else reply

    async def _write(
        self,
        method: str,
        parts: tuple[str | int, ...],
        payload: Body | None,
        doing: str,
        read: Callable[[bytes], T],
    ) -> WriteResult[T]:
        reply = await self._send(method, parts, payload, doing)
        if not isinstance(reply, Reply):
            return reply
        date = parse_date_header(reply.headers)
        return classify_write(reply, doing, lambda body: clamp_times(read(body), date))

    async def _send(
        self, method: str, parts: tuple[str | int, ...], payload: Body | None, doing: str
    ) -> Reply | Refused | NotSent | OutcomeUnknown:
        try:
            url, body = self._ref.url(*parts), None if payload is None else encode_body(payload)
        except ValueError:
            return _refusal(f"Can't {doing}: a name or text in it can't be sent.", None)
        try:
            return await self._send_following_redirects(method, url, body, doing)
        except AnswerLostError as error:
            return OutcomeUnknown(reason=f"GitHub's answer was lost when asked to {doing} ({error}).")
        except (NotSentError, GitHubError) as error:
            # GitHubError: no token, or no repository id after a redirect.
            return NotSent(reason=f"GitHub could not be asked to {doing}: {error}")

    async def _send_following_redirects(
        self, method: str, url: str, body: bytes | None, doing: str
    ) -> Reply | Refused:
        gateway = self._ref.gateway
        before = gateway.send_deadline()
        reply = await gateway.write(method, url, body, before=before)
        for _ in range(MAX_REDIRECTS):
            try:
                target = gateway.http.redirect_target(reply)
            except UntrustedUrlError as error:
                return _refusal(f"Can't {doing}: {error}", reply)
            if target is None:
                return reply
            if self._ref.origin.repository_id(target) != await self.repository_id():
                return _refusal(f"Can't {doing}: GitHub redirects it to another repository.", reply)
            reply = await gateway.write(method, target, body, before=before)
        return reply


def _refusal(reason: str, reply: Reply | None) -> Refused:
    status, request_id = (reply.status, reply.request_id) if reply else (422, None)
    return Refused(status=status, reason=reason, gone=False, request_id=request_id)


def _decode_new_issue(body: bytes) -> Issue:
    """Read an issue just created, with the milestone and type that GitHub gave it."""
    members = read_json_members(body)
    milestone, issue_type = (
        read_json_member(members, name, dict[str, Raw]) or {} for name in ("milestone", "type")
    )
    return replace(
        _decode_issue(body, None),
        milestone=read_json_member(milestone, "number", Number),
        type=read_json_member(issue_type, "name", str),
    )


def _decode_issue(body: bytes, number: int | None) -> Issue:
    issue_read = translate.to_issue(decode(body, IssueRow, "the issue just written"))
    if number is not None and issue_read.number != number:
        raise GitHubError(f"GitHub answered about #{issue_read.number} when #{number} was written.")
    return issue_read


def _decode_assigned(body: bytes, number: int) -> Issue:
    issue = _decode_issue(body, number)
    if issue.assignees is None:
        raise GitHubError(f"GitHub's answer does not say who is assigned to #{number}.")
    return issue


def _decode_written_comment(
    body: bytes, *, number: int | None = None, comment_id: int | None = None
) -> RemoteComment:
    comment_read = decode_comment(body, "the comment just written")
    if comment_read.issue_number != (number or comment_read.issue_number) or comment_read.id != (
        comment_id or comment_read.id
    ):
        raise GitHubError("GitHub answered about another comment than the one written.")
    return comment_read


def _decode_labels(body: bytes) -> tuple[str, ...]:
    return translate.label_names(decode(body, list[LabelRow | str], "the labels just written"))


def _hook_payload(desired: DesiredHook) -> Mapping[str, object]:
    """The complete webhook, as it is sent to create and to change one."""
    config = {
        "url": desired.url,
        "content_type": "json",
        "secret": desired.secret.reveal(),
        "insecure_ssl": "0",
    }
    return {"active": True, "events": list(desired.events), "config": config}


def _decode_hook(body: bytes) -> Hook:
    return translate.to_hook(decode(body, HookRow, "the webhook just written"))

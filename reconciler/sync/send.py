"""One intent, sent: which request it is, and how the answers of a label swap become one."""

from collections.abc import Sequence
from typing import Any, assert_never

from reconciler.errors import GitHubNotFoundError, IssueTransferredError, IssueUnreadableError
from reconciler.fields import SYNCED_FIELDS
from reconciler.model.fields import Field
from reconciler.model.ids import IssueNumber
from reconciler.model.intent import (
    Confirmed,
    DesiredCommentBody,
    DesiredCommentDeletion,
    DesiredFieldWrite,
    DesiredLabels,
    Intent,
    NewComment,
    NewIssue,
    Refused,
    WriteResult,
)
from reconciler.model.issue import Issue
from reconciler.ports import GitHub

MAX_LABELS = 100
"""An issue has no more labels than this (docs/reference/github.md, Writes)."""
_NOTHING_SENT: WriteResult[tuple[str, ...]] = Confirmed(value=(), request_id=None)


async def send_intent(github: GitHub, intent: Intent, seen_labels: Sequence[str] = ()) -> WriteResult[Any]:
    """Send a claimed intent. The value of a confirmed answer is the issue, comment or labels as they are now.

    `seen_labels`: those of the issue as it was last seen. Raises LimitedError (nothing was done) and what
    concerns the whole project.
    """
    desired = intent.desired
    match desired:
        case NewIssue():
            return await _create_issue(github, desired)
        case NewComment():
            return await github.create_comment(_require_issue_number(intent), desired.body)
        case DesiredCommentBody():
            return await github.edit_comment(desired.remote_id, desired.body)
        case DesiredCommentDeletion():
            return await github.delete_comment(desired.remote_id)
        case DesiredLabels():
            return await _swap_labels(github, _require_issue_number(intent), desired, seen_labels)
        case DesiredFieldWrite():
            update = SYNCED_FIELDS[Field(intent.operation.value)].issue_update(desired)
            assert update is not None
            return await github.update_issue(_require_issue_number(intent), update)
    assert_never(desired)


async def _create_issue(github: GitHub, issue: NewIssue) -> WriteResult[Issue]:
    more = {"milestone": issue.milestone, "issue_type": issue.type}
    wanted: dict[str, Any] = {name: value for name, value in more.items() if value is not None}
    return await github.create_issue(issue.title, issue.body, issue.labels, **wanted)


async def _swap_labels(
    github: GitHub, number: IssueNumber, desired: DesiredLabels, seen_labels: Sequence[str]
) -> WriteResult[tuple[str, ...]]:
    """The new label first, so that the issue is never without one; then those that were seen, one by one.

    On an issue that is full a label has to go before another one fits.
    """
    if desired.add is None:
        return await _remove_labels(github, number, desired.remove, _NOTHING_SENT)
    if desired.remove and len(seen_labels) >= MAX_LABELS:
        return await _remove_then_add(github, number, desired.add, desired.remove)
    added = await _add_label(github, number, desired.add)
    refused = isinstance(added, Refused) and added.status == 422
    if refused and desired.remove and await _has_max_labels(github, number):
        return await _remove_then_add(github, number, desired.add, desired.remove)
    return await _remove_labels(github, number, desired.remove, added)


async def _has_max_labels(github: GitHub, number: IssueNumber) -> bool:
    """Whether no label fits any more, as far as the issue can be read: nothing is removed on a guess."""
    try:
        return len((await github.issue(number)).labels) >= MAX_LABELS
    except (GitHubNotFoundError, IssueTransferredError, IssueUnreadableError):
        return False


async def _remove_then_add(
    github: GitHub, number: IssueNumber, add: str, remove: Sequence[str]
) -> WriteResult[tuple[str, ...]]:
    left = await _remove_labels(github, number, remove, _NOTHING_SENT)
    return await _add_label(github, number, add) if isinstance(left, Confirmed) else left


async def _add_label(github: GitHub, number: IssueNumber, label: str) -> WriteResult[tuple[str, ...]]:
    answer = await github.add_label(number, label)
    if isinstance(answer, Confirmed) and not _has_label(answer.value, label):
        return Refused(
            status=200,
            reason=f"GitHub dropped the label {label!r}: the token may not push to the repository",
            gone=False,
            request_id=answer.request_id,
        )
    return answer


async def _remove_labels(
    github: GitHub, number: IssueNumber, labels: Sequence[str], answer: WriteResult[tuple[str, ...]]
) -> WriteResult[tuple[str, ...]]:
    """Remove one by one as long as all is confirmed; `answer`: to what was sent before."""
    for label in labels:
        if not isinstance(answer, Confirmed):
            return answer
        left = await github.remove_label(number, label)
        absent = isinstance(left, Refused) and left.gone  # somebody removed it already
        answer = answer if absent else left
    return answer


def _has_label(labels: tuple[str, ...], label: str) -> bool:
    return label.casefold() in {name.casefold() for name in labels}


def _require_issue_number(intent: Intent) -> IssueNumber:
    assert intent.number is not None
    return intent.number

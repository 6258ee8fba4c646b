"""One intent, sent: which request it is, and how the answers of several requests become one."""

from collections.abc import Collection, Sequence
from typing import Any, assert_never

from reconciler.errors import GitHubNotFoundError, IssueTransferredError, IssueUnreadableError
from reconciler.fields import SYNCED_FIELDS
from reconciler.model.fields import Field
from reconciler.model.ids import IssueNumber
from reconciler.model.intent import (
    Confirmed,
    Desired,
    DesiredAssignees,
    DesiredCommentBody,
    DesiredCommentDeletion,
    DesiredFieldWrite,
    DesiredLabels,
    DesiredPriority,
    DesiredState,
    Intent,
    NewComment,
    NewIssue,
    Refused,
    WriteResult,
)
from reconciler.model.issue import Account, Issue
from reconciler.model.policy import People
from reconciler.ports import GitHub
from reconciler.sync.settings.priority import choose_option
from reconciler.text import without_mentions_of

MAX_LABELS = 100
"""An issue has no more labels than this (docs/reference/github.md, Writes)."""
MAX_ASSIGNEES = 10
"""An issue has no more assignees than this (docs/reference/github.md, Assignees)."""
_NOTHING_SENT: WriteResult[tuple[str, ...]] = Confirmed(value=(), request_id=None)


async def find_lost_logins(github: GitHub, desired: Desired, people: People) -> tuple[Account, ...]:
    """Return the accounts that a write names and must not: their logins are not theirs any more, or nobody's.

    A login may belong to another account since the settings were made, so each is looked up before a write.
    Of a comment's mentions also those that the settings in force do not allow any more.
    """
    lost: list[Account] = []
    match desired:
        case DesiredAssignees():
            named = (*((desired.add,) if desired.add else ()), *desired.remove)
        case NewComment():
            named = tuple(
                each for each in desired.mentions if people.may_ping and each.id in people.by_account
            )
            lost += (each for each in desired.mentions if each not in named)
        case _:
            return ()
    for account in named:
        found = await github.user(account.login)
        if found is None or found.id != account.id:
            lost.append(account)
    return tuple(lost)


def may_read_before_claim(desired: Desired) -> bool:
    """Whether GitHub may be asked something before this write is claimed."""
    match desired:
        case DesiredState() | DesiredAssignees():
            return True
        case NewComment():
            return bool(desired.mentions)
        case _:
            return False


async def send_intent(
    github: GitHub, intent: Intent, seen_labels: Sequence[str] = (), lost: Collection[Account] = ()
) -> WriteResult[Any]:
    """Send a claimed intent. The value of a confirmed answer is the issue, comment or labels as they are now.

    `seen_labels`: those of the issue as it was last seen. `lost`: accounts that a comment must not notify,
    because their logins are not theirs any more. Raises LimitedError (nothing was done) and what concerns the
    whole project.
    """
    desired = intent.desired
    match desired:
        case NewIssue():
            return await github.create_issue(
                desired.title,
                desired.body,
                desired.labels,
                desired.assignees,
                milestone=desired.milestone,
                issue_type=desired.type,
                priority=desired.priority,
            )
        case NewComment():
            body = without_mentions_of(desired.body, [account.login for account in lost])
            return await github.create_comment(_require_issue_number(intent), body)
        case DesiredAssignees():
            return await _change_assignees(github, _require_issue_number(intent), desired)
        case DesiredCommentBody():
            return await github.edit_comment(desired.remote_id, desired.body)
        case DesiredCommentDeletion():
            return await github.delete_comment(desired.remote_id)
        case DesiredPriority():
            return await choose_option(github, _require_issue_number(intent), desired)
        case DesiredLabels():
            return await _swap_labels(github, _require_issue_number(intent), desired, seen_labels)
        case DesiredFieldWrite():
            update = SYNCED_FIELDS[Field(intent.operation.value)].issue_update(desired)
            assert update is not None
            return await github.update_issue(_require_issue_number(intent), update)
    assert_never(desired)


async def _change_assignees(
    github: GitHub, number: IssueNumber, desired: DesiredAssignees
) -> WriteResult[Issue]:
    """The new person first, so that the issue is never without one; then those who counted before.

    On an issue that is full somebody has to go before another one fits.
    """
    if desired.add is None:
        return await _unassign(github, number, desired.remove)
    added = await _assign(github, number, desired.add)
    if isinstance(added, Confirmed) or not desired.remove:
        return await _unassign(github, number, desired.remove, added)
    if isinstance(added, Refused) and added.status == 200 and await _has_max_assignees(github, number):
        left = await _unassign(github, number, desired.remove)
        return await _assign(github, number, desired.add) if isinstance(left, Confirmed) else left
    return added


async def _assign(github: GitHub, number: IssueNumber, account: Account) -> WriteResult[Issue]:
    answer = await github.add_assignee(number, account.login)
    if isinstance(answer, Confirmed) and not _is_assigned(answer.value, account):
        return Refused(
            status=200,
            reason=f"GitHub did not assign {account.login}, and does not say why: that account may have no "
            "access to the repository, or the token may not assign people",
            gone=False,
            request_id=answer.request_id,
        )
    return answer


async def _unassign(
    github: GitHub,
    number: IssueNumber,
    accounts: Sequence[Account],
    answer: WriteResult[Issue] | None = None,
) -> WriteResult[Issue]:
    """Unassign one by one as long as all is confirmed; `answer`: to what was sent before."""
    for account in accounts:
        if answer is not None and not isinstance(answer, Confirmed):
            return answer
        answer = await github.remove_assignee(number, account.login)
        if isinstance(answer, Confirmed) and _is_assigned(answer.value, account):
            return Refused(
                status=200,
                reason=f"GitHub did not unassign {account.login}: the token may not assign people",
                gone=False,
                request_id=answer.request_id,
            )
    assert answer is not None
    return answer


async def _has_max_assignees(github: GitHub, number: IssueNumber) -> bool:
    """Whether nobody fits any more, as far as the issue can be read: nobody is unassigned on a guess."""
    try:
        return len((await github.issue(number)).assignees or ()) >= MAX_ASSIGNEES
    except (GitHubNotFoundError, IssueTransferredError, IssueUnreadableError):
        return False


def _is_assigned(issue: Issue, account: Account) -> bool:
    return account.id in {assignee for assignee, _ in issue.assignees or ()}


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

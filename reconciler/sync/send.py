"""One intent, one request (a label swap: one per label). Nothing here repeats a write.

Writes of one credential go one after another, however many passes of one process want to write with it.

GitHub asks for serial requests per token (docs/reference/github.md, Limits). And the governor promises a slot
only a few `min_interval`s ahead: eight passes that ask at once would be refused, and end as limited. Here
they queue, in the order in which they came; other processes are the governor's matter.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, assert_never
from weakref import WeakValueDictionary

from reconciler.fields import SYNCED_FIELDS
from reconciler.model.fields import Field
from reconciler.model.ids import Fingerprint, IssueNumber
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
from reconciler.ports import GitHub


async def send_intent(github: GitHub, intent: Intent) -> WriteResult[Any]:
    """Send a claimed wish. The value of a confirmed answer is the issue, comment or labels as they are now.

    Raises LimitedError (nothing was done) and what concerns the whole project.
    """
    wish = intent.desired
    match wish:
        case NewIssue():
            return await github.create_issue(wish.title, wish.body, wish.labels)
        case NewComment():
            return await github.create_comment(_require_issue_number(intent), wish.body)
        case DesiredCommentBody():
            return await github.edit_comment(wish.remote_id, wish.body)
        case DesiredCommentDeletion():
            return await github.delete_comment(wish.remote_id)
        case DesiredLabels():
            return await _swap_labels(github, _require_issue_number(intent), wish)
        case DesiredFieldWrite():
            update = SYNCED_FIELDS[Field(intent.operation.value)].issue_update(wish)
            assert update is not None
            return await github.update_issue(_require_issue_number(intent), update)
    assert_never(wish)


async def _swap_labels(
    github: GitHub, number: IssueNumber, wish: DesiredLabels
) -> WriteResult[tuple[str, ...]]:
    """The new label first, so that the issue is never without one; then those that were seen, one by one."""
    answer: WriteResult[tuple[str, ...]] = Confirmed(value=(), request_id=None)
    if wish.add is not None:
        answer = await github.add_label(number, wish.add)
        if isinstance(answer, Confirmed) and not _has_label(answer.value, wish.add):
            return Refused(
                status=200,
                reason=f"GitHub dropped the label {wish.add!r}: the token may not push to the repository",
                gone=False,
                request_id=answer.request_id,
            )
    for label in wish.remove:
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


class CredentialLocks:
    """Whose turn it is, per credential. Who has it must not ask for it again. One that nobody waits for is
    forgotten.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Fingerprint, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, credential: Fingerprint) -> AsyncIterator[None]:
        """From before the slot is asked for until the write's outcome is stored."""
        lock = self._locks.get(credential)
        if lock is None:
            lock = self._locks[credential] = asyncio.Lock()
        async with lock:
            yield

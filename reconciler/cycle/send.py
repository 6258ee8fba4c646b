"""One intent, one request (a label swap: one per label). Nothing here repeats a write."""

from typing import Any, assert_never

from reconciler.model.ids import IssueNumber
from reconciler.model.intent import (
    Answer,
    Confirmed,
    DeleteWish,
    EditWish,
    Intent,
    LabelWish,
    NewComment,
    NewIssue,
    Refused,
    StateWish,
    TitleWish,
)
from reconciler.ports import GitHub


async def send(github: GitHub, intent: Intent) -> Answer[Any]:
    """Send a claimed wish. The value of a confirmed answer is the issue, comment or labels as they are now.

    Raises LimitedError (nothing was done) and what concerns the whole project.
    """
    wish = intent.wish
    match wish:
        case NewIssue():
            return await github.create_issue(wish.title, wish.body, wish.labels)
        case NewComment():
            return await github.create_comment(_number(intent), wish.body)
        case StateWish():
            return await github.set_state(_number(intent), wish.state, wish.reason)
        case TitleWish():
            return await github.set_title(_number(intent), wish.title)
        case EditWish():
            return await github.edit_comment(wish.remote_id, wish.body)
        case DeleteWish():
            return await github.delete_comment(wish.remote_id)
        case LabelWish():
            return await _swap(github, _number(intent), wish)
    assert_never(wish)


async def _swap(github: GitHub, number: IssueNumber, wish: LabelWish) -> Answer[tuple[str, ...]]:
    """The new label first, so that the issue is never without one; then those that were seen, one by one."""
    answer: Answer[tuple[str, ...]] = Confirmed(value=(), request_id=None)
    if wish.add is not None:
        answer = await github.add_label(number, wish.add)
        if isinstance(answer, Confirmed) and not _has(answer.value, wish.add):
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


def _has(labels: tuple[str, ...], label: str) -> bool:
    return label.casefold() in {name.casefold() for name in labels}


def _number(intent: Intent) -> IssueNumber:
    assert intent.number is not None
    return intent.number

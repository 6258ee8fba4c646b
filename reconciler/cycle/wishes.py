"""From a plan's remote actions to intents: what is to be sent, written down before anything is."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import assert_never
from uuid import UUID

from reconciler.cycle.context import Context
from reconciler.decide.text import digest, to_github
from reconciler.model.fields import Field
from reconciler.model.ids import CommentId, EntryId, IntentId
from reconciler.model.intent import (
    DeleteWish,
    EditWish,
    Intent,
    IntentState,
    LabelWish,
    NewComment,
    Operation,
    StateWish,
    TitleWish,
    Wish,
)
from reconciler.model.link import Link
from reconciler.model.plan import (
    CreateIssue,
    DeleteRemote,
    EditLocal,
    EditRemote,
    ImportComment,
    LinkPlan,
    PostComment,
    RemoveLocal,
    SetField,
    SetState,
    SetTitle,
    SwapLabels,
    Why,
)
from reconciler.model.report import LocalComment, Report
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What one action asks of GitHub, and about what."""

    operation: Operation
    local_id: UUID
    wish: Wish
    entry_id: EntryId | None = None


def wishes(context: Context, plan: LinkPlan) -> Iterator[Intent]:
    """The intents of one link plan. A create is frozen here: body, marker and all."""
    if plan.report is None:
        return
    entries = {entry.local_id: entry.id for entry in plan.entries}
    for action in plan.actions:
        match action:
            case SetState() | SwapLabels() | SetTitle():
                yield _intent(context, plan.link, action.why, _of_issue(action, plan.report))
            case PostComment() | EditRemote() | DeleteRemote():
                yield _intent(
                    context, plan.link, action.why, _of_comment(context, plan.link, action, entries)
                )
            case SetField() | ImportComment() | EditLocal() | RemoveLocal() | CreateIssue():
                continue
            case _:
                assert_never(action)


def _of_issue(action: SetState | SwapLabels | SetTitle, report: Report) -> _Asked:
    match action:
        case SetState():
            state = StateWish(state=action.state, reason=action.reason, agreed=report.status)
            return _Asked(operation=Operation.STATUS, local_id=report.id, wish=state)
        case SwapLabels():
            agreed = _value(report, action.field)
            labels = LabelWish(add=action.add, remove=action.remove, agreed=agreed)
            return _Asked(operation=Operation(action.field.value), local_id=report.id, wish=labels)
        case SetTitle():
            title = TitleWish(title=action.title, agreed=report.title)
            return _Asked(operation=Operation.TITLE, local_id=report.id, wish=title)
    assert_never(action)


def _of_comment(
    context: Context,
    link: Link,
    action: PostComment | EditRemote | DeleteRemote,
    entries: Mapping[CommentId | None, EntryId],
) -> _Asked:
    match action:
        case PostComment(comment=comment):
            new, entry_id = NewComment(body=_body(context, link, comment)), entries[comment.id]
            return _Asked(
                operation=Operation.CREATE_COMMENT, local_id=comment.id, wish=new, entry_id=entry_id
            )
        case EditRemote(comment=comment, entry=entry):
            assert entry.remote_id is not None
            body = _body(context, link, comment)
            edit = EditWish(remote_id=entry.remote_id, body=body, local_digest=digest(comment.body))
            return _Asked(operation=Operation.EDIT_COMMENT, local_id=comment.id, wish=edit, entry_id=entry.id)
        case DeleteRemote(entry=entry):
            assert entry.remote_id is not None
            gone = DeleteWish(remote_id=entry.remote_id)
            return _Asked(operation=Operation.DELETE_COMMENT, local_id=entry.id, wish=gone, entry_id=entry.id)
    assert_never(action)


def in_order(intents: Iterable[Intent]) -> tuple[Intent, ...]:
    """Each a microsecond after the one before: they are sent in the order they were wished for."""
    return tuple(
        replace(each, created_at=each.created_at + timedelta(microseconds=place))
        for place, each in enumerate(intents)
    )


def _body(context: Context, link: Link, comment: LocalComment) -> str:
    marker = context.markers.sign("comment", link.repository_id, link.number, comment.id)
    return to_github(comment.author, comment.body, marker, hosts=context.image_hosts)


def _value(report: Report, field: Field) -> str:
    return report.severity if field is Field.SEVERITY else report.category


def _intent(context: Context, link: Link, why: Why, asked: _Asked) -> Intent:
    return Intent(
        id=IntentId(context.new_id()),
        project_id=link.project_id,
        report_id=link.report_id,
        link_id=link.id,
        entry_id=asked.entry_id,
        local_id=asked.local_id,
        operation=asked.operation,
        repository_id=link.repository_id,
        number=link.number,
        wish=asked.wish,
        state=IntentState.PLANNED,
        attempts=0,
        created_at=context.github.now(),
        why=why,
    )

"""From a plan's remote actions to intents: what is to be sent, written down before anything is."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import assert_never
from uuid import UUID

from reconciler.cycle.context import Context
from reconciler.decide.text import digest, to_github
from reconciler.model.fields import Field
from reconciler.model.ids import EntryId, IntentId
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


def wishes(context: Context, plan: LinkPlan) -> Iterator[Intent]:
    """The intents of one link plan. A create is frozen here: body, marker and all."""
    report = plan.report
    if report is None:
        return
    entries = {entry.local_id: entry.id for entry in plan.entries}
    for action in plan.actions:
        match action:
            case SetState():
                wish = StateWish(state=action.state, reason=action.reason, agreed=report.status)
                yield _intent(context, plan.link, action.why, Operation.STATUS, report.id, wish)
            case SwapLabels():
                agreed = _value(report, action.field)
                labels = LabelWish(add=action.add, remove=action.remove, agreed=agreed)
                yield _intent(
                    context, plan.link, action.why, Operation(action.field.value), report.id, labels
                )
            case SetTitle():
                title = TitleWish(title=action.title, agreed=report.title)
                yield _intent(context, plan.link, action.why, Operation.TITLE, report.id, title)
            case PostComment():
                body = NewComment(body=_body(context, plan.link, action.comment))
                entry = entries[action.comment.id]
                yield _intent(
                    context, plan.link, action.why, Operation.CREATE_COMMENT, action.comment.id, body, entry
                )
            case EditRemote():
                assert action.entry.remote_id is not None
                edit = EditWish(
                    remote_id=action.entry.remote_id,
                    body=_body(context, plan.link, action.comment),
                    local_digest=digest(action.comment.body),
                )
                yield _intent(
                    context,
                    plan.link,
                    action.why,
                    Operation.EDIT_COMMENT,
                    action.comment.id,
                    edit,
                    action.entry.id,
                )
            case DeleteRemote():
                assert action.entry.remote_id is not None
                gone = DeleteWish(remote_id=action.entry.remote_id)
                yield _intent(
                    context,
                    plan.link,
                    action.why,
                    Operation.DELETE_COMMENT,
                    action.entry.id,
                    gone,
                    action.entry.id,
                )
            case SetField() | ImportComment() | EditLocal() | RemoveLocal() | CreateIssue():
                continue
            case _:
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


def _intent(
    context: Context,
    link: Link,
    why: Why,
    operation: Operation,
    local_id: UUID,
    wish: Wish,
    entry_id: EntryId | None = None,
) -> Intent:
    return Intent(
        id=IntentId(context.new_id()),
        project_id=link.project_id,
        report_id=link.report_id,
        link_id=link.id,
        entry_id=entry_id,
        local_id=local_id,
        operation=operation,
        repository_id=link.repository_id,
        number=link.number,
        wish=wish,
        state=IntentState.PLANNED,
        attempts=0,
        created_at=context.github.now(),
        why=why,
    )

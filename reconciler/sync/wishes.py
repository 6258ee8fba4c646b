"""From a plan's remote actions to intents: what is to be sent, written down before anything is."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import assert_never
from uuid import UUID

from reconciler.decide.text import comment_to_github, text_digest
from reconciler.model.fields import Field
from reconciler.model.ids import CommentId, CommentPairId, IntentId
from reconciler.model.intent import (
    Desired,
    DesiredCommentBody,
    DesiredCommentDeletion,
    DesiredLabels,
    DesiredState,
    DesiredTitle,
    Intent,
    IntentState,
    NewComment,
    Operation,
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
from reconciler.sync.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class _DesiredWrite:
    """What one action asks of GitHub, and about what."""

    operation: Operation
    local_id: UUID
    desired: Desired
    entry_id: CommentPairId | None = None


def build_intents(context: Context, plan: LinkPlan) -> Iterator[Intent]:
    """The intents of one link plan. A create is frozen here: body, marker and all."""
    if plan.report is None:
        return
    entries = {entry.local_id: entry.id for entry in plan.pairs}
    for action in plan.actions:
        match action:
            case SetState() | SwapLabels() | SetTitle():
                yield _build_intent(context, plan.link, action.why, _desired_issue_write(action, plan.report))
            case PostComment() | EditRemote() | DeleteRemote():
                yield _build_intent(
                    context,
                    plan.link,
                    action.why,
                    _desired_comment_write(context, plan.link, action, entries),
                )
            case SetField() | ImportComment() | EditLocal() | RemoveLocal() | CreateIssue():
                continue
            case _:
                assert_never(action)


def _desired_issue_write(action: SetState | SwapLabels | SetTitle, report: Report) -> _DesiredWrite:
    match action:
        case SetState():
            state = DesiredState(state=action.state, reason=action.reason, agreed=report.status)
            return _DesiredWrite(operation=Operation.STATUS, local_id=report.id, desired=state)
        case SwapLabels():
            agreed = _label_field_value(report, action.field)
            labels = DesiredLabels(add=action.add, remove=action.remove, agreed=agreed)
            return _DesiredWrite(operation=Operation(action.field.value), local_id=report.id, desired=labels)
        case SetTitle():
            title = DesiredTitle(title=action.title, agreed=report.title)
            return _DesiredWrite(operation=Operation.TITLE, local_id=report.id, desired=title)
    assert_never(action)


def _desired_comment_write(
    context: Context,
    link: Link,
    action: PostComment | EditRemote | DeleteRemote,
    entries: Mapping[CommentId | None, CommentPairId],
) -> _DesiredWrite:
    match action:
        case PostComment(comment=comment):
            new, entry_id = NewComment(body=_comment_body(context, link, comment)), entries[comment.id]
            return _DesiredWrite(
                operation=Operation.CREATE_COMMENT, local_id=comment.id, desired=new, entry_id=entry_id
            )
        case EditRemote(comment=comment, pair=entry):
            assert entry.remote_id is not None
            body = _comment_body(context, link, comment)
            edit = DesiredCommentBody(
                remote_id=entry.remote_id, body=body, local_digest=text_digest(comment.body)
            )
            return _DesiredWrite(
                operation=Operation.EDIT_COMMENT, local_id=comment.id, desired=edit, entry_id=entry.id
            )
        case DeleteRemote(pair=entry):
            assert entry.remote_id is not None
            gone = DesiredCommentDeletion(remote_id=entry.remote_id)
            return _DesiredWrite(
                operation=Operation.DELETE_COMMENT, local_id=entry.id, desired=gone, entry_id=entry.id
            )
    assert_never(action)


def with_increasing_created_at(intents: Iterable[Intent]) -> tuple[Intent, ...]:
    """Each a microsecond after the one before: they are sent in the order they were wished for."""
    return tuple(
        replace(each, created_at=each.created_at + timedelta(microseconds=place))
        for place, each in enumerate(intents)
    )


def _comment_body(context: Context, link: Link, comment: LocalComment) -> str:
    marker = context.markers.sign("comment", link.repository_id, link.number, comment.id)
    return comment_to_github(comment.author, comment.body, marker, hosts=context.image_hosts)


def _label_field_value(report: Report, field: Field) -> str:
    return report.severity if field is Field.SEVERITY else report.category


def _build_intent(context: Context, link: Link, why: Why, asked: _DesiredWrite) -> Intent:
    return Intent(
        id=IntentId(context.new_id()),
        project_id=link.project_id,
        report_id=link.report_id,
        link_id=link.id,
        pair_id=asked.entry_id,
        local_id=asked.local_id,
        operation=asked.operation,
        repository_id=link.repository_id,
        number=link.number,
        desired=asked.desired,
        state=IntentState.PLANNED,
        attempts=0,
        created_at=context.github.now(),
        why=why,
    )

"""Which word and which field an action, or the intent it became, goes by."""

from typing import assert_never

from reconciler.model.fields import Field
from reconciler.model.intent import Operation
from reconciler.model.kinds import Kind
from reconciler.model.plan import (
    Action,
    CreateIssue,
    DeleteRemote,
    EditLocal,
    EditRemote,
    ImportComment,
    PostComment,
    RemoveLocal,
    SetField,
    SetState,
    SetTitle,
    SwapLabels,
)

COMMENT_FIELD = "comment"
"""A plan and a story speak of comments as if they were one more field."""


def kind_of(action: Action) -> Kind:
    """The stable word for an action (docs/reference/contract.md, JSON of a plan)."""
    match action:
        case SetField():
            return Kind.SET_FIELD
        case ImportComment():
            return Kind.IMPORT_COMMENT
        case EditLocal():
            return Kind.EDIT_COMMENT
        case RemoveLocal():
            return Kind.REMOVE_COMMENT
        case _:
            return kind_of_operation(_operation(action))


def _operation(
    action: CreateIssue | SetState | SwapLabels | SetTitle | PostComment | EditRemote | DeleteRemote,
) -> Operation:
    match action:
        case CreateIssue():
            return Operation.CREATE_ISSUE
        case SetState():
            return Operation.STATUS
        case SwapLabels():
            return Operation(action.field.value)
        case SetTitle():
            return Operation.TITLE
        case PostComment():
            return Operation.CREATE_COMMENT
        case EditRemote():
            return Operation.EDIT_COMMENT
        case DeleteRemote():
            return Operation.DELETE_COMMENT
    assert_never(action)


def kind_of_operation(operation: Operation) -> Kind:
    """The word for the action that an intent is the wish of."""
    match operation:
        case Operation.CREATE_ISSUE:
            return Kind.CREATE_ISSUE
        case Operation.CREATE_COMMENT:
            return Kind.POST_COMMENT
        case Operation.STATUS:
            return Kind.SET_STATE
        case Operation.SEVERITY | Operation.CATEGORY:
            return Kind.SWAP_LABELS
        case Operation.TITLE:
            return Kind.SET_TITLE
        case Operation.EDIT_COMMENT:
            return Kind.EDIT_REMOTE_COMMENT
        case Operation.DELETE_COMMENT:
            return Kind.DELETE_REMOTE_COMMENT
    assert_never(operation)


def field_of(action: Action) -> str | None:
    """The field an action is about; comments count as one, a whole issue is about none."""
    match action:
        case SetField():
            return action.field.value
        case ImportComment() | EditLocal() | RemoveLocal():
            return COMMENT_FIELD
        case _:
            return field_of_operation(_operation(action))


def field_of_operation(operation: Operation) -> str | None:
    """The same for an intent."""
    match operation:
        case Operation.CREATE_ISSUE:
            return None
        case Operation.CREATE_COMMENT | Operation.EDIT_COMMENT | Operation.DELETE_COMMENT:
            return COMMENT_FIELD
        case Operation.STATUS | Operation.SEVERITY | Operation.CATEGORY | Operation.TITLE:
            return Field(operation.value).value
    assert_never(operation)

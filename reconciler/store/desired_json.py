"""What intents want, as the JSON of `sync_intents.wish`."""

from collections.abc import Mapping
from dataclasses import fields

from reconciler.fields import SYNCED_FIELDS
from reconciler.model.intent import (
    Desired,
    DesiredCommentBody,
    DesiredCommentDeletion,
    NewComment,
    NewIssue,
)
from reconciler.model.kinds import Operation
from reconciler.store.types import decode_json, encode_json

DESIRED_TYPES: Mapping[Operation, type[Desired]] = {
    Operation.CREATE_ISSUE: NewIssue,
    Operation.CREATE_COMMENT: NewComment,
    Operation.EDIT_COMMENT: DesiredCommentBody,
    Operation.DELETE_COMMENT: DesiredCommentDeletion,
    **{field.operation: field.desired_type for field in SYNCED_FIELDS.values()},
}
OTHER_DESIRED_TYPES: Mapping[Operation, type[Desired]] = {
    field.operation: field.other_desired_type
    for field in SYNCED_FIELDS.values()
    if field.other_desired_type is not None
}
"""Of a field that GitHub has in two places: their members tell the two apart."""
OPTIONAL_MEMBERS = frozenset({"assignees", "left_out", "mentions", "milestone", "priority", "type"})
"""Members of creates that are stored only where they have a value."""


def decode_desired(text: str, operation: Operation) -> Desired:
    """Decode what an intent of this operation wants. Raises ValueError for what does not fit."""
    try:
        return decode_json(text, DESIRED_TYPES[operation])
    except ValueError:
        if operation not in OTHER_DESIRED_TYPES:
            raise
        return decode_json(text, OTHER_DESIRED_TYPES[operation])


def encode_desired(desired: Desired) -> str:
    """As JSON; what a create is not asked for is left out, as by releases that did not know of it."""
    if not isinstance(desired, NewIssue | NewComment):
        return encode_json(desired)
    values = {each.name: getattr(desired, each.name) for each in fields(desired)}
    kept = {name: value for name, value in values.items() if value or name not in OPTIONAL_MEMBERS}
    return encode_json(kept)

"""One word for each thing that is done or seen: the same in a plan, in the story and in JSON."""

from collections.abc import Mapping
from enum import StrEnum

from reconciler.model.fields import Field


class Kind(StrEnum):
    """What happened, or would. Actions first; what follows them only a story knows."""

    SET_FIELD = "set_field"
    IMPORT_COMMENT = "import_comment"
    EDIT_COMMENT = "edit_comment"
    REMOVE_COMMENT = "remove_comment"
    CREATE_ISSUE = "create_issue"
    SET_STATE = "set_state"
    SWAP_LABELS = "swap_labels"
    SET_TITLE = "set_title"
    POST_COMMENT = "post_comment"
    EDIT_REMOTE_COMMENT = "edit_remote_comment"
    DELETE_REMOTE_COMMENT = "delete_remote_comment"
    CONFLICT = "conflict"  # `lost` is the value that can be brought back
    NOTE = "note"
    COPY_EDITED = "copy_edited"  # our copy, by somebody on GitHub: shown, never taken over
    COPY_DELETED = "copy_deleted"  # its original stays and no other copy is made
    LINK = "link"  # by command or discovery
    FIRST_CONTACT = "first_contact"
    LINK_STATE = "link_state"  # a link ended, or goes on
    UNLINK = "unlink"  # by command
    QUARANTINE = "quarantine"  # a link or a write rests, with its reason
    RELEASE = "release"  # a link rests no more
    FREEZE = "freeze"  # a field is written no more: our writes to it were undone again and again
    THAW = "thaw"
    RETRY = "retry"  # a person ended a quarantine
    RESOLVE = "resolve"  # a person brought a lost value back


FIELD_WRITE_KINDS = frozenset({Kind.SET_STATE, Kind.SWAP_LABELS, Kind.SET_TITLE})
"""A field of an issue is written."""

FIELD_KINDS = frozenset({Kind.SET_FIELD, *FIELD_WRITE_KINDS})
"""A field is written, on either side: the field's name and the value say all of it."""

COMMENT_FIELD = "comment"
"""Plans and histories name comments as if they were one more field."""

CROSS_SIDE_KINDS = frozenset(
    {
        *FIELD_KINDS,
        Kind.IMPORT_COMMENT,
        Kind.EDIT_COMMENT,
        Kind.REMOVE_COMMENT,
        Kind.CREATE_ISSUE,
        Kind.POST_COMMENT,
        Kind.EDIT_REMOTE_COMMENT,
        Kind.DELETE_REMOTE_COMMENT,
        Kind.CONFLICT,
        Kind.FIRST_CONTACT,
    }
)
"""Something of one side came to be on the other."""

FIELD_NAMES = frozenset(field.value for field in Field)


class Operation(StrEnum):
    """What is wished for; unique together with the local id."""

    CREATE_ISSUE = "create_issue"
    CREATE_COMMENT = "create_comment"
    STATUS = "status"
    SEVERITY = "severity"
    CATEGORY = "category"
    TITLE = "title"
    EDIT_COMMENT = "edit_comment"
    DELETE_COMMENT = "delete_comment"

    @property
    def is_create(self) -> bool:
        """Creates are frozen and recovered; the rest is derived again by every pass."""
        return self in (Operation.CREATE_ISSUE, Operation.CREATE_COMMENT)

    @property
    def kind(self) -> Kind:
        """The word for the action that an intent of this operation came from."""
        return OPERATION_KINDS[self]

    @property
    def field_name(self) -> str | None:
        """The field in plans and histories; comments count as one, a whole issue has none."""
        if self is Operation.CREATE_ISSUE:
            return None
        return self.value if self.is_field_write else COMMENT_FIELD

    @property
    def is_field_write(self) -> bool:
        """Whether it writes one field of an issue."""
        return self.value in FIELD_NAMES


OPERATION_KINDS: Mapping[Operation, Kind] = {
    Operation.CREATE_ISSUE: Kind.CREATE_ISSUE,
    Operation.CREATE_COMMENT: Kind.POST_COMMENT,
    Operation.STATUS: Kind.SET_STATE,
    Operation.SEVERITY: Kind.SWAP_LABELS,
    Operation.CATEGORY: Kind.SWAP_LABELS,
    Operation.TITLE: Kind.SET_TITLE,
    Operation.EDIT_COMMENT: Kind.EDIT_REMOTE_COMMENT,
    Operation.DELETE_COMMENT: Kind.DELETE_REMOTE_COMMENT,
}

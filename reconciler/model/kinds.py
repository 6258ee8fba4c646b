"""The names of actions and events: the same in plans, histories and JSON."""

from collections.abc import Mapping
from enum import StrEnum

from reconciler.model.fields import Field


class Kind(StrEnum):
    """What was done, would be done, or was seen. Actions first, then kinds that only a history has."""

    SET_FIELD = "set_field"
    IMPORT_COMMENT = "import_comment"
    WRITE_COMMENT = "write_comment"  # in BugSpark, about the issue: it has no original
    EDIT_COMMENT = "edit_comment"
    REMOVE_COMMENT = "remove_comment"
    CREATE_ISSUE = "create_issue"
    SET_STATE = "set_state"
    SWAP_LABELS = "swap_labels"
    SET_TITLE = "set_title"
    CHANGE_ASSIGNEES = "change_assignees"
    SET_PRIORITY = "set_priority"  # the severity, in the organisation's field
    POST_COMMENT = "post_comment"
    EDIT_REMOTE_COMMENT = "edit_remote_comment"
    DELETE_REMOTE_COMMENT = "delete_remote_comment"
    END_LINK = "end_link"  # of a report that was deleted; named only while that is withheld
    CONFLICT = "conflict"  # `lost` is the value that can be brought back
    NOTE = "note"
    COPY_EDITED = "copy_edited"  # somebody edited our copy on GitHub: recorded, not carried over
    COPY_DELETED = "copy_deleted"  # the original stays, and no other copy is made
    READING = "reading"  # of a comment on GitHub, otherwise than it was known: a second one decides
    COPY_RESTORED = "copy_restored"  # two readings show our copy on GitHub again
    LINK = "link"  # made by command or discovery
    FIRST_CONTACT = "first_contact"
    LINK_STATE = "link_state"  # a link ended, or became active again
    UNLINK = "unlink"  # by command
    QUARANTINE = "quarantine"  # a link or a write was quarantined, with the reason
    RELEASE = "release"  # a link left quarantine
    FREEZE = "freeze"  # a field is no longer written: our writes to it were undone again and again
    THAW = "thaw"
    RETRY = "retry"  # a person ended a quarantine
    RESOLVE = "resolve"  # a person restored a lost value

    @property
    def text(self) -> str:
        """The kind in words, as people read it."""
        return "initial sync" if self is Kind.FIRST_CONTACT else self.value.replace("_", " ")


FIELD_WRITE_KINDS = frozenset(
    {Kind.SET_STATE, Kind.SWAP_LABELS, Kind.SET_TITLE, Kind.CHANGE_ASSIGNEES, Kind.SET_PRIORITY}
)
"""Writes of one field of an issue."""

FIELD_KINDS = frozenset({Kind.SET_FIELD, *FIELD_WRITE_KINDS})
"""Writes of one field on either side: the field's name and the value describe them completely."""

COMMENT_FIELD = "comment"
"""The field name that comments have in plans and histories."""

PROPAGATING_KINDS = frozenset(
    {
        *FIELD_KINDS,
        Kind.IMPORT_COMMENT,
        Kind.WRITE_COMMENT,
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
"""Kinds that carry something from one side to the other."""

FIELD_NAMES = frozenset(field.value for field in Field)


class Operation(StrEnum):
    """The operation of an intent; unique together with the local id."""

    CREATE_ISSUE = "create_issue"
    CREATE_COMMENT = "create_comment"
    STATUS = "status"
    STAGE = "stage"
    SEVERITY = "severity"
    CATEGORY = "category"
    TITLE = "title"
    ASSIGNEE = "assignee"
    EDIT_COMMENT = "edit_comment"
    DELETE_COMMENT = "delete_comment"

    @property
    def is_create(self) -> bool:
        """Whether something is created.

        Such an intent is fixed and recovered; others are decided again by each pass.
        """
        return self in (Operation.CREATE_ISSUE, Operation.CREATE_COMMENT)

    @property
    def kind(self) -> Kind:
        """The kind of the action that makes an intent of this operation."""
        return OPERATION_KINDS[self]

    @property
    def field_name(self) -> str | None:
        """The field's name in plans and histories. Comments have one as well; a new issue has none."""
        if self is Operation.CREATE_ISSUE:
            return None
        return self.value if self.is_field_write else COMMENT_FIELD

    @property
    def is_field_write(self) -> bool:
        """Whether one field of an issue is written."""
        return self.value in FIELD_NAMES


OPERATION_KINDS: Mapping[Operation, Kind] = {
    Operation.CREATE_ISSUE: Kind.CREATE_ISSUE,
    Operation.CREATE_COMMENT: Kind.POST_COMMENT,
    Operation.STATUS: Kind.SET_STATE,
    Operation.STAGE: Kind.SWAP_LABELS,
    Operation.SEVERITY: Kind.SWAP_LABELS,
    Operation.CATEGORY: Kind.SWAP_LABELS,
    Operation.TITLE: Kind.SET_TITLE,
    Operation.ASSIGNEE: Kind.CHANGE_ASSIGNEES,
    Operation.EDIT_COMMENT: Kind.EDIT_REMOTE_COMMENT,
    Operation.DELETE_COMMENT: Kind.DELETE_REMOTE_COMMENT,
}

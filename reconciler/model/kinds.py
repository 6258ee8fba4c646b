"""One word for each thing that is done or seen: the same in a plan, in the story and in JSON."""

from enum import StrEnum


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


CROSS_SIDE_KINDS = frozenset(
    {
        Kind.SET_FIELD,
        Kind.IMPORT_COMMENT,
        Kind.EDIT_COMMENT,
        Kind.REMOVE_COMMENT,
        Kind.CREATE_ISSUE,
        Kind.SET_STATE,
        Kind.SWAP_LABELS,
        Kind.SET_TITLE,
        Kind.POST_COMMENT,
        Kind.EDIT_REMOTE_COMMENT,
        Kind.DELETE_REMOTE_COMMENT,
        Kind.CONFLICT,
        Kind.FIRST_CONTACT,
    }
)
"""Something of one side came to be on the other."""

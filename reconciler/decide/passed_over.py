"""Comments of GitHub that are kept from BugSpark: by `sync.comments_from`, or because GitHub hides them."""

from reconciler.model.issue import RemoteComment
from reconciler.model.link import HIDDEN_ON_GITHUB, CommentPair, CommentPairState
from reconciler.model.policy import SyncPolicy

NOT_A_COLLABORATOR = "not by a collaborator (sync.comments_from)"
AUTHOR_UNKNOWN = "GitHub does not say whether its author is a collaborator (sync.comments_from)"
PASSED_OVER = (NOT_A_COLLABORATOR, AUTHOR_UNKNOWN)
"""Why a comment of GitHub was passed over: it is imported once that holds no more."""


def is_skipped_for_its_author(pair: CommentPair) -> bool:
    """Whether `sync.comments_from` kept this comment from BugSpark when it was last decided."""
    return pair.state is CommentPairState.SKIPPED and pair.reason in PASSED_OVER


def passed_over_reason(policy: SyncPolicy, comment: RemoteComment) -> str | None:
    """Why a comment is kept from BugSpark, for `sync.comments_from` or as hidden; None: it is not."""
    if comment.is_hidden:
        return HIDDEN_ON_GITHUB
    if not policy.collaborators_only or comment.collaborator:
        return None
    return AUTHOR_UNKNOWN if comment.collaborator is None else NOT_A_COLLABORATOR

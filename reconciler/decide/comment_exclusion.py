"""Comments that are kept from the other side: by the settings, or because GitHub hides them."""

import unicodedata

from reconciler.model.issue import RemoteComment
from reconciler.model.link import HIDDEN_ON_GITHUB, CommentPair, CommentPairState
from reconciler.model.policy import SyncPolicy, label_key
from reconciler.model.report import LocalComment, unescape_html

NOT_A_COLLABORATOR = "not by a collaborator (sync.comments_from)"
AUTHOR_UNKNOWN = "GitHub does not say whether its author is a collaborator (sync.comments_from)"
PASSED_OVER = (NOT_A_COLLABORATOR, AUTHOR_UNKNOWN)
"""Why a comment of GitHub was passed over: it is imported once that holds no more."""

PRIVATE = "private: it begins with the project's prefix for private comments"
NOT_TO_GITHUB = "comments did not go to GitHub when it was written (directions.comments)"
NOT_TO_BUGSPARK = "comments did not come to BugSpark when it was written (directions.comments)"
SKIPPED_BY_SETTINGS = (PRIVATE, NOT_TO_GITHUB, NOT_TO_BUGSPARK)
"""Why the settings passed over a comment. It stays so when they change: people relied on it."""


def is_skipped_for_its_author(pair: CommentPair) -> bool:
    """Whether `sync.comments_from` kept this comment from BugSpark when it was last decided."""
    return pair.state is CommentPairState.SKIPPED and pair.reason in PASSED_OVER


def not_imported_reason(policy: SyncPolicy, comment: RemoteComment) -> str | None:
    """Why a comment is kept from BugSpark, for `sync.comments_from` or as hidden; None: it is not."""
    if comment.is_hidden:
        return HIDDEN_ON_GITHUB
    rules = policy.comment_rules_since(comment.created_at)
    if not all(each.direction.writes_bugspark for each in rules):
        return NOT_TO_BUGSPARK
    if not policy.collaborators_only or comment.collaborator:
        return None
    return AUTHOR_UNKNOWN if comment.collaborator is None else NOT_A_COLLABORATOR


def not_sent_reason(policy: SyncPolicy, comment: LocalComment) -> str | None:
    """Why the settings keep a comment of BugSpark from GitHub; None: they do not.

    The rules in force count, and those that have been in force since the comment was written: one that was
    private stays private when the prefix changes.
    """
    rules = policy.comment_rules_since(comment.created_at)
    if any(_begins_with(comment.body, prefix) for each in rules for prefix in each.private_prefixes):
        return PRIVATE
    return None if all(each.direction.writes_github for each in rules) else NOT_TO_GITHUB


def _begins_with(body: str, prefix: str) -> bool:
    """Whether a text begins with the prefix, as people read it: blanks and invisible characters aside."""
    text = unescape_html(body)
    start = next((place for place, each in enumerate(text) if _is_visible_character(each)), len(text))
    key = label_key(prefix)
    return label_key(text[start : start + 2 * len(prefix)]).startswith(key)


def _is_visible_character(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZ"

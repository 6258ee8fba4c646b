"""BugSpark's comments that changed since their copies on GitHub were made: their text, or who wrote them."""

from collections.abc import Sequence

from reconciler.model.fields import Side
from reconciler.model.link import CommentPair, CommentPairState
from reconciler.model.report import LocalComment
from reconciler.text import UNKNOWN_AUTHOR, text_digest

COPY_EDITED_ON_GITHUB = "our copy was edited on GitHub"
"""The reason shown to people and stored. Such a copy is never overwritten (docs/design.md, Comments)."""

ERASED_AUTHORS = ("Deleted User", UNKNOWN_AUTHOR)
"""What BugSpark shows in place of the name of a user whose account was deleted."""


def edited_originals(
    pairs: Sequence[CommentPair], comments: Sequence[LocalComment]
) -> Sequence[tuple[CommentPair, LocalComment]]:
    """Return BugSpark's comments, with their rows, whose text is not the one that their copy was made from,
    or whose author has been erased since.

    A copy that somebody edited on GitHub is left out: it stays as it is. So is one that the last reading did
    not show, until a second one has.
    """
    texts = {comment.id: comment for comment in comments}
    live_originals = [
        (pair, texts[pair.local_id])
        for pair in pairs
        if pair.state is CommentPairState.LIVE
        and not pair.is_missing
        and pair.origin is Side.BUGSPARK
        and pair.local_id in texts
    ]
    return [
        (pair, local)
        for pair, local in live_originals
        if pair.reason != COPY_EDITED_ON_GITHUB
        and (text_digest(local.body) != pair.local_digest or _is_author_erased(pair, local))
    ]


def _is_author_erased(pair: CommentPair, local: LocalComment) -> bool:
    """Whether the copy names a user who has deleted their account since.

    Such a user is renamed, or the comment has no author any more (docs/reference/bugspark.md).
    """
    name = local.author or UNKNOWN_AUTHOR
    return name in ERASED_AUTHORS and pair.author not in (None, name)

"""Comments of BugSpark whose ledger row waits for a copy that nothing is going to send any more.

A link that was cut takes its unsent wishes along; when it is made again, or the one wish a comment may have
was another link's, the row is all that is left. What had been on its way goes out then (docs/design.md,
Invariants, 2); what a rule had kept back goes out when the link is made again by one that lets it.
"""

from collections.abc import Iterator

from reconciler.decide.comment_draft import CommentDraft
from reconciler.model.fields import Side
from reconciler.model.link import UNLINKED_BEFORE_SENDING, CommentPair, CommentPairState, Link, LinkOrigin
from reconciler.model.report import LocalComment

OLDER_THAN_LINK = "older than the link (link --backfill sends such comments)"
"""Why a comment was kept back at first contact."""


def unsent_comments(desk: CommentDraft) -> Iterator[tuple[LocalComment, CommentPair]]:
    """Comments that are there, with the rows that know no copy of them. Only a whole look can tell."""
    if not desk.view.is_complete:
        return
    rows = {
        entry.local_id: desk.current_pair(entry) for entry in desk.view.pairs if entry.local_id is not None
    }
    for local in desk.view.local_comments:
        entry = rows.get(local.id)
        if entry is not None and _is_unsent(desk, entry):
            yield local, entry


def _is_unsent(desk: CommentDraft, entry: CommentPair) -> bool:
    if entry.origin is not Side.BUGSPARK or entry.remote_id is not None:
        return False
    if entry.state is CommentPairState.SKIPPED:
        return entry.reason == OLDER_THAN_LINK and desk.is_initial_sync and may_send_older(desk.view.link)
    return entry.state in (CommentPairState.PENDING, CommentPairState.ENDED)


def may_send_older(link: Link) -> bool:
    """Whether comments older than the link go out (docs/design.md, Initial sync)."""
    return link.backfill or link.origin is LinkOrigin.EXPORT


def is_original_deleted(desk: CommentDraft, entry: CommentPair) -> bool:
    """The row ended because its original was deleted, not because its link was cut."""
    if entry.state is not CommentPairState.ENDED or entry.reason == UNLINKED_BEFORE_SENDING:
        return False
    return not any(local.id == entry.local_id for local in desk.view.local_comments)

"""After a restore: what our markers say is ours is written down, and nothing else is done about a link."""

from dataclasses import replace

from reconciler.decide.comment_draft import CommentDraft, NewId, draft_for
from reconciler.model.fields import Side
from reconciler.model.ids import CommentId
from reconciler.model.issue import RemoteComment
from reconciler.model.link import CommentPairState
from reconciler.model.plan import LinkObservation, LinkPlan
from reconciler.model.policy import SyncPolicy
from reconciler.text import text_digest

ORIGINAL_MISSING = "our copy of a comment that is no longer in BugSpark"
"""Neither imported as a stranger's nor deleted: it may be all that is left of what somebody wrote."""


def adopt_copies(view: LinkObservation, policy: SyncPolicy, new_id: NewId) -> LinkPlan:
    """The ledger rows of copies it does not know. The link is due at once: all else is decided by a later
    look, which no ETag may spare."""
    desk = draft_for(view, policy, new_id)
    for comment in sorted(view.comments, key=lambda row: (row.created_at, row.id)):
        if comment.marker_comment_id is not None and comment.id not in desk.by_remote:
            _adopt_copy(desk, comment, comment.marker_comment_id)
    checked = replace(view.verification, due=view.verification.at, etags=None) if view.verification else None
    return LinkPlan(
        link=view.link,
        report=view.report,
        after=replace(view.link, owner_instance=view.owner_instance, verification=checked),
        pairs=tuple(desk.changed_pairs.values()),
    )


def _adopt_copy(desk: CommentDraft, comment: RemoteComment, local_id: CommentId) -> None:
    entry = desk.by_local.get(local_id)
    if entry is None:
        local = desk.unmatched.pop(local_id, None)
        state = CommentPairState.LIVE if local else CommentPairState.SKIPPED
        reason = None if local else ORIGINAL_MISSING
        desk.store_pair(desk.new_pair(Side.BUGSPARK, state, local=local, remote=comment, reason=reason))
    elif entry.state is CommentPairState.PENDING and entry.remote_id is None:
        desk.store_pair(
            replace(
                entry,
                state=CommentPairState.LIVE,
                remote_id=comment.id,
                remote_digest=text_digest(comment.body),
                remote_updated_at=comment.updated_at,
            )
        )

"""After a restore: what our markers say is ours is written down, and nothing else is done about a link."""

from dataclasses import replace

from reconciler.decide.desk import Desk, NewId, desk_for
from reconciler.decide.text import digest
from reconciler.model.fields import Side
from reconciler.model.ids import CommentId
from reconciler.model.issue import RemoteComment
from reconciler.model.link import EntryState
from reconciler.model.plan import LinkPlan, LinkView
from reconciler.model.policy import SyncPolicy

VANISHED = "our copy of a comment that is no longer in BugSpark"
"""Neither imported as a stranger's nor deleted: it may be all that is left of what somebody wrote."""


def adopt(view: LinkView, policy: SyncPolicy, new_id: NewId) -> LinkPlan:
    """The ledger rows of copies it does not know. The link is due at once: all else is decided by a later
    look, which no ETag may spare."""
    desk = desk_for(view, policy, new_id)
    for comment in sorted(view.comments, key=lambda row: (row.created_at, row.id)):
        if comment.marked is not None and comment.id not in desk.by_remote:
            _adopt(desk, comment, comment.marked)
    checked = replace(view.checked, due=view.checked.at, etags=None) if view.checked else None
    return LinkPlan(
        link=view.link,
        report=view.report,
        after=replace(view.link, held_by=view.rival, checked=checked),
        entries=tuple(desk.changed.values()),
    )


def _adopt(desk: Desk, comment: RemoteComment, local_id: CommentId) -> None:
    entry = desk.by_local.get(local_id)
    if entry is None:
        local = desk.unmatched.pop(local_id, None)
        state = EntryState.LIVE if local else EntryState.SKIPPED
        reason = None if local else VANISHED
        desk.keep(desk.entry(Side.BUGSPARK, state, local=local, remote=comment, reason=reason))
    elif entry.state is EntryState.PENDING and entry.remote_id is None:
        desk.keep(
            replace(
                entry,
                state=EntryState.LIVE,
                remote_id=comment.id,
                remote_digest=digest(comment.body),
                remote_updated_at=comment.updated_at,
            )
        )

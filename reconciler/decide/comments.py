"""A link's comments: which originals lack a copy, which copies lag behind, which lost their original.

Identity is the ledger's, by id; a valid marker recovers it; prose is trusted only for comments older than
the link, by an account of ours (docs/design.md, Comments). A deleted copy never touches its original.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reconciler.decide.comment_draft import CommentDraft, NewId, draft_for
from reconciler.decide.copies import (
    OLDER_THAN_LINK,
    adopt_earlier_copy,
    author_login,
    decide_marked_copy,
    excerpt,
    is_earlier_copy,
    match_import,
    may_send_older,
    unsent_comments,
)
from reconciler.model.fields import Side
from reconciler.model.ids import CommentId
from reconciler.model.issue import RemoteComment
from reconciler.model.kinds import Kind
from reconciler.model.link import CommentPair, CommentPairState, LinkObservation
from reconciler.model.plan import (
    Action,
    CommentEvent,
    DeleteRemote,
    EditLocal,
    EditRemote,
    ImportComment,
    PostComment,
    RemoveLocal,
    Rule,
    Why,
)
from reconciler.model.policy import SyncPolicy
from reconciler.model.report import LocalComment
from reconciler.text import comment_to_bugspark, parse_import, text_digest

COPY_EDITED_ON_GITHUB = "our copy was edited on GitHub"
"""Shown to people, and remembered: such a copy is never overwritten (docs/design.md, Comments)."""

COPY_EDITED_IN_BUGSPARK = "its copy was edited in BugSpark"
"""The same the other way round."""

COPY_OF_OTHER_DATABASE = "another BugSpark database wrote it"
"""A copy of what is there; here it would be a stranger's comment that no stranger has written."""

COPY_WAS_DELETED = "the copy was deleted; its original stays, and no other copy is made"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentsDecision:
    """What is to be done about one link's comments."""

    actions: tuple[Action, ...] = ()
    pairs: tuple[CommentPair, ...] = ()
    events: tuple[CommentEvent, ...] = ()


def decide_comments(view: LinkObservation, policy: SyncPolicy, new_id: NewId) -> CommentsDecision:
    """Pure but for `new_id`, which names the copies that will be made. Raises nothing."""
    draft = draft_for(view, policy, new_id)
    for pair in _pairs_without_local(view):  # first: what was deleted here is not revived by an edit there
        _end_pair_deleted_in_bugspark(draft, pair)
    for comment in sorted(view.comments, key=lambda row: (row.created_at, row.id)):
        _decide_remote(draft, comment)
    waiting = {comment.id: pair for comment, pair in unsent_comments(draft)}
    fresh = [*draft.unmatched.values(), *(row for row in view.local_comments if row.id in waiting)]
    for local in sorted(fresh, key=lambda row: (row.created_at, row.id)):
        _decide_local(draft, local, waiting.get(local.id))
    for pair in view.pairs:
        _end_pair_deleted_on_github(draft, pair)
    if view.is_complete:
        _decide_local_edits(draft)
    return CommentsDecision(
        actions=tuple(draft.actions), pairs=tuple(draft.changed_pairs.values()), events=tuple(draft.events)
    )


def _pairs_without_local(view: LinkObservation) -> Iterable[CommentPair]:
    if not view.is_complete:
        return view.vanished_pairs
    present = {comment.id for comment in view.local_comments}
    standing = (CommentPairState.LIVE, CommentPairState.PENDING)
    return (e for e in view.pairs if e.state in standing and e.local_id not in present)


# --- seen on GitHub ---------------------------------------------------------------------------------------


def _decide_remote(draft: CommentDraft, comment: RemoteComment) -> None:
    pair = draft.by_remote.get(comment.id)
    if pair is not None:
        _update_pair(draft, pair, comment)
    elif comment.marker_comment_id is not None:
        decide_marked_copy(draft, comment, comment.marker_comment_id)
    elif comment.marker_instance is not None:
        draft.store_pair(
            draft.new_pair(
                Side.GITHUB, CommentPairState.SKIPPED, remote=comment, reason=COPY_OF_OTHER_DATABASE
            )
        )
    elif is_earlier_copy(comment, draft.view.link, draft.view.own_accounts):
        adopt_earlier_copy(draft, comment)
    elif not match_import(draft, comment):
        _import(draft, comment)


def _update_pair(draft: CommentDraft, pair: CommentPair, comment: RemoteComment) -> None:
    stale = pair.remote_updated_at is not None and comment.updated_at < pair.remote_updated_at
    if (
        pair.state is not CommentPairState.LIVE or stale
    ):  # a tombstone is not revived; a lagging row is no news
        return
    seen = replace(pair, remote_digest=text_digest(comment.body), remote_updated_at=comment.updated_at)
    if seen.remote_digest != pair.remote_digest:
        seen = _decide_remote_edit(draft, pair, seen, comment)
    if seen != pair:
        draft.store_pair(seen)


def _decide_remote_edit(
    draft: CommentDraft, pair: CommentPair, seen: CommentPair, comment: RemoteComment
) -> CommentPair:
    if pair.origin is Side.BUGSPARK:
        said = excerpt(comment.body)
        draft.events.append(
            CommentEvent(kind=Kind.COPY_EDITED, side=Side.GITHUB, rule=COPY_EDITED_ON_GITHUB, remote=said)
        )
        return replace(seen, reason=COPY_EDITED_ON_GITHUB)
    if _is_copy_edited_in_bugspark(draft, pair):
        said = excerpt(comment.body)
        draft.events.append(
            CommentEvent(kind=Kind.COPY_EDITED, side=Side.BUGSPARK, rule=COPY_EDITED_IN_BUGSPARK, remote=said)
        )
        return replace(seen, reason=COPY_EDITED_IN_BUGSPARK)
    body = comment_to_bugspark(author_login(comment), comment.body)
    why = Why(rule=Rule.COMMENT_EDITED, remote=excerpt(comment.body), to=excerpt(body))
    draft.actions.append(EditLocal(pair=pair, comment=comment, body=body, why=why))
    return replace(seen, local_digest=text_digest(body))


def _is_copy_edited_in_bugspark(draft: CommentDraft, pair: CommentPair) -> bool:
    """BugSpark edits no comment, but an administrator's SQL may; only a whole look shows what it did."""
    said = next((local.body for local in draft.view.local_comments if local.id == pair.local_id), None)
    return pair.reason == COPY_EDITED_IN_BUGSPARK or (
        said is not None and text_digest(said) != pair.local_digest
    )


def _import(draft: CommentDraft, comment: RemoteComment) -> None:
    if draft.policy.collaborators_only and not comment.collaborator:
        reason = "not by a collaborator (sync.comments_from)"
        draft.store_pair(draft.new_pair(Side.GITHUB, CommentPairState.SKIPPED, remote=comment, reason=reason))
        return
    body = comment_to_bugspark(author_login(comment), comment.body)
    why = Why(rule=Rule.COMMENT_CREATED, remote=excerpt(comment.body), to=excerpt(body))
    draft.actions.append(ImportComment(comment=comment, body=body, why=why))
    pair = draft.new_pair(Side.GITHUB, CommentPairState.LIVE, remote=comment)
    draft.store_pair(replace(pair, local_id=CommentId(draft.new_id()), local_digest=text_digest(body)))


# --- seen in BugSpark -------------------------------------------------------------------------------------


def _decide_local(draft: CommentDraft, comment: LocalComment, waiting: CommentPair | None) -> None:
    """`waiting`: the row of one that was to go out before."""
    reason = None if waiting else _skip_reason(draft, comment)
    if reason is not None:
        origin = Side.GITHUB if comment.source == Side.GITHUB else Side.BUGSPARK
        draft.store_pair(draft.new_pair(origin, CommentPairState.SKIPPED, local=comment, reason=reason))
        return
    why = Why(rule=Rule.COMMENT_CREATED, local=excerpt(comment.body))
    draft.actions.append(PostComment(comment=comment, why=why))
    row = waiting or draft.new_pair(Side.BUGSPARK, CommentPairState.PENDING, local=comment)
    if (
        row.state is not CommentPairState.PENDING
    ):  # of one that is, the wish may stand, frozen in its old words
        row = replace(
            row, state=CommentPairState.PENDING, reason=None, local_digest=text_digest(comment.body)
        )
    draft.store_pair(row)


def _skip_reason(draft: CommentDraft, comment: LocalComment) -> str | None:
    link = draft.view.link
    older = comment.created_at < link.created_at
    copied = (draft.is_initial_sync or older) and parse_import(comment.body) is not None
    if comment.source == Side.GITHUB or copied:
        return "imported earlier; its original was not found on GitHub"
    return OLDER_THAN_LINK if draft.is_initial_sync and older and not may_send_older(link) else None


def _decide_local_edits(draft: CommentDraft) -> None:
    """BugSpark never edits comments, but an administrator's SQL may: seen when a whole thread is compared."""
    for pair, local in edited_originals(
        [draft.current_pair(each) for each in draft.view.pairs], draft.view.local_comments
    ):
        why = Why(rule=Rule.COMMENT_EDITED, local=excerpt(local.body))
        draft.actions.append(EditRemote(pair=pair, comment=local, why=why))


def edited_originals(
    pairs: Sequence[CommentPair], comments: Sequence[LocalComment]
) -> Sequence[tuple[CommentPair, LocalComment]]:
    """Comments of BugSpark that do not say what their copies were made of. A copy that somebody rewrote on
    GitHub stays as it is.
    """
    texts = {comment.id: comment for comment in comments}
    ours = [
        (pair, texts[pair.local_id])
        for pair in pairs
        if pair.state is CommentPairState.LIVE and pair.origin is Side.BUGSPARK and pair.local_id in texts
    ]
    return [
        (pair, local)
        for pair, local in ours
        if pair.reason != COPY_EDITED_ON_GITHUB and text_digest(local.body) != pair.local_digest
    ]


# --- no longer seen ---------------------------------------------------------------------------------------


def _end_pair_deleted_in_bugspark(draft: CommentDraft, pair: CommentPair) -> None:
    copied = pair.remote_id is not None and pair.remote_id not in draft.view.deleted_remote_ids
    double = pair.local_id is None  # a second copy never had an original: it goes, whatever the switch says
    if pair.origin is Side.GITHUB:
        draft.store_pair(replace(pair, state=CommentPairState.TOMBSTONE, reason="deleted in BugSpark"))
        draft.events.append(CommentEvent(kind=Kind.COPY_DELETED, side=Side.BUGSPARK, rule=COPY_WAS_DELETED))
    elif copied and (double or draft.policy.delete_on_github):
        rule = Rule.COMMENT_DOUBLED if double else Rule.COMMENT_DELETED
        draft.actions.append(DeleteRemote(pair=pair, why=Why(rule=rule)))
    else:
        draft.store_pair(replace(pair, state=CommentPairState.ENDED, reason="deleted in BugSpark"))


def _end_pair_deleted_on_github(draft: CommentDraft, pair: CommentPair) -> None:
    pair = draft.current_pair(pair)
    if pair.state is not CommentPairState.LIVE or pair.remote_id not in draft.view.deleted_remote_ids:
        return
    if pair.origin is Side.BUGSPARK:
        draft.store_pair(replace(pair, state=CommentPairState.TOMBSTONE, reason="deleted on GitHub"))
        said = _local_excerpt(draft, pair)
        draft.events.append(
            CommentEvent(kind=Kind.COPY_DELETED, side=Side.GITHUB, rule=COPY_WAS_DELETED, local=said)
        )
        return
    if draft.policy.delete_in_bugspark:
        draft.actions.append(RemoveLocal(pair=pair, why=_deletion_why(draft, pair)))
    draft.store_pair(replace(pair, state=CommentPairState.ENDED, reason="deleted on GitHub"))


def _deletion_why(draft: CommentDraft, pair: CommentPair) -> Why:
    return Why(rule=Rule.COMMENT_DELETED, local=_local_excerpt(draft, pair))


def _local_excerpt(draft: CommentDraft, pair: CommentPair) -> str | None:
    """What BugSpark says there, where the whole thread was read."""
    return next(
        (excerpt(local.body) for local in draft.view.local_comments if local.id == pair.local_id), None
    )

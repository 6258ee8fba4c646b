"""Decisions about a link's comments: copies to make, edits to carry over, deletions to carry over.

A comment is identified by the ids in the ledger; where a row is missing, by a valid marker. The text alone
identifies only comments that are older than the link and written by an account of ours (docs/design.md,
Comments). A deleted copy never changes its original.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.decide.button_export import link_began_at
from reconciler.decide.comment_copies import (
    OLDER_THAN_LINK,
    author_login,
    decide_marked_copy,
    excerpt,
    is_copy_before_link,
    match_import,
    may_send_comments_older_than_link,
    record_copy_before_link,
    unsent_comments,
)
from reconciler.decide.comment_draft import CommentDraft, NewId, draft_for
from reconciler.decide.comment_exclusion import (
    is_skipped_for_its_author,
    not_imported_reason,
    not_sent_reason,
)
from reconciler.decide.comment_presence import COPY_WAS_DELETED, decide_presence, is_shown_again
from reconciler.decide.edited_originals import COPY_EDITED_ON_GITHUB, edited_originals
from reconciler.model.fields import Side
from reconciler.model.ids import CommentId
from reconciler.model.issue import RemoteComment
from reconciler.model.kinds import Kind
from reconciler.model.link import (
    CommentPair,
    CommentPairState,
    LinkObservation,
    is_older_than_known,
)
from reconciler.model.plan import (
    Action,
    CommentEvent,
    DeleteRemoteComment,
    EditLocalComment,
    EditRemoteComment,
    ImportComment,
    PostComment,
    Rule,
    Why,
)
from reconciler.model.policy import SyncPolicy
from reconciler.model.report import LocalComment
from reconciler.text import comment_to_bugspark, parse_import, text_digest

COPY_EDITED_IN_BUGSPARK = "its copy was edited in BugSpark"
"""The reason shown to people and stored, as `COPY_EDITED_ON_GITHUB` is."""

COPY_OF_OTHER_DATABASE = "another BugSpark database wrote it"
"""Such a copy is not imported: its original is a comment of the other database, not one written on GitHub."""

COPY_LIVES_AGAIN = "GitHub shows it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentsDecision:
    """The actions for one link's comments, the changed ledger rows, and the events for the history."""

    actions: tuple[Action, ...] = ()
    pairs: tuple[CommentPair, ...] = ()
    events: tuple[CommentEvent, ...] = ()


def decide_comments(view: LinkObservation, policy: SyncPolicy, new_id: NewId) -> CommentsDecision:
    """Decide everything about one link's comments. Pure but for `new_id`, which makes the ids of new rows."""
    draft = draft_for(view, policy, new_id)
    # first, so that an edit on GitHub does not restore what was deleted in BugSpark
    for pair in _pairs_without_local_comment(view):
        _end_pair_deleted_in_bugspark(draft, pair)
    for comment in sorted(view.comments, key=lambda row: (row.created_at, row.id)):
        _decide_github_comment(draft, comment)
    unsent_pairs = {comment.id: pair for comment, pair in unsent_comments(draft)}
    new_comments = [
        *draft.unmatched.values(),
        *(row for row in view.local_comments if row.id in unsent_pairs),
    ]
    for local in sorted(new_comments, key=lambda row: (row.created_at, row.id)):
        _decide_uncopied_comment(draft, local, unsent_pairs.get(local.id))
    decide_presence(draft)
    _decide_local_edits(draft)
    return CommentsDecision(
        actions=tuple(draft.actions), pairs=tuple(draft.changed_pairs.values()), events=tuple(draft.events)
    )


def _pairs_without_local_comment(view: LinkObservation) -> Iterable[CommentPair]:
    if not view.is_complete:
        return view.vanished_pairs
    present = {comment.id for comment in view.local_comments}
    live_states = (CommentPairState.LIVE, CommentPairState.PENDING)
    missing = (pair for pair in view.pairs if pair.state in live_states and pair.local_id not in present)
    # A report that follows no more, or was deleted, says nothing about its comments' copies.
    missing = (pair for pair in missing if pair.follower_id is None or pair.follower_id in view.followers)
    return (pair for pair in missing if not pair.is_about_link)


# --- comments seen on GitHub ------------------------------------------------------------------------------


def _decide_github_comment(draft: CommentDraft, comment: RemoteComment) -> None:
    pair = draft.by_remote.get(comment.id)
    if pair is not None and is_skipped_for_its_author(pair):
        _reconsider_skipped_comment(draft, pair, comment)
    elif pair is not None and is_shown_again(draft, pair):
        _undo_deletion(draft, pair, comment)
    elif pair is not None:
        _update_pair(draft, pair, comment)
    elif comment.is_doubtful_copy:
        return  # neither imported nor matched: a person says what it is
    elif comment.marker_comment_id is not None:
        decide_marked_copy(draft, comment, comment.marker_comment_id)
    elif comment.marker_instance is not None:
        draft.set_pair(
            draft.new_pair(
                Side.GITHUB, CommentPairState.SKIPPED, remote=comment, reason=COPY_OF_OTHER_DATABASE
            )
        )
    elif is_copy_before_link(comment, draft.view.link, draft.view.own_accounts):
        record_copy_before_link(draft, comment)
    elif not match_import(draft, comment):
        _import_comment(draft, comment)


def _update_pair(draft: CommentDraft, pair: CommentPair, comment: RemoteComment) -> None:
    # A full read compares content: it has asked twice for what seemed older (sync/full_read.py).
    stale = not draft.view.is_complete and is_older_than_known(
        comment.updated_at, pair.remote_updated_at, draft.view.now
    )
    # A tombstone stays one, and a row of a list that lags behind says nothing new.
    if pair.state is not CommentPairState.LIVE or stale or comment.is_hidden:
        return
    updated_pair = replace(
        pair, remote_digest=text_digest(comment.body), remote_updated_at=comment.updated_at
    )
    if updated_pair.remote_digest != pair.remote_digest:
        updated_pair = _decide_remote_edit(draft, pair, updated_pair, comment)
    if updated_pair != pair:
        draft.set_pair(updated_pair)


def _decide_remote_edit(
    draft: CommentDraft, pair: CommentPair, updated_pair: CommentPair, comment: RemoteComment
) -> CommentPair:
    if pair.origin is Side.BUGSPARK:
        text_excerpt = excerpt(comment.body)
        draft.events.append(
            CommentEvent(
                kind=Kind.COPY_EDITED, side=Side.GITHUB, rule=COPY_EDITED_ON_GITHUB, remote=text_excerpt
            )
        )
        return replace(updated_pair, reason=COPY_EDITED_ON_GITHUB)
    if not draft.policy.comments.direction.writes_bugspark:
        return updated_pair
    if _is_copy_edited_in_bugspark(draft, pair):
        text_excerpt = excerpt(comment.body)
        draft.events.append(
            CommentEvent(
                kind=Kind.COPY_EDITED, side=Side.BUGSPARK, rule=COPY_EDITED_IN_BUGSPARK, remote=text_excerpt
            )
        )
        return replace(updated_pair, reason=COPY_EDITED_IN_BUGSPARK)
    body = comment_to_bugspark(author_login(comment), comment.body)
    why = Why(rule=Rule.COMMENT_EDITED, remote=excerpt(comment.body), to=excerpt(body))
    draft.actions.append(EditLocalComment(pair=pair, comment=comment, body=body, why=why))
    return replace(updated_pair, local_digest=text_digest(body))


def _is_copy_edited_in_bugspark(draft: CommentDraft, pair: CommentPair) -> bool:
    """Whether somebody changed BugSpark's copy by SQL (BugSpark itself edits no comment).

    Only a full read has the text to compare.
    """
    local_body = next((local.body for local in draft.view.local_comments if local.id == pair.local_id), None)
    return pair.reason == COPY_EDITED_IN_BUGSPARK or (
        local_body is not None and text_digest(local_body) != pair.local_digest
    )


def _import_comment(draft: CommentDraft, comment: RemoteComment) -> None:
    reason = not_imported_reason(draft.policy, comment)
    if reason is not None:
        draft.set_pair(draft.new_pair(Side.GITHUB, CommentPairState.SKIPPED, remote=comment, reason=reason))
        return
    _plan_import(draft, comment, draft.new_pair(Side.GITHUB, CommentPairState.LIVE, remote=comment))


def _reconsider_skipped_comment(draft: CommentDraft, pair: CommentPair, comment: RemoteComment) -> None:
    """Import a comment that was passed over, or correct the reason why it still is."""
    reason = not_imported_reason(draft.policy, comment)
    if reason is None:
        live = replace(pair, state=CommentPairState.LIVE, reason=None, remote_updated_at=comment.updated_at)
        _plan_import(draft, comment, replace(live, remote_digest=text_digest(comment.body)))
    elif reason != pair.reason and (comment.collaborator is not None or comment.is_hidden):
        draft.set_pair(replace(pair, reason=reason))


def _undo_deletion(draft: CommentDraft, pair: CommentPair, comment: RemoteComment) -> None:
    """Undo a deletion that two readings show to be none: an original gets its copy back, our copy lives."""
    live = replace(pair, state=CommentPairState.LIVE, reason=None, first_reading=None)
    reason = not_imported_reason(draft.policy, comment)
    has_local = any(local.id == pair.local_id for local in draft.view.local_comments)
    if pair.origin is Side.GITHUB and reason is not None:
        draft.set_pair(replace(live, state=CommentPairState.SKIPPED, reason=reason))
    elif pair.origin is Side.GITHUB and not has_local:
        live = replace(live, remote_digest=text_digest(comment.body), remote_updated_at=comment.updated_at)
        _plan_import(draft, comment, live, Rule.COMMENT_SHOWN)
    else:  # BugSpark's comment was kept
        draft.set_pair(live)
        rule, text = COPY_LIVES_AGAIN, excerpt(comment.body)
        draft.events.append(CommentEvent(kind=Kind.COPY_RESTORED, side=Side.GITHUB, rule=rule, remote=text))
        _update_pair(draft, live, comment)


def _plan_import(
    draft: CommentDraft, comment: RemoteComment, pair: CommentPair, rule: Rule = Rule.COMMENT_CREATED
) -> None:
    body = comment_to_bugspark(author_login(comment), comment.body)
    why = Why(rule=rule, remote=excerpt(comment.body), to=excerpt(body))
    draft.actions.append(ImportComment(comment=comment, body=body, why=why))
    draft.set_pair(replace(pair, local_id=CommentId(draft.new_id()), local_digest=text_digest(body)))


# --- comments seen in BugSpark -----------------------------------------------------------------------------


def _decide_uncopied_comment(
    draft: CommentDraft, comment: LocalComment, unsent_pair: CommentPair | None
) -> None:
    """Decide a comment without a copy. `unsent_pair`: its row, if it was to be sent before."""
    reason = None if unsent_pair else _skip_reason(draft, comment)
    # A pending one has an intent, whose outcome may be unknown.
    if reason is None and (unsent_pair is None or unsent_pair.state is not CommentPairState.PENDING):
        reason = not_sent_reason(draft.policy, comment)
    if reason is not None:
        origin = Side.GITHUB if comment.source == Side.GITHUB else Side.BUGSPARK
        new = unsent_pair or draft.new_pair(origin, CommentPairState.SKIPPED, local=comment)
        draft.set_pair(replace(new, state=CommentPairState.SKIPPED, reason=reason))
        return
    why = Why(rule=Rule.COMMENT_CREATED, local=excerpt(comment.body))
    draft.actions.append(PostComment(comment=comment, why=why))
    pair = unsent_pair or draft.new_pair(Side.BUGSPARK, CommentPairState.PENDING, local=comment)
    # A pending row keeps its digest: its intent may be open, with the text of that time.
    if pair.state is not CommentPairState.PENDING:
        pair = replace(
            pair, state=CommentPairState.PENDING, reason=None, local_digest=text_digest(comment.body)
        )
    draft.set_pair(pair)


def _skip_reason(draft: CommentDraft, comment: LocalComment) -> str | None:
    link = draft.view.link
    older = comment.created_at < link_began_at(draft.view)
    copied = (draft.is_initial_sync or older) and parse_import(comment.body) is not None
    if comment.source == Side.GITHUB or copied:
        return "imported earlier; its original was not found on GitHub"
    return (
        OLDER_THAN_LINK
        if draft.is_initial_sync and older and not may_send_comments_older_than_link(link)
        else None
    )


def _decide_local_edits(draft: CommentDraft) -> None:
    """Carry over originals that were changed by SQL (BugSpark edits no comment), and the erasure of authors.

    Only a full read, and a second reading of the copy, have BugSpark's text beside the ledger's row.
    """
    for pair, local in edited_originals(
        [draft.current_pair(each) for each in draft.view.pairs], draft.view.local_comments
    ):
        if not draft.policy.comments.direction.writes_github and text_digest(local.body) != pair.local_digest:
            draft.set_pair(replace(pair, local_digest=text_digest(local.body)))
            continue  # the next edit is compared with this text; the name of a user who is gone still goes
        why = Why(rule=Rule.COMMENT_EDITED, local=excerpt(local.body))
        draft.actions.append(EditRemoteComment(pair=pair, comment=local, why=why))


# --- comments that are gone --------------------------------------------------------------------------------


def _end_pair_deleted_in_bugspark(draft: CommentDraft, pair: CommentPair) -> None:
    copied = pair.remote_id is not None
    # A second copy has no original of its own: it is deleted even where `delete_on_github` is off.
    is_second_copy = pair.local_id is None
    if pair.origin is Side.GITHUB:
        draft.set_pair(
            replace(pair, state=CommentPairState.TOMBSTONE, reason="deleted in BugSpark", first_reading=None)
        )
        draft.events.append(CommentEvent(kind=Kind.COPY_DELETED, side=Side.BUGSPARK, rule=COPY_WAS_DELETED))
    elif copied and (is_second_copy or draft.policy.carries_deletions_to_github):
        rule = Rule.COMMENT_DOUBLED if is_second_copy else Rule.COMMENT_DELETED
        draft.actions.append(DeleteRemoteComment(pair=pair, why=Why(rule=rule)))
    else:
        draft.set_pair(
            replace(pair, state=CommentPairState.ENDED, reason="deleted in BugSpark", first_reading=None)
        )

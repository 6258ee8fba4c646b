"""Comments matched with their copies, and comments whose copy was never sent.

The ledger's rows match them by id. Without a row a valid marker does. The text alone counts only for comments
that are older than the link and written by an account of ours (docs/design.md, Comments).
"""

from collections.abc import Collection, Iterator
from dataclasses import replace

from reconciler.decide.comment_draft import CommentDraft, NewId, draft_for
from reconciler.model.database_identity import MARKER_NAME
from reconciler.model.fields import Side
from reconciler.model.ids import AccountId, CommentId
from reconciler.model.issue import RemoteComment
from reconciler.model.kinds import Kind
from reconciler.model.link import (
    UNLINKED_BEFORE_SENDING,
    CommentPair,
    CommentPairState,
    Link,
    LinkObservation,
    LinkOrigin,
)
from reconciler.model.plan import CommentEvent, DeleteRemoteComment, LinkPlan, Rule, Why
from reconciler.model.policy import SyncPolicy
from reconciler.model.report import LocalComment
from reconciler.text import (
    GHOST_LOGIN,
    UNKNOWN_AUTHOR,
    comment_to_bugspark,
    has_bugspark_tag,
    is_rendering_of,
    is_same_text,
    parse_import,
    text_digest,
)

OLDER_THAN_LINK = "older than the link (link --backfill sends such comments)"
"""Why the initial sync did not send a comment."""
ORIGINAL_MISSING = "our copy of a comment that is no longer in BugSpark"
"""Such a copy is neither imported nor deleted: it may be all that is left of its original."""


def decide_marked_copy(draft: CommentDraft, comment: RemoteComment, local_id: CommentId) -> None:
    """Decide a GitHub comment that has a valid marker and no ledger row.

    If BugSpark's comment has no copy yet, this one becomes its copy. If it has a copy already, this one is a
    second copy and is deleted. The only copy of a comment is never deleted here.
    """
    pair = draft.by_local.get(local_id)
    local = draft.unmatched.pop(local_id, None)
    if pair is None:
        _record_copy(draft, comment, local)
    elif pair.remote_id is None or (
        pair.state is CommentPairState.LIVE and not _is_copy_on_github(draft, pair)
    ):
        _record_copy_of_pair(draft, pair, comment)
    elif draft.view.is_older_than_known:
        return  # a later reading tells which of the two are there
    elif pair.state in (CommentPairState.LIVE, CommentPairState.ENDED):
        second = draft.new_pair(
            Side.BUGSPARK, CommentPairState.LIVE, remote=comment, reason="a second copy of ours"
        )
        draft.set_pair(second)
        why = Why(rule=Rule.COMMENT_DOUBLED, remote=excerpt(comment.body))
        draft.actions.append(DeleteRemoteComment(pair=second, why=why))


def _is_copy_on_github(draft: CommentDraft, pair: CommentPair) -> bool:
    """Whether the copy in the ledger is known to be there; else another one takes its place.

    Should it come back, it is the second copy.
    """
    shown = any(row.id == pair.remote_id for row in draft.view.comments)
    return shown or not (pair.is_missing or (draft.view.is_complete and not draft.view.is_older_than_known))


def _record_copy(draft: CommentDraft, comment: RemoteComment, local: LocalComment | None) -> None:
    """Store a row for a copy of ours that has none. `local`: its original, where that still exists."""
    state = CommentPairState.LIVE if local else CommentPairState.SKIPPED
    reason = None if local else ORIGINAL_MISSING
    draft.set_pair(draft.new_pair(Side.BUGSPARK, state, local=local, remote=comment, reason=reason))


def with_copy(pair: CommentPair, comment: RemoteComment) -> CommentPair:
    """Return the row with this comment as its copy on GitHub."""
    return replace(
        pair,
        remote_id=comment.id,
        remote_digest=text_digest(comment.body),
        remote_updated_at=comment.updated_at,
        first_reading=None,
    )


def _record_copy_of_pair(draft: CommentDraft, pair: CommentPair, comment: RemoteComment) -> None:
    """Enter a copy into its comment's row. If the original was deleted since, the copy is deleted too."""
    late = is_original_deleted(draft, pair)
    paired = with_copy(pair, comment)
    if late and not draft.policy.carries_deletions_to_github:
        draft.set_pair(paired)
        return
    paired = replace(paired, state=CommentPairState.LIVE, reason=None)
    draft.set_pair(paired)
    excerpt_of_original = excerpt(comment.body)
    draft.events.append(
        CommentEvent(kind=Kind.POST_COMMENT, side=Side.GITHUB, rule=Rule.FOUND, remote=excerpt_of_original)
    )
    if late:
        why = Why(rule=Rule.COMMENT_DELETED, remote=excerpt(comment.body))
        draft.actions.append(DeleteRemoteComment(pair=paired, why=why))


def record_copy_before_link(draft: CommentDraft, comment: RemoteComment) -> None:
    """Record a copy that BugSpark's own export made before the link existed. It is never imported."""
    # A comment that counts as unsent may have been sent, and its answer lost.
    unsent_by_id = {local.id: (local, pair) for local, pair in unsent_comments(draft)}
    originals = [*((local, None) for local in draft.unmatched.values()), *unsent_by_id.values()]
    local, pair = next(
        (original for original in originals if is_copy_of_bugspark_comment(original[0], comment.body)),
        (None, None),
    )
    if local is None:
        reason = "an earlier copy by BugSpark; its original was not found"
        draft.set_pair(draft.new_pair(Side.BUGSPARK, CommentPairState.SKIPPED, remote=comment, reason=reason))
        return
    draft.unmatched.pop(local.id, None)
    adopted_pair = draft.new_pair(Side.BUGSPARK, CommentPairState.LIVE, local=local, remote=comment)
    draft.set_pair(replace(adopted_pair, id=pair.id) if pair else adopted_pair)


def match_import(draft: CommentDraft, comment: RemoteComment) -> bool:
    """Match a GitHub comment with a copy that BugSpark already has. Return whether one was found.

    Only at initial sync.
    """
    if not draft.is_initial_sync:
        return False
    local = next((row for row in draft.unmatched.values() if is_copy_of_github_comment(row, comment)), None)
    if local is None:
        return False
    del draft.unmatched[local.id]
    draft.set_pair(draft.new_pair(Side.GITHUB, CommentPairState.LIVE, local=local, remote=comment))
    return True


def adopt_copies(view: LinkObservation, policy: SyncPolicy, new_id: NewId) -> LinkPlan:
    """Return a plan that only records copies the ledger does not know, after a restore.

    The link stays due for verification, without ETags, so that a later full read decides everything else.
    """
    draft = draft_for(view, policy, new_id)
    for comment in sorted(view.comments, key=lambda row: (row.created_at, row.id)):
        if comment.marker_comment_id is not None and comment.id not in draft.by_remote:
            _record_marked_copy(draft, comment, comment.marker_comment_id)
    checked = replace(view.verification, due=view.verification.at, etags=None) if view.verification else None
    return LinkPlan(
        link=view.link,
        report=view.report,
        after=replace(view.link, owner_instance=view.owner_instance, verification=checked),
        pairs=tuple(draft.changed_pairs.values()),
    )


def _record_marked_copy(draft: CommentDraft, comment: RemoteComment, local_id: CommentId) -> None:
    pair = draft.by_local.get(local_id)
    if pair is None:
        _record_copy(draft, comment, draft.unmatched.pop(local_id, None))
    elif pair.state is CommentPairState.PENDING and pair.remote_id is None:
        draft.set_pair(replace(with_copy(pair, comment), state=CommentPairState.LIVE))


def unsent_comments(draft: CommentDraft) -> Iterator[tuple[LocalComment, CommentPair]]:
    """Yield BugSpark's comments whose ledger row waits for a copy that no intent will send.

    Cutting a link cancels its unsent intents, and a comment can have only one intent, perhaps of another
    link: then the row is all that is left. A comment that was about to be sent is sent after all
    (docs/design.md,
    Invariants, 2). A comment that a rule withheld is sent once a new link allows it. Yields nothing unless
    the observation is complete.
    """
    if not draft.view.is_complete:
        return
    pairs = {
        pair.local_id: draft.current_pair(pair) for pair in draft.view.pairs if pair.local_id is not None
    }
    for local in draft.view.local_comments:
        pair = pairs.get(local.id)
        if pair is not None and _is_unsent(draft, pair):
            yield local, pair


def _is_unsent(draft: CommentDraft, pair: CommentPair) -> bool:
    if pair.origin is not Side.BUGSPARK or pair.remote_id is not None:
        return False
    if pair.state is CommentPairState.SKIPPED:
        return (
            pair.reason == OLDER_THAN_LINK
            and draft.is_initial_sync
            and may_send_comments_older_than_link(draft.view.link)
        )
    return pair.state in (CommentPairState.PENDING, CommentPairState.ENDED)


def may_send_comments_older_than_link(link: Link) -> bool:
    """Whether comments older than the link are sent to GitHub (docs/design.md, Initial sync)."""
    return link.backfill or link.origin is LinkOrigin.EXPORT


def is_original_deleted(draft: CommentDraft, pair: CommentPair) -> bool:
    """Whether the row ended because its original was deleted, not because its link was cut."""
    if pair.state is not CommentPairState.ENDED or pair.reason == UNLINKED_BEFORE_SENDING:
        return False
    return not any(local.id == pair.local_id for local in draft.view.local_comments)


def is_copy_before_link(comment: RemoteComment, link: Link, accounts: Collection[AccountId]) -> bool:
    """Whether the text may identify this comment: it is older than the link and by an account of ours.

    Source: docs/design.md, Comments.
    """
    is_own_account = comment.author is not None and comment.author.id in accounts
    return is_own_account and has_bugspark_tag(comment.body) and comment.created_at < link.created_at


def is_copy_of_bugspark_comment(local: LocalComment, body: str) -> bool:
    """Whether a GitHub comment is a copy of this BugSpark comment, made by BugSpark or by this program."""
    unsigned = body.partition(f"\n\n<!-- {MARKER_NAME}")[0]
    plain = f"[BugSpark] {copy_author_name(local) or UNKNOWN_AUTHOR}:\n\n{local.body}"
    return is_same_text(plain, unsigned) or is_rendering_of(unsigned, copy_author_name(local), local.body)


def copy_author_name(local: LocalComment) -> str | None:
    """Return whom a comment's copy names: `Name (BUG-0007)` where its report follows another one."""
    if local.tracking_id is None:
        return local.author
    return f"{local.author or UNKNOWN_AUTHOR} ({local.tracking_id})"


def is_copy_of_github_comment(local: LocalComment, comment: RemoteComment) -> bool:
    """Whether a BugSpark comment is a copy of this GitHub comment, made by hand or by an earlier program."""
    login = author_login(comment)
    if is_same_text(local.body, comment_to_bugspark(login, comment.body)):  # a long one was truncated
        return True
    if local.source == Side.GITHUB and is_same_text(local.body, comment.body):
        return True
    form = parse_import(local.body)
    return form is not None and form[0].casefold() == login.casefold() and is_same_text(form[1], comment.body)


def author_login(comment: RemoteComment) -> str:
    """Return the author's login; for a deleted account GitHub's name for it, `ghost`."""
    return comment.author.login if comment.author else GHOST_LOGIN


def excerpt(text: str) -> str:
    """Return the first 80 characters of a text on one line, for plans and histories."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"

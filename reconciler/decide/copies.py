"""Comments paired with their copies: which is a copy of which, and which copy was never sent.

The ledger's rows say it by id. Where there is none, a valid marker does; prose is trusted only for comments
older than the link, by an account of ours (docs/design.md, Comments).
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
from reconciler.model.plan import CommentEvent, DeleteRemote, LinkPlan, Rule, Why
from reconciler.model.policy import SyncPolicy
from reconciler.model.report import LocalComment
from reconciler.text import (
    GHOST_LOGIN,
    comment_to_bugspark,
    comment_to_github,
    has_tag,
    is_same_text,
    parse_import,
    text_digest,
)

OLDER_THAN_LINK = "older than the link (link --backfill sends such comments)"
"""Why a comment was kept back at first contact."""
ORIGINAL_MISSING = "our copy of a comment that is no longer in BugSpark"
"""Neither imported as somebody else's nor deleted: it may be all that is left of what somebody wrote."""


def decide_marked_copy(draft: CommentDraft, comment: RemoteComment, local_id: CommentId) -> None:
    """Ours beyond doubt: adopted if its row lacks a copy, deleted if the row has one, the last one never."""
    pair = draft.by_local.get(local_id)
    local = draft.unmatched.pop(local_id, None)
    if pair is None:
        state = CommentPairState.LIVE if local else CommentPairState.SKIPPED
        reason = None if local else ORIGINAL_MISSING
        draft.store_pair(draft.new_pair(Side.BUGSPARK, state, local=local, remote=comment, reason=reason))
    elif pair.remote_id is None or (
        pair.state is CommentPairState.LIVE and pair.remote_id in draft.view.deleted_remote_ids
    ):
        _attach_copy(draft, pair, comment)
    elif pair.state in (CommentPairState.LIVE, CommentPairState.ENDED):
        second = draft.new_pair(
            Side.BUGSPARK, CommentPairState.LIVE, remote=comment, reason="a second copy of ours"
        )
        draft.store_pair(second)
        why = Why(rule=Rule.COMMENT_DOUBLED, remote=excerpt(comment.body))
        draft.actions.append(DeleteRemote(pair=second, why=why))


def _attach_copy(draft: CommentDraft, pair: CommentPair, comment: RemoteComment) -> None:
    """The original may have been deleted before its copy was seen: then the late copy goes along."""
    late = is_original_deleted(draft, pair)
    paired = replace(
        pair,
        remote_id=comment.id,
        remote_digest=text_digest(comment.body),
        remote_updated_at=comment.updated_at,
    )
    if late and not draft.policy.delete_on_github:
        draft.store_pair(paired)
        return
    paired = replace(paired, state=CommentPairState.LIVE, reason=None)
    draft.store_pair(paired)
    said = excerpt(comment.body)
    draft.events.append(CommentEvent(kind=Kind.POST_COMMENT, side=Side.GITHUB, rule=Rule.FOUND, remote=said))
    if late:
        why = Why(rule=Rule.COMMENT_DELETED, remote=excerpt(comment.body))
        draft.actions.append(DeleteRemote(pair=paired, why=why))


def adopt_earlier_copy(draft: CommentDraft, comment: RemoteComment) -> None:
    """Written by BugSpark before there was a ledger: never imported, whether or not it finds its original."""
    waiting = {
        local.id: (local, pair) for local, pair in unsent_comments(draft)
    }  # sent, and nobody heard of it
    rows = [*((local, None) for local in draft.unmatched.values()), *waiting.values()]
    local, pair = next((row for row in rows if is_copy_of(row[0], comment.body)), (None, None))
    if local is None:
        reason = "an earlier copy by BugSpark; its original was not found"
        draft.store_pair(
            draft.new_pair(Side.BUGSPARK, CommentPairState.SKIPPED, remote=comment, reason=reason)
        )
        return
    draft.unmatched.pop(local.id, None)
    found = draft.new_pair(Side.BUGSPARK, CommentPairState.LIVE, local=local, remote=comment)
    draft.store_pair(replace(found, id=pair.id) if pair else found)


def match_import(draft: CommentDraft, comment: RemoteComment) -> bool:
    """At first contact BugSpark may already hold a copy."""
    if not draft.is_initial_sync:
        return False
    local = next((row for row in draft.unmatched.values() if is_import_of(row, comment)), None)
    if local is None:
        return False
    del draft.unmatched[local.id]
    draft.store_pair(draft.new_pair(Side.GITHUB, CommentPairState.LIVE, local=local, remote=comment))
    return True


def adopt_copies(view: LinkObservation, policy: SyncPolicy, new_id: NewId) -> LinkPlan:
    """Record the copies that the ledger does not know, after a restore; nothing else is done about the link.

    It is due at once: all else is decided by a later read, which no ETag may spare.
    """
    draft = draft_for(view, policy, new_id)
    for comment in sorted(view.comments, key=lambda row: (row.created_at, row.id)):
        if comment.marker_comment_id is not None and comment.id not in draft.by_remote:
            _adopt_copy(draft, comment, comment.marker_comment_id)
    checked = replace(view.verification, due=view.verification.at, etags=None) if view.verification else None
    return LinkPlan(
        link=view.link,
        report=view.report,
        after=replace(view.link, owner_instance=view.owner_instance, verification=checked),
        pairs=tuple(draft.changed_pairs.values()),
    )


def _adopt_copy(draft: CommentDraft, comment: RemoteComment, local_id: CommentId) -> None:
    pair = draft.by_local.get(local_id)
    if pair is None:
        local = draft.unmatched.pop(local_id, None)
        state = CommentPairState.LIVE if local else CommentPairState.SKIPPED
        reason = None if local else ORIGINAL_MISSING
        draft.store_pair(draft.new_pair(Side.BUGSPARK, state, local=local, remote=comment, reason=reason))
    elif pair.state is CommentPairState.PENDING and pair.remote_id is None:
        draft.store_pair(
            replace(
                pair,
                state=CommentPairState.LIVE,
                remote_id=comment.id,
                remote_digest=text_digest(comment.body),
                remote_updated_at=comment.updated_at,
            )
        )


def unsent_comments(draft: CommentDraft) -> Iterator[tuple[LocalComment, CommentPair]]:
    """Comments of BugSpark whose ledger row waits for a copy that nothing is going to send any more.

    A link that was cut takes its unsent intents along; when it is made again, or the one intent a comment may
    have was another link's, the row is all that is left. What had been on its way goes out then
    (docs/design.md, Invariants, 2); what a rule had kept back goes out when a link that lets it is made.
    Only a full read can tell.
    """
    if not draft.view.is_complete:
        return
    rows = {pair.local_id: draft.current_pair(pair) for pair in draft.view.pairs if pair.local_id is not None}
    for local in draft.view.local_comments:
        pair = rows.get(local.id)
        if pair is not None and _is_unsent(draft, pair):
            yield local, pair


def _is_unsent(draft: CommentDraft, pair: CommentPair) -> bool:
    if pair.origin is not Side.BUGSPARK or pair.remote_id is not None:
        return False
    if pair.state is CommentPairState.SKIPPED:
        return pair.reason == OLDER_THAN_LINK and draft.is_initial_sync and may_send_older(draft.view.link)
    return pair.state in (CommentPairState.PENDING, CommentPairState.ENDED)


def may_send_older(link: Link) -> bool:
    """Whether comments older than the link go out (docs/design.md, Initial sync)."""
    return link.backfill or link.origin is LinkOrigin.EXPORT


def is_original_deleted(draft: CommentDraft, pair: CommentPair) -> bool:
    """The row ended because its original was deleted, not because its link was cut."""
    if pair.state is not CommentPairState.ENDED or pair.reason == UNLINKED_BEFORE_SENDING:
        return False
    return not any(local.id == pair.local_id for local in draft.view.local_comments)


def is_earlier_copy(comment: RemoteComment, link: Link, accounts: Collection[AccountId]) -> bool:
    """Prose counts only for comments older than the link, by an account of ours.

    Source: docs/design.md, Comments.
    """
    ours = comment.author is not None and comment.author.id in accounts
    return ours and has_tag(comment.body) and comment.created_at < link.created_at


def is_copy_of(local: LocalComment, body: str) -> bool:
    """Whether a GitHub comment is this BugSpark one as BugSpark, or an earlier instance of ours, wrote it."""
    unsigned = body.partition(f"\n\n<!-- {MARKER_NAME}")[0]
    plain = f"[BugSpark] {local.author or 'Unknown'}:\n\n{local.body}"
    ours = comment_to_github(local.author, local.body, "", hosts=())
    return is_same_text(plain, unsigned) or text_digest(ours) == text_digest(unsigned)


def is_import_of(local: LocalComment, comment: RemoteComment) -> bool:
    """Whether a BugSpark comment is a copy of this GitHub comment, made by hand or by an earlier program."""
    login = author_login(comment)
    if is_same_text(local.body, comment_to_bugspark(login, comment.body)):  # a long one was cut
        return True
    if local.source == Side.GITHUB and is_same_text(local.body, comment.body):
        return True
    form = parse_import(local.body)
    return form is not None and form[0].casefold() == login.casefold() and is_same_text(form[1], comment.body)


def author_login(comment: RemoteComment) -> str:
    """Who wrote it; an account that is gone is GitHub's ghost."""
    return comment.author.login if comment.author else GHOST_LOGIN


def excerpt(text: str) -> str:
    """Enough of a text to recognise it in a plan or a story."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"

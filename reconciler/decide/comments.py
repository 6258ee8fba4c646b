"""A link's comments: which originals lack a copy, which copies lag behind, which lost their original.

Identity is the ledger's, by id; a valid marker recovers it; prose is trusted only for comments older than
the link, by an account of ours (docs/design.md, Comments). A deleted copy never touches its original.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.decide.adopt import VANISHED
from reconciler.decide.desk import Desk, NewId, desk_for
from reconciler.decide.recognise import excerpt, is_earlier_copy, is_import_of, login_of, renders_as
from reconciler.decide.text import digest, is_imported, to_bugspark
from reconciler.decide.unsent import OLDER, is_over, sends_older, unsent
from reconciler.model.fields import Side
from reconciler.model.ids import CommentId
from reconciler.model.issue import RemoteComment
from reconciler.model.kinds import Kind
from reconciler.model.link import Entry, EntryState
from reconciler.model.plan import (
    Action,
    DeleteRemote,
    EditLocal,
    EditRemote,
    Event,
    ImportComment,
    LinkView,
    PostComment,
    RemoveLocal,
    Rule,
    Why,
)
from reconciler.model.policy import SyncPolicy
from reconciler.model.report import LocalComment
from reconciler.model.values import dataclass

EDITED_COPY = "our copy was edited on GitHub"
"""Shown to people, and remembered: such a copy is never overwritten (docs/design.md, Comments)."""

EDITED_HERE = "its copy was edited in BugSpark"
"""The same the other way round."""

ELSEWHERE = "another BugSpark database wrote it"
"""A copy of what is there; here it would be a stranger's comment that no stranger has written."""

DELETED_COPY = "the copy was deleted; its original stays, and no other copy is made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comments:
    """What is to be done about one link's comments."""

    actions: tuple[Action, ...] = ()
    entries: tuple[Entry, ...] = ()
    events: tuple[Event, ...] = ()


def decide_comments(view: LinkView, policy: SyncPolicy, new_id: NewId) -> Comments:
    """Pure but for `new_id`, which names the copies that will be made. Raises nothing."""
    desk = desk_for(view, policy, new_id)
    for entry in _vanished(view):  # first: what was deleted here is not revived by an edit there
        _vanished_in_bugspark(desk, entry)
    for comment in sorted(view.comments, key=lambda row: (row.created_at, row.id)):
        _remote(desk, comment)
    waiting = {comment.id: entry for comment, entry in unsent(desk)}
    fresh = [*desk.unmatched.values(), *(row for row in view.local if row.id in waiting)]
    for local in sorted(fresh, key=lambda row: (row.created_at, row.id)):
        _local(desk, local, waiting.get(local.id))
    for entry in view.entries:
        _vanished_on_github(desk, entry)
    if view.whole:
        _edited_in_bugspark(desk)
    return Comments(
        actions=tuple(desk.actions), entries=tuple(desk.changed.values()), events=tuple(desk.events)
    )


def _vanished(view: LinkView) -> Iterable[Entry]:
    if not view.whole:
        return view.gone
    present = {comment.id for comment in view.local}
    standing = (EntryState.LIVE, EntryState.PENDING)
    return (e for e in view.entries if e.state in standing and e.local_id not in present)


# --- seen on GitHub ---------------------------------------------------------------------------------------


def _remote(desk: Desk, comment: RemoteComment) -> None:
    entry = desk.by_remote.get(comment.id)
    if entry is not None:
        _known(desk, entry, comment)
    elif comment.marked is not None:
        _marked(desk, comment, comment.marked)
    elif comment.foreign is not None:
        desk.keep(desk.entry(Side.GITHUB, EntryState.SKIPPED, remote=comment, reason=ELSEWHERE))
    elif is_earlier_copy(comment, desk.view.link, desk.view.accounts):
        _adopt_earlier_copy(desk, comment)
    elif not _match_import(desk, comment):
        _import(desk, comment)


def _known(desk: Desk, entry: Entry, comment: RemoteComment) -> None:
    stale = entry.remote_updated_at is not None and comment.updated_at < entry.remote_updated_at
    if entry.state is not EntryState.LIVE or stale:  # a tombstone is not revived; a lagging row is no news
        return
    seen = replace(entry, remote_digest=digest(comment.body), remote_updated_at=comment.updated_at)
    if seen.remote_digest != entry.remote_digest:
        seen = _edited_on_github(desk, entry, seen, comment)
    if seen != entry:
        desk.keep(seen)


def _edited_on_github(desk: Desk, entry: Entry, seen: Entry, comment: RemoteComment) -> Entry:
    if entry.origin is Side.BUGSPARK:
        said = excerpt(comment.body)
        desk.events.append(Event(kind=Kind.COPY_EDITED, side=Side.GITHUB, rule=EDITED_COPY, remote=said))
        return replace(seen, reason=EDITED_COPY)
    if _edited_copy_here(desk, entry):
        said = excerpt(comment.body)
        desk.events.append(Event(kind=Kind.COPY_EDITED, side=Side.BUGSPARK, rule=EDITED_HERE, remote=said))
        return replace(seen, reason=EDITED_HERE)
    body = to_bugspark(login_of(comment), comment.body)
    why = Why(rule=Rule.COMMENT_EDITED, remote=excerpt(comment.body), to=excerpt(body))
    desk.actions.append(EditLocal(entry=entry, comment=comment, body=body, why=why))
    return replace(seen, local_digest=digest(body))


def _edited_copy_here(desk: Desk, entry: Entry) -> bool:
    """BugSpark edits no comment, but an administrator's SQL may; only a whole look shows what it did."""
    said = next((local.body for local in desk.view.local if local.id == entry.local_id), None)
    return entry.reason == EDITED_HERE or (said is not None and digest(said) != entry.local_digest)


def _marked(desk: Desk, comment: RemoteComment, local_id: CommentId) -> None:
    """Ours beyond doubt: adopted if its row lacks a copy, deleted if the row has one, the last one never."""
    entry = desk.by_local.get(local_id)
    local = desk.unmatched.pop(local_id, None)
    if entry is None:
        state = EntryState.LIVE if local else EntryState.SKIPPED
        reason = None if local else VANISHED
        desk.keep(desk.entry(Side.BUGSPARK, state, local=local, remote=comment, reason=reason))
    elif entry.remote_id is None or (entry.state is EntryState.LIVE and entry.remote_id in desk.view.missing):
        _adopt(desk, entry, comment)
    elif entry.state in (EntryState.LIVE, EntryState.ENDED):
        second = desk.entry(Side.BUGSPARK, EntryState.LIVE, remote=comment, reason="a second copy of ours")
        desk.keep(second)
        why = Why(rule=Rule.COMMENT_DOUBLED, remote=excerpt(comment.body))
        desk.actions.append(DeleteRemote(entry=second, why=why))


def _adopt(desk: Desk, entry: Entry, comment: RemoteComment) -> None:
    """The original may have been deleted before its copy was seen: then the late copy goes along."""
    late = is_over(desk, entry)
    paired = replace(
        entry,
        remote_id=comment.id,
        remote_digest=digest(comment.body),
        remote_updated_at=comment.updated_at,
    )
    if late and not desk.policy.delete_on_github:
        desk.keep(paired)
        return
    paired = replace(paired, state=EntryState.LIVE, reason=None)
    desk.keep(paired)
    said = excerpt(comment.body)
    desk.events.append(Event(kind=Kind.POST_COMMENT, side=Side.GITHUB, rule=Rule.FOUND, remote=said))
    if late:
        why = Why(rule=Rule.COMMENT_DELETED, remote=excerpt(comment.body))
        desk.actions.append(DeleteRemote(entry=paired, why=why))


def _adopt_earlier_copy(desk: Desk, comment: RemoteComment) -> None:
    """Written by BugSpark before there was a ledger: never imported, whether or not it finds its original."""
    waiting = {local.id: (local, entry) for local, entry in unsent(desk)}  # sent, and nobody heard of it
    rows = [*((local, None) for local in desk.unmatched.values()), *waiting.values()]
    local, entry = next((row for row in rows if renders_as(row[0], comment.body)), (None, None))
    if local is None:
        reason = "an earlier copy by BugSpark; its original was not found"
        desk.keep(desk.entry(Side.BUGSPARK, EntryState.SKIPPED, remote=comment, reason=reason))
        return
    desk.unmatched.pop(local.id, None)
    found = desk.entry(Side.BUGSPARK, EntryState.LIVE, local=local, remote=comment)
    desk.keep(replace(found, id=entry.id) if entry else found)


def _match_import(desk: Desk, comment: RemoteComment) -> bool:
    """At first contact BugSpark may already hold a copy."""
    if not desk.first:
        return False
    local = next((row for row in desk.unmatched.values() if is_import_of(row, comment)), None)
    if local is None:
        return False
    del desk.unmatched[local.id]
    desk.keep(desk.entry(Side.GITHUB, EntryState.LIVE, local=local, remote=comment))
    return True


def _import(desk: Desk, comment: RemoteComment) -> None:
    if desk.policy.collaborators_only and not comment.collaborator:
        reason = "not by a collaborator (sync.comments_from)"
        desk.keep(desk.entry(Side.GITHUB, EntryState.SKIPPED, remote=comment, reason=reason))
        return
    body = to_bugspark(login_of(comment), comment.body)
    why = Why(rule=Rule.COMMENT_CREATED, remote=excerpt(comment.body), to=excerpt(body))
    desk.actions.append(ImportComment(comment=comment, body=body, why=why))
    entry = desk.entry(Side.GITHUB, EntryState.LIVE, remote=comment)
    desk.keep(replace(entry, local_id=CommentId(desk.new_id()), local_digest=digest(body)))


# --- seen in BugSpark -------------------------------------------------------------------------------------


def _local(desk: Desk, comment: LocalComment, waiting: Entry | None) -> None:
    """`waiting`: the row of one that was to go out before."""
    reason = None if waiting else _kept_back(desk, comment)
    if reason is not None:
        origin = Side.GITHUB if comment.source == Side.GITHUB else Side.BUGSPARK
        desk.keep(desk.entry(origin, EntryState.SKIPPED, local=comment, reason=reason))
        return
    why = Why(rule=Rule.COMMENT_CREATED, local=excerpt(comment.body))
    desk.actions.append(PostComment(comment=comment, why=why))
    row = waiting or desk.entry(Side.BUGSPARK, EntryState.PENDING, local=comment)
    if row.state is not EntryState.PENDING:  # of one that is, the wish may stand, frozen in its old words
        row = replace(row, state=EntryState.PENDING, reason=None, local_digest=digest(comment.body))
    desk.keep(row)


def _kept_back(desk: Desk, comment: LocalComment) -> str | None:
    link = desk.view.link
    older = comment.created_at < link.created_at
    copied = (desk.first or older) and is_imported(comment.body) is not None
    if comment.source == Side.GITHUB or copied:
        return "imported earlier; its original was not found on GitHub"
    return OLDER if desk.first and older and not sends_older(link) else None


def _edited_in_bugspark(desk: Desk) -> None:
    """BugSpark never edits comments, but an administrator's SQL may: seen when a whole thread is compared."""
    for entry, local in edited_in_bugspark([desk.now(each) for each in desk.view.entries], desk.view.local):
        why = Why(rule=Rule.COMMENT_EDITED, local=excerpt(local.body))
        desk.actions.append(EditRemote(entry=entry, comment=local, why=why))


def edited_in_bugspark(
    entries: Sequence[Entry], comments: Sequence[LocalComment]
) -> Sequence[tuple[Entry, LocalComment]]:
    """Comments of BugSpark that do not say what their copies were made of. A copy that somebody rewrote on
    GitHub stays as it is.
    """
    texts = {comment.id: comment for comment in comments}
    ours = [
        (entry, texts[entry.local_id])
        for entry in entries
        if entry.state is EntryState.LIVE and entry.origin is Side.BUGSPARK and entry.local_id in texts
    ]
    return [
        (entry, local)
        for entry, local in ours
        if entry.reason != EDITED_COPY and digest(local.body) != entry.local_digest
    ]


# --- no longer seen ---------------------------------------------------------------------------------------


def _vanished_in_bugspark(desk: Desk, entry: Entry) -> None:
    copied = entry.remote_id is not None and entry.remote_id not in desk.view.missing
    double = entry.local_id is None  # a second copy never had an original: it goes, whatever the switch says
    if entry.origin is Side.GITHUB:
        desk.keep(replace(entry, state=EntryState.TOMBSTONE, reason="deleted in BugSpark"))
        desk.events.append(Event(kind=Kind.COPY_DELETED, side=Side.BUGSPARK, rule=DELETED_COPY))
    elif copied and (double or desk.policy.delete_on_github):
        rule = Rule.COMMENT_DOUBLED if double else Rule.COMMENT_DELETED
        desk.actions.append(DeleteRemote(entry=entry, why=Why(rule=rule)))
    else:
        desk.keep(replace(entry, state=EntryState.ENDED, reason="deleted in BugSpark"))


def _vanished_on_github(desk: Desk, entry: Entry) -> None:
    entry = desk.now(entry)
    if entry.state is not EntryState.LIVE or entry.remote_id not in desk.view.missing:
        return
    if entry.origin is Side.BUGSPARK:
        desk.keep(replace(entry, state=EntryState.TOMBSTONE, reason="deleted on GitHub"))
        said = _text_here(desk, entry)
        desk.events.append(Event(kind=Kind.COPY_DELETED, side=Side.GITHUB, rule=DELETED_COPY, local=said))
        return
    if desk.policy.delete_in_bugspark:
        desk.actions.append(RemoveLocal(entry=entry, why=_deleted(desk, entry)))
    desk.keep(replace(entry, state=EntryState.ENDED, reason="deleted on GitHub"))


def _deleted(desk: Desk, entry: Entry) -> Why:
    return Why(rule=Rule.COMMENT_DELETED, local=_text_here(desk, entry))


def _text_here(desk: Desk, entry: Entry) -> str | None:
    """What BugSpark says there, where the whole thread was read."""
    return next((excerpt(local.body) for local in desk.view.local if local.id == entry.local_id), None)

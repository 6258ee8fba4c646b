"""A link's comments: which originals lack a copy, which copies lag behind, which lost their original.

Identity is the ledger's, by id; a valid marker recovers it; prose is trusted only for comments older than
the link, by an account of ours (DESIGN.md, Comments). A deleted copy never touches its original.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from reconciler.decide.text import digest, has_tag, is_imported, same_text, to_bugspark, to_github
from reconciler.model.fields import Side
from reconciler.model.ids import CommentId, EntryId, RemoteCommentId
from reconciler.model.issue import RemoteComment
from reconciler.model.link import Entry, EntryState, Link, LinkOrigin
from reconciler.model.plan import (
    Action,
    DeleteRemote,
    EditLocal,
    EditRemote,
    ImportComment,
    LinkView,
    PostComment,
    RemoveLocal,
    Rule,
    Why,
)
from reconciler.model.policy import SyncPolicy
from reconciler.model.report import LocalComment

NewId = Callable[[], UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comments:
    """What is to be done about one link's comments."""

    actions: tuple[Action, ...] = ()
    entries: tuple[Entry, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Desk:
    """One link's comments while they are being sorted: what is still unmatched, what has been decided."""

    view: LinkView
    policy: SyncPolicy
    new_id: NewId
    by_remote: Mapping[RemoteCommentId, Entry]
    by_local: Mapping[CommentId, Entry]
    unmatched: dict[CommentId, LocalComment]
    actions: list[Action] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    @property
    def link(self) -> Link:
        return self.view.link

    @property
    def first(self) -> bool:
        return self.view.link.base is None

    def entry(
        self,
        origin: Side,
        state: EntryState,
        *,
        local: LocalComment | None = None,
        remote: RemoteComment | None = None,
        reason: str | None = None,
    ) -> Entry:
        """A new ledger row."""
        author = remote.author.login if remote and remote.author else local.author if local else None
        return Entry(
            id=EntryId(self.new_id()),
            link_id=self.link.id,
            origin=origin,
            state=state,
            local_id=local.id if local else None,
            remote_id=remote.id if remote else None,
            local_digest=digest(local.body) if local else None,
            remote_digest=digest(remote.body) if remote else None,
            remote_updated_at=remote.updated_at if remote else None,
            author=author,
            reason=reason,
        )


def decide_comments(view: LinkView, policy: SyncPolicy, new_id: NewId) -> Comments:
    """Pure but for `new_id`, which names the copies that will be made. Raises nothing."""
    desk = _Desk(
        view=view,
        policy=policy,
        new_id=new_id,
        by_remote={entry.remote_id: entry for entry in view.entries if entry.remote_id is not None},
        by_local={entry.local_id: entry for entry in view.entries if entry.local_id is not None},
        unmatched=_unmatched(view),
    )
    for comment in sorted(view.comments, key=lambda row: (row.created_at, row.id)):
        _remote(desk, comment)
    for local in sorted(desk.unmatched.values(), key=lambda row: (row.created_at, row.id)):
        _local(desk, local)
    for entry in _vanished(view):
        _vanished_in_bugspark(desk, entry)
    for entry in (entry for entry in view.entries if entry.remote_id in view.missing):
        _vanished_on_github(desk, entry)
    if view.whole:
        _edited_in_bugspark(desk)
    return Comments(actions=tuple(desk.actions), entries=tuple(desk.entries))


def _unmatched(view: LinkView) -> dict[CommentId, LocalComment]:
    known = {entry.local_id for entry in view.entries}
    return {comment.id: comment for comment in view.local if comment.id not in known}


def _vanished(view: LinkView) -> Iterable[Entry]:
    if not view.whole:
        return view.gone
    present = {comment.id for comment in view.local}
    standing = (EntryState.LIVE, EntryState.PENDING)
    return (e for e in view.entries if e.state in standing and e.local_id and e.local_id not in present)


# --- seen on GitHub ---------------------------------------------------------------------------------------


def _remote(desk: _Desk, comment: RemoteComment) -> None:
    entry = desk.by_remote.get(comment.id)
    if entry is not None:
        _known(desk, entry, comment)
    elif comment.marked is not None:
        _marked(desk, comment, comment.marked)
    elif _is_earlier_copy(desk, comment):
        _adopt_earlier_copy(desk, comment)
    elif not _match_import(desk, comment):
        _import(desk, comment)


def _known(desk: _Desk, entry: Entry, comment: RemoteComment) -> None:
    stale = entry.remote_updated_at is not None and comment.updated_at < entry.remote_updated_at
    if entry.state is not EntryState.LIVE or stale:  # a tombstone is not revived; a lagging row is no news
        return
    seen = replace(entry, remote_digest=digest(comment.body), remote_updated_at=comment.updated_at)
    if seen == entry:
        return
    if entry.origin is Side.GITHUB and seen.remote_digest != entry.remote_digest:
        body = to_bugspark(_login(comment), comment.body)
        why = Why(rule=Rule.COMMENT_EDITED, remote=_excerpt(comment.body), to=_excerpt(body))
        desk.actions.append(EditLocal(entry=entry, comment=comment, body=body, why=why))
        seen = replace(seen, local_digest=digest(body))
    desk.entries.append(seen)


def _marked(desk: _Desk, comment: RemoteComment, local_id: CommentId) -> None:
    """Ours beyond doubt: adopted if its row still lacks a copy, deleted if the row already has one."""
    entry = desk.by_local.get(local_id)
    local = desk.unmatched.pop(local_id, None)
    if entry is None:
        state = EntryState.LIVE if local else EntryState.SKIPPED
        reason = None if local else "our copy of a comment that is no longer in BugSpark"
        desk.entries.append(desk.entry(Side.BUGSPARK, state, local=local, remote=comment, reason=reason))
    elif entry.remote_id is None:
        desk.entries.append(_paired(entry, comment))
    elif entry.state is EntryState.LIVE:
        second = desk.entry(Side.BUGSPARK, EntryState.LIVE, remote=comment, reason="a second copy of ours")
        desk.entries.append(second)
        why = Why(rule=Rule.COMMENT_DOUBLED, remote=_excerpt(comment.body))
        desk.actions.append(DeleteRemote(entry=second, why=why))


def _paired(entry: Entry, comment: RemoteComment) -> Entry:
    state = EntryState.LIVE if entry.state is EntryState.PENDING else entry.state
    return replace(
        entry,
        state=state,
        remote_id=comment.id,
        remote_digest=digest(comment.body),
        remote_updated_at=comment.updated_at,
    )


def _is_earlier_copy(desk: _Desk, comment: RemoteComment) -> bool:
    ours = comment.author is not None and comment.author.id in desk.view.accounts
    return ours and has_tag(comment.body) and comment.created_at < desk.link.created_at


def _adopt_earlier_copy(desk: _Desk, comment: RemoteComment) -> None:
    """Written by BugSpark before there was a ledger. It is never imported, whether or not it finds its original."""
    local = next((row for row in desk.unmatched.values() if _renders_as(row, comment.body)), None)
    if local is None:
        reason = "an earlier copy by BugSpark; its original was not found"
        desk.entries.append(desk.entry(Side.BUGSPARK, EntryState.SKIPPED, remote=comment, reason=reason))
        return
    del desk.unmatched[local.id]
    desk.entries.append(desk.entry(Side.BUGSPARK, EntryState.LIVE, local=local, remote=comment))


def _renders_as(local: LocalComment, body: str) -> bool:
    plain = f"[BugSpark] {local.author or 'Unknown'}:\n\n{local.body}"
    return same_text(plain, body) or digest(to_github(local.author, local.body, "", hosts=())) == digest(body)


def _match_import(desk: _Desk, comment: RemoteComment) -> bool:
    """At first contact BugSpark may already hold a copy, made by hand or by an earlier program."""
    if not desk.first:
        return False
    for local in desk.unmatched.values():
        form = is_imported(local.body)
        if form and form[0].casefold() == _login(comment).casefold() and same_text(form[1], comment.body):
            del desk.unmatched[local.id]
            desk.entries.append(desk.entry(Side.GITHUB, EntryState.LIVE, local=local, remote=comment))
            return True
    return False


def _import(desk: _Desk, comment: RemoteComment) -> None:
    if desk.policy.collaborators_only and not comment.collaborator:
        reason = "not by a collaborator (sync.comments_from)"
        desk.entries.append(desk.entry(Side.GITHUB, EntryState.SKIPPED, remote=comment, reason=reason))
        return
    body = to_bugspark(_login(comment), comment.body)
    why = Why(rule=Rule.COMMENT_CREATED, remote=_excerpt(comment.body), to=_excerpt(body))
    desk.actions.append(ImportComment(comment=comment, body=body, why=why))
    entry = desk.entry(Side.GITHUB, EntryState.LIVE, remote=comment)
    desk.entries.append(replace(entry, local_id=CommentId(desk.new_id()), local_digest=digest(body)))


def _login(comment: RemoteComment) -> str:
    return comment.author.login if comment.author else "ghost"


# --- seen in BugSpark -------------------------------------------------------------------------------------


def _local(desk: _Desk, comment: LocalComment) -> None:
    reason = _kept_back(desk, comment)
    if reason is not None:
        origin = Side.GITHUB if comment.source == Side.GITHUB else Side.BUGSPARK
        desk.entries.append(desk.entry(origin, EntryState.SKIPPED, local=comment, reason=reason))
        return
    desk.actions.append(PostComment(comment=comment, why=_posted(comment)))
    desk.entries.append(desk.entry(Side.BUGSPARK, EntryState.PENDING, local=comment))


def _posted(comment: LocalComment) -> Why:
    return Why(rule=Rule.COMMENT_CREATED, local=_excerpt(comment.body))


def _kept_back(desk: _Desk, comment: LocalComment) -> str | None:
    if comment.source == Side.GITHUB:
        return "imported earlier; its original was not found on GitHub"
    if not desk.first or comment.created_at >= desk.link.created_at:
        return None
    if is_imported(comment.body) is not None:
        return "imported earlier; its original was not found on GitHub"
    if desk.link.backfill or desk.link.origin is LinkOrigin.EXPORT:
        return None
    return "older than the link (link --backfill sends such comments)"


def _edited_in_bugspark(desk: _Desk) -> None:
    """BugSpark never edits comments, but an administrator's SQL may: seen when a whole thread is compared."""
    texts = {comment.id: comment for comment in desk.view.local}
    for entry in _live(desk.view.entries, Side.BUGSPARK):
        local = texts.get(entry.local_id) if entry.local_id else None
        if local is not None and entry.remote_id and digest(local.body) != entry.local_digest:
            why = Why(rule=Rule.COMMENT_EDITED, local=_excerpt(local.body))
            desk.actions.append(EditRemote(entry=entry, comment=local, why=why))


def _live(entries: Iterable[Entry], origin: Side) -> Iterator[Entry]:
    return (entry for entry in entries if entry.state is EntryState.LIVE and entry.origin is origin)


# --- no longer seen ---------------------------------------------------------------------------------------


def _vanished_in_bugspark(desk: _Desk, entry: Entry) -> None:
    deletes = (
        entry.origin is Side.BUGSPARK
        and entry.state is EntryState.LIVE
        and entry.remote_id
        not in (
            None,
            *desk.view.missing,
        )
    )
    if entry.origin is Side.GITHUB:
        desk.entries.append(replace(entry, state=EntryState.TOMBSTONE, reason="deleted in BugSpark"))
    elif deletes and desk.policy.delete_on_github:
        desk.actions.append(DeleteRemote(entry=entry, why=Why(rule=Rule.COMMENT_DELETED)))
    else:
        desk.entries.append(replace(entry, state=EntryState.ENDED, reason="deleted in BugSpark"))


def _vanished_on_github(desk: _Desk, entry: Entry) -> None:
    if entry.state is not EntryState.LIVE or any(changed.id == entry.id for changed in desk.entries):
        return
    if entry.origin is Side.BUGSPARK:
        desk.entries.append(replace(entry, state=EntryState.TOMBSTONE, reason="deleted on GitHub"))
        return
    if desk.policy.delete_in_bugspark:
        desk.actions.append(RemoveLocal(entry=entry, why=Why(rule=Rule.COMMENT_DELETED)))
    desk.entries.append(replace(entry, state=EntryState.ENDED, reason="deleted on GitHub"))


def _excerpt(text: str) -> str:
    """Enough of a text to recognise it in a plan or a story."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79] + "…"

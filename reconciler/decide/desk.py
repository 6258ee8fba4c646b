"""One link's comments while they are being sorted: what is still unmatched, what has been decided so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from reconciler.decide.text import digest
from reconciler.model.fields import Side
from reconciler.model.ids import CommentId, EntryId, RemoteCommentId
from reconciler.model.issue import RemoteComment
from reconciler.model.link import Entry, EntryState
from reconciler.model.plan import Action, Event, LinkView
from reconciler.model.policy import SyncPolicy
from reconciler.model.report import LocalComment

NewId = Callable[[], UUID]


@dataclass(slots=True, kw_only=True)
class Desk:
    """The ledger as it will be: a row kept here is what the next verdict on the same comment is based on."""

    view: LinkView
    policy: SyncPolicy
    new_id: NewId
    unmatched: dict[CommentId, LocalComment]
    actions: list[Action] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    changed: dict[EntryId, Entry] = field(default_factory=dict)
    by_remote: dict[RemoteCommentId, Entry] = field(default_factory=dict)
    by_local: dict[CommentId, Entry] = field(default_factory=dict)

    @property
    def first(self) -> bool:
        """No base yet: first contact."""
        return self.view.link.base is None

    def keep(self, entry: Entry) -> None:
        """This row is to be stored, and is how the ledger stands from here on."""
        self.changed[entry.id] = entry
        self.know(entry)

    def know(self, entry: Entry) -> None:
        """Find the row by either of its ids."""
        if entry.remote_id is not None:
            self.by_remote[entry.remote_id] = entry
        if entry.local_id is not None:
            self.by_local[entry.local_id] = entry

    def now(self, entry: Entry) -> Entry:
        """A row of the view as it stands after what has been decided so far."""
        return self.changed.get(entry.id, entry)

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
            link_id=self.view.link.id,
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


def desk_for(view: LinkView, policy: SyncPolicy, new_id: NewId) -> Desk:
    """A desk that knows the view's ledger rows and the BugSpark comments that have none, oldest first."""
    known = {entry.local_id for entry in view.entries}
    fresh = sorted((c for c in view.local if c.id not in known), key=lambda row: (row.created_at, row.id))
    desk = Desk(view=view, policy=policy, new_id=new_id, unmatched={comment.id: comment for comment in fresh})
    for entry in (*view.gone, *view.entries):
        desk.know(entry)
    return desk

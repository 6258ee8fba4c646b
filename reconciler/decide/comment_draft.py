"""The working state of one link's comments while they are decided."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from reconciler.model.fields import Side
from reconciler.model.ids import CommentId, CommentPairId, RemoteCommentId
from reconciler.model.issue import RemoteComment
from reconciler.model.link import CommentPair, CommentPairState, LinkObservation
from reconciler.model.plan import Action, CommentEvent
from reconciler.model.policy import SyncPolicy
from reconciler.model.report import LocalComment
from reconciler.text import text_digest

NewId = Callable[[], UUID]


@dataclass(slots=True, kw_only=True)
class CommentDraft:
    """The comments without a ledger row, the decisions so far, and the ledger as these decisions change it.

    A row stored here is what the next decision about the same comment is based on.
    """

    view: LinkObservation
    policy: SyncPolicy
    new_id: NewId
    unmatched: dict[CommentId, LocalComment]
    actions: list[Action] = field(default_factory=list)
    events: list[CommentEvent] = field(default_factory=list)
    changed_pairs: dict[CommentPairId, CommentPair] = field(default_factory=dict)
    by_remote: dict[RemoteCommentId, CommentPair] = field(default_factory=dict)
    by_local: dict[CommentId, CommentPair] = field(default_factory=dict)

    @property
    def is_initial_sync(self) -> bool:
        """Whether the link has no base yet."""
        return self.view.link.base is None

    def set_pair(self, pair: CommentPair) -> None:
        """Add a new or changed ledger row; later decisions see it."""
        self.changed_pairs[pair.id] = pair
        self.index_pair(pair)

    def index_pair(self, pair: CommentPair) -> None:
        """Make a row findable by both of its comment ids."""
        if pair.remote_id is not None:
            self.by_remote[pair.remote_id] = pair
        if pair.local_id is not None:
            self.by_local[pair.local_id] = pair

    def current_pair(self, pair: CommentPair) -> CommentPair:
        """Return a row of the observation as the decisions so far have left it."""
        return self.changed_pairs.get(pair.id, pair)

    def new_pair(
        self,
        origin: Side,
        state: CommentPairState,
        *,
        local: LocalComment | None = None,
        remote: RemoteComment | None = None,
        reason: str | None = None,
    ) -> CommentPair:
        """Build a ledger row for a comment of BugSpark, a comment of GitHub, or both."""
        author = remote.author.login if remote and remote.author else local.author if local else None
        return CommentPair(
            id=CommentPairId(self.new_id()),
            link_id=self.view.link.id,
            origin=origin,
            state=state,
            local_id=local.id if local else None,
            remote_id=remote.id if remote else None,
            local_digest=text_digest(local.body) if local else None,
            remote_digest=text_digest(remote.body) if remote else None,
            remote_updated_at=remote.updated_at if remote else None,
            author=author,
            reason=reason,
            follower_id=local.report_id if local and local.lead_id is not None else None,
        )


def draft_for(view: LinkObservation, policy: SyncPolicy, new_id: NewId) -> CommentDraft:
    """Build the draft: the observation's ledger rows, and BugSpark's comments without one, oldest first."""
    recorded_ids = {pair.local_id for pair in view.pairs}
    new_comments = sorted(
        (c for c in view.local_comments if c.id not in recorded_ids), key=lambda row: (row.created_at, row.id)
    )
    draft = CommentDraft(
        view=view, policy=policy, new_id=new_id, unmatched={comment.id: comment for comment in new_comments}
    )
    for pair in (*view.vanished_pairs, *view.pairs):
        draft.index_pair(pair)
    return draft

"""The doorway to GitHub, and the marks that tell our writing from others'."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from reconciler.model.database_identity import DatabaseInstance
from reconciler.model.ids import (
    Fingerprint,
    IssueNumber,
    RemoteCommentId,
    RepositoryId,
)
from reconciler.model.intent import WriteResult
from reconciler.model.issue import (
    Account,
    FieldEvent,
    Grants,
    Issue,
    IssueThread,
    IssueUpdate,
    ListState,
    RateLimit,
    RemoteComment,
    Repository,
    ThreadEtags,
)
from reconciler.model.passes import Cost
from reconciler.model.snapshot import PoisonedItem
from reconciler.model.webhook import DesiredHook, Hook

Row_co = TypeVar("Row_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage(Generic[Row_co]):
    """Rows of one list, and the state that may be stored once they are applied.

    `state` is None on pages that must not move the cursor yet (a window still being walked).

    Source: docs/reference/github.md, List rules, 4.
    """

    rows: tuple[Row_co, ...]
    state: ListState | None
    poisoned: tuple[PoisonedItem, ...] = ()


class GitHub(Protocol):
    """One repository, seen with one credential. Every method may raise LimitedError, CredentialError,
    UnreadableError, ForeignOriginError, GitHubError; writes return an Answer instead of the last.
    """

    @property
    def credential(self) -> Fingerprint:
        """Of the token in use right now."""
        ...

    def now(self) -> datetime:
        """GitHub's time: the last `Date` it sent, moved on by our monotonic clock. Before the first
        answer, the local clock.
        """
        ...

    def rate_limit(self) -> RateLimit | None:
        """The primary limit as the last answer told it; None where none did."""
        ...

    def grants(self) -> Grants:
        """What the credential may do, as far as the answers so far tell."""
        ...

    def cost(self) -> Cost:
        """What was asked of GitHub through this object so far."""
        ...

    async def repository(self) -> Repository:
        """The repository as it is now. Its numeric id is what the name is checked against."""
        ...

    async def account(self) -> Account:
        """Who writes with this credential (`GET /user`; for an App its bot account)."""
        ...

    async def reserve_reads(self, requests: int) -> None:
        """Reserve the points of that many reads at once: an idle pass has its two probes in one UPDATE."""
        ...

    def issue_changes(self, state: ListState | None) -> AsyncIterator[ListPage[Issue]]:
        """Issues changed since `state` by probe and drain; nothing at all when the list did not change (304).
        None: the list is new; its anchor is fixed at GitHub's present time less the overlap.
        """
        ...

    def comment_changes(self, state: ListState | None) -> AsyncIterator[ListPage[RemoteComment]]:
        """The same for the repository's comment list (issues' and pull requests')."""
        ...

    def all_issues(self, since: datetime | None = None) -> AsyncIterator[ListPage[Issue]]:
        """Every issue updated since then (None: ever), oldest change first, by the drain's rules. The anchor
        of a page's state is the `since` that goes on behind it.
        """
        ...

    def all_comments(self, since: datetime | None = None) -> AsyncIterator[ListPage[RemoteComment]]:
        """Every comment updated since then, oldest change first, by the drain's rules."""
        ...

    async def newest_number(self) -> int:
        """The highest issue or pull request number of the repository, 0 if there is none (one request)."""
        ...

    async def issue(self, number: IssueNumber) -> Issue:
        """One issue as it is now. Raises NotThereError (404, 410), MovedError (transferred)."""
        ...

    async def issue_if_changed(self, number: IssueNumber, known: ThreadEtags | None) -> Issue | None:
        """One issue as it is now; None when it is as it was when these ETags came: that costs no primary
        limit. Raises what `issue` raises."""
        ...

    async def issue_thread(self, number: IssueNumber) -> IssueThread:
        """One issue and all its comments, complete or an error. Raises what `issue` raises."""
        ...

    async def is_unchanged(self, number: IssueNumber, known: ThreadEtags) -> bool:
        """Whether an issue and its thread are as they were; costs no primary limit if they are. Raises what
        `issue` raises."""
        ...

    async def comment(self, comment_id: RemoteCommentId) -> RemoteComment:
        """One comment as it is now. Raises NotThereError."""
        ...

    async def field_events(self, number: IssueNumber) -> tuple[FieldEvent, ...]:
        """Who changed state, labels and title of an issue, oldest first, all pages."""
        ...

    async def create_issue(self, title: str, body: str, labels: Sequence[str]) -> WriteResult[Issue]: ...

    async def create_comment(self, number: IssueNumber, body: str) -> WriteResult[RemoteComment]: ...

    async def update_issue(self, number: IssueNumber, update: IssueUpdate) -> WriteResult[Issue]: ...

    async def add_label(self, number: IssueNumber, label: str) -> WriteResult[tuple[str, ...]]:
        """The issue's labels as they are after adding. A label GitHub dropped silently is missing in them."""
        ...

    async def remove_label(self, number: IssueNumber, label: str) -> WriteResult[tuple[str, ...]]:
        """The labels that are left. Refused with `gone` when the label was not there."""
        ...

    async def edit_comment(self, comment_id: RemoteCommentId, body: str) -> WriteResult[RemoteComment]: ...

    async def delete_comment(self, comment_id: RemoteCommentId) -> WriteResult[None]: ...

    async def hooks(self) -> tuple[Hook, ...]:
        """The repository's webhooks, the oldest first. Raises CredentialError, with the permission that is
        missing, where they may not be seen."""
        ...

    async def create_hook(self, desired: DesiredHook) -> WriteResult[Hook]: ...

    async def change_hook(self, hook_id: int, desired: DesiredHook) -> WriteResult[Hook]: ...

    async def ping_hook(self, hook_id: int) -> WriteResult[None]:
        """GitHub delivers a `ping`, soon."""
        ...


class Markers(Protocol):
    """Signs and recognises the last line of what we write (docs/design.md, Marker)."""

    def sign(self, kind: str, repository_id: RepositoryId, number: int, local_id: UUID) -> str:
        """The marker line. `kind` is "issue" or "comment"; `number` is 0 for an issue."""
        ...

    def read(self, body: str, kind: str, repository_id: RepositoryId, number: int) -> UUID | None:
        """The local id of a valid marker of this very instance, or of one that is no more; or None."""
        ...

    def other_instance(self, body: str, kind: str, repository_id: RepositoryId, number: int) -> str | None:
        """The other instance that a marker names, if it is valid, or signed with a key that we don't have."""
        ...

    def for_identity(self, identity: DatabaseInstance) -> "Markers":
        """The same keys for what this database is called now."""
        ...

    async def store_keys(self) -> None:
        """Remember the keys in use, so that what they signed is recognised when they are gone."""
        ...

"""The Protocols of a repository on GitHub, and of the markers in the texts written there."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from reconciler.model.database_identity import DatabaseInstance
from reconciler.model.fields import Choices, Field
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
    OrganisationField,
    RateLimit,
    RemoteComment,
    Repository,
    ThreadEtags,
)
from reconciler.model.passes import AnnouncedExpiries, Cost
from reconciler.model.snapshot import PoisonedItem
from reconciler.model.webhook import DesiredHook, Hook

Row_co = TypeVar("Row_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage(Generic[Row_co]):
    """Rows of one list, and the state that may be stored once they are applied.

    `state` is None on pages that must not move the cursor yet (a window that is still being scanned).

    Source: docs/reference/github.md, List rules, 4.
    """

    rows: tuple[Row_co, ...]
    state: ListState | None
    poisoned: tuple[PoisonedItem, ...] = ()


class GitHub(Protocol):
    """One repository, used with one credential.

    Every method may raise LimitedError, CredentialError, RepositoryInaccessibleError, UntrustedUrlError,
    GitHubError. Writes return a WriteResult in place of the last.
    """

    @property
    def credential(self) -> Fingerprint:
        """The fingerprint of the token in use now."""
        ...

    def now(self) -> datetime:
        """Return GitHub's time: its last `Date` plus the time since.

        Local time before the first `Date` that is believed.
        """
        ...

    def earliest_now(self) -> datetime:
        """Return `now`, or a `Date` that is not believed if it is earlier: what is made now is not older."""
        ...

    def clock_doubt(self) -> str | None:
        """Return why GitHub's `Date` is not believed, in a sentence; None if it is."""
        ...

    def rate_limit(self) -> RateLimit | None:
        """Return the primary limit as the last answer gave it; None if no answer did."""
        ...

    def grants(self) -> Grants:
        """Return what the credential may do, as far as the answers so far say."""
        ...

    def announced_expiries(self) -> AnnouncedExpiries | None:
        """Return what the answers so far announced; None if there was none."""
        ...

    def cost(self) -> Cost:
        """Return the requests made through this object so far."""
        ...

    async def repository(self) -> Repository:
        """Read the repository. Its numeric id shows whether the name still belongs to it."""
        ...

    async def account(self) -> Account:
        """Read the account that this credential writes as (`GET /user`; for an App its bot account)."""
        ...

    async def user(self, login: str) -> Account | None:
        """Read whose login this is now; None if it is nobody's."""
        ...

    async def require_own_page_addresses(self) -> None:
        """Check that the pages of lists are at the configured API. Raises UntrustedUrlError."""
        ...

    async def reserve_reads(self, requests: int) -> None:
        """Reserve the points of that many reads: an idle pass reserves its two probes in one UPDATE."""
        ...

    def issue_changes(self, state: ListState | None) -> AsyncIterator[ListPage[Issue]]:
        """Yield issues changed since `state` by probe and drain; nothing when the list did not change (304).

        None: the list is new, and its anchor is GitHub's present time less the overlap.
        """
        ...

    def comment_changes(self, state: ListState | None) -> AsyncIterator[ListPage[RemoteComment]]:
        """Yield changes of the repository's comments (of issues and of pull requests) in the same way."""
        ...

    def all_issues(self, since: datetime | None = None) -> AsyncIterator[ListPage[Issue]]:
        """Yield every issue updated since then (None: all), the oldest change first, by the drain's rules.

        The anchor of a page's state is the `since` to continue with after it.
        """
        ...

    def all_comments(self, since: datetime | None = None) -> AsyncIterator[ListPage[RemoteComment]]:
        """Yield every comment updated since then in the same way."""
        ...

    async def newest_number(self) -> int:
        """Read the highest number of an issue or pull request; 0 if there is none (one request)."""
        ...

    async def issue(self, number: IssueNumber) -> Issue:
        """Read one issue. Raises GitHubNotFoundError (404, 410), IssueTransferredError (transferred)."""
        ...

    async def issue_if_changed(self, number: IssueNumber, known: ThreadEtags | None) -> Issue | None:
        """Read one issue; None when it has not changed since these ETags, which costs no primary limit.

        Raises what `issue` raises.
        """
        ...

    async def issue_thread(self, number: IssueNumber) -> IssueThread:
        """Read one issue and all its comments: complete, or an error. Raises what `issue` raises."""
        ...

    async def is_unchanged(self, number: IssueNumber, known: ThreadEtags) -> bool:
        """Whether an issue and its thread have not changed; then this costs no primary limit.

        Raises what `issue` raises.
        """
        ...

    async def comment(self, comment_id: RemoteCommentId) -> RemoteComment:
        """Read one comment. Raises GitHubNotFoundError."""
        ...

    async def field_events(
        self, number: IssueNumber, field_of: Callable[[str], Field | None]
    ) -> tuple[FieldEvent, ...]:
        """Read all changes of state, labels, title and assignees of an issue, oldest first.

        `field_of`: which field a label is a value of; changes of other labels are left out.
        """
        ...

    async def create_issue(
        self,
        title: str,
        body: str,
        labels: Sequence[str],
        assignees: Sequence[str] = (),
        *,
        milestone: int | None = None,
        issue_type: str | None = None,
        priority: tuple[int, str] | None = None,
    ) -> WriteResult[Issue]: ...

    async def create_comment(self, number: IssueNumber, body: str) -> WriteResult[RemoteComment]: ...

    async def update_issue(self, number: IssueNumber, update: IssueUpdate) -> WriteResult[Issue]: ...

    async def add_label(self, number: IssueNumber, label: str) -> WriteResult[tuple[str, ...]]:
        """Add a label and return all labels; the new one is missing if GitHub dropped it silently."""
        ...

    async def remove_label(self, number: IssueNumber, label: str) -> WriteResult[tuple[str, ...]]:
        """Remove a label and return the others. Refused with `gone` when the label was not there."""
        ...

    async def add_assignee(self, number: IssueNumber, login: str) -> WriteResult[Issue]:
        """Assign an account; it is missing in the issue that is returned if GitHub dropped it silently."""
        ...

    async def remove_assignee(self, number: IssueNumber, login: str) -> WriteResult[Issue]:
        """Unassign an account."""
        ...

    async def choose_option(self, number: IssueNumber, field_id: int, option: str) -> WriteResult[Choices]:
        """Choose an option of one field of the organisation, by name; returns what all fields have now."""
        ...

    async def edit_comment(self, comment_id: RemoteCommentId, body: str) -> WriteResult[RemoteComment]: ...

    async def delete_comment(self, comment_id: RemoteCommentId) -> WriteResult[None]: ...

    async def organisation_fields(self) -> tuple[OrganisationField, ...]:
        """Read the single-select fields that the organisation has for issues.

        Raises GitHubNotFoundError where it has none, CredentialError where the token may not see them.
        """
        ...

    async def label_names(self) -> frozenset[str]:
        """Read the names of all labels of the repository."""
        ...

    async def hooks(self) -> tuple[Hook, ...]:
        """Read the repository's webhooks, oldest first.

        Raises CredentialError, with the missing permission, if the credential may not read them.
        """
        ...

    async def create_hook(self, desired: DesiredHook) -> WriteResult[Hook]: ...

    async def change_hook(self, hook_id: int, desired: DesiredHook) -> WriteResult[Hook]: ...

    async def ping_hook(self, hook_id: int) -> WriteResult[None]:
        """Ask GitHub to deliver a `ping`, soon after."""
        ...


class Markers(Protocol):
    """Signs and recognises markers, the last line of what this program writes (docs/design.md, Marker)."""

    def sign(self, kind: str, repository_id: RepositoryId, number: int, local_id: UUID) -> str:
        """Return the marker line. `kind` is "issue" or "comment"; `number` is 0 for an issue."""
        ...

    def local_id_of_marker(
        self, body: str, kind: str, repository_id: RepositoryId, number: int
    ) -> UUID | None:
        """Return the local id of a valid marker of this instance or of a past one; None for any other."""
        ...

    def find_local_id(self, body: str, kind: str, repository_id: RepositoryId, number: int) -> UUID | None:
        """Return the local id of the one valid marker in a text, wherever it stands (it may be quoted)."""
        ...

    def read_other_instance(
        self, body: str, kind: str, repository_id: RepositoryId, number: int
    ) -> str | None:
        """Return the other instance that a marker names, if it is valid or its key is unknown."""
        ...

    def for_identity(self, identity: DatabaseInstance) -> "Markers":
        """Return the same keys with this database's present name."""
        ...

    async def store_keys(self) -> None:
        """Store the keys in use, so that what they signed is recognised after they are replaced."""
        ...

"""`ports.GitHub` for one repository and one credential: the doorway's front, put together from its parts."""

import random
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

from reconciler.github.backoff import LimitBackoff
from reconciler.github.credentials import AppCredential, Credential
from reconciler.github.gateway import Gateway
from reconciler.github.hooks import fetch_hooks
from reconciler.github.http import HttpClient
from reconciler.github.lists import RepositoryList
from reconciler.github.origin import Origin, repository_parts
from reconciler.github.reads import Reads
from reconciler.github.repository_ref import RepositoryRef
from reconciler.github.translate import FieldOfLabel, comment_row, issue_row
from reconciler.github.transport import Transport
from reconciler.github.usage import GitHubTime, Usage
from reconciler.github.writes import Writes
from reconciler.model.fields import IssueState
from reconciler.model.ids import Fingerprint, IssueNumber, RemoteCommentId, RepositoryId
from reconciler.model.intent import WriteResult
from reconciler.model.issue import (
    Account,
    FieldEvent,
    Grants,
    Issue,
    IssueThread,
    ListState,
    RemoteComment,
    Repository,
    ThreadEtags,
)
from reconciler.model.passes import Cost
from reconciler.model.snapshot import RateLimit
from reconciler.model.webhook import DesiredHook, Hook
from reconciler.ports import Clock, ListPage, RateLimiter

MIN_OVERLAP = timedelta(seconds=2)
"""Less would let a second that is not over yet be passed (rule 3), whatever the configuration says."""


class GitHubClient:
    """What all repositories of one API share: connections, its clock, its patience. Made once, by wiring."""

    def __init__(
        self,
        *,
        api_url: str,
        api_version: str,
        clock: Clock,
        governor: RateLimiter,
        transport: Transport,
        overlap_seconds: float = 120.0,
        leave_within: float = 15.0,
        dice: Callable[[], float] = random.random,
    ) -> None:
        """In: `leave_within`, the seconds after which no byte of a write may begin to leave (docs/design.md,
        Writing to GitHub, 2: min(15, settle_seconds / 2)); `dice`, numbers in [0, 1). Raises
        ConfigurationError for an address that is none."""
        self.origin = Origin.parse(api_url)
        self.api_version = api_version
        self.clock = clock
        self.rate_limiter = governor
        self.transport = transport
        self.overlap = max(timedelta(seconds=overlap_seconds), MIN_OVERLAP)
        self.send_within_seconds = leave_within
        self.random = dice
        self.time = GitHubTime(clock)
        self.backoff = LimitBackoff()

    def repository(
        self,
        name: str,
        credential: Credential,
        *,
        repository_id: RepositoryId | None = None,
        field_of: FieldOfLabel = lambda _: None,
    ) -> "GitHubRepository":
        """The doorway to "owner/repo". `repository_id`: what is remembered of it, so that a name that leads
        elsewhere now is noticed; `field_of`: which field a label is a value of. Raises ConfigurationError."""
        return GitHubRepository(self, name, credential, repository_id, field_of)

    async def aclose(self) -> None:
        """Close the connections of all repositories."""
        await self.transport.aclose()


class GitHubRepository:
    """Implements `reconciler.ports.GitHub`; what each method does and raises is said there."""

    def __init__(
        self,
        doorway: GitHubClient,
        name: str,
        credential: Credential,
        repository_id: RepositoryId | None,
        field_of: FieldOfLabel,
    ) -> None:
        repository_parts(name)
        self._usage = Usage(doorway.time)
        self._gateway = Gateway(
            dispatch=HttpClient(
                transport=doorway.transport,
                origin=doorway.origin,
                api_version=doorway.api_version,
                usage=self._usage,
            ),
            credential=credential,
            governor=doorway.rate_limiter,
            clock=doorway.clock,
            refusals=doorway.backoff,
            dice=doorway.random,
            repository=name,
            leave_within=doorway.send_within_seconds,
        )
        place = RepositoryRef(name=name, gateway=self._gateway, id=repository_id)
        self._reads = Reads(ref=place, field_of=field_of)
        self._writes = Writes(ref=place, reads=self._reads)
        self._issues: RepositoryList[Issue] = RepositoryList(
            ref=place,
            path=("issues",),
            query=(("state", "all"),),  # the default is open ones only
            read_row=issue_row,
            overlap=doorway.overlap,
        )
        self._comments: RepositoryList[RemoteComment] = RepositoryList(
            ref=place, path=("issues", "comments"), query=(), read_row=comment_row, overlap=doorway.overlap
        )

    @property
    def credential(self) -> Fingerprint:
        return self._gateway.credential.limits_key

    def now(self) -> datetime:
        return self._usage.time.now()

    def rate_limit(self) -> RateLimit | None:
        return self._usage.limit

    def grants(self) -> Grants:
        credential = self._gateway.credential
        if isinstance(credential, AppCredential):
            return Grants(permissions=credential.permissions)
        scopes = self._usage.scopes
        if scopes is None:
            return Grants()
        return Grants(scopes=frozenset(each.strip() for each in scopes.split(",") if each.strip()))

    def cost(self) -> Cost:
        return self._usage.cost()

    async def reserve_reads(self, requests: int) -> None:
        await self._gateway.reserve_reads(requests)

    async def repository(self) -> Repository:
        return await self._reads.repository()

    async def account(self) -> Account:
        return await self._reads.account()

    def issue_changes(self, state: ListState | None) -> AsyncIterator[ListPage[Issue]]:
        return self._issues.changes(state)

    def comment_changes(self, state: ListState | None) -> AsyncIterator[ListPage[RemoteComment]]:
        return self._comments.changes(state)

    def all_issues(self, since: datetime | None = None) -> AsyncIterator[ListPage[Issue]]:
        return self._issues.all_rows(since)

    def all_comments(self, since: datetime | None = None) -> AsyncIterator[ListPage[RemoteComment]]:
        return self._comments.all_rows(since)

    async def newest_number(self) -> int:
        return await self._reads.newest_number()

    async def issue(self, number: IssueNumber) -> Issue:
        return await self._reads.issue(number)

    async def issue_if_changed(self, number: IssueNumber, known: ThreadEtags | None) -> Issue | None:
        return await self._reads.issue_if_changed(number, known)

    async def issue_thread(self, number: IssueNumber) -> IssueThread:
        return await self._reads.issue_thread(number)

    async def is_unchanged(self, number: IssueNumber, known: ThreadEtags) -> bool:
        return await self._reads.is_unchanged(number, known)

    async def comment(self, comment_id: RemoteCommentId) -> RemoteComment:
        return await self._reads.comment(comment_id)

    async def field_events(self, number: IssueNumber) -> tuple[FieldEvent, ...]:
        return await self._reads.field_events(number)

    async def create_issue(self, title: str, body: str, labels: Sequence[str]) -> WriteResult[Issue]:
        return await self._writes.create_issue(title, body, labels)

    async def create_comment(self, number: IssueNumber, body: str) -> WriteResult[RemoteComment]:
        return await self._writes.create_comment(number, body)

    async def set_state(
        self, number: IssueNumber, state: IssueState, reason: str | None
    ) -> WriteResult[Issue]:
        return await self._writes.set_state(number, state, reason)

    async def set_title(self, number: IssueNumber, title: str) -> WriteResult[Issue]:
        return await self._writes.set_title(number, title)

    async def add_label(self, number: IssueNumber, label: str) -> WriteResult[tuple[str, ...]]:
        return await self._writes.add_label(number, label)

    async def remove_label(self, number: IssueNumber, label: str) -> WriteResult[tuple[str, ...]]:
        return await self._writes.remove_label(number, label)

    async def edit_comment(self, comment_id: RemoteCommentId, body: str) -> WriteResult[RemoteComment]:
        return await self._writes.edit_comment(comment_id, body)

    async def delete_comment(self, comment_id: RemoteCommentId) -> WriteResult[None]:
        return await self._writes.delete_comment(comment_id)

    async def hooks(self) -> tuple[Hook, ...]:
        return await fetch_hooks(self._reads.ref)

    async def create_hook(self, wish: DesiredHook) -> WriteResult[Hook]:
        return await self._writes.create_hook(wish)

    async def change_hook(self, hook_id: int, wish: DesiredHook) -> WriteResult[Hook]:
        return await self._writes.change_hook(hook_id, wish)

    async def ping_hook(self, hook_id: int) -> WriteResult[None]:
        return await self._writes.ping_hook(hook_id)

    async def aclose(self) -> None:
        """Nothing of its own to close: the connections are the doorway's, shared with other repositories."""

"""`ports.GitHub` for one repository and one credential: the doorway's front, put together from its parts."""

import random
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

from reconciler.github.credentials import AppCredential, Credential
from reconciler.github.dispatch import Dispatch
from reconciler.github.gateway import Gateway
from reconciler.github.hooks import listed
from reconciler.github.lists import Listing
from reconciler.github.meter import GitHubTime, Meter
from reconciler.github.origin import Origin, repository_parts
from reconciler.github.place import Place
from reconciler.github.reads import Reads
from reconciler.github.refusals import Refusals
from reconciler.github.translate import FieldOfLabel, comment_row, issue_row
from reconciler.github.transport import Transport
from reconciler.github.writes import Writes
from reconciler.model.fields import IssueState
from reconciler.model.grants import Grants
from reconciler.model.ids import Fingerprint, IssueNumber, RemoteCommentId, RepositoryId
from reconciler.model.intent import Answer
from reconciler.model.issue import (
    Account,
    Etags,
    FieldEvent,
    Issue,
    ListState,
    RemoteComment,
    Repository,
    Whole,
)
from reconciler.model.passes import Cost
from reconciler.model.snapshot import RateLimit
from reconciler.model.webhook import Hook, HookWish
from reconciler.ports import Clock, Governor, Page

SHORTEST_OVERLAP = timedelta(seconds=2)
"""Less would let a second that is not over yet be passed (rule 3), whatever the configuration says."""


class Doorway:
    """What all repositories of one API share: connections, its clock, its patience. Made once, by wiring."""

    def __init__(
        self,
        *,
        api_url: str,
        api_version: str,
        clock: Clock,
        governor: Governor,
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
        self.governor = governor
        self.transport = transport
        self.overlap = max(timedelta(seconds=overlap_seconds), SHORTEST_OVERLAP)
        self.leave_within = leave_within
        self.dice = dice
        self.time = GitHubTime(clock)
        self.refusals = Refusals()

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
        doorway: Doorway,
        name: str,
        credential: Credential,
        repository_id: RepositoryId | None,
        field_of: FieldOfLabel,
    ) -> None:
        repository_parts(name)
        self._meter = Meter(doorway.time)
        self._gateway = Gateway(
            dispatch=Dispatch(
                transport=doorway.transport,
                origin=doorway.origin,
                api_version=doorway.api_version,
                meter=self._meter,
            ),
            credential=credential,
            governor=doorway.governor,
            clock=doorway.clock,
            refusals=doorway.refusals,
            dice=doorway.dice,
            repository=name,
            leave_within=doorway.leave_within,
        )
        place = Place(name=name, gateway=self._gateway, id=repository_id)
        self._reads = Reads(place=place, field_of=field_of)
        self._writes = Writes(place=place, reads=self._reads)
        self._issues: Listing[Issue] = Listing(
            place=place,
            path=("issues",),
            query=(("state", "all"),),  # the default is open ones only
            read_row=issue_row,
            overlap=doorway.overlap,
        )
        self._comments: Listing[RemoteComment] = Listing(
            place=place, path=("issues", "comments"), query=(), read_row=comment_row, overlap=doorway.overlap
        )

    @property
    def credential(self) -> Fingerprint:
        return self._gateway.credential.identity

    def now(self) -> datetime:
        return self._meter.time.now()

    def limit(self) -> RateLimit | None:
        return self._meter.limit

    def grants(self) -> Grants:
        credential = self._gateway.credential
        if isinstance(credential, AppCredential):
            return Grants(permissions=credential.permissions)
        scopes = self._meter.scopes
        if scopes is None:
            return Grants()
        return Grants(scopes=frozenset(each.strip() for each in scopes.split(",") if each.strip()))

    def cost(self) -> Cost:
        return self._meter.cost()

    async def expect(self, requests: int) -> None:
        await self._gateway.expect(requests)

    async def repository(self) -> Repository:
        return await self._reads.repository()

    async def account(self) -> Account:
        return await self._reads.account()

    def issue_changes(self, state: ListState | None) -> AsyncIterator[Page[Issue]]:
        return self._issues.changes(state)

    def comment_changes(self, state: ListState | None) -> AsyncIterator[Page[RemoteComment]]:
        return self._comments.changes(state)

    def all_issues(self, since: datetime | None = None) -> AsyncIterator[Page[Issue]]:
        return self._issues.everything(since)

    def all_comments(self, since: datetime | None = None) -> AsyncIterator[Page[RemoteComment]]:
        return self._comments.everything(since)

    async def newest_number(self) -> int:
        return await self._reads.newest_number()

    async def issue(self, number: IssueNumber) -> Issue:
        return await self._reads.issue(number)

    async def latest(self, number: IssueNumber, known: Etags | None) -> Issue | None:
        return await self._reads.latest(number, known)

    async def whole(self, number: IssueNumber) -> Whole:
        return await self._reads.whole(number)

    async def unchanged(self, number: IssueNumber, known: Etags) -> bool:
        return await self._reads.unchanged(number, known)

    async def comment(self, comment_id: RemoteCommentId) -> RemoteComment:
        return await self._reads.comment(comment_id)

    async def field_events(self, number: IssueNumber) -> tuple[FieldEvent, ...]:
        return await self._reads.field_events(number)

    async def create_issue(self, title: str, body: str, labels: Sequence[str]) -> Answer[Issue]:
        return await self._writes.create_issue(title, body, labels)

    async def create_comment(self, number: IssueNumber, body: str) -> Answer[RemoteComment]:
        return await self._writes.create_comment(number, body)

    async def set_state(self, number: IssueNumber, state: IssueState, reason: str | None) -> Answer[Issue]:
        return await self._writes.set_state(number, state, reason)

    async def set_title(self, number: IssueNumber, title: str) -> Answer[Issue]:
        return await self._writes.set_title(number, title)

    async def add_label(self, number: IssueNumber, label: str) -> Answer[tuple[str, ...]]:
        return await self._writes.add_label(number, label)

    async def remove_label(self, number: IssueNumber, label: str) -> Answer[tuple[str, ...]]:
        return await self._writes.remove_label(number, label)

    async def edit_comment(self, comment_id: RemoteCommentId, body: str) -> Answer[RemoteComment]:
        return await self._writes.edit_comment(comment_id, body)

    async def delete_comment(self, comment_id: RemoteCommentId) -> Answer[None]:
        return await self._writes.delete_comment(comment_id)

    async def hooks(self) -> tuple[Hook, ...]:
        return await listed(self._reads.place)

    async def create_hook(self, wish: HookWish) -> Answer[Hook]:
        return await self._writes.create_hook(wish)

    async def change_hook(self, hook_id: int, wish: HookWish) -> Answer[Hook]:
        return await self._writes.change_hook(hook_id, wish)

    async def ping_hook(self, hook_id: int) -> Answer[None]:
        return await self._writes.ping_hook(hook_id)

    async def aclose(self) -> None:
        """Nothing of its own to close: the connections are the doorway's, shared with other repositories."""

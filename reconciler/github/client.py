"""`ports.GitHub` for one repository and one credential, and what all repositories of one API share."""

import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.github.credentials import AppCredential, Credential
from reconciler.github.gateway import Gateway
from reconciler.github.http import ApiUsage, GitHubTime, HttpClient
from reconciler.github.issue_fields.requests import FieldRequests
from reconciler.github.limits import LimitBackoff
from reconciler.github.lists import RepositoryList
from reconciler.github.origin import Origin, split_repository_name
from reconciler.github.repository_ref import RepositoryRef
from reconciler.github.translate import to_comment_row, to_issue_row
from reconciler.github.transport import Transport
from reconciler.model.ids import Fingerprint, RepositoryId
from reconciler.model.issue import (
    Grants,
    Issue,
    ListState,
    RateLimit,
    RemoteComment,
)
from reconciler.model.passes import AnnouncedExpiries, Cost
from reconciler.ports import Clock, ListPage, RateLimiter

MIN_OVERLAP = timedelta(seconds=2)
"""The least overlap, whatever the configuration says: with less, a drain could pass a second that is not over
yet (rule 3).
"""


class GitHubClient:
    """What all repositories of one API share: connections, GitHub's time, refusals by its limits."""

    def __init__(
        self,
        *,
        api_url: str,
        api_version: str,
        clock: Clock,
        rate_limiter: RateLimiter,
        transport: Transport,
        overlap_seconds: float = 120.0,
        send_within_seconds: float = 15.0,
        random_fraction: Callable[[], float] = random.random,
    ) -> None:
        """Take what is shared. Raises ConfigurationError for an `api_url` that is no address.

        `send_within_seconds`: how long after its claim a write may begin to be sent (docs/design.md, Writing
        to GitHub, 2: min(15, settle_seconds / 2)); `random_fraction`: numbers in [0, 1).
        """
        self.origin = Origin.parse(api_url)
        self.api_version = api_version
        self.clock = clock
        self.rate_limiter = rate_limiter
        self.transport = transport
        self.overlap = max(timedelta(seconds=overlap_seconds), MIN_OVERLAP)
        self.send_within_seconds = send_within_seconds
        self.random_fraction = random_fraction
        self.time = GitHubTime(clock)
        self.backoff = LimitBackoff()

    def repository(
        self,
        name: str,
        credential: Credential,
        *,
        repository_id: RepositoryId | None = None,
    ) -> "GitHubRepository":
        """Return "owner/repo" seen with a credential. Raises ConfigurationError for a malformed name.

        `repository_id`: the id stored for it, so that a name that leads to another repository now is noticed.
        """
        return GitHubRepository(self, name, credential, repository_id)

    def open_gateway(self, name: str, credential: Credential, usage: ApiUsage) -> Gateway:
        """Return the way for one repository's requests, which are counted in `usage`."""
        return Gateway(
            http=HttpClient(
                transport=self.transport, origin=self.origin, api_version=self.api_version, usage=usage
            ),
            credential=credential,
            rate_limiter=self.rate_limiter,
            clock=self.clock,
            backoff=self.backoff,
            random_fraction=self.random_fraction,
            repository=name,
            send_within_seconds=self.send_within_seconds,
        )

    async def aclose(self) -> None:
        """Close the connections of all repositories."""
        await self.transport.aclose()


class GitHubRepository(FieldRequests):
    """Implements `reconciler.ports.GitHub`, which says what each method does and raises.

    Single reads are inherited from `Reads`, writes from `Writes`, what is about issue fields from
    `FieldRequests`; here are the two lists and what is known of the connection.
    """

    def __init__(
        self,
        client: GitHubClient,
        name: str,
        credential: Credential,
        repository_id: RepositoryId | None,
    ) -> None:
        split_repository_name(name)
        self._usage = ApiUsage(client.time, client.api_version)
        self._gateway = client.open_gateway(name, credential, self._usage)
        ref = RepositoryRef(name=name, gateway=self._gateway, id=repository_id)
        super().__init__(ref)
        self._issues: RepositoryList[Issue] = RepositoryList(
            ref=ref,
            path=("issues",),
            query=(("state", "all"),),  # the default is open issues only
            read_row=to_issue_row,
            overlap=client.overlap,
        )
        self._comments: RepositoryList[RemoteComment] = RepositoryList(
            ref=ref, path=("issues", "comments"), query=(), read_row=to_comment_row, overlap=client.overlap
        )

    @property
    def credential(self) -> Fingerprint:
        return self._gateway.credential.limits_key

    def now(self) -> datetime:
        return self._usage.time.now()

    def earliest_now(self) -> datetime:
        return self._usage.time.earliest_now()

    def clock_doubt(self) -> str | None:
        return self._usage.time.doubt

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

    def announced_expiries(self) -> AnnouncedExpiries | None:
        if not self._usage.cost().requests:
            return None
        found = self._usage.announced_expiries
        is_renewed = isinstance(self._gateway.credential, AppCredential)
        return replace(found, token_expires_at=None) if is_renewed else found

    def cost(self) -> Cost:
        return self._usage.cost()

    async def reserve_reads(self, requests: int) -> None:
        await self._gateway.reserve_reads(requests)

    def issue_changes(self, state: ListState | None) -> AsyncIterator[ListPage[Issue]]:
        return self._issues.changes(state)

    def comment_changes(self, state: ListState | None) -> AsyncIterator[ListPage[RemoteComment]]:
        return self._comments.changes(state)

    def all_issues(self, since: datetime | None = None) -> AsyncIterator[ListPage[Issue]]:
        return self._issues.all_rows(since)

    def all_comments(self, since: datetime | None = None) -> AsyncIterator[ListPage[RemoteComment]]:
        return self._comments.all_rows(since)

"""The GitHub client assembled for tests, with the parts that tests inspect."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from reconciler.github.client import GitHubClient, GitHubRepository
from reconciler.github.credentials import Credential, TokenCredential
from reconciler.github.transport import Transport
from reconciler.model.fields import Field
from reconciler.model.ids import RepositoryId
from reconciler.model.secret import Secret
from tests.support.memory_rate_limiter import MemoryRateLimiter

API = "https://api.test"
TOKEN = "ghp_verysecret0123456789"


@dataclass(slots=True)
class FixedClock:
    """A clock (`ports.Clock`) that only `sleep` moves."""

    start: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    passed: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds


@dataclass(slots=True, kw_only=True)
class ClientHarness:
    """A client of one repository, and its parts."""

    client: GitHubClient
    rate_limiter: MemoryRateLimiter
    clock: FixedClock
    credential: Credential
    repository: GitHubRepository

    def another(
        self, name: str = "acme/web", *, repository_id: RepositoryId | None = None
    ) -> GitHubRepository:
        """Open a repository as the next pass would."""
        return self.client.repository(name, self.credential, repository_id=repository_id)

    async def aclose(self) -> None:
        await self.client.aclose()


def field_of(label: str) -> Field | None:
    return {"high-priority": Field.SEVERITY, "low-priority": Field.SEVERITY, "ui": Field.CATEGORY}.get(label)


def open_client(
    api: str = API,
    token: str = TOKEN,
    *,
    rate_limiter: MemoryRateLimiter | None = None,
    clock: FixedClock | None = None,
    credential: Credential | None = None,
    inner: httpx.AsyncBaseTransport | None = None,
    overlap_seconds: float = 120.0,
    name: str = "acme/web",
    api_version: str = "2022-11-28",
) -> ClientHarness:
    rate_limiter, clock = rate_limiter or MemoryRateLimiter(), clock or FixedClock()
    client = GitHubClient(
        api_url=api,
        api_version=api_version,
        clock=clock,
        rate_limiter=rate_limiter,
        transport=Transport(user_agent="bugspark-reconciler/test", inner=inner),
        overlap_seconds=overlap_seconds,
        random_fraction=lambda: 0.5,
    )
    mine = credential or TokenCredential(Secret(token))
    repository = client.repository(name, mine)
    return ClientHarness(
        client=client, rate_limiter=rate_limiter, clock=clock, credential=mine, repository=repository
    )

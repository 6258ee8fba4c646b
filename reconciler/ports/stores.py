"""Limits, locks, and the database doorway as a whole."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from reconciler.model.ids import (
    Fingerprint,
    ProjectId,
)
from reconciler.model.snapshot import (
    RateLimit,
)
from reconciler.ports.care import Maintenance
from reconciler.ports.identity import DatabaseIdentity
from reconciler.ports.intents import Intents
from reconciler.ports.ledger import Ledger
from reconciler.ports.listings import Listings
from reconciler.ports.projects import Projects, Reports, Stories
from reconciler.ports.recovery import Restores
from reconciler.ports.setups import Setups
from reconciler.ports.views import Queries
from reconciler.ports.webhooks import Webhooks


class RateLimiter(Protocol):
    """One credential's limits, shared by all processes through the database."""

    async def reserve_reads(
        self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None
    ) -> None:
        """Take that many read points. Raises LimitedError when there are none within this minute."""
        ...

    async def reserve_write(
        self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None
    ) -> datetime:
        """Reserve one write. Returns when it may go: now, or at most a few `min_interval`s later."""
        ...

    async def grant_verification_points(self, credential: Fingerprint, points: int) -> int:
        """How many points of these may go into verification now; they are counted, not reserved."""
        ...

    async def block(self, credential: Fingerprint, until: datetime, reason: str) -> None:
        """GitHub said wait: everybody with this credential does."""
        ...


class ProjectLock(Protocol):
    """The right to write for one project."""

    async def ensure_held(self) -> None:
        """Raises FenceLostError when the lock is no longer ours."""
        ...


class ProjectLocks(Protocol):
    """Locks on projects."""

    def acquire(
        self, project_id: ProjectId, *, wait: bool = False
    ) -> AbstractAsyncContextManager[ProjectLock]:
        """Raises BusyError at once (or waits) when the project is at work elsewhere."""
        ...


class Stores(Protocol):
    """The database doorway as a whole."""

    @property
    def projects(self) -> Projects: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def stories(self) -> Stories: ...
    @property
    def intents(self) -> Intents: ...
    @property
    def identity(self) -> DatabaseIdentity: ...
    @property
    def restores(self) -> Restores: ...
    @property
    def rate_limiter(self) -> RateLimiter: ...
    @property
    def project_locks(self) -> ProjectLocks: ...
    @property
    def webhooks(self) -> Webhooks: ...
    @property
    def queries(self) -> Queries: ...
    @property
    def listings(self) -> Listings: ...
    @property
    def setups(self) -> Setups: ...
    @property
    def maintenance(self) -> Maintenance: ...

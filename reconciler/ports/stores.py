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
from reconciler.ports.care import Care
from reconciler.ports.identity import Identities
from reconciler.ports.intents import Intents
from reconciler.ports.ledger import Ledger
from reconciler.ports.listings import Listings
from reconciler.ports.projects import Projects, Reports, Stories
from reconciler.ports.recovery import Recovery
from reconciler.ports.setups import Setups
from reconciler.ports.views import Views
from reconciler.ports.webhooks import Webhooks


class Governor(Protocol):
    """One credential's limits, shared by all processes through the database."""

    async def reserve(self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None) -> None:
        """Take that many read points. Raises LimitedError when there are none within this minute."""
        ...

    async def slot(self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None) -> datetime:
        """Reserve one write. Returns when it may go: now, or at most a few `min_interval`s later."""
        ...

    async def spare(self, credential: Fingerprint, points: int) -> int:
        """How many points of these may go into verification now; they are counted, not reserved."""
        ...

    async def blocked(self, credential: Fingerprint, until: datetime, reason: str) -> None:
        """GitHub said wait: everybody with this credential does."""
        ...


class Fence(Protocol):
    """The right to write for one project."""

    async def check(self) -> None:
        """Raises FenceLostError when the lock is no longer ours."""
        ...


class Fences(Protocol):
    """Locks on projects."""

    def hold(self, project_id: ProjectId, *, wait: bool = False) -> AbstractAsyncContextManager[Fence]:
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
    def identity(self) -> Identities: ...
    @property
    def recovery(self) -> Recovery: ...
    @property
    def governor(self) -> Governor: ...
    @property
    def fences(self) -> Fences: ...
    @property
    def webhooks(self) -> Webhooks: ...
    @property
    def views(self) -> Views: ...
    @property
    def listings(self) -> Listings: ...
    @property
    def setups(self) -> Setups: ...
    @property
    def care(self) -> Care: ...

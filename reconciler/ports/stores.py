"""The stores as a whole, and those of the database itself: limits, locks, identity, maintenance."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from reconciler.model.database_identity import DatabaseInstance
from reconciler.model.ids import (
    Fingerprint,
    ProjectId,
)
from reconciler.model.issue import RateLimit
from reconciler.ports.ledger import Intents, Ledger, Restores
from reconciler.ports.projects import Projects, Reports
from reconciler.ports.queries import Queries
from reconciler.ports.webhooks import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionStatus:
    """What `bugspark.encryption_key` is needed for, and whether it opens it."""

    encrypted_count: int  # values in active github integrations
    plain_count: int
    unreadable_projects: tuple[str, ...]  # names of the projects whose values no key opens


class Maintenance(Protocol):
    """Housekeeping, and questions about the database itself."""

    async def try_begin_cleanup(self, at: datetime, every: timedelta) -> bool:
        """Whether it is time to sweep again, for one process of all: True at most once in that time."""
        ...

    async def delete_older_than(self, before: datetime) -> int:
        """Remove runs, lines of stories and deliveries older than that, a few hundred rows to a transaction.
        How many rows went. What `resolve` may still be asked for stays: the newest conflict of each field of
        each report that exists.
        """
        ...

    async def check_encrypted_secrets(self) -> EncryptionStatus:
        """Every secret of every active github integration, tried with the configured keys."""
        ...

    async def last_confirmed_write_at(self, project_id: ProjectId) -> datetime | None:
        """When GitHub last confirmed a write of this project, as far as its story goes back."""
        ...

    async def outgoing_webhooks_problem(self) -> str | None:
        """Why `bugspark.notify_webhooks` can tell nobody, in words; None: it can."""
        ...


class DatabaseIdentity(Protocol):
    """This very database's name, and where it is (docs/decisions/0030-which-database.md)."""

    async def read(self) -> DatabaseInstance:
        """As it is now. Raises ConfigurationError where `migrate` gave no name."""
        ...

    async def bind(self) -> None:
        """Remember where this database is, if it never was anywhere: done before it first writes."""
        ...

    async def declare_identity(self, word: str) -> None:
        """A person says what this database is: `moved`, `copy`, or the instance of a database that is no
        more. Every project is read again before it writes. Raises UsageError when that is not in question.
        """
        ...

    async def record_duplicate_instance(self, where: str) -> None:
        """Another database writes as this one, seen at `where`: nothing is written until `decide`."""
        ...


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
    """Everything that is stored, by subject."""

    @property
    def projects(self) -> Projects: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def ledger(self) -> Ledger: ...
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
    def maintenance(self) -> Maintenance: ...

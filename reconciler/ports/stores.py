"""All stores by subject, and those of the database itself: limits, locks, identity, maintenance."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from reconciler.model.database_identity import DatabaseInstance
from reconciler.model.health import HeldLocks
from reconciler.model.ids import (
    Fingerprint,
    ProjectId,
)
from reconciler.model.issue import RateLimit
from reconciler.ports.followers import Followers
from reconciler.ports.ledger import Ledger, Restores
from reconciler.ports.projects import Projects, Reports
from reconciler.ports.queries import Queries
from reconciler.ports.settings import OwnerMails, SettingsVersions
from reconciler.ports.sign_ins import SignIns
from reconciler.ports.webhooks import Webhooks
from reconciler.ports.writes import Intents


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionStatus:
    """How many values are encrypted, and which of them `bugspark.encryption_key` can't decrypt."""

    encrypted_count: int  # values in active github integrations
    plain_count: int
    unreadable_projects: tuple[str, ...]  # names of projects with a value that no key decrypts


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRoleAccess:
    """A database role other than this program's that may use what is ours, and the names of what."""

    role: str
    names: Sequence[str]


class Maintenance(Protocol):
    """Cleanup, and checks of the database itself."""

    async def try_begin_cleanup(self, at: datetime, every: timedelta) -> bool:
        """Start a cleanup if it is time for one: True at most once within `every`, among all processes."""
        ...

    async def delete_older_than(self, before: datetime) -> int:
        """Delete older runs, histories and deliveries, a few hundred rows per transaction.

        Returns how many rows were deleted. The newest conflict of each field of an existing report is kept,
        because `resolve` needs it.
        """
        ...

    async def delete_rows_of_deleted_projects(self, now: datetime, before: datetime) -> int:
        """Note which projects BugSpark no longer has; delete every row of those noted before `before`.

        `now`: GitHub's time. A project that is back in BugSpark is no longer noted. Returns how many rows
        were deleted, a few hundred per transaction.
        """
        ...

    async def check_encrypted_secrets(self) -> EncryptionStatus:
        """Try to decrypt every secret of every active github integration with the configured keys."""
        ...

    async def last_confirmed_write_at(self, project_id: ProjectId) -> datetime | None:
        """Read when GitHub last confirmed a write of this project, if the history goes back that far."""
        ...

    async def other_roles_with_access(self) -> tuple[OtherRoleAccess, ...]:
        """Return the roles other than ours that may use our tables or functions (PostgreSQL), by name."""
        ...

    async def is_read_only(self) -> bool:
        """Whether the database takes no writes."""
        ...

    async def outgoing_webhooks_problem(self) -> str | None:
        """Return why `bugspark.notify_webhooks` can't work, in words; None: it can."""
        ...

    async def has_unsigned_screenshots(self) -> bool:
        """Whether a screenshot is stored as an object key, and without `bugspark.s3` delivered as such."""
        ...


class DatabaseIdentity(Protocol):
    """This database's name and place (docs/decisions/0030-which-database.md)."""

    async def read(self) -> DatabaseInstance:
        """Read the present identity. Raises ConfigurationError if `migrate` has not set a name."""
        ...

    async def bind(self) -> None:
        """Store the database's place, if none is stored yet; called before the first write."""
        ...

    async def declare_identity(self, word: str) -> None:
        """Store what a person says this database is: `moved`, `copy`, or the instance of a past database.

        Every project is then read again before it is written to. Raises RefusedError if there is no such
        doubt, UsageError for an unknown instance.
        """
        ...

    async def record_duplicate_instance(self, where: str) -> None:
        """Record that another database writes with the same name, seen at `where`.

        Nothing is written until `declare_identity`.
        """
        ...


class RateLimiter(Protocol):
    """The limits of credentials, shared by all processes through the database."""

    async def reserve_reads(
        self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None
    ) -> None:
        """Reserve that many points for reads. Raises LimitedError when none are left in this minute."""
        ...

    async def reserve_write(
        self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None
    ) -> datetime:
        """Reserve one write. Returns when it may be sent: now, or a few `min_interval`s later at most."""
        ...

    async def grant_verification_points(self, credential: Fingerprint, points: int) -> int:
        """Return how many of these points verification may use now; they are counted, not reserved."""
        ...

    async def block(self, credential: Fingerprint, until: datetime, reason: str) -> None:
        """Block every request with this credential until then, because GitHub said to wait."""
        ...


class ProjectLock(Protocol):
    """The exclusive right of a process to write for one project."""

    async def ensure_held(self) -> None:
        """Raise ProjectLockLostError when the lock was lost."""
        ...


class ProjectLocks(Protocol):
    """The locks of projects."""

    def acquire(
        self, project_id: ProjectId, *, wait: bool = False
    ) -> AbstractAsyncContextManager[ProjectLock]:
        """Acquire the lock. Raises BusyError (without `wait` at once) when another process has it."""
        ...

    async def aclose(self) -> None:
        """Close what is kept open between two locks. None may be held or wanted any more."""
        ...

    async def count_held_locks(self) -> HeldLocks:
        """Ask the database which of the locks that were acquired here still exist. Raises DatabaseError."""
        ...


class Stores(Protocol):
    """All stores, by subject."""

    @property
    def projects(self) -> Projects: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def followers(self) -> Followers: ...
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
    @property
    def sign_ins(self) -> SignIns: ...
    @property
    def settings(self) -> SettingsVersions: ...
    @property
    def owner_mails(self) -> OwnerMails: ...

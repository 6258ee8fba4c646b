"""What the database needs done beside the passes: old rows removed, rights looked at."""

from datetime import datetime, timedelta
from typing import Protocol

from reconciler.model.ids import ProjectId
from reconciler.model.values import dataclass


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

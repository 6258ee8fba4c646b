"""What the database needs done beside the passes: old rows removed, rights looked at."""

from datetime import datetime, timedelta
from typing import Protocol

from reconciler.model.ids import ProjectId
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What `bugspark.encryption_key` is needed for, and whether it opens it."""

    encrypted: int  # values in active github integrations
    plain: int
    unreadable: tuple[str, ...]  # names of the projects whose values no key opens


class Care(Protocol):
    """Housekeeping, and questions about the database itself."""

    async def turn(self, at: datetime, every: timedelta) -> bool:
        """Whether it is time to sweep again, for one process of all: True at most once in that time."""
        ...

    async def sweep(self, before: datetime) -> int:
        """Remove runs, lines of stories and deliveries older than that, a few hundred rows to a transaction.
        How many rows went. What `resolve` may still be asked for stays: the newest conflict of each field of
        each report that exists.
        """
        ...

    async def keys(self) -> Keys:
        """Every secret of every active github integration, tried with the configured keys."""
        ...

    async def wrote_at(self, project_id: ProjectId) -> datetime | None:
        """When GitHub last confirmed a write of this project, as far as its story goes back."""
        ...

    async def customers_trouble(self) -> str | None:
        """Why `bugspark.notify_webhooks` can tell nobody, in words; None: it can."""
        ...

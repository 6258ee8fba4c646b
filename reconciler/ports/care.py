"""What the database needs done beside the passes: old rows removed, rights looked at."""

from datetime import datetime, timedelta
from typing import Protocol


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

    async def customers_trouble(self) -> str | None:
        """Why `bugspark.notify_webhooks` can tell nobody, in words; None: it can."""
        ...

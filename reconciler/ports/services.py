"""What the surroundings give: time, the queue of passes, an address for alerts."""

from datetime import datetime
from typing import Protocol

from reconciler.model.alerts import Alert
from reconciler.model.ids import ProjectId


class AlertChannel(Protocol):
    """An address that takes alerts."""

    async def post(self, alert: Alert) -> str | None:
        """Tell it, within seconds. None: it was taken; else why not, in words. Raises nothing."""
        ...


class Clock(Protocol):
    """Time, passed in."""

    def now(self) -> datetime:
        """The local wall clock, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; `seconds` ≤ 0 returns at once."""
        ...


class Queue(Protocol):
    """Passes that wait to be run. A project waits once at most and runs once at a time."""

    async def nudge(self, project_id: ProjectId) -> None:
        """Ask for a pass as soon as one may run. Asking again while one waits changes nothing; asking while
        one runs leads to another after it. Raises DatabaseError where the queue is kept in the database.
        """
        ...

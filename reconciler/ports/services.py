"""The services around a pass: time, the queue of passes, the address for alerts."""

from datetime import datetime
from typing import Protocol

from reconciler.model.alerts import Alert
from reconciler.model.ids import ProjectId


class AlertChannel(Protocol):
    """The address that alerts are sent to."""

    async def post(self, alert: Alert) -> str | None:
        """Send an alert, within seconds. None: accepted; else why not, in words. Raises nothing."""
        ...


class Clock(Protocol):
    """The source of time."""

    def now(self) -> datetime:
        """Return the local wall clock's time, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; `seconds` ≤ 0 returns at once."""
        ...


class Queue(Protocol):
    """The queue of passes. A project waits in it at most once, and only one of its passes runs at a time."""

    async def nudge(self, project_id: ProjectId) -> None:
        """Request a pass as soon as one may run.

        A second request changes nothing while one waits; while a pass runs, it leads to another one
        afterwards. Raises DatabaseError if the queue is in the database.
        """
        ...

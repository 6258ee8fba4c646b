"""The clock of the demo's GitHub: it stands still while passes run and moves when users act.

So the output is the same at every run, and the simulated minutes take no time.
"""

from datetime import UTC, datetime, timedelta

DURATION = timedelta(minutes=75)
"""The start of the demo before now: a little more than its length, so that it ends just before now."""


class DemoClock:
    """The simulator's clock; after `follow_machine` it is the machine's."""

    def __init__(self) -> None:
        self._now: datetime | None = datetime.now(UTC).replace(microsecond=0) - DURATION

    def now(self) -> datetime:
        """Return the simulated time, aware, in UTC."""
        return self._now or datetime.now(UTC)

    def advance(self, *, minutes: float) -> None:
        """Move the clock, unless it follows the machine."""
        if self._now is not None:
            self._now += timedelta(minutes=minutes)

    def follow_machine(self) -> None:
        """Follow the machine's clock from now on."""
        self._now = None

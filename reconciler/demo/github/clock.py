"""The time the simulated GitHub lives in: the machine's, or one a test moves by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The time source of the simulator."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the machine's time, in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(
        self, start: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC), *, step: float = 0.0
    ) -> None:
        """Start at `start`; every read moves it by `step` seconds."""
        self._now = start
        self._step = timedelta(seconds=step)

    def now(self) -> datetime:
        """Return the moment the clock stands at, then move it by the step."""
        moment = self._now
        self._now += self._step
        return moment

    def advance(self, seconds: float) -> datetime:
        """Move the clock by `seconds` (negative: back) and return where it stands now."""
        self._now += timedelta(seconds=seconds)
        return self._now

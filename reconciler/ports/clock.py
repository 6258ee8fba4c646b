"""Time, passed in."""

from datetime import datetime
from typing import Protocol


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

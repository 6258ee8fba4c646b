"""`ports.Clock` of the machine. Small, because whatever needs real time imports it and nothing else."""

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's wall clock and monotonic clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            await asyncio.sleep(seconds)

"""The machine's time, as `ports.Clock`."""

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """`ports.Clock` of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            await asyncio.sleep(seconds)

"""Points of reads that one process reserves ahead, so that daemons which share a token do not wait for each
other's every pass: `ports.RateLimiter` around the one that keeps the budgets.

Source: docs/design.md, Limits and failure; docs/decisions/0084-slices-of-a-budget.md.
"""

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.ids import Fingerprint
from reconciler.model.issue import RateLimit
from reconciler.ports import Clock
from reconciler.store.sync.rate_limiter import DryRunRateLimiter, StoredRateLimiter
from reconciler.store.sync.sliding_window import MAX_SLICE_POINTS, SLICE_SECONDS, Slice


@dataclass(slots=True, kw_only=True)
class _OpenSlice:
    """What is left of a slice. `until`: by the monotonic clock."""

    charged: Slice
    left: int
    until: float


class SlicedRateLimiter:
    """A process takes a slice only as large as what it has just used, so a quiet credential has none.

    A slice ends after SLICE_SECONDS, at a block of this process, and when GitHub says that nothing is left.
    What is left of it is given back with the next reservation.
    """

    def __init__(self, limiter: StoredRateLimiter | DryRunRateLimiter, clock: Clock) -> None:
        self._limiter = limiter
        self._clock = clock
        self._slices: dict[Fingerprint, _OpenSlice] = {}
        self._used: defaultdict[Fingerprint, deque[tuple[float, int]]] = defaultdict(deque)
        self._reserving: defaultdict[Fingerprint, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def reserve_reads(
        self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None
    ) -> None:
        async with self._reserving[credential]:  # one takes a slice, those that wait use it
            if not self._take_from_slice(credential, points, seen):
                await self._reserve_with_slice(credential, points, seen)
        self._used[credential].append((self._clock.monotonic(), points))

    async def reserve_write(
        self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None
    ) -> datetime:
        return await self._limiter.reserve_write(credential, points, seen=seen)

    async def grant_verification_points(self, credential: Fingerprint, points: int) -> int:
        return await self._limiter.grant_verification_points(credential, points)

    async def block(self, credential: Fingerprint, until: datetime, reason: str) -> None:
        self._slices.pop(credential, None)
        await self._limiter.block(credential, until, reason)

    def _take_from_slice(self, credential: Fingerprint, points: int, seen: RateLimit | None) -> bool:
        current = self._slices.get(credential)
        if current is None or current.left < points or current.until <= self._clock.monotonic():
            return False
        if seen is not None and seen.remaining <= 0:
            return False
        current.left -= points
        return True

    async def _reserve_with_slice(self, credential: Fingerprint, points: int, seen: RateLimit | None) -> None:
        ended = self._slices.pop(credential, None)
        returned = None if ended is None else Slice(charged_at=ended.charged.charged_at, points=ended.left)
        until = self._clock.monotonic() + SLICE_SECONDS
        taken = await self._limiter.reserve_ahead(
            credential, points, self._points_used_lately(credential), returned=returned, seen=seen
        )
        if taken.points:
            self._slices[credential] = _OpenSlice(charged=taken, left=taken.points, until=until)

    def _points_used_lately(self, credential: Fingerprint) -> int:
        used, now = self._used[credential], self._clock.monotonic()
        while used and used[0][0] <= now - SLICE_SECONDS:
            used.popleft()
        return min(MAX_SLICE_POINTS, sum(points for _, points in used))

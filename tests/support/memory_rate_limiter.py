"""A rate limiter in memory, for tests of the GitHub client: it records every call."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from reconciler.errors import LimitedError
from reconciler.model.ids import Fingerprint
from reconciler.model.issue import RateLimit


@dataclass(slots=True, kw_only=True)
class RecordedBlock:
    """A wait that GitHub asked for."""

    credential: Fingerprint
    until: datetime
    reason: str


@dataclass(slots=True, kw_only=True)
class MemoryRateLimiter:
    """Implements `ports.RateLimiter`. `left`: read points still available; None: any number."""

    left: int | None = None
    until: datetime = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    """When points are available again."""
    reserved: list[tuple[Fingerprint, int]] = field(default_factory=list)
    slots: list[tuple[Fingerprint, int]] = field(default_factory=list)
    blocks: list[RecordedBlock] = field(default_factory=list)
    seen: list[RateLimit] = field(default_factory=list)

    @property
    def points(self) -> int:
        """Read points reserved so far."""
        return sum(points for _, points in self.reserved)

    async def reserve_reads(
        self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None
    ) -> None:
        """Take points, or raise LimitedError when fewer are left."""
        if self.left is not None:
            if points > self.left:
                raise LimitedError("no points left", self.until)
            self.left -= points
        self.reserved.append((credential, points))
        if seen is not None:
            self.seen.append(seen)

    async def reserve_write(
        self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None
    ) -> datetime:
        """Let every write go at once."""
        self.slots.append((credential, points))
        if seen is not None:
            self.seen.append(seen)
        return datetime.now(UTC)

    async def grant_verification_points(self, credential: Fingerprint, points: int) -> int:
        """Grant what is left."""
        return points if self.left is None else min(points, self.left)

    async def block(self, credential: Fingerprint, until: datetime, reason: str) -> None:
        """Record the block."""
        self.blocks.append(RecordedBlock(credential=credential, until=until, reason=reason))

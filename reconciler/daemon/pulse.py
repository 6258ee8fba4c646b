"""Two clocks that should agree: where they drift apart, somebody set the wall clock, or the machine slept."""

from reconciler.ports import Clock

JUMP = 2.0
"""Seconds between two beats; what NTP slews is far below."""


class Pulse:
    """Compares the wall clock with the monotonic one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = self._now()
        self.by = 0.0  # seconds the wall clock moved when it jumped last

    def jumped(self) -> bool:
        """Whether the wall clock was set since this was asked last."""
        offset = self._now()
        self.by, self._offset = offset - self._offset, offset
        return abs(self.by) > JUMP

    def _now(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

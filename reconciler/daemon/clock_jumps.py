"""Two clocks that should agree: where they drift apart, somebody set the wall clock, or the machine slept."""

from reconciler.ports import Clock

JUMP_SECONDS = 2.0
"""Seconds between two beats; what NTP slews is far below."""


class ClockJumpDetector:
    """Compares the wall clock with the monotonic one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = self._read_offset()
        self.jump_seconds = 0.0  # seconds the wall clock moved when it jumped last

    def detect_jump(self) -> bool:
        """Whether the wall clock was set since this was asked last."""
        offset = self._read_offset()
        self.jump_seconds, self._offset = offset - self._offset, offset
        return abs(self.jump_seconds) > JUMP_SECONDS

    def _read_offset(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

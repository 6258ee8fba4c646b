"""Jumps of the wall clock: it was set, or the machine slept, if it and the monotonic clock drift apart."""

from reconciler.ports import Clock

JUMP_SECONDS = 2.0
"""A jump is more than this between two checks; NTP slews far less."""


class ClockJumpDetector:
    """Compares the wall clock with the monotonic clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = self._read_offset()
        self.jump_seconds = 0.0  # of the last call

    def detect_jump(self) -> bool:
        """Return whether the wall clock jumped since the last call, and keep by how much."""
        offset = self._read_offset()
        self.jump_seconds, self._offset = offset - self._offset, offset
        return abs(self.jump_seconds) > JUMP_SECONDS

    def _read_offset(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

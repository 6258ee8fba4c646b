"""Whether passes run: projects that wait, and no pass that runs or ends, mean that they do not."""

from reconciler.ports import Clock

MAX_STANDSTILL_SECONDS = 60.0
"""Projects may wait this long without any pass running or ending. A worker takes one within a second."""


class QueueProgress:
    """Watches the queue from tick to tick."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ended_count = 0
        self._moved_at = clock.monotonic()

    def record_counts(self, *, waiting: int, running: int, ended_count: int) -> None:
        """Record what a tick saw: waiting and running passes, and how many this process has ended so far."""
        if not waiting or running or ended_count != self._ended_count:
            self._moved_at = self._clock.monotonic()
        self._ended_count = ended_count

    def is_standing_still(self) -> bool:
        """Return whether projects have waited too long without any pass."""
        return self._clock.monotonic() - self._moved_at > MAX_STANDSTILL_SECONDS

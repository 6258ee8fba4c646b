"""Periodic jobs that fail: each error is logged once with its traceback, and then counted.

A job that fails runs every second, so logging each time would fill the disk and hide everything else.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from reconciler.logs import EventLogger
from reconciler.ports import Clock

Job = Callable[[], Awaitable[None]]

COUNT_LOG_SECONDS = 60.0
"""Time between two log lines about an error that persists."""
MAX_REASON_CHARACTERS = 300

log = EventLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Failure:
    """The failures of one job since it last succeeded. Times are monotonic."""

    began: float
    logged_at: float
    reason: str
    unlogged_count: int = 0
    count: int = 1


class JobRunner:
    """The jobs that fail now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_job: dict[str, _Failure] = {}

    async def run(self, name: str, job: Job) -> None:
        """Run a job once. An unexpected error ends this run only; it is logged here."""
        try:
            await job()
        except Exception as error:
            if self._record_if_new(name, error):
                log.exception("a periodic job failed; it is tried again", job=name)
            else:
                self._count(name)
        else:
            if (known := self._by_job.pop(name, None)) is not None:
                log.info("a periodic job works again", job=name, failures=known.count)

    def _record_if_new(self, name: str, error: Exception) -> bool:
        """Return whether the job failed otherwise before, or not at all, and record how it fails now."""
        now = self._clock.monotonic()
        reason = f"{type(error).__name__}: {error}"[:MAX_REASON_CHARACTERS]
        known = self._by_job.get(name)
        if known is not None and known.reason == reason:
            return False
        began, count = (known.began, known.count + 1) if known else (now, 1)
        self._by_job[name] = _Failure(began=began, logged_at=now, reason=reason, count=count)
        return True

    def _count(self, name: str) -> None:
        """Count a failure that is known, and log the number once a minute."""
        known, now = self._by_job[name], self._clock.monotonic()
        known.count += 1
        known.unlogged_count += 1
        if now - known.logged_at >= COUNT_LOG_SECONDS:
            log.error(
                "a periodic job keeps failing", job=name, times=known.unlogged_count, reason=known.reason
            )
            known.logged_at, known.unlogged_count = now, 0

    def failing_seconds(self, job: str | None = None) -> float:
        """Return for how long this job has failed without a success; without `job` the longest of all."""
        began = [each.began for name, each in self._by_job.items() if job in (None, name)]
        return self._clock.monotonic() - min(began) if began else 0.0

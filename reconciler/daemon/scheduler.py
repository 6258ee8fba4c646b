"""Periodic jobs in memory, with APScheduler; all are due after a jump of the clock.

APScheduler uses the wall clock. If the clock is set back, jobs would wait for that time: `run_all_jobs_now`
makes them due at once, and is called when wall clock and monotonic clock differ, because the clock was set or
the machine slept (`ClockJumpDetector`). If the clock is set forward by years, APScheduler's own intervals
would count every missed run: `IntervalFromNowTrigger` counts from now.

A job that fails runs again every second: each error is logged once with its traceback, and then counted.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from reconciler.logs import EventLogger
from reconciler.ports import Clock

Job = Callable[[], Awaitable[None]]

COUNT_LOG_SECONDS = 60.0
"""Time between two log lines about an error that persists."""
MAX_REASON_CHARACTERS = 300
CANCEL_GRACE_SECONDS = 2.0
"""Time that a cancelled job has for cancelling its query.

After that it is cancelled again, without waiting.
"""
MIN_CLOCK_JUMP_SECONDS = 2.0
"""A larger difference between two checks is a jump; NTP adjusts far less."""

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


class IntervalFromNowTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler 3 ships no types
    """Fires a fixed time after the last start."""

    def __init__(self, seconds: float) -> None:
        self._delay = timedelta(seconds=seconds)

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        return now + self._delay


class PeriodicJobs:
    """The scheduler of one daemon. A job that is still running when its time comes is not started twice."""

    def __init__(self, clock: Clock) -> None:
        self.failures = JobRunner(clock)
        # APScheduler warns when a slow job is not started twice; that is intended here.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._stopped = False
        self._running: set[asyncio.Task[object]] = set()
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )

    def add_job(self, name: str, seconds: float, job: Job) -> None:
        """Add a job that runs now and every `seconds`. An unexpected error of it ends this run only."""

        async def run() -> None:
            task = asyncio.current_task()
            assert task is not None  # the scheduler makes one for each run
            if not self._stopped:
                self._running.add(task)
                try:
                    await self.failures.run(name, job)
                finally:
                    self._running.discard(task)

        self._scheduler.add_job(run, IntervalFromNowTrigger(seconds), next_run_time=datetime.now(UTC))

    def start(self) -> None:
        """Start running jobs."""
        self._scheduler.start()

    def run_all_jobs_now(self) -> None:
        """Make every job due now, independent of the wall clock."""
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=datetime.now(UTC))

    def stop(self) -> None:
        """Stop, and cancel running jobs; `wait_until_ended` waits for them."""
        self._stopped = True
        if self._scheduler.running:
            # The executor would log a cancelled run as an error with a traceback, but it is no error.
            logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
            self._scheduler.shutdown(wait=False)

    async def wait_until_ended(self) -> None:
        """Wait until no job is running: each may hold a connection until it ends."""
        running = set(self._running)
        if running:
            await asyncio.wait(running, timeout=CANCEL_GRACE_SECONDS)
            for task in running:
                task.cancel()
            await asyncio.wait(running)


class ClockJumpDetector:
    """Compares the wall clock with the monotonic clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = self._read_clock_offset()
        self.jump_seconds = 0.0  # found by the last call

    def detect_jump(self) -> bool:
        """Return whether the wall clock jumped since the last call; `jump_seconds` has the size."""
        offset = self._read_clock_offset()
        self.jump_seconds, self._offset = offset - self._offset, offset
        return abs(self.jump_seconds) > MIN_CLOCK_JUMP_SECONDS

    def _read_clock_offset(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

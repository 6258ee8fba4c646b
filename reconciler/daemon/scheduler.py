"""Periodic jobs in memory, with APScheduler; all are due after a jump of the clock.

APScheduler uses the wall clock. If the clock is set back, jobs would wait for that time: `run_all_jobs_now`
makes them due at once, and is called when wall clock and monotonic clock differ, because the clock was set or
the machine slept (`ClockJumpDetector`). If the clock is set forward by years, APScheduler's own intervals
would count every missed run: `IntervalFromNowTrigger` counts from now.
"""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from reconciler.daemon.job_runner import Job, JobRunner
from reconciler.ports import Clock

CANCEL_GRACE_SECONDS = 2.0
"""Time that a cancelled job has for cancelling its query.

After that it is cancelled again, without waiting.
"""
MIN_CLOCK_JUMP_SECONDS = 2.0
"""A larger difference between two checks is a jump; NTP adjusts far less."""


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

"""The same few jobs again and again, in memory, by APScheduler; after a jump of the clock all are due.

Its jobs are due by the wall clock. Set back, it would let them wait for as long: `run_all_now` makes every
job due at once, and is called when wall clock and monotonic clock drift apart, because the clock was set or
the machine slept (`ClockJumpDetector`). Set forward by years, APScheduler's own intervals would count every
run that was missed: `FixedDelayTrigger` counts from now.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from reconciler.ports import Clock

Job = Callable[[], Awaitable[None]]

UNWIND_SECONDS = 2.0
"""What a cancelled job has to ask the database to stop; cancelled again, it waits for no answer."""
JUMP_SECONDS = 2.0
"""A jump is more than this between two checks; NTP slews far less."""


class FixedDelayTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler 3 ships no types
    """So long after it was started last, whenever it should have been."""

    def __init__(self, seconds: float) -> None:
        self._delay = timedelta(seconds=seconds)

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        return now + self._delay


class Scheduler:
    """The scheduler of one daemon. A job that is still running when its time comes is not started twice."""

    def __init__(self) -> None:
        # That a slow job was not started twice is a warning of its own there: nothing is lost by it here.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._stopped = False
        self._running: set[asyncio.Task[object]] = set()
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )

    def add_job(self, seconds: float, job: Job) -> None:
        """Run it now and every so many seconds."""

        async def run() -> None:
            task = asyncio.current_task()
            assert task is not None  # the scheduler makes one for each run
            if not self._stopped:
                self._running.add(task)
                try:
                    await job()
                finally:
                    self._running.discard(task)

        self._scheduler.add_job(run, FixedDelayTrigger(seconds), next_run_time=datetime.now(UTC))

    def start(self) -> None:
        """From now on."""
        self._scheduler.start()

    def run_all_now(self) -> None:
        """Every job is due now, whatever the wall clock says."""
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=datetime.now(UTC))

    def stop(self) -> None:
        """No more; what is running is cancelled, and `wait_until_ended` waits for it."""
        self._stopped = True
        if self._scheduler.running:
            # A run cancelled here would be an error with a trace to its executor: nothing is lost by it.
            logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
            self._scheduler.shutdown(wait=False)

    async def wait_until_ended(self) -> None:
        """Return when no job runs any more: each may hold a connection until it has ended."""
        running = set(self._running)
        if running:
            await asyncio.wait(running, timeout=UNWIND_SECONDS)
            for task in running:
                task.cancel()
            await asyncio.wait(running)


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

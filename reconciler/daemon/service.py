"""The service: queues due projects, nudges changed ones, and runs workers for their passes.

tick       check the database → find due projects → queue as many as the workers will soon run
scan       find projects changed in BugSpark → nudge them
retention  delete old records
requeue    queue the projects of dead workers again
work       run passes until stopped; if the database fails, a worker ends, and a new one is created
heartbeat  detect jumps of the wall clock, notify the watchdog, update the status line
"""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

from reconciler.daemon.comparison_schedule import ComparisonSchedule
from reconciler.daemon.intervals import ServiceIntervals
from reconciler.daemon.pass_queue import PassQueue, QueueContent, QueuedPass, QueueWorker
from reconciler.daemon.runtime import DaemonBackend
from reconciler.daemon.scan_schedule import FullAndIncrementalScans
from reconciler.daemon.schedule import Schedule
from reconciler.daemon.scheduler import ClockJumpDetector, PeriodicJobs
from reconciler.daemon.systemd import SystemdNotifier
from reconciler.daemon.work_monitor import QueueProgress, WorkMonitor
from reconciler.daemon.worker import OnPassResult, PassRunner
from reconciler.errors import (
    ConfigurationError,
    DatabaseError,
    NewerSchemaError,
    ReconcilerError,
    SchemaError,
)
from reconciler.logs import EventLogger
from reconciler.model.health import WorkGauges
from reconciler.ports import Clock

SHUTDOWN_GRACE_SECONDS = 4.0
"""How long a running pass may take to end when the service stops; then it is cancelled."""
STUCK_TICK_SECONDS = 180.0
"""A tick that takes longer is stuck: each of its queries has a far shorter timeout."""
MAX_FAILING_SECONDS = 60.0
"""A job that has failed this long, each time it ran, counts as failed."""
MAX_WAITING_PER_SLOT = 2
"""Limit of waiting due projects per slot, so that a nudged project does not wait behind too many."""

TICK_JOB = "tick"
EXPECTED_TICK_ERRORS = (DatabaseError, SchemaError, ConfigurationError)
"""The database does not answer, or `reconcile migrate` is needed: the tick has looked, and looks again after
its interval. Any other error of a tick is counted as a failure (`is_alive`).
"""

log = EventLogger(__name__)


class Service:
    """The work of one daemon, from `run` to its end."""

    def __init__(
        self,
        runtime: DaemonBackend,
        queue: PassQueue,
        clock: Clock,
        systemd: SystemdNotifier,
        intervals: ServiceIntervals,
        *,
        new_id: Callable[[], UUID],
        on_result: OnPassResult = lambda _: None,
    ) -> None:
        self._runtime = runtime
        self._queue = queue
        self._clock = clock
        self._systemd = systemd
        self._intervals = intervals
        self._comparisons = ComparisonSchedule(intervals.interval)
        self._pass_runner = PassRunner(runtime, clock, new_id, on_result, self._comparisons)
        self._schedule = Schedule(runtime, clock, intervals, queue.is_own)
        self._due_projects = self._schedule.due_projects
        self._queueing = asyncio.Lock()
        self._refill_requested = asyncio.Event()
        self._ended_since_queueing = 0
        self._has_more_due = False  # than were queued: the next ones are queued before the next tick
        self._scans = FullAndIncrementalScans(intervals.scan, intervals.incremental_scan)
        self._scheduler = PeriodicJobs(clock)
        self._progress = QueueProgress(clock)
        self._monitor = WorkMonitor(clock)
        self._clock_jumps = ClockJumpDetector(clock)
        self._worker_by_task: dict[asyncio.Task[None], QueueWorker | None] = {}
        self._stopping = asyncio.Event()
        self._last_tick_monotonic = clock.monotonic()
        self._last_check_monotonic: float | None = None
        self._problem: str | None = None
        self._newer_schema: NewerSchemaError | None = None
        self._is_outdated = asyncio.Event()

    @property
    def is_alive(self) -> bool:
        """Whether the process makes progress: ticks end, as expected, and no pass continues after it was cut.

        A tick that finds the database away is progress, because it ends within the time limit of a
        connection and the next one looks again: to start the process again would not help. A tick that ends
        in another error each time, or does not end, is no progress.

        Source: docs/reference/contract.md, HTTP, `/healthz`.
        """
        return (
            self._clock.monotonic() - self._last_tick_monotonic <= STUCK_TICK_SECONDS
            and self._scheduler.failures.failing_seconds(TICK_JOB) <= MAX_FAILING_SECONDS
            and not self._pass_runner.has_stuck_pass()
        )

    @property
    def is_working(self) -> bool:
        """Whether the work is done: the process is alive, no periodic job fails, and due passes run."""
        return (
            self.is_alive
            and self._scheduler.failures.failing_seconds() <= MAX_FAILING_SECONDS
            and not self._progress.is_standing_still()
        )

    def measure(self) -> WorkGauges:
        """Return the numbers of the work for `/metrics`."""
        return self._monitor.measure(self._due_projects, self._runtime.passes_waiting_to_write())

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then end or cancel running passes.

        Raises NewerSchemaError when a newer program has migrated the database, and unexpected errors.
        """
        intervals = self._intervals
        self._scheduler.add_job(TICK_JOB, intervals.tick, self._tick)
        self._scheduler.add_job("scan", intervals.tick, self._scan_and_nudge)
        self._scheduler.add_job("requeue", intervals.requeue_stalled, self._requeue_stalled)
        self._scheduler.add_job("retention", intervals.retention, self._delete_old_records)
        beat = asyncio.create_task(self._run_heartbeat())
        refills = asyncio.create_task(self._refill_queue())
        stopped = asyncio.create_task(stop.wait())
        outdated = asyncio.create_task(self._is_outdated.wait())
        self._start_worker(intervals.concurrency)
        self._scheduler.start()
        try:
            await self._wait_for_end(stopped, outdated, beat, refills)
        finally:
            self._systemd.notify_stopping()
            self._stopping.set()
            self._scheduler.stop()
            for task in (beat, refills, stopped, outdated):
                task.cancel()
            await self._await_or_cancel_passes()
            await self._scheduler.wait_until_ended()
            await asyncio.gather(beat, refills, stopped, outdated, return_exceptions=True)

    def apply_intervals(self, intervals: ServiceIntervals) -> None:
        """Use these intervals, because the configuration was read again."""
        if intervals.concurrency != self._intervals.concurrency:
            for worker in self._worker_by_task.values():
                if worker is not None:
                    worker.stop(None)
            self._start_worker(intervals.concurrency)
        self._schedule.reset(intervals)
        self._comparisons.reset(intervals.interval)
        self._intervals = intervals

    async def _wait_for_end(
        self, stopped: asyncio.Task[bool], outdated: asyncio.Task[bool], *endless: asyncio.Task[None]
    ) -> None:
        """Wait for `stop`. If a task ends earlier, raise its error to end the service."""
        while not stopped.done():
            tasks = {stopped, outdated, *endless, *self._worker_by_task}
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._newer_schema is not None:
                raise self._newer_schema
            for task in [task for task in self._worker_by_task if task.done()]:
                del self._worker_by_task[task]
                task.result()
            for task in endless:
                if task.done():
                    task.result()

    def _start_worker(self, concurrency: int) -> None:
        task = asyncio.create_task(self._run_worker(concurrency))
        self._worker_by_task[task] = None

    async def _run_worker(self, concurrency: int) -> None:
        """Run one worker after another, until one is stopped on purpose."""
        while not self._stopping.is_set():
            worker = self._queue.create_worker(self._run_pass, concurrency)
            task = asyncio.current_task()
            assert task is not None  # a coroutine always runs in a task
            self._worker_by_task[task] = worker
            try:
                await worker.serve()
            except ReconcilerError as error:
                self._log_database_problem(error)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._intervals.retry)
            else:
                return

    async def _run_pass(self, queued: QueuedPass) -> bool:
        if not self._schedule.begin_pass(queued.project_id):
            return True
        due = None if queued.is_nudged else self._schedule.due_pass(queued.project_id)
        try:
            return await self._pass_runner.run_pass(queued, due)
        finally:
            self._schedule.record_end(queued.project_id)
            self._ended_since_queueing += 1
            if self._has_more_due and self._ended_since_queueing >= self._intervals.concurrency:
                self._refill_requested.set()

    async def _refill_queue(self) -> None:
        """Queue more due projects as soon as passes have made room, not only at the next tick."""
        while True:
            await self._refill_requested.wait()
            self._refill_requested.clear()
            if self._problem is None:
                try:
                    await self._queue_due_projects()
                except ReconcilerError as error:
                    self._log_database_problem(error)
            await asyncio.sleep(self._intervals.refill)

    async def _await_or_cancel_passes(self) -> None:
        """Wait for running passes up to SHUTDOWN_GRACE_SECONDS, then cancel the others."""
        for worker in self._worker_by_task.values():
            if worker is not None:
                worker.stop(None)
        if self._worker_by_task:
            await asyncio.wait(self._worker_by_task, timeout=SHUTDOWN_GRACE_SECONDS)
        self._pass_runner.cancel_all()
        await asyncio.gather(*self._worker_by_task, return_exceptions=True)

    async def _tick(self) -> None:
        try:
            await self._check_ready()
            await self._queue_due_projects()
        except NewerSchemaError as error:
            self._newer_schema = error
            self._is_outdated.set()
        except EXPECTED_TICK_ERRORS as error:
            self._log_database_problem(error)
        else:
            self._clear_database_problem()
        self._last_tick_monotonic = self._clock.monotonic()

    async def _check_ready(self) -> None:
        now = self._clock.monotonic()
        if (
            self._problem is None
            and self._last_check_monotonic is not None
            and now - self._last_check_monotonic < self._intervals.schema_check
        ):
            return
        await self._runtime.check_ready()
        self._last_check_monotonic = now

    async def _queue_due_projects(self) -> None:
        async with self._queueing:
            is_fresh = await self._schedule.refresh()
            await self._add_due_projects(await self._queue.backlog(), is_fresh=is_fresh)

    async def _add_due_projects(self, backlog: QueueContent, *, is_fresh: bool) -> None:
        monotonic = self._clock.monotonic()
        self._monitor.record_backlog(backlog)
        busy = backlog.waiting | backlog.running
        self._progress.record_counts(
            waiting=len(backlog.waiting),
            running=max(len(backlog.running), self._pass_runner.running_count),
            ended_count=self._pass_runner.ended_count,
        )
        self._comparisons.forget_outdated_projects(
            {project.project_id: project.config for project in self._due_projects.scheduled}
        )
        overdue = await self._schedule.find_overdue(backlog.running, busy, is_fresh=is_fresh)
        for project_id in overdue:
            await self._queue.nudge(project_id)
        self._due_projects.mark_queued(overdue, monotonic)
        limit = max(0, MAX_WAITING_PER_SLOT * self._intervals.concurrency - len(backlog.waiting))
        project_ids = await self._schedule.find_due(limit, busy, is_fresh=is_fresh)
        self._has_more_due, self._ended_since_queueing = len(project_ids) >= limit, 0
        if project_ids:
            self._queue.put_due(project_ids)
            self._due_projects.mark_queued(project_ids, monotonic)

    async def _scan_and_nudge(self) -> None:
        began = self._clock.monotonic()
        if self._problem is not None or (scan := self._scans.find_due_scan(began)) is None:
            return
        try:
            fingerprints = await self._runtime.scan_changes(incremental=scan.incremental)
            ended = self._clock.monotonic()
            self._comparisons.record_scan(fingerprints, began, ended, incremental=scan.incremental)
            for project_id in scan.select_nudges(
                fingerprints, lambda project_id: self._due_projects.may_run_early(project_id, ended), ended
            ):
                await self._queue.nudge(project_id)
        except ReconcilerError as error:
            self._log_database_problem(error)
        else:
            self._monitor.record_scan(began, incremental=scan.incremental)
        self._scans.record_scan(scan, began, self._clock.monotonic())

    async def _requeue_stalled(self) -> None:
        try:
            if (found := await self._queue.requeue_stalled()) > 0:
                log.warning("passes of a dead worker put back", count=found)
        except ReconcilerError as error:
            self._log_database_problem(error)

    async def _delete_old_records(self) -> None:
        try:
            await self._runtime.delete_old_records()
        except ReconcilerError as error:
            self._log_database_problem(error)

    async def _run_heartbeat(self) -> None:
        """Notify systemd from the event loop, so that a blocked loop sends nothing."""
        last_status = ""
        while True:
            if self._clock_jumps.detect_jump():
                log.warning("the wall clock was set", by_seconds=round(self._clock_jumps.jump_seconds, 1))
                self._scheduler.run_all_jobs_now()
            self._pass_runner.cut_hung_passes()
            if self.is_alive:
                self._systemd.notify_watchdog()
            if (status := self._status_line()) != last_status:
                self._systemd.notify_status(status)
                last_status = status
            await asyncio.sleep(
                min(self._intervals.heartbeat, (self._systemd.watchdog_seconds or math.inf) / 3)
            )

    def _status_line(self) -> str:
        if self._problem is not None:
            return self._problem
        worker = self._pass_runner
        running, ended = worker.running_count, worker.ended_count
        return f"{len(self._due_projects)} projects, {running} passes running, {ended} done"

    def _log_database_problem(self, error: ReconcilerError) -> None:
        """Log a database problem once, however often it occurs."""
        if self._problem is None:
            log.error("the database can't be used", kind=error.kind, reason=str(error))
        self._problem = str(error)

    def _clear_database_problem(self) -> None:
        if self._problem is not None:
            log.info("the database can be used again")
        self._problem = None

"""The queue of nudged projects in PostgreSQL, shared by all daemons of a database, made with Procrastinate.

`lock` = project: one job runs. `queueing_lock` = project: one job waits. Features that are not used, because
they fail here (docs/design.md, Where one machine is not enough):
- retries: with `queueing_lock` the key would be blocked permanently; a project is simply due again;
- jobs for later: one with a `lock` blocks ready ones;
- setting back the job of a dead worker: it would collide with a waiting job of the same project. It is
  finished as failed, and a new job is queued. Jobs that a stop cut short are queued again by this module.

Due projects have no job: a `MemoryQueue` has them, and its workers run every pass of this process, those of
jobs too. Which daemon makes a project's due passes follows from the workers that are alive: the one with the
highest hash of worker and project (docs/decisions/0098-due-passes-without-jobs.md).
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any
from uuid import UUID

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import DeleteJobCondition, Status
from procrastinate.worker import Worker
from psycopg_pool import AsyncConnectionPool

from reconciler.daemon.job_announcements import JobAnnouncements
from reconciler.daemon.job_passes import JobPasses
from reconciler.daemon.memory_queue import MemoryQueue, MemoryQueueWorker
from reconciler.daemon.pass_queue import QueueContent, RunPass
from reconciler.errors import DatabaseError
from reconciler.logs import EventLogger
from reconciler.model.ids import ProjectId

NUDGED_QUEUE, TASK_NAME = "reconciler.nudged", "reconciler.look"
QUEUE_NAMES = [NUDGED_QUEUE, "reconciler"]
"""The second one has due projects that a daemon of version 0.1.0 queued."""
POLL_SECONDS = 1.0
"""Time between two polls of the queue.

New jobs are announced (LISTEN); a job that waited for a lock is not.
"""
HEARTBEAT_SECONDS, DEAD_AFTER_SECONDS = 10.0, 30.0
"""Interval of a worker's heartbeats, and the silence after which it counts as dead."""
POOL_CONNECTIONS = 4
POOL_TIMEOUT_SECONDS = 10.0
"""Time limit for getting a connection."""
RECONNECT_TIMEOUT_SECONDS = 5.0
"""How long the pool retries, with growing delays; the next query starts with a short delay again."""
SELECT_JOBS_OF_PROJECT = """
    SELECT false AS is_running FROM procrastinate_jobs WHERE queueing_lock = %(key)s AND status = 'todo'
    UNION ALL
    SELECT true FROM procrastinate_jobs WHERE lock = %(key)s AND status = 'doing'
"""
SELECT_HELD_JOBS = """
    SELECT id, lock FROM procrastinate_jobs
    WHERE queue_name = ANY(%(rows)s) AND status = 'doing' AND worker_id = ANY(%(workers)s)
"""
SELECT_JOBS_AND_WORKERS = """
    SELECT id, lock, status::text FROM procrastinate_jobs
    WHERE queue_name = ANY(%(rows)s) AND status IN ('todo', 'doing') AND lock IS NOT NULL
    UNION ALL
    SELECT id, NULL, 'alive' FROM procrastinate_workers
    WHERE last_heartbeat > now() - make_interval(secs => %(silent)s)
"""

log = EventLogger(__name__)


class ProcrastinateQueue:
    """`pass_queue.PassQueue`: due projects in memory, nudged ones in the tables of `reconcile migrate`."""

    def __init__(self, app: App, silent: float) -> None:
        self.app = app
        self._dead_after_seconds = silent
        self._task = app.task(name=TASK_NAME, queue=NUDGED_QUEUE)(self._run_job)
        self.passes = MemoryQueue()  # every pass of this process
        self.job_passes = JobPasses(self.passes)
        self._running_projects: set[ProjectId] = set()  # those of jobs
        self._suspected_jobs: frozenset[int] = frozenset()
        self._nudged_while_running: set[ProjectId] = set()
        self._announcements = JobAnnouncements(app)
        self.workers: set[Worker] = set()  # the running workers of this process
        self._live_workers: frozenset[int] = frozenset()  # of all daemons, at the last tick

    async def nudge(self, project_id: ProjectId) -> None:
        if is_running_here := project_id in self._running_projects:
            self._nudged_while_running.add(project_id)
        is_running = await self._defer_job(project_id)
        self.passes.withdraw_due(project_id)
        if is_running and not is_running_here:
            self._announcements.announce_after_other_pass(project_id)

    def is_own(self, project_id: ProjectId) -> bool:
        own = self._own_worker_ids
        workers = self._live_workers | own
        return not workers or max(workers, key=partial(_rank_of_worker, project_id)) in own

    def put_due(self, projects: Collection[ProjectId]) -> None:
        self.passes.put_due(projects)

    async def backlog(self) -> QueueContent:
        with translate_queue_errors():
            rows = await self.app.connector.execute_query_all_async(
                SELECT_JOBS_AND_WORKERS, rows=QUEUE_NAMES, silent=self._dead_after_seconds
            )
        jobs: dict[str, dict[int, ProjectId]] = {"todo": {}, "doing": {}}
        for row in rows:
            if row["status"] in jobs:
                jobs[row["status"]][row["id"]] = ProjectId(UUID(row["lock"]))
        self._live_workers = frozenset(row["id"] for row in rows if row["status"] == "alive")
        here = self.passes.content
        return QueueContent(
            waiting=here.waiting.union(jobs["todo"].values()),
            # A job that waits for a place in this process is taken, but its pass does not run.
            running=here.running.union(set(jobs["doing"].values()) - here.waiting),
            # No job of the database has a negative id.
            waiting_jobs=frozenset((*jobs["todo"], *(-job_id for job_id in here.waiting_jobs))),
        )

    @property
    def _own_worker_ids(self) -> frozenset[int]:
        return frozenset(worker.worker_id for worker in self.workers if worker.worker_id is not None)

    async def requeue_stalled(self) -> int:
        with translate_queue_errors():
            dead = await self.app.job_manager.get_stalled_jobs(
                task_name=TASK_NAME, seconds_since_heartbeat=self._dead_after_seconds
            )
            locks_by_job = {
                job.id: job.lock for job in dead if job.id is not None
            } | await self._find_held_jobs_not_running()
        rescued = 0
        for job_id, lock in locks_by_job.items():
            # Another daemon was faster; a database problem is raised by what follows.
            with suppress(ConnectorException):
                await self.app.job_manager.finish_job_by_id_async(
                    job_id, status=Status.FAILED, delete_job=True
                )
                rescued += 1
            await self.nudge(ProjectId(UUID(lock)))
        return rescued

    async def _find_held_jobs_not_running(self) -> dict[int, str]:
        """Return jobs that are held by workers of this process but not running: id → lock.

        Procrastinate writes the end of a job only once; if the database does not answer then, the job would
        block its project until this process ends. A job must be found twice in a row, because its beginning
        and end take a moment.
        """
        rows = await self.app.connector.execute_query_all_async(
            SELECT_HELD_JOBS, rows=QUEUE_NAMES, workers=list(self._own_worker_ids)
        )
        idle = {
            row["id"]: row["lock"]
            for row in rows
            if ProjectId(UUID(row["lock"])) not in self._running_projects
        }
        before, self._suspected_jobs = self._suspected_jobs, frozenset(idle)
        return {job_id: lock for job_id, lock in idle.items() if job_id in before}

    def create_worker(self, run: RunPass, concurrency: int) -> "ProcrastinateQueueWorker":
        return ProcrastinateQueueWorker(self, run, concurrency)

    async def requeue_unfinished(self) -> None:
        """Queue jobs again that ended without their pass. Another daemon may take them."""
        while self.job_passes.unfinished:
            await self.nudge(self.job_passes.unfinished.pop())

    async def _run_job(self, project: str) -> None:
        project_id = ProjectId(UUID(project))
        job_task = asyncio.current_task()
        assert job_task is not None  # Procrastinate makes one for each job
        job_task.add_done_callback(partial(_log_unwritten_end, project_id))
        self._running_projects.add(project_id)
        try:
            await self.job_passes.run_job(project_id)
        finally:
            self._running_projects.discard(project_id)
            if project_id in self._nudged_while_running:
                self._nudged_while_running.discard(project_id)
                self._announcements.announce_after_pass(project_id)

    async def end_announcements(self) -> None:
        """Announce nothing any more, before the connections are closed."""
        await self._announcements.aclose()

    async def _defer_job(self, project_id: ProjectId) -> bool:
        """Queue a project that does not wait. Returns whether a job of it runs."""
        key = str(project_id)
        is_running = False
        with translate_queue_errors(), suppress(AlreadyEnqueued):
            # Checked first: a refused INSERT is an error in the server's log, and nudges come in bursts.
            found = await self.app.connector.execute_query_all_async(SELECT_JOBS_OF_PROJECT, key=key)
            is_running = any(job["is_running"] for job in found)
            if all(job["is_running"] for job in found):
                await self._task.configure(lock=key, queueing_lock=key).defer_async(project=key)
        return is_running


def _rank_of_worker(project_id: ProjectId, worker_id: int) -> bytes:
    """Return what the workers of a project are compared by: all daemons get the same order."""
    return hashlib.blake2b(f"{worker_id} {project_id}".encode(), digest_size=8).digest()


def _log_unwritten_end(project_id: ProjectId, job_task: asyncio.Task[object]) -> None:
    """Log the error of a job whose end could not be written, which Procrastinate does not handle.

    Unread, asyncio would log it with a traceback whenever the task is collected. `requeue_stalled` finds the
    job.
    """
    if not job_task.cancelled() and (error := job_task.exception()) is not None:
        log.warning(
            "the end of a pass could not be written to the queue; it is put back",
            project=str(project_id),
            reason=str(error) or type(error).__name__,
        )


class ProcrastinateQueueWorker:
    """One worker for passes, and one of Procrastinate that takes jobs for it."""

    def __init__(self, queue: ProcrastinateQueue, run: RunPass, concurrency: int) -> None:
        self._queue = queue
        self._stopped = False
        self._grace: float | None = None
        self._passes = MemoryQueueWorker(
            queue.passes, partial(queue.job_passes.run_pass, run=run), concurrency
        )
        self._jobs = Worker(
            queue.app,
            queues=QUEUE_NAMES,
            concurrency=concurrency,
            fetch_job_polling_interval=POLL_SECONDS,
            delete_jobs=DeleteJobCondition.ALWAYS,
            install_signal_handlers=False,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            # A worker that only seems dead could fetch no more jobs once pruned; `requeue_stalled` is enough.
            stalled_worker_timeout=24 * 3600.0,
        )

    async def serve(self) -> None:
        if self._stopped:
            return
        self._queue.workers.add(self._jobs)
        try:
            with translate_queue_errors():
                await self._run_workers()
                await self._queue.requeue_unfinished()
        finally:
            self._queue.workers.discard(self._jobs)
        if not self._stopped:  # the LISTEN connection broke, or a heartbeat failed
            raise DatabaseError("The queue's worker lost its database.")

    def stop(self, grace: float | None) -> None:
        self._stopped, self._grace = True, grace
        self._stop_workers()

    async def _run_workers(self) -> None:
        """Run both workers. When one ends, stop the other. Raises the first error of any."""
        runs = self._jobs.run()  # type: ignore[no-untyped-call]  # untyped library
        tasks = [asyncio.create_task(runs), asyncio.create_task(self._passes.serve())]
        try:
            await asyncio.sleep(0)  # a stop before a worker runs would be lost
            if self._stopped:
                self._stop_workers()
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stop_workers()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for each in ended:
            if isinstance(each, BaseException):
                raise each

    def _stop_workers(self) -> None:
        self._jobs.shutdown_graceful_timeout = self._grace
        self._passes.stop(self._grace)
        self._queue.job_passes.end_waiting_jobs()
        self._jobs.stop()  # type: ignore[no-untyped-call]  # untyped library


@asynccontextmanager
async def open_procrastinate_queue(
    arguments: Mapping[str, Any], connection_class: type[Any], *, silent: float = DEAD_AFTER_SECONDS
) -> AsyncIterator[ProcrastinateQueue]:
    """Open the queue in the database with these libpq arguments; no query is made yet.

    The connection must not go through pgbouncer, because LISTEN needs a session. `connection_class`: a
    psycopg connection that `async with` closes even when cancelled; `silent`: seconds without a heartbeat
    after which a worker counts as dead.
    """
    # The service logs a database problem once, so the library's own messages are not needed.
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    async with AsyncConnectionPool(
        kwargs=dict(arguments),
        connection_class=connection_class,
        min_size=1,
        max_size=POOL_CONNECTIONS,
        timeout=POOL_TIMEOUT_SECONDS,
        reconnect_timeout=RECONNECT_TIMEOUT_SECONDS,
        open=False,
        check=AsyncConnectionPool.check_connection,
    ) as pool:
        connector = PsycopgConnector()
        await connector.open_async(pool)
        queue = ProcrastinateQueue(App(connector=connector), silent)
        try:
            yield queue
        finally:
            await queue.end_announcements()


@contextmanager
def translate_queue_errors() -> Iterator[None]:
    """Turn Procrastinate's database errors within the block into DatabaseError."""
    try:
        yield
    except ConnectorException as error:
        raise DatabaseError("The database gives no access to the queue of passes.") from error

"""The queue in PostgreSQL, shared by all daemons of one database, made with Procrastinate.

`lock` = project: one job runs. `queueing_lock` = project: one job waits. Features that are not used, because
they fail here (docs/design.md, Where one machine is not enough):
- retries: with `queueing_lock` the key would be blocked permanently; a project is simply due again;
- jobs for later: one with a `lock` blocks ready ones;
- setting back the job of a dead worker: it would collide with a waiting job of the same project. It is
  finished as failed, and a new job is queued. Cancelled jobs are queued again by this module.

Nudged projects wait in a separate queue, ahead of due ones. A second Procrastinate worker serves only that
queue: it has the slots that due passes never take. A due job that is nudged moves to that queue.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any
from uuid import UUID

from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import DeleteJobCondition, JobDeferrer, Status
from procrastinate.worker import Worker
from psycopg_pool import AsyncConnectionPool

from reconciler.daemon.announcements import JobAnnouncements
from reconciler.daemon.pass_queue import QueueContent, QueuedPass, RunPass, due_slot_count
from reconciler.errors import DatabaseError
from reconciler.logs import EventLogger
from reconciler.model.ids import ProjectId

NUDGED_QUEUE, DUE_QUEUE, TASK_NAME = "reconciler.nudged", "reconciler", "reconciler.look"
QUEUE_NAMES = [NUDGED_QUEUE, DUE_QUEUE]
QUEUE_PRIORITIES = {NUDGED_QUEUE: 1, DUE_QUEUE: 0}
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
SELECT_WAITING_KEYS = (
    "SELECT queueing_lock FROM procrastinate_jobs WHERE queueing_lock = ANY(%(keys)s) AND status = 'todo'"
)
SELECT_JOBS_OF_PROJECT = """
    SELECT priority, false AS is_running FROM procrastinate_jobs
    WHERE queueing_lock = %(key)s AND status = 'todo'
    UNION ALL
    SELECT priority, true FROM procrastinate_jobs WHERE lock = %(key)s AND status = 'doing'
"""
RAISE_JOB_PRIORITY = """
    WITH raised AS (
        UPDATE procrastinate_jobs SET queue_name = %(row)s, priority = %(priority)s
        WHERE queueing_lock = %(key)s AND status = 'todo' AND priority < %(priority)s RETURNING id
    )
    SELECT pg_notify(
        'procrastinate_queue_v1#' || %(row)s, json_build_object('type', 'job_inserted', 'job_id', id)::text
    ) FROM raised
"""
"""Sends the notification of a new job in that queue, because Procrastinate notifies about new jobs only."""
SELECT_HELD_JOBS = """
    SELECT id, lock FROM procrastinate_jobs
    WHERE queue_name = ANY(%(rows)s) AND status = 'doing' AND worker_id = ANY(%(workers)s)
"""
SELECT_OPEN_JOBS = """
    SELECT id, lock, status::text FROM procrastinate_jobs
    WHERE queue_name = ANY(%(rows)s) AND status IN ('todo', 'doing') AND lock IS NOT NULL
"""

log = EventLogger(__name__)


class ProcrastinateQueue:
    """`pass_queue.PassQueue` in the tables that `reconcile migrate` creates."""

    def __init__(self, app: App, silent: float) -> None:
        self.app = app
        self._dead_after_seconds = silent
        self._task = app.task(name=TASK_NAME, queue=DUE_QUEUE, pass_context=True)(self._run_job)
        self._run: RunPass | None = None
        self._cut_off_projects: set[ProjectId] = set()
        self._running_projects: set[ProjectId] = set()
        self._suspected_jobs: frozenset[int] = frozenset()
        self._nudged_while_running: set[ProjectId] = set()
        self._announcements = JobAnnouncements(app)
        self.workers: set[Worker] = set()  # the running workers of this process

    async def nudge(self, project_id: ProjectId) -> None:
        if is_running_here := project_id in self._running_projects:
            self._nudged_while_running.add(project_id)
        is_running = await self._defer_job(project_id, NUDGED_QUEUE)
        if is_running and not is_running_here:
            self._announcements.announce_after_other_pass(project_id)

    async def put_due(self, projects: Collection[ProjectId]) -> None:
        """All in one statement, unless another daemon has just queued one of them: then one by one."""
        keys = list(dict.fromkeys(map(str, projects)))
        with translate_queue_errors():
            rows = await self.app.connector.execute_query_all_async(SELECT_WAITING_KEYS, keys=keys)
            waiting = {row["queueing_lock"] for row in rows}
            jobs = [self._job_deferrer(key, DUE_QUEUE).make_new_job(project=key) for key in keys]
            absent = [job for job in jobs if job.queueing_lock not in waiting]
            try:
                if absent:
                    await self.app.job_manager.batch_defer_jobs_async(absent)
            except AlreadyEnqueued:
                for job in absent:
                    await self._defer_job(ProjectId(UUID(job.queueing_lock)), DUE_QUEUE)

    async def backlog(self) -> QueueContent:
        with translate_queue_errors():
            rows = await self.app.connector.execute_query_all_async(SELECT_OPEN_JOBS, rows=QUEUE_NAMES)
        by_status: dict[str, set[ProjectId]] = {"todo": set(), "doing": set()}
        for row in rows:
            by_status[row["status"]].add(ProjectId(UUID(row["lock"])))
        return QueueContent(
            waiting=frozenset(by_status["todo"]),
            running=frozenset(by_status["doing"]),
            waiting_jobs=frozenset(row["id"] for row in rows if row["status"] == "todo"),
        )

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
        workers = [worker.worker_id for worker in self.workers if worker.worker_id is not None]
        rows = await self.app.connector.execute_query_all_async(
            SELECT_HELD_JOBS, rows=QUEUE_NAMES, workers=workers
        )
        idle = {
            row["id"]: row["lock"]
            for row in rows
            if ProjectId(UUID(row["lock"])) not in self._running_projects
        }
        before, self._suspected_jobs = self._suspected_jobs, frozenset(idle)
        return {job_id: lock for job_id, lock in idle.items() if job_id in before}

    def create_worker(self, run: RunPass, concurrency: int) -> "ProcrastinateQueueWorker":
        self._run = run
        return ProcrastinateQueueWorker(self, concurrency)

    async def requeue_cancelled(self) -> None:
        """Queue cancelled jobs again, which Procrastinate does not do. Another daemon may take them."""
        while self._cut_off_projects:
            await self.nudge(self._cut_off_projects.pop())

    async def _run_job(self, context: JobContext, project: str) -> None:
        project_id = ProjectId(UUID(project))
        if self._run is None:
            raise RuntimeError("a job came before the first stint")
        job_task = asyncio.current_task()
        assert job_task is not None  # Procrastinate makes one for each job
        job_task.add_done_callback(partial(_log_unwritten_end, project_id))
        self._running_projects.add(project_id)
        try:
            await self._run(QueuedPass(project_id=project_id, is_nudged=context.job.queue == NUDGED_QUEUE))
        except asyncio.CancelledError:
            self._cut_off_projects.add(project_id)
            raise
        finally:
            self._running_projects.discard(project_id)
            if project_id in self._nudged_while_running:
                self._nudged_while_running.discard(project_id)
                self._announcements.announce_after_pass(project_id)

    async def end_announcements(self) -> None:
        """Announce nothing any more, before the connections are closed."""
        await self._announcements.aclose()

    async def _defer_job(self, project_id: ProjectId, row: str) -> bool:
        """Queue a project that does not wait, or move it ahead. Returns whether a pass of it runs."""
        key, priority, ask = (
            str(project_id),
            QUEUE_PRIORITIES[row],
            self.app.connector.execute_query_all_async,
        )
        is_running = False
        with translate_queue_errors(), suppress(AlreadyEnqueued):
            # Checked first: a refused INSERT is an error in the server's log, and nudges come in bursts.
            found = await ask(SELECT_JOBS_OF_PROJECT, key=key)
            is_running = any(job["is_running"] for job in found)
            waiting = [job["priority"] for job in found if not job["is_running"]]
            if any(other < priority for other in waiting):
                await ask(RAISE_JOB_PRIORITY, key=key, row=row, priority=priority)
            elif not waiting:
                await self._job_deferrer(key, row).defer_async(project=key)
        return is_running

    def _job_deferrer(self, key: str, row: str) -> JobDeferrer:
        """Return what makes jobs of a project: one of them may wait, and one run."""
        return self._task.configure(lock=key, queueing_lock=key, queue=row, priority=QUEUE_PRIORITIES[row])


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
    """One worker, made of one or two Procrastinate workers."""

    def __init__(self, queue: ProcrastinateQueue, concurrency: int) -> None:
        self._queue = queue
        self._stopped = False
        shared = due_slot_count(concurrency)
        self._workers = [_build_worker(queue.app, QUEUE_NAMES, shared)]
        if concurrency > shared:
            self._workers.append(_build_worker(queue.app, [NUDGED_QUEUE], concurrency - shared))

    async def serve(self) -> None:
        if self._stopped:
            return
        self._queue.workers.update(self._workers)
        try:
            with translate_queue_errors():
                await self._run_workers()
                await self._queue.requeue_cancelled()
        finally:
            self._queue.workers.difference_update(self._workers)
        if not self._stopped:  # the LISTEN connection broke, or a heartbeat failed
            raise DatabaseError("The queue's worker lost its database.")

    def stop(self, grace: float | None) -> None:
        self._stopped = True
        for worker in self._workers:
            worker.shutdown_graceful_timeout = grace
        self._stop_workers()

    async def _run_workers(self) -> None:
        """Run all workers. When one ends, stop the others. Raises the first error of any."""
        runs = [worker.run() for worker in self._workers]  # type: ignore[no-untyped-call]  # untyped library
        tasks = [asyncio.create_task(each) for each in runs]
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
        for worker in self._workers:
            worker.stop()  # type: ignore[no-untyped-call]  # untyped library


def _build_worker(app: App, rows: list[str], concurrency: int) -> Worker:
    return Worker(
        app,
        queues=rows,
        concurrency=concurrency,
        fetch_job_polling_interval=POLL_SECONDS,
        delete_jobs=DeleteJobCondition.ALWAYS,
        install_signal_handlers=False,
        update_heartbeat_interval=HEARTBEAT_SECONDS,
        # A worker that only seems dead could fetch no more jobs once pruned; `requeue_stalled` is enough.
        stalled_worker_timeout=24 * 3600.0,
    )


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

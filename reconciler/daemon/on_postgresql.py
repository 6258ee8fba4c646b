"""The queue in PostgreSQL, shared by every daemon on one database: Procrastinate, without its traps.

`lock` = project: one runs. `queueing_lock` = project: one waits. Its traps (docs/design.md, Where one machine
is not enough): no retry of its own (with `queueing_lock` the key wedges for good; a project is simply due
again); no job for later (one with a `lock` blocks ready ones); a dead worker's job is finished as failed,
and a new one put in (set back, it would meet its waiting twin); what was cut off is put in again by hand.

What was asked for waits in a row of its own, ahead of what is merely due; a second Procrastinate worker that
serves only that row has the places that due passes never take. A due job that somebody asks for changes rows.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from uuid import UUID

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import DeleteJobCondition, Notification, Status
from procrastinate.worker import Worker
from psycopg_pool import AsyncConnectionPool

from reconciler.daemon.passes import Backlog, Run, for_due
from reconciler.errors import DatabaseError
from reconciler.model.ids import ProjectId

NUDGED, DUE, TASK = "reconciler.nudged", "reconciler", "reconciler.look"
ROWS = [NUDGED, DUE]
PRIORITY = {NUDGED: 1, DUE: 0}
LOOK_SECONDS = 1.0
"""Between two looks at the queue. New jobs are announced (LISTEN); one that waited for its twin is not."""
BEAT_SECONDS, SILENT_SECONDS = 10.0, 30.0
"""How often a worker says that it lives, and when it counts as dead."""
CONNECTIONS = 4
PATIENCE = 10.0
"""Seconds for a connection."""
GIVE_UP = 5.0
"""Seconds the pool tries in ever longer steps; then the next question begins anew, with a short step."""
WAITS = "SELECT priority FROM procrastinate_jobs WHERE queueing_lock = %(key)s AND status = 'todo'"
RAISE = """
    WITH raised AS (
        UPDATE procrastinate_jobs SET queue_name = %(row)s, priority = %(priority)s
        WHERE queueing_lock = %(key)s AND status = 'todo' AND priority < %(priority)s RETURNING id
    )
    SELECT pg_notify(
        'procrastinate_queue_v1#' || %(row)s, json_build_object('type', 'job_inserted', 'job_id', id)::text
    ) FROM raised
"""
"""Announced as a new job of that row would be: Procrastinate announces those only."""
HELD = """
    SELECT id, lock FROM procrastinate_jobs
    WHERE queue_name = ANY(%(rows)s) AND status = 'doing' AND worker_id = ANY(%(workers)s)
"""
OPEN = """
    SELECT lock, status::text FROM procrastinate_jobs
    WHERE queue_name = ANY(%(rows)s) AND status IN ('todo', 'doing') AND lock IS NOT NULL
"""


class ProcrastinateQueue:
    """`daemon.passes.Passes` in the tables that `reconcile migrate` made."""

    def __init__(self, app: App, silent: float) -> None:
        self.app = app
        self._silent = silent
        self._task = app.task(name=TASK, queue=DUE)(self._look)
        self._run: Run | None = None
        self._cut: set[ProjectId] = set()
        self._looking: set[ProjectId] = set()
        self._suspects: frozenset[int] = frozenset()
        self.workers: set[Worker] = set()  # of this process, at work

    async def nudge(self, project_id: ProjectId) -> None:
        await self._defer(project_id, NUDGED)

    async def put(self, projects: Collection[ProjectId]) -> None:
        for project_id in projects:
            await self._defer(project_id, DUE)

    async def backlog(self) -> Backlog:
        with translated():
            rows = await self.app.connector.execute_query_all_async(OPEN, rows=ROWS)
        by_status: dict[str, set[ProjectId]] = {"todo": set(), "doing": set()}
        for row in rows:
            by_status[row["status"]].add(ProjectId(UUID(row["lock"])))
        return Backlog(waiting=frozenset(by_status["todo"]), running=frozenset(by_status["doing"]))

    async def rescue(self) -> int:
        with translated():
            dead = await self.app.job_manager.get_stalled_jobs(
                task_name=TASK, seconds_since_heartbeat=self._silent
            )
            found = {job.id: job.lock for job in dead if job.id is not None} | await self._forgotten()
        rescued = 0
        for job_id, lock in found.items():
            # Another daemon was faster; if it is the database, what follows says so.
            with suppress(ConnectorException):
                await self.app.job_manager.finish_job_by_id_async(
                    job_id, status=Status.FAILED, delete_job=True
                )
                rescued += 1
            await self.nudge(ProjectId(UUID(lock)))
        return rescued

    async def _forgotten(self) -> dict[int, str]:
        """Jobs that workers of ours hold, and nobody works on: the database was away just when their end was
        to be written, which Procrastinate tries once. They would keep their projects from everybody for as
        long as this process lives. Seen twice in a row, because beginning and end of a job take a moment.
        """
        workers = [each.worker_id for each in self.workers if each.worker_id is not None]
        rows = await self.app.connector.execute_query_all_async(HELD, rows=ROWS, workers=workers)
        idle = {row["id"]: row["lock"] for row in rows if ProjectId(UUID(row["lock"])) not in self._looking}
        before, self._suspects = self._suspects, frozenset(idle)
        return {job_id: lock for job_id, lock in idle.items() if job_id in before}

    def stint(self, run: Run, concurrency: int) -> "ProcrastinateStint":
        self._run = run
        return ProcrastinateStint(self, concurrency)

    async def put_back(self) -> None:
        """What was cut off goes in again: Procrastinate does not do that. Another daemon may take it."""
        while self._cut:
            await self.nudge(self._cut.pop())

    async def _look(self, project: str) -> None:
        project_id = ProjectId(UUID(project))
        if self._run is None:
            raise RuntimeError("a job came before the first stint")
        self._looking.add(project_id)
        try:
            await self._run(project_id)
        except asyncio.CancelledError:
            self._cut.add(project_id)
            raise
        finally:
            self._looking.discard(project_id)

    async def _defer(self, project_id: ProjectId, row: str) -> None:
        key, priority, ask = str(project_id), PRIORITY[row], self.app.connector.execute_query_all_async
        with translated(), suppress(AlreadyEnqueued):
            # Asked first: a refused INSERT is an error in the server's log, and nudges come in bursts.
            found = await ask(WAITS, key=key)
            if any(waiting["priority"] < priority for waiting in found):
                await ask(RAISE, key=key, row=row, priority=priority)
            elif not found:
                job = self._task.configure(lock=key, queueing_lock=key, queue=row, priority=priority)
                await job.defer_async(project=key)


class ProcrastinateStint:
    """One worker of ours: one or two of Procrastinate's."""

    def __init__(self, queue: ProcrastinateQueue, concurrency: int) -> None:
        self._queue = queue
        self._stopped = False
        shared = for_due(concurrency)
        self._workers = [_worker(queue.app, ROWS, shared)]
        if concurrency > shared:
            self._workers.append(_worker(queue.app, [NUDGED], concurrency - shared))

    async def serve(self) -> None:
        if self._stopped:
            return
        self._queue.workers.update(self._workers)
        try:
            with translated():
                await self._together()
                await self._queue.put_back()
        finally:
            self._queue.workers.difference_update(self._workers)
        if not self._stopped:  # its connection for LISTEN broke, or its heartbeat found no database
            raise DatabaseError("The queue's worker lost its database.")

    def stop(self, grace: float | None) -> None:
        self._stopped = True
        for worker in self._workers:
            worker.shutdown_graceful_timeout = grace
        self._end()

    async def _together(self) -> None:
        """Until all have ended; the first that does takes the others along. Raises what one of them did."""
        runs = [each.run() for each in self._workers]  # type: ignore[no-untyped-call]  # theirs to type
        tasks = [asyncio.create_task(each) for each in runs]
        try:
            await asyncio.sleep(0)  # what stops a worker before it runs is forgotten when it does
            if self._stopped:
                self._end()
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._end()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for each in ended:
            if isinstance(each, BaseException):
                raise each

    def _end(self) -> None:
        for worker in self._workers:
            worker.stop()  # type: ignore[no-untyped-call]  # theirs to type


class _Listening(Worker):
    """Procrastinate's worker, which forgets what it hears while it fetches: after each fetch it clears the
    event that a notification has set meanwhile, and the job waits for the next look.
    """

    heard = 0

    async def _handle_notification(self, *, channel: str, notification: Notification) -> None:
        self.heard += 1
        await super()._handle_notification(channel=channel, notification=notification)

    async def _fetch_and_process_jobs(self) -> None:
        heard = None
        while heard != self.heard and not self._stop_event.is_set():
            heard = self.heard
            await super()._fetch_and_process_jobs()  # type: ignore[no-untyped-call]  # theirs to type


def _worker(app: App, rows: list[str], concurrency: int) -> Worker:
    return _Listening(
        app,
        queues=rows,
        concurrency=concurrency,
        fetch_job_polling_interval=LOOK_SECONDS,
        delete_jobs=DeleteJobCondition.ALWAYS,
        install_signal_handlers=False,
        update_heartbeat_interval=BEAT_SECONDS,
        # A worker that is pruned while it only seems dead could fetch nothing more: `rescue` is enough.
        stalled_worker_timeout=24 * 3600.0,
    )


@asynccontextmanager
async def open_queue(
    arguments: Mapping[str, Any], *, silent: float = SILENT_SECONDS
) -> AsyncIterator[ProcrastinateQueue]:
    """The queue in the database that libpq finds with these arguments, which must not go through pgbouncer:
    LISTEN needs a session of its own. Nothing is asked of it yet. `silent`: seconds after which a worker that
    said nothing counts as dead.
    """
    # What they have to say about a database that is away is said by us, once.
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    async with AsyncConnectionPool(
        kwargs=dict(arguments),
        min_size=1,
        max_size=CONNECTIONS,
        timeout=PATIENCE,
        reconnect_timeout=GIVE_UP,
        open=False,
        check=AsyncConnectionPool.check_connection,
    ) as pool:
        connector = PsycopgConnector()
        await connector.open_async(pool)
        yield ProcrastinateQueue(App(connector=connector), silent)


@contextmanager
def translated() -> Iterator[None]:
    """Raises DatabaseError for what Procrastinate says about its database."""
    try:
        yield
    except ConnectorException as error:
        raise DatabaseError("The database gives no access to the queue of passes.") from error

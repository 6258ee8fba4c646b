"""Jobs that waited for a running pass of their project, announced to the workers when that pass has ended.

Procrastinate announces new jobs only. A job that waited for its lock is otherwise found by the next poll, up
to `POLL_SECONDS` later (procrastinate_queue.py).
"""

import asyncio
from collections.abc import Coroutine, Iterable

from procrastinate import App
from procrastinate.exceptions import ConnectorException

from reconciler.model.ids import ProjectId

AFTER_PASS_SECONDS = (0.0, 0.02, 0.05, 0.1, 0.2)
"""Pauses before the attempts after a pass of this process: its own job ends some milliseconds later."""
DURING_PASS_SECONDS = (0.05, 0.1, *(0.2 for _ in range(150)))
"""Pauses while another process runs the pass: half a minute in all, longer than most passes take."""
ANNOUNCE_UNBLOCKED_JOB = """
    WITH waiting AS (
        SELECT id, queue_name,
        EXISTS (SELECT FROM procrastinate_jobs WHERE lock = %(key)s AND status = 'doing') AS is_blocked
        FROM procrastinate_jobs WHERE queueing_lock = %(key)s AND status = 'todo'
    )
    SELECT is_blocked, CASE WHEN NOT is_blocked THEN pg_notify(
        'procrastinate_queue_v1#' || queue_name, json_build_object('type', 'job_inserted', 'job_id', id)::text
    ) END FROM waiting
"""
"""Sends the notification of a new job for one that waited for its lock and waits for it no longer."""


class JobAnnouncements:
    """The announcements that this process still has to make."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._tasks: set[asyncio.Task[None]] = set()
        self._watched: set[ProjectId] = set()  # whose pass another process runs

    def announce_after_pass(self, project_id: ProjectId) -> None:
        """Announce the job of a project that this process has just ended a pass of."""
        self._start_task(self._announce_unblocked_job(project_id, AFTER_PASS_SECONDS, ends_when_taken=False))

    def announce_after_other_pass(self, project_id: ProjectId) -> None:
        """Announce the waiting job of a project when the pass has ended that another process runs."""
        if project_id not in self._watched:
            self._watched.add(project_id)
            self._start_task(self._watch_other_pass(project_id))

    async def aclose(self) -> None:
        """Announce nothing any more, before the connections are closed. The next poll finds such jobs."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start_task(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch_other_pass(self, project_id: ProjectId) -> None:
        try:
            await self._announce_unblocked_job(project_id, DURING_PASS_SECONDS, ends_when_taken=True)
        finally:
            self._watched.discard(project_id)

    async def _announce_unblocked_job(
        self, project_id: ProjectId, pauses: Iterable[float], *, ends_when_taken: bool
    ) -> None:
        """Try after each of these pauses. Where all are too early, the next poll finds the job.

        `ends_when_taken`: end also when no job waits. Otherwise that of a nudge may still be on its way.
        """
        for pause in pauses:
            await asyncio.sleep(pause)
            try:
                found = await self._app.connector.execute_query_all_async(
                    ANNOUNCE_UNBLOCKED_JOB, key=str(project_id)
                )
            except ConnectorException:
                return  # what serves the queue notices it as well; the job is found by the next poll
            if (not found and ends_when_taken) or any(not waiting["is_blocked"] for waiting in found):
                return

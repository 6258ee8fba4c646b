"""The passes that jobs of the queue wait for: each ends with a pass of its project that began after it."""

import asyncio

from reconciler.daemon.memory_queue import MemoryQueue
from reconciler.daemon.pass_queue import QueuedPass, RunPass
from reconciler.model.ids import ProjectId

BUSY_PAUSES_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, *(2.0 for _ in range(14)))
"""Pauses of a job while another process has its project: half a minute in all."""


class JobPasses:
    """The jobs that this process has taken, and the workers of `queue` that run their passes."""

    def __init__(self, queue: MemoryQueue) -> None:
        self._queue = queue
        self._waiting: dict[ProjectId, asyncio.Future[bool]] = {}  # jobs whose passes have not begun
        self.unfinished: set[ProjectId] = set()  # jobs that a stop ended without their pass

    async def run_job(self, project_id: ProjectId) -> None:
        """Have a worker run a pass that begins from now on, and wait for its end.

        While another process has the project, try again; after `BUSY_PAUSES_SECONDS` the next due pass has to
        do, for what a nudge announced is stored elsewhere. Raises CancelledError.
        """
        for pause in (*BUSY_PAUSES_SECONDS, None):
            if not self._queue.has_workers:  # they have been stopped
                self.unfinished.add(project_id)
                return
            job = self._waiting[project_id] = asyncio.get_running_loop().create_future()
            self._queue.put_nudged(project_id)
            try:
                has_run = await job
            except asyncio.CancelledError:
                self.unfinished.add(project_id)
                raise
            if has_run or pause is None:
                return
            await asyncio.sleep(pause)

    async def run_pass(self, queued: QueuedPass, run: RunPass) -> bool:
        """Run a pass that a worker has taken, and tell the job that waits for it. As `RunPass`."""
        job = self._waiting.pop(queued.project_id, None) if queued.is_nudged else None
        has_run = True
        try:
            has_run = await run(queued)
        except asyncio.CancelledError:
            if job is not None:
                self.unfinished.add(queued.project_id)
            raise
        finally:
            if job is not None and not job.done():
                job.set_result(has_run)
        return has_run

    def end_waiting_jobs(self) -> None:
        """End the jobs whose passes have not begun, because no worker will take them."""
        for project_id, job in self._waiting.items():
            self._queue.withdraw_nudged(project_id)
            self.unfinished.add(project_id)
            if not job.done():
                job.set_result(True)
        self._waiting.clear()

"""What a daemon's ticks and scans saw of its work: whether passes run, how late it is, and what waits.

The numbers for `/metrics` come from there too, so they can be read while the database is unreachable; then
lags and ages grow. Intervals use the monotonic clock.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reconciler.daemon.due_times import ProjectDueTimes
from reconciler.daemon.pass_queue import QueueContent
from reconciler.model.health import WaitingPasses, WorkGauges
from reconciler.model.ids import Fingerprint, ProjectId
from reconciler.model.passes import ScheduledProject
from reconciler.ports import Clock

MAX_STANDSTILL_SECONDS = 60.0
"""Projects may wait this long without any pass running or ending. A worker takes one within a second."""


class WorkMonitor:
    """Watches one daemon from its start."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Before the first scan the age counts from the start, so that a scan that never succeeds is seen.
        self._full_scan_monotonic = self._scan_monotonic = clock.monotonic()
        self._backlog = QueueContent()
        self._running_before: frozenset[ProjectId] = frozenset()  # at the tick before the last one
        self._job_seen_monotonic: dict[int, float] = {}  # waiting job → when a tick first saw it

    def record_backlog(self, backlog: QueueContent) -> None:
        """Record what a tick saw in the queue."""
        now = self._clock.monotonic()
        self._running_before, self._backlog = self._backlog.running, backlog
        self._job_seen_monotonic = {
            job_id: self._job_seen_monotonic.get(job_id, now) for job_id in backlog.waiting_jobs
        }

    def record_scan(self, began_monotonic: float, *, incremental: bool) -> None:
        """Record a scan that succeeded."""
        self._scan_monotonic = began_monotonic
        if not incremental:
            self._full_scan_monotonic = began_monotonic

    def measure(
        self, due_projects: ProjectDueTimes, passes_waiting_to_write: Mapping[Fingerprint, int]
    ) -> WorkGauges:
        """Return the numbers at this moment.

        `passes_waiting_to_write`: how many running passes wait until those before them have written.
        """
        now = self._clock.monotonic()
        scheduled = due_projects.scheduled
        # A pass may have ended after the projects were read and before the queue was: its project still looks
        # due, but ran at the tick before.
        started = self._backlog.running | self._running_before
        late = {
            project_id: seconds
            for project_id, seconds in due_projects.overdue_seconds(now).items()
            if project_id not in started
        }
        return WorkGauges(
            scheduled=frozenset(project.project_id for project in scheduled),
            due=len(late),
            schedule_lag=max(late.values(), default=0.0),
            queue_length=len(self._backlog.waiting_jobs),
            queue_oldest=now - min(self._job_seen_monotonic.values(), default=now),
            full_scan_lag=now - self._full_scan_monotonic,
            scan_lag=now - self._scan_monotonic,
            waiting=_count_waiting_passes(
                scheduled, late.keys() | self._backlog.waiting, passes_waiting_to_write
            ),
        )


def _count_waiting_passes(
    scheduled: Iterable[ScheduledProject],
    waiting_projects: Iterable[ProjectId],
    passes_waiting_to_write: Mapping[Fingerprint, int],
) -> dict[ProjectId, WaitingPasses]:
    """Count by credential, named by the smallest id of its scheduled projects: no fingerprint is shown.

    A project without a recorded credential counts as one with a credential of its own.
    """
    name_of_credential: dict[Fingerprint, ProjectId] = {}
    credential_of = {project.project_id: project.credential for project in scheduled}
    for project_id, credential in sorted(credential_of.items()):
        if credential is not None:
            name_of_credential.setdefault(credential, project_id)
    starts: defaultdict[ProjectId, int] = defaultdict(int)
    for project_id in waiting_projects:
        credential = credential_of.get(project_id)
        starts[project_id if credential is None else name_of_credential[credential]] += 1
    writes = {
        name_of_credential[credential]: count
        for credential, count in passes_waiting_to_write.items()
        if credential in name_of_credential
    }
    return {
        project_id: WaitingPasses(start=starts.get(project_id, 0), write=writes.get(project_id, 0))
        for project_id in {*name_of_credential.values(), *starts}
    }


class QueueProgress:
    """Watches the queue from tick to tick."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ended_count = 0
        self._moved_at = clock.monotonic()

    def record_counts(self, *, waiting: int, running: int, ended_count: int) -> None:
        """Record what a tick saw: waiting and running passes, and how many this process has ended so far."""
        if not waiting or running or ended_count != self._ended_count:
            self._moved_at = self._clock.monotonic()
        self._ended_count = ended_count

    def is_standing_still(self) -> bool:
        """Return whether projects have waited too long without any pass."""
        return self._clock.monotonic() - self._moved_at > MAX_STANDSTILL_SECONDS

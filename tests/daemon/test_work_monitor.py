"""The numbers of a daemon's work: lag of the schedule and of scans, the queue, passes that wait."""

from dataclasses import replace
from uuid import UUID

from reconciler.daemon.due_times import ProjectDueTimes
from reconciler.daemon.pass_queue import QueueContent
from reconciler.daemon.work_monitor import WorkMonitor
from reconciler.model.health import WaitingPasses, WorkGauges
from reconciler.model.ids import Fingerprint, ProjectId
from reconciler.model.passes import ScheduledProject
from tests.support.stores import FixedClock

ONE, TWO, THREE, FOUR = (ProjectId(UUID(int=number)) for number in range(1, 5))
OURS, THEIRS = Fingerprint("ours"), Fingerprint("theirs")


class Watched:
    """A monitor whose clock and projects the test moves."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.monitor = WorkMonitor(self.clock)
        self.due_projects = ProjectDueTimes(60.0)

    def tick(
        self, *projects: ScheduledProject, running: set[ProjectId] | None = None, jobs: dict[int, ProjectId]
    ) -> None:
        self.due_projects.replace_all(projects, self.clock.now(), self.clock.monotonic())
        self.monitor.record_backlog(
            QueueContent(
                waiting=frozenset(jobs.values()),
                running=frozenset(running or ()),
                waiting_jobs=frozenset(jobs),
            )
        )

    async def measure(self, after: float = 0.0, writes: dict[Fingerprint, int] | None = None) -> WorkGauges:
        await self.clock.sleep(after)
        return self.monitor.measure(self.due_projects, writes or {})


def due(project_id: ProjectId, credential: Fingerprint | None = None) -> ScheduledProject:
    """Return a project that never had a pass, which is due at once."""
    return ScheduledProject(project_id=project_id, name="P", config="c", credential=credential)


async def test_the_lag_is_that_of_the_longest_overdue_project_that_does_not_run() -> None:
    watched = Watched()
    assert await watched.measure() == WorkGauges()
    watched.tick(due(ONE), due(TWO), jobs={})
    await watched.clock.sleep(10)
    watched.tick(due(ONE), due(TWO), due(THREE), running={ONE}, jobs={7: TWO})
    measured = await watched.measure(after=5)
    assert (measured.scheduled, measured.due, measured.schedule_lag) == (
        frozenset({ONE, TWO, THREE}),
        2,
        15.0,
    )
    watched.tick(due(ONE), due(TWO), due(THREE), running={TWO, THREE}, jobs={})
    assert (await watched.measure()).schedule_lag == 0.0, "one has just ended, and its row is not yet read"


async def test_a_paused_or_removed_project_is_not_late() -> None:
    watched = Watched()
    watched.tick(due(ONE), due(TWO), jobs={})
    watched.tick(replace(due(ONE), paused=True), jobs={})
    measured = await watched.measure(after=100)
    assert (measured.scheduled, measured.due, measured.schedule_lag) == (frozenset(), 0, 0.0)


async def test_the_lag_grows_while_no_tick_succeeds() -> None:
    watched = Watched()
    watched.tick(due(ONE), jobs={1: ONE})
    measured = await watched.measure(after=300)
    assert (measured.schedule_lag, measured.queue_oldest, measured.scan_lag) == (300.0, 300.0, 300.0)


async def test_the_oldest_job_is_the_one_that_waits_longest_not_the_project_that_waits_again() -> None:
    watched = Watched()
    watched.tick(due(ONE), due(TWO), jobs={1: ONE, 2: TWO})
    await watched.clock.sleep(20)
    watched.tick(due(ONE), due(TWO), jobs={2: TWO, 3: ONE})  # one ran, and was nudged again
    measured = await watched.measure(after=1)
    assert (measured.queue_length, measured.queue_oldest) == (2, 21.0)
    watched.tick(due(ONE), due(TWO), running={TWO}, jobs={3: ONE})
    assert (await watched.measure()).queue_oldest == 1.0
    watched.tick(jobs={})
    measured = await watched.measure(after=50)
    assert (measured.queue_length, measured.queue_oldest) == (0, 0.0)


async def test_the_scan_lag_counts_from_the_last_scan_that_succeeded_or_from_the_start() -> None:
    watched = Watched()
    measured = await watched.measure(after=30)
    assert (measured.full_scan_lag, measured.scan_lag) == (30.0, 30.0)
    watched.monitor.record_scan(watched.clock.monotonic(), incremental=False)
    await watched.clock.sleep(100)
    watched.monitor.record_scan(watched.clock.monotonic(), incremental=True)
    measured = await watched.measure(after=5)
    assert (measured.full_scan_lag, measured.scan_lag) == (105.0, 5.0)


async def test_waiting_passes_are_counted_by_credential_which_one_of_its_projects_names() -> None:
    watched = Watched()
    watched.tick(due(THREE, OURS), due(TWO, OURS), due(ONE, THEIRS), due(FOUR), running={ONE}, jobs={5: ONE})
    measured = await watched.measure(writes={OURS: 3, Fingerprint("unknown"): 1})
    assert measured.waiting == {
        ONE: WaitingPasses(start=1),  # nudged while it runs
        TWO: WaitingPasses(start=2, write=3),
        FOUR: WaitingPasses(start=1),  # no pass has recorded its credential yet
    }


async def test_a_credential_that_the_running_pass_recorded_counts_at_once() -> None:
    watched = Watched()
    watched.tick(due(ONE), running={ONE}, jobs={})
    watched.tick(due(ONE, OURS), running={ONE}, jobs={})
    assert (await watched.measure(writes={OURS: 2})).waiting == {ONE: WaitingPasses(write=2)}

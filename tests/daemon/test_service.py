"""The service with a runtime of its own: which projects it runs and when, and how it ends."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID, uuid4

import pytest

from reconciler.daemon import due_times, schedule, work_monitor, worker
from reconciler.daemon import service as module
from reconciler.daemon.intervals import ServiceIntervals
from reconciler.daemon.memory_queue import MemoryQueue, MemoryQueueWorker
from reconciler.daemon.runtime import PassProgressCounter
from reconciler.daemon.service import Service
from reconciler.daemon.systemd import SystemdNotifier
from reconciler.errors import DatabaseError
from reconciler.model.ids import Fingerprint, OwnerId, ProjectId
from reconciler.model.passes import DuePass, Outcome, PassResult, ScheduledProject
from tests.support.factories import a_result

TIMEOUT_SECONDS = 60.0
OWNER = OwnerId(UUID(int=4711))
QUICK = ServiceIntervals(
    tick=0.02, schema_check=0.02, scan=0.02, requeue_stalled=0.05, retry=0.02, heartbeat=0.02, concurrency=2
)


@dataclass
class Clock:
    """The machine's clock, with a wall clock that can be set."""

    wall: timedelta = timedelta()
    ahead: float = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.wall

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass
class FakeBackend:
    """`daemon.runtime.DaemonBackend`: projects, and the calls made for them."""

    projects: dict[ProjectId, ScheduledProject] = field(default_factory=dict)
    waiting: dict[ProjectId, int] = field(default_factory=dict)
    is_unreachable: bool = False
    hangs: bool = False
    slow: set[ProjectId] = field(default_factory=set)  # their passes hang, those of others do not
    ignores_cancellation: bool = False
    hung: list[tuple[ProjectId, float]] = field(default_factory=list)
    schedule_error: Exception | None = None
    scan_error: Exception | None = None
    waiting_writers: dict[Fingerprint, int] = field(default_factory=dict)
    started: list[ProjectId] = field(default_factory=list)
    compared: list[ProjectId] = field(default_factory=list)  # those of `started` whose passes compared
    checks: int = 0
    schedule_reads: list[int] = field(
        default_factory=list
    )  # how many projects each reading of the schedule was about
    cleanups: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def add(self, number: int, **values: object) -> ProjectId:
        each = ProjectId(UUID(int=number))
        scheduled = ScheduledProject(project_id=each, name=f"P{number}", config="c")
        self.projects[each] = replace(scheduled, **values)  # type: ignore[arg-type]  # a test's shorthand
        return each

    before_reading: Callable[[], Awaitable[None]] | None = None  # the whole schedule
    results: bool = False  # passes end with a result, not without one

    async def check_ready(self) -> None:
        self.checks += 1
        async with self.changed:
            self.changed.notify_all()
        if self.is_unreachable:
            raise DatabaseError("The database is unreachable.")

    async def pass_schedule(
        self, project_ids: Collection[ProjectId] | None = None
    ) -> Sequence[ScheduledProject]:
        if self.is_unreachable:
            raise DatabaseError("The database is unreachable.")
        if self.schedule_error is not None:
            raise self.schedule_error
        if project_ids is None and self.before_reading is not None:
            await self.before_reading()
        wanted = self.projects if project_ids is None else project_ids
        self.schedule_reads.append(len(wanted))
        return tuple(self.projects[each] for each in wanted if each in self.projects)

    async def scan_changes(self, *, incremental: bool) -> Mapping[ProjectId, int]:
        del incremental
        if self.scan_error is not None:
            raise self.scan_error
        return dict(self.waiting)

    def passes_waiting_to_write(self) -> Mapping[Fingerprint, int]:
        return self.waiting_writers

    async def delete_old_records(self) -> None:
        self.cleanups += 1

    async def run_pass(
        self, project_id: ProjectId, life: PassProgressCounter, *, compares: bool, due: DuePass | None
    ) -> PassResult | None:
        del life, due
        async with self.changed:
            self.started.append(project_id)
            self.compared += [project_id] if compares else []
            self.changed.notify_all()
        while self.hangs or project_id in self.slow:
            try:
                await asyncio.sleep(0.02 if self.ignores_cancellation or self.slow else 3_600)
            except asyncio.CancelledError:
                if not self.ignores_cancellation:
                    raise
        self.projects[project_id] = replace(self.projects[project_id], last_pass_at=datetime.now(UTC))
        return a_result(project_id) if self.results else None

    async def record_hung_pass(self, project_id: ProjectId, silent_seconds: float) -> PassResult | None:
        self.hung.append((project_id, silent_seconds))
        return None

    async def until(self, count: int) -> None:
        async with asyncio.timeout(TIMEOUT_SECONDS), self.changed:
            await self.changed.wait_for(lambda: len(self.started) >= count)

    async def until_checked(self, count: int) -> None:
        async with asyncio.timeout(TIMEOUT_SECONDS), self.changed:
            await self.changed.wait_for(lambda: self.checks >= count)


@asynccontextmanager
async def serving(
    backend: FakeBackend,
    clock: Clock | None = None,
    service_intervals: ServiceIntervals = QUICK,
    notify: SystemdNotifier | None = None,
) -> AsyncIterator[Service]:
    service = Service(
        backend,
        MemoryQueue(),
        clock or Clock(),
        notify or SystemdNotifier({}),
        service_intervals,
        new_id=uuid4,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(service.run(stop))
    try:
        yield service
    finally:
        stop.set()
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await task


async def test_due_projects_run_and_new_ones_need_no_restart() -> None:
    backend = FakeBackend()
    one = backend.add(1)
    async with serving(backend):
        await backend.until(1)
        two = backend.add(2)
        await backend.until(2)
        checks = backend.checks
        await backend.until_checked(checks + 5)
    assert backend.started == [one, two]
    assert backend.cleanups == 1, "old records are offered up at the start, and then rarely"


async def test_a_paused_project_gets_no_passes() -> None:
    backend = FakeBackend()
    one = backend.add(1)
    async with serving(backend, service_intervals=replace(QUICK, interval=0.01)):
        await backend.until(3)
        backend.projects[one] = replace(backend.projects[one], paused=True)
        await backend.until_checked(backend.checks + 3)
        started = len(backend.started)
        await backend.until_checked(backend.checks + 5)
        assert len(backend.started) == started


@pytest.mark.parametrize(
    ("values", "intervals"),
    [
        ({"changed_at": timedelta(minutes=-1)}, 1),
        ({"changed_at": timedelta(minutes=-25)}, 2.5),
        ({"changed_at": timedelta(days=-1)}, 5),
        ({"changed_at": timedelta(days=-1), "outcome": Outcome.PARTIAL}, 1),
        ({"changed_at": timedelta(minutes=-1), "next_at": timedelta(minutes=8)}, 8),
    ],
    ids=["active", "idle for a while", "long idle", "with work left over", "put off by a limit"],
)
async def test_idle_projects_are_due_less_often_and_requested_times_are_kept(
    values: dict[str, Any], intervals: float
) -> None:
    """A minute's interval, and a clock that goes a quarter of it with every tick or two."""
    backend, clock = FakeBackend(), Clock()
    now = clock.now()
    times = {name: now + each for name, each in values.items() if isinstance(each, timedelta)}
    backend.add(1, **{"outcome": Outcome.OK, "last_pass_at": now} | values | times)
    if "next_at" in values:
        backend.waiting[ProjectId(UUID(int=1))] = 1  # what waits in BugSpark waits as well
    async with serving(
        backend, clock, replace(QUICK, tick=0.005, schema_check=0.0, scan=0.005, interval=60.0)
    ):
        steps = 0
        while not backend.started:
            steps += 1
            clock.ahead, clock.wall = 15.0 * steps, timedelta(seconds=15 * steps)
            await backend.until_checked(backend.checks + 3)
    assert intervals * 60 <= steps * 15 <= intervals * 60 * 1.1 + 45


async def test_the_whole_schedule_is_read_for_a_fiftieth_of_the_time_and_passes_run_all_the_same() -> None:
    backend, clock = FakeBackend(), Clock()
    for number in range(1, 41):
        backend.add(number)

    async def read_slowly() -> None:
        clock.ahead += 2.0  # so that it is read again 100 s later

    backend.before_reading = read_slowly
    async with serving(backend, clock):
        await backend.until(40)
        checks = backend.checks
        await backend.until_checked(checks + 5)
    assert sorted(backend.started) == sorted(backend.projects)
    assert backend.schedule_reads.count(40) == 1
    assert max(count for count in backend.schedule_reads if count != 40) <= 10, (
        "those that are due or have ended"
    )


async def test_a_due_pass_compares_at_the_start_and_then_only_what_a_scan_found() -> None:
    """On a busy machine a whole scan may be older than an interval: such a pass compares, too."""
    backend = FakeBackend()
    one, two = backend.add(1), backend.add(2)
    backend.results = True
    async with serving(backend, service_intervals=replace(QUICK, interval=0.05)):
        await backend.until(30)
        assert (backend.compared.count(one), backend.compared.count(two)) < (10, 10)
        assert {one, two} <= set(backend.compared)
        before = backend.compared.count(two)
        backend.waiting[one] = 1
        await backend.until(len(backend.started) + 20)
        assert backend.compared.count(two) <= before + 5  # of ten passes
        assert backend.started[-1] != one or backend.compared[-1] == one


async def test_a_change_in_bugspark_makes_a_project_run_early() -> None:
    backend = FakeBackend()
    one = backend.add(1, last_pass_at=datetime.now(UTC))
    async with serving(backend):
        await backend.until_checked(3)
        assert backend.started == []
        backend.waiting[one] = 1
        await backend.until(1)
        backend.waiting[one] = 2
        await backend.until(2)


async def test_the_service_waits_for_a_database_that_goes_away() -> None:
    backend = FakeBackend()
    async with serving(backend) as service:
        await backend.until_checked(1)
        backend.is_unreachable = True
        await backend.until_checked(backend.checks + 5)
        assert service.is_alive
        backend.add(1)
        backend.is_unreachable = False
        await backend.until(1)


@pytest.mark.parametrize("jump", [timedelta(days=-3650), timedelta(days=3650)], ids=["back", "forward"])
async def test_a_wall_clock_that_is_set_stops_nothing(
    jump: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set the wall clock that APScheduler reads by itself, too."""
    backend, clock = FakeBackend(), Clock()
    shift = [timedelta()]

    class ShiftedDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # narrower
            return datetime.now(tz) + shift[0]

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", ShiftedDatetime)
    monkeypatch.setattr("reconciler.daemon.scheduler.datetime", ShiftedDatetime)
    async with serving(backend, clock):
        await backend.until_checked(2)
        clock.wall = shift[0] = jump
        await backend.until_checked(backend.checks + 5)
        backend.add(1)
        await backend.until(1)


class Watchdog(SystemdNotifier):
    """Counts the watchdog messages sent to systemd."""

    sent = 0

    def alive(self) -> None:
        self.sent += 1


async def test_a_hung_pass_is_cut_and_named_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    backend, clock, watchdog = FakeBackend(hangs=True), Clock(), Watchdog({})
    hung = backend.add(1)
    async with serving(backend, clock, notify=watchdog) as service:
        await backend.until(1)
        assert service.is_alive
        clock.ahead = worker.HUNG_PASS_SECONDS + 1
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while not backend.hung:
                await backend.until_checked(backend.checks + 1)
        assert backend.hung == [(hung, worker.HUNG_PASS_SECONDS)]
        assert service.is_alive
        backend.hangs = False
        other = backend.add(2)
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while other not in backend.started:
                await backend.until_checked(backend.checks + 1)
        clock.ahead += worker.HUNG_PASS_SECONDS + worker.CUT_GRACE_SECONDS
        await backend.until_checked(backend.checks + 2)
        assert service.is_alive
    (line,) = [record for record in caplog.records if record.message == "hung pass cut"]
    values = line.reconciler_values  # type: ignore[attr-defined]  # logs adds it
    assert values["project"] == str(hung)
    assert values["silent_seconds"] >= worker.HUNG_PASS_SECONDS


async def test_a_pass_that_goes_on_after_it_was_cut_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, clock, watchdog = FakeBackend(hangs=True, ignores_cancellation=True), Clock(), Watchdog({})
    backend.add(1)
    monkeypatch.setattr(module, "SHUTDOWN_GRACE_SECONDS", 0.05)
    async with serving(backend, clock, notify=watchdog) as service:
        await backend.until(1)
        before = service.is_alive
        clock.ahead = worker.HUNG_PASS_SECONDS + worker.CUT_GRACE_SECONDS + 1
        await backend.until_checked(backend.checks + 2)
        assert (before, service.is_alive) == (True, False)
        backend.hangs = False


async def test_a_tick_that_fails_for_a_while_is_not_alive_and_is_again_when_it_succeeds() -> None:
    backend, clock = FakeBackend(schedule_error=RecursionError("too deep")), Clock()
    backend.add(1)
    async with serving(backend, clock) as service:
        await backend.until_checked(5)
        assert liveness(service) == (True, True)
        clock.ahead = module.MAX_FAILING_SECONDS + 1
        assert liveness(service) == (False, False)
        backend.schedule_error = None
        await backend.until(1)
        assert service.is_alive


def liveness(service: Service) -> tuple[bool, bool]:
    return service.is_alive, service.is_working


async def test_a_scan_that_fails_for_a_while_is_alive_and_does_not_work() -> None:
    backend, clock = FakeBackend(scan_error=RecursionError("too deep")), Clock()
    async with serving(backend, clock) as service:
        await backend.until_checked(5)
        clock.ahead = module.MAX_FAILING_SECONDS + 1
        await backend.until_checked(backend.checks + 2)
        assert (service.is_alive, service.is_working) == (True, False)


async def test_due_projects_without_any_pass_are_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, clock = FakeBackend(), Clock()
    backend.add(1)
    monkeypatch.setattr(MemoryQueueWorker, "_start_passes", lambda _: None)
    async with serving(backend, clock) as service:
        await backend.until_checked(5)
        assert service.is_working
        clock.ahead = work_monitor.MAX_STANDSTILL_SECONDS + 1
        await backend.until_checked(backend.checks + 2)
        assert (service.is_alive, service.is_working) == (True, False)


async def test_no_project_or_a_database_that_is_away_is_no_standstill() -> None:
    backend, clock = FakeBackend(), Clock()
    async with serving(backend, clock) as service:
        await backend.until_checked(2)
        backend.is_unreachable = True
        clock.ahead = work_monitor.MAX_STANDSTILL_SECONDS + 1
        await backend.until_checked(backend.checks + 2)
        assert service.is_alive
        backend.is_unreachable = False
        await backend.until_checked(backend.checks + 2)
        assert service.is_working


async def test_it_measures_what_waits_and_how_old_its_last_scan_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHUTDOWN_GRACE_SECONDS", 0.05)
    backend, clock = FakeBackend(hangs=True), Clock()
    for number in range(1, 5):
        backend.add(number)
    async with serving(backend, clock) as service:  # two at a time
        await backend.until(2)
        await backend.until_checked(backend.checks + 3)
        measured = service.measure()
        assert (len(measured.scheduled), measured.due, measured.queue_length) == (4, 2, 2)
        assert measured.scan_lag < 60
        backend.scan_error = DatabaseError("The database is unreachable.")
        clock.ahead = 100
        await backend.until_checked(backend.checks + 3)
        measured = service.measure()
    for seconds in (measured.schedule_lag, measured.queue_oldest, measured.scan_lag, measured.full_scan_lag):
        assert 100 <= seconds < 160


async def test_the_end_waits_shortly_for_a_pass_under_way_and_then_cuts_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SHUTDOWN_GRACE_SECONDS", 0.05)
    backend = FakeBackend(hangs=True)
    backend.add(1)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        async with serving(backend):
            await backend.until(1)


async def test_nothing_of_it_runs_on_after_its_end() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    class Slow(FakeBackend):
        async def pass_schedule(
            self, project_ids: Collection[ProjectId] | None = None
        ) -> Sequence[ScheduledProject]:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                for _ in range(20):  # it takes a while to give back what it holds
                    await asyncio.sleep(0)
                ended.set()
            return ()

    async with serving(Slow()):
        await asyncio.wait_for(begun.wait(), TIMEOUT_SECONDS)
    assert ended.is_set()


async def test_more_workers_after_a_reload_and_no_pass_is_cut_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHUTDOWN_GRACE_SECONDS", 0.05)
    backend = FakeBackend(hangs=True)
    for number in range(1, 5):
        backend.add(number, owner=OWNER)
    async with serving(backend, service_intervals=replace(QUICK, concurrency=1)) as service:
        await backend.until(1)
        service.apply_intervals(replace(QUICK, concurrency=3))
        await backend.until(4)
    assert len(set(backend.started)) == 4


async def test_nudges_without_end_keep_no_due_project_from_its_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due_times, "MIN_OVERDUE_SECONDS", 0.0)
    backend = FakeBackend()
    quiet = backend.add(1)
    loud = [backend.add(number, last_pass_at=datetime.now(UTC)) for number in range(2, 12)]
    queue = MemoryQueue()
    service = Service(
        backend, queue, Clock(), SystemdNotifier({}), replace(QUICK, interval=0.2), new_id=uuid4
    )
    stop = asyncio.Event()
    for each in loud:
        await queue.nudge(each)
    task = asyncio.create_task(service.run(stop))
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while quiet not in backend.started:
            for each in loud:
                await queue.nudge(each)
            await asyncio.sleep(0)
    stop.set()
    await task


@pytest.mark.parametrize("nudges", [False, True], ids=["due", "nudged all the time"])
async def test_slow_projects_of_one_owner_keep_no_project_of_others_from_its_interval(
    monkeypatch: pytest.MonkeyPatch, nudges: bool
) -> None:
    monkeypatch.setattr(due_times, "MIN_OVERDUE_SECONDS", 0.0)
    monkeypatch.setattr(module, "SHUTDOWN_GRACE_SECONDS", 0.05)
    monkeypatch.setattr(schedule, "LONG_PASS_SECONDS", 0.05)
    backend, queue = FakeBackend(), MemoryQueue()
    backend.slow = {backend.add(number, owner=OWNER) for number in range(1, 31)}
    honest = [backend.add(number, owner=OwnerId(UUID(int=number))) for number in range(31, 51)]
    service_intervals = replace(QUICK, concurrency=8, interval=0.2)
    service = Service(backend, queue, Clock(), SystemdNotifier({}), service_intervals, new_id=uuid4)
    stop = asyncio.Event()
    task = asyncio.create_task(service.run(stop))
    try:
        async with asyncio.timeout(4 * TIMEOUT_SECONDS):
            while min(Counter(backend.started)[each] for each in honest) < 2:
                for each in backend.slow if nudges else ():
                    await queue.nudge(each)
                await asyncio.sleep(0.2)
    finally:
        stop.set()
        await task
    assert len(backend.slow & set(backend.started)) >= 4, "the slow ones have their share"


async def test_a_project_that_was_postponed_runs_when_a_pass_of_its_owner_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SHUTDOWN_GRACE_SECONDS", 0.05)
    backend, queue = FakeBackend(), MemoryQueue()
    now = datetime.now(UTC)
    backend.slow = {backend.add(number, owner=OWNER, last_pass_at=now) for number in range(1, 9)}
    backend.add(9, owner=OwnerId(UUID(int=9)), last_pass_at=now)
    service = Service(
        backend, queue, Clock(), SystemdNotifier({}), replace(QUICK, concurrency=8), new_id=uuid4
    )
    stop = asyncio.Event()
    task = asyncio.create_task(service.run(stop))
    try:
        await backend.until_checked(2)
        for each in backend.slow:
            await queue.nudge(each)
        await backend.until(7)
        (left,) = backend.slow - set(backend.started)
        await backend.until_checked(backend.checks + 5)
        assert len(backend.started) == 7
        backend.slow.clear()
        await backend.until(8)
        assert backend.started[-1] == left
    finally:
        stop.set()
        await task

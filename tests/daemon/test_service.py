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

from reconciler.daemon import due, schedule, work_monitor, worker
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

PATIENCE = 60.0
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
class Village:
    """`daemon.runtime.DaemonBackend`: projects, and the calls made for them."""

    projects: dict[ProjectId, ScheduledProject] = field(default_factory=dict)
    waiting: dict[ProjectId, int] = field(default_factory=dict)
    away: bool = False
    hang: bool = False
    slow: set[ProjectId] = field(default_factory=set)  # their passes hang, those of others do not
    deaf: bool = False  # to cancellation
    hung: list[tuple[ProjectId, float]] = field(default_factory=list)
    schedule_error: Exception | None = None
    scan_error: Exception | None = None
    waiting_writers: dict[Fingerprint, int] = field(default_factory=dict)
    looked: list[ProjectId] = field(default_factory=list)
    compared: list[ProjectId] = field(default_factory=list)  # those of `looked` whose passes compared
    asked: int = 0
    read: list[int] = field(default_factory=list)  # how many projects each reading of the schedule was about
    kept: int = 0
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def add(self, number: int, **values: object) -> ProjectId:
        each = ProjectId(UUID(int=number))
        scheduled = ScheduledProject(project_id=each, name=f"P{number}", config="c")
        self.projects[each] = replace(scheduled, **values)  # type: ignore[arg-type]  # a test's shorthand
        return each

    before_reading: Callable[[], Awaitable[None]] | None = None  # the whole schedule
    results: bool = False  # passes end with a result, not without one

    async def check_ready(self) -> None:
        self.asked += 1
        async with self.news:
            self.news.notify_all()
        if self.away:
            raise DatabaseError("The database is unreachable.")

    async def pass_schedule(
        self, project_ids: Collection[ProjectId] | None = None
    ) -> Sequence[ScheduledProject]:
        if self.away:
            raise DatabaseError("The database is unreachable.")
        if self.schedule_error is not None:
            raise self.schedule_error
        if project_ids is None and self.before_reading is not None:
            await self.before_reading()
        wanted = self.projects if project_ids is None else project_ids
        self.read.append(len(wanted))
        return tuple(self.projects[each] for each in wanted if each in self.projects)

    async def scan_changes(self, *, incremental: bool) -> Mapping[ProjectId, int]:
        del incremental
        if self.scan_error is not None:
            raise self.scan_error
        return dict(self.waiting)

    def waiting_writes(self) -> Mapping[Fingerprint, int]:
        return self.waiting_writers

    async def delete_old_records(self) -> None:
        self.kept += 1

    async def run_pass(
        self, project_id: ProjectId, life: PassProgressCounter, *, compares: bool, due: DuePass | None
    ) -> PassResult | None:
        del life, due
        async with self.news:
            self.looked.append(project_id)
            self.compared += [project_id] if compares else []
            self.news.notify_all()
        while self.hang or project_id in self.slow:
            try:
                await asyncio.sleep(0.02 if self.deaf or self.slow else 3_600)
            except asyncio.CancelledError:
                if not self.deaf:
                    raise
        self.projects[project_id] = replace(self.projects[project_id], last_pass_at=datetime.now(UTC))
        return a_result(project_id) if self.results else None

    async def record_hung_pass(self, project_id: ProjectId, silent_seconds: float) -> PassResult | None:
        self.hung.append((project_id, silent_seconds))
        return None

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE), self.news:
            await self.news.wait_for(lambda: len(self.looked) >= count)

    async def until_asked(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE), self.news:
            await self.news.wait_for(lambda: self.asked >= count)


@asynccontextmanager
async def serving(
    village: Village,
    clock: Clock | None = None,
    rhythm: ServiceIntervals = QUICK,
    notify: SystemdNotifier | None = None,
) -> AsyncIterator[Service]:
    service = Service(
        village, MemoryQueue(), clock or Clock(), notify or SystemdNotifier({}), rhythm, new_id=uuid4
    )
    stop = asyncio.Event()
    task = asyncio.create_task(service.run(stop))
    try:
        yield service
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await task


async def test_due_projects_run_and_new_ones_need_no_restart() -> None:
    village = Village()
    one = village.add(1)
    async with serving(village):
        await village.until(1)
        two = village.add(2)
        await village.until(2)
        asked = village.asked
        await village.until_asked(asked + 5)
    assert village.looked == [one, two]
    assert village.kept == 1, "old records are offered up at the start, and then rarely"


async def test_a_project_that_is_switched_off_is_let_alone() -> None:
    village = Village()
    one = village.add(1)
    async with serving(village, rhythm=replace(QUICK, interval=0.01)):
        await village.until(3)
        village.projects[one] = replace(village.projects[one], paused=True)
        await village.until_asked(village.asked + 3)
        looked = len(village.looked)
        await village.until_asked(village.asked + 5)
        assert len(village.looked) == looked


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
    village, clock = Village(), Clock()
    now = clock.now()
    times = {name: now + each for name, each in values.items() if isinstance(each, timedelta)}
    village.add(1, **{"outcome": Outcome.OK, "last_pass_at": now} | values | times)
    if "next_at" in values:
        village.waiting[ProjectId(UUID(int=1))] = 1  # what waits in BugSpark waits as well
    async with serving(
        village, clock, replace(QUICK, tick=0.005, schema_check=0.0, scan=0.005, interval=60.0)
    ):
        steps = 0
        while not village.looked:
            steps += 1
            clock.ahead, clock.wall = 15.0 * steps, timedelta(seconds=15 * steps)
            await village.until_asked(village.asked + 3)
    assert intervals * 60 <= steps * 15 <= intervals * 60 * 1.1 + 45


async def test_the_whole_schedule_is_read_for_a_fiftieth_of_the_time_and_passes_run_all_the_same() -> None:
    village, clock = Village(), Clock()
    for number in range(1, 41):
        village.add(number)

    async def read_slowly() -> None:
        clock.ahead += 2.0  # so that it is read again 100 s later

    village.before_reading = read_slowly
    async with serving(village, clock):
        await village.until(40)
        asked = village.asked
        await village.until_asked(asked + 5)
    assert sorted(village.looked) == sorted(village.projects)
    assert village.read.count(40) == 1
    assert max(count for count in village.read if count != 40) <= 10, "those that are due or have ended"


async def test_a_due_pass_compares_at_the_start_and_then_only_what_a_scan_found() -> None:
    """On a busy machine a whole scan may be older than an interval: such a pass compares, too."""
    village = Village()
    one, two = village.add(1), village.add(2)
    village.results = True
    async with serving(village, rhythm=replace(QUICK, interval=0.05)):
        await village.until(30)
        assert (village.compared.count(one), village.compared.count(two)) < (10, 10)
        assert {one, two} <= set(village.compared)
        before = village.compared.count(two)
        village.waiting[one] = 1
        await village.until(len(village.looked) + 20)
        assert village.compared.count(two) <= before + 5  # of ten passes
        assert village.looked[-1] != one or village.compared[-1] == one


async def test_a_change_in_bugspark_makes_a_project_run_early() -> None:
    village = Village()
    one = village.add(1, last_pass_at=datetime.now(UTC))
    async with serving(village):
        await village.until_asked(3)
        assert village.looked == []
        village.waiting[one] = 1
        await village.until(1)
        village.waiting[one] = 2
        await village.until(2)


async def test_the_service_waits_for_a_database_that_goes_away() -> None:
    village = Village()
    async with serving(village) as service:
        await village.until_asked(1)
        village.away = True
        await village.until_asked(village.asked + 5)
        assert service.is_alive
        village.add(1)
        village.away = False
        await village.until(1)


@pytest.mark.parametrize("jump", [timedelta(days=-3650), timedelta(days=3650)], ids=["back", "forward"])
async def test_a_wall_clock_that_is_set_stops_nothing(
    jump: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set the wall clock that APScheduler reads by itself, too."""
    village, clock = Village(), Clock()
    shift = [timedelta()]

    class Wall(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # narrower
            return datetime.now(tz) + shift[0]

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Wall)
    monkeypatch.setattr("reconciler.daemon.scheduler.datetime", Wall)
    async with serving(village, clock):
        await village.until_asked(2)
        clock.wall = shift[0] = jump
        await village.until_asked(village.asked + 5)
        village.add(1)
        await village.until(1)


class Watchdog(SystemdNotifier):
    """Counts the watchdog messages sent to systemd."""

    heard = 0

    def alive(self) -> None:
        self.heard += 1


async def test_a_hung_pass_is_cut_and_named_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    village, clock, watchdog = Village(hang=True), Clock(), Watchdog({})
    hung = village.add(1)
    async with serving(village, clock, notify=watchdog) as service:
        await village.until(1)
        assert service.is_alive
        clock.ahead = worker.HUNG_PASS_SECONDS + 1
        async with asyncio.timeout(PATIENCE):
            while not village.hung:
                await village.until_asked(village.asked + 1)
        assert village.hung == [(hung, worker.HUNG_PASS_SECONDS)]
        assert service.is_alive
        village.hang = False
        other = village.add(2)
        async with asyncio.timeout(PATIENCE):
            while other not in village.looked:
                await village.until_asked(village.asked + 1)
        clock.ahead += worker.HUNG_PASS_SECONDS + worker.CUT_GRACE_SECONDS
        await village.until_asked(village.asked + 2)
        assert service.is_alive
    (line,) = [record for record in caplog.records if record.message == "hung pass cut"]
    values = line.reconciler_values  # type: ignore[attr-defined]  # logs adds it
    assert values["project"] == str(hung)
    assert values["silent_seconds"] >= worker.HUNG_PASS_SECONDS


async def test_a_pass_that_goes_on_after_it_was_cut_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    village, clock, watchdog = Village(hang=True, deaf=True), Clock(), Watchdog({})
    village.add(1)
    monkeypatch.setattr(module, "SHUTDOWN_GRACE_SECONDS", 0.05)
    async with serving(village, clock, notify=watchdog) as service:
        await village.until(1)
        before = service.is_alive
        clock.ahead = worker.HUNG_PASS_SECONDS + worker.CUT_GRACE_SECONDS + 1
        await village.until_asked(village.asked + 2)
        assert (before, service.is_alive) == (True, False)
        village.hang = False


async def test_a_tick_that_fails_for_a_while_is_not_alive_and_is_again_when_it_succeeds() -> None:
    village, clock = Village(schedule_error=RecursionError("too deep")), Clock()
    village.add(1)
    async with serving(village, clock) as service:
        await village.until_asked(5)
        assert said(service) == (True, True)
        clock.ahead = module.MAX_FAILING_SECONDS + 1
        assert said(service) == (False, False)
        village.schedule_error = None
        await village.until(1)
        assert service.is_alive


def said(service: Service) -> tuple[bool, bool]:
    return service.is_alive, service.is_working


async def test_a_scan_that_fails_for_a_while_is_alive_and_does_not_work() -> None:
    village, clock = Village(scan_error=RecursionError("too deep")), Clock()
    async with serving(village, clock) as service:
        await village.until_asked(5)
        clock.ahead = module.MAX_FAILING_SECONDS + 1
        await village.until_asked(village.asked + 2)
        assert (service.is_alive, service.is_working) == (True, False)


async def test_due_projects_without_any_pass_are_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    village, clock = Village(), Clock()
    village.add(1)
    monkeypatch.setattr(MemoryQueueWorker, "_start_passes", lambda _: None)
    async with serving(village, clock) as service:
        await village.until_asked(5)
        assert service.is_working
        clock.ahead = work_monitor.MAX_STANDSTILL_SECONDS + 1
        await village.until_asked(village.asked + 2)
        assert (service.is_alive, service.is_working) == (True, False)


async def test_no_project_or_a_database_that_is_away_is_no_standstill() -> None:
    village, clock = Village(), Clock()
    async with serving(village, clock) as service:
        await village.until_asked(2)
        village.away = True
        clock.ahead = work_monitor.MAX_STANDSTILL_SECONDS + 1
        await village.until_asked(village.asked + 2)
        assert service.is_alive
        village.away = False
        await village.until_asked(village.asked + 2)
        assert service.is_working


async def test_it_measures_what_waits_and_how_old_its_last_scan_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHUTDOWN_GRACE_SECONDS", 0.05)
    village, clock = Village(hang=True), Clock()
    for number in range(1, 5):
        village.add(number)
    async with serving(village, clock) as service:  # two at a time
        await village.until(2)
        await village.until_asked(village.asked + 3)
        measured = service.measure()
        assert (len(measured.scheduled), measured.due, measured.queue_length) == (4, 2, 2)
        assert measured.scan_lag < 60
        village.scan_error = DatabaseError("The database is unreachable.")
        clock.ahead = 100
        await village.until_asked(village.asked + 3)
        measured = service.measure()
    for seconds in (measured.schedule_lag, measured.queue_oldest, measured.scan_lag, measured.full_scan_lag):
        assert 100 <= seconds < 160


async def test_the_end_waits_shortly_for_a_pass_under_way_and_then_cuts_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SHUTDOWN_GRACE_SECONDS", 0.05)
    village = Village(hang=True)
    village.add(1)
    async with asyncio.timeout(PATIENCE):
        async with serving(village):
            await village.until(1)


async def test_nothing_of_it_runs_on_after_its_end() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    class Slow(Village):
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
        await asyncio.wait_for(begun.wait(), PATIENCE)
    assert ended.is_set()


async def test_more_workers_after_a_reload_and_no_pass_is_cut_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHUTDOWN_GRACE_SECONDS", 0.05)
    village = Village(hang=True)
    for number in range(1, 5):
        village.add(number, owner=OWNER)
    async with serving(village, rhythm=replace(QUICK, concurrency=1)) as service:
        await village.until(1)
        service.apply_intervals(replace(QUICK, concurrency=3))
        await village.until(4)
    assert len(set(village.looked)) == 4


async def test_nudges_without_end_keep_no_due_project_from_its_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "MIN_OVERDUE_SECONDS", 0.0)
    village = Village()
    quiet = village.add(1)
    loud = [village.add(number, last_pass_at=datetime.now(UTC)) for number in range(2, 12)]
    queue = MemoryQueue()
    service = Service(
        village, queue, Clock(), SystemdNotifier({}), replace(QUICK, interval=0.2), new_id=uuid4
    )
    stop = asyncio.Event()
    for each in loud:
        await queue.nudge(each)
    task = asyncio.create_task(service.run(stop))
    async with asyncio.timeout(PATIENCE):
        while quiet not in village.looked:
            for each in loud:
                await queue.nudge(each)
            await asyncio.sleep(0)
    stop.set()
    await task


@pytest.mark.parametrize("nudges", [False, True], ids=["due", "nudged all the time"])
async def test_slow_projects_of_one_owner_keep_no_project_of_others_from_its_interval(
    monkeypatch: pytest.MonkeyPatch, nudges: bool
) -> None:
    monkeypatch.setattr(due, "MIN_OVERDUE_SECONDS", 0.0)
    monkeypatch.setattr(module, "SHUTDOWN_GRACE_SECONDS", 0.05)
    monkeypatch.setattr(schedule, "LONG_PASS_SECONDS", 0.05)
    village, queue = Village(), MemoryQueue()
    village.slow = {village.add(number, owner=OWNER) for number in range(1, 31)}
    honest = [village.add(number, owner=OwnerId(UUID(int=number))) for number in range(31, 51)]
    rhythm = replace(QUICK, concurrency=8, interval=0.2)
    service = Service(village, queue, Clock(), SystemdNotifier({}), rhythm, new_id=uuid4)
    stop = asyncio.Event()
    task = asyncio.create_task(service.run(stop))
    try:
        async with asyncio.timeout(4 * PATIENCE):
            while min(Counter(village.looked)[each] for each in honest) < 2:
                for each in village.slow if nudges else ():
                    await queue.nudge(each)
                await asyncio.sleep(0.2)
    finally:
        stop.set()
        await task
    assert len(village.slow & set(village.looked)) >= 4, "the slow ones have their share"


async def test_a_project_that_was_postponed_runs_when_a_pass_of_its_owner_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SHUTDOWN_GRACE_SECONDS", 0.05)
    village, queue = Village(), MemoryQueue()
    now = datetime.now(UTC)
    village.slow = {village.add(number, owner=OWNER, last_pass_at=now) for number in range(1, 9)}
    village.add(9, owner=OwnerId(UUID(int=9)), last_pass_at=now)
    service = Service(
        village, queue, Clock(), SystemdNotifier({}), replace(QUICK, concurrency=8), new_id=uuid4
    )
    stop = asyncio.Event()
    task = asyncio.create_task(service.run(stop))
    try:
        await village.until_asked(2)
        for each in village.slow:
            await queue.nudge(each)
        await village.until(7)
        (left,) = village.slow - set(village.looked)
        await village.until_asked(village.asked + 5)
        assert len(village.looked) == 7
        village.slow.clear()
        await village.until(8)
        assert village.looked[-1] == left
    finally:
        stop.set()
        await task

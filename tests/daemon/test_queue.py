"""The queue of passes: the same tests for both implementations, and those for Procrastinate's problems."""

import asyncio
import gc
import hashlib
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.schema import SchemaManager

from reconciler.daemon.memory_queue import MemoryQueue
from reconciler.daemon.pass_queue import PassQueue, QueueContent, QueuedPass
from reconciler.daemon.procrastinate_queue import ProcrastinateQueue, open_procrastinate_queue
from reconciler.errors import DatabaseError
from reconciler.model.ids import ProjectId
from reconciler.store.schema import engine
from tests.daemon.workers import TIMEOUT_SECONDS, RecordingRunner, project, working

ONE, TWO, THREE, FOUR = (project(number) for number in range(1, 5))
STATUS_OF_JOBS = "SELECT status::text FROM procrastinate_jobs"
COUNT_LISTENERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
)
END_SESSIONS_OF_QUEUE = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE application_name LIKE '%queue' AND datname = current_database()"
)


async def test_what_is_nudged_is_run(queue: PassQueue) -> None:
    runner = RecordingRunner()
    async with working(queue, runner):
        await queue.nudge(ONE)
        await runner.until(1, ended=True)
    assert runner.ended == [ONE]


async def test_a_nudge_reaches_a_worker_that_waits_at_once(
    queue: PassQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "reconciler.daemon.procrastinate_queue.POLL_SECONDS", 4.0
    )  # the notification must wake it, not polling
    runner, loop, waits = RecordingRunner(), asyncio.get_running_loop(), []
    async with working(queue, runner):
        for count, project_id in enumerate((ONE, TWO, THREE, FOUR), start=1):
            began = loop.time()
            await queue.nudge(project_id)
            await runner.until(count, ended=True)
            waits.append(loop.time() - began)
    # What listens may not have been connected yet at first. A few hundredths, on a machine that is not busy.
    assert min(waits[1:]) < 2.0


async def test_a_worker_learns_whether_a_project_was_nudged_or_is_only_due(queue: PassQueue) -> None:
    runner = RecordingRunner(hold=True)
    queue.put_due([FOUR, ONE, TWO])
    async with working(queue, runner, concurrency=1):
        await runner.until(1)
        await queue.nudge(TWO)  # it moves ahead
        await queue.nudge(THREE)
        runner.hold = False
        runner.release(FOUR)
        await runner.until(4, ended=True)
    assert sorted(runner.nudged) == [TWO, THREE]


async def nudge_while_running(
    mine: PassQueue, theirs: PassQueue, *, times: int
) -> tuple[RecordingRunner, list[float]]:
    """Nudge by `theirs` while `mine` runs a pass; return how long after its end the next one began."""
    runner, loop, waits = RecordingRunner(hold=True), asyncio.get_running_loop(), []
    await mine.nudge(TWO)  # taken before anything listens
    async with working(mine, runner):
        await runner.until(1)
        await mine.nudge(ONE)
        await runner.until(2)
        for count in range(3, 3 + times):
            await theirs.nudge(ONE)
            runner.release(ONE)
            ended = loop.time()
            await runner.until(count)
            waits.append(loop.time() - ended)
        runner.hold = False
        runner.release(ONE)
        runner.release(TWO)
        await runner.until(2 + times, ended=True)
    return runner, waits


async def test_a_nudge_that_meets_a_running_pass_is_taken_when_that_pass_ends(
    queue: PassQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "reconciler.daemon.procrastinate_queue.POLL_SECONDS", 10.0
    )  # the notification must wake it, not polling
    runner, waits = await nudge_while_running(queue, queue, times=3)
    assert runner.twice == 0
    assert max(waits) < 5.0  # some hundredths, on a machine that is not busy


async def test_a_project_waits_once_however_often_it_is_asked_for(queue: PassQueue) -> None:
    runner = RecordingRunner()
    for _ in range(5):
        queue.put_due([ONE, ONE])
        await queue.nudge(ONE)
    assert (await queue.backlog()).waiting == {ONE}
    async with working(queue, runner):
        await queue.nudge(TWO)
        await runner.until(2, ended=True)
    assert sorted(runner.began) == [ONE, TWO]


async def test_a_waiting_job_keeps_its_id_until_it_is_taken_and_a_later_one_has_another(
    queue: PassQueue,
) -> None:
    await queue.nudge(ONE)
    (first,) = (await queue.backlog()).waiting_jobs
    await queue.nudge(ONE)
    assert (await queue.backlog()).waiting_jobs == {first}
    runner = RecordingRunner()
    async with working(queue, runner):
        await runner.until(1, ended=True)
    assert not (await queue.backlog()).waiting_jobs
    await queue.nudge(ONE)
    assert first not in (await queue.backlog()).waiting_jobs
    assert len((await queue.backlog()).waiting_jobs) == 1


async def test_what_is_asked_for_while_it_runs_runs_once_more_and_never_twice_at_a_time(
    queue: PassQueue,
) -> None:
    runner = RecordingRunner(hold=True)
    async with working(queue, runner, concurrency=4):
        await queue.nudge(ONE)
        await runner.until(1)
        for _ in range(3):
            await queue.nudge(ONE)
        await queue.nudge(TWO)
        await runner.until(2)
        backlog = await queue.backlog()
        assert set(backlog.running) == {ONE, TWO}
        assert set(backlog.waiting) == {ONE}
        runner.hold = False
        runner.release(ONE)
        runner.release(TWO)
        await runner.until(3, ended=True)
    assert runner.twice == 0
    assert sorted(runner.began) == [ONE, ONE, TWO]
    assert not (await queue.backlog()).waiting


async def test_no_more_run_at_once_than_may(queue: PassQueue) -> None:
    runner = RecordingRunner(hold=True)
    queue.put_due([ONE, TWO, THREE, FOUR])
    async with working(queue, runner, concurrency=2):
        await runner.until(2)
        runner.hold = False
        for each in list(runner.began):
            runner.release(each)
        await runner.until(4, ended=True)
    assert runner.most_at_once == 2


@pytest.mark.parametrize("also_due", [False, True])
async def test_a_nudge_goes_ahead_of_what_is_merely_due(queue: PassQueue, also_due: bool) -> None:
    runner = RecordingRunner(hold=True)
    queue.put_due([FOUR, ONE, TWO, *([THREE] if also_due else [])])
    async with working(queue, runner, concurrency=1):
        await runner.until(1)
        await queue.nudge(THREE)
        await until_taken(queue, THREE)
        runner.hold = False
        runner.release(FOUR)
        await runner.until(4, ended=True)
    assert runner.began == [FOUR, THREE, ONE, TWO]


async def until_taken(queue: PassQueue, project_id: ProjectId) -> None:
    """Wait until a nudged project waits in this process."""
    passes = queue.passes if isinstance(queue, ProcrastinateQueue) else queue
    assert isinstance(passes, MemoryQueue)
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while project_id not in passes.content.waiting:  # noqa: ASYNC110 - no event is set for it
            await asyncio.sleep(0.02)


async def test_what_is_merely_due_never_takes_every_place(queue: PassQueue) -> None:
    runner = RecordingRunner(hold=True)
    due = [project(number) for number in range(10, 20)]
    queue.put_due(due)
    async with working(queue, runner, concurrency=4):
        await runner.until(3)
        await queue.nudge(due[-1])  # in the queue already, behind all others
        await runner.until(4)
        await queue.nudge(ONE)
        backlog = await queue.backlog()
        assert (runner.began[3], runner.most_at_once, len(backlog.running)) == (due[-1], 4, 4)
        runner.release(due[-1])
        await runner.until(5)
    assert runner.began[4] == ONE


async def test_what_is_nudged_may_take_every_place(queue: PassQueue) -> None:
    runner = RecordingRunner(hold=True)
    for each in (ONE, TWO, THREE, FOUR):
        await queue.nudge(each)
    async with working(queue, runner, concurrency=4):
        await runner.until(4)


async def test_a_stopped_worker_ends_what_it_has_and_takes_no_more(queue: PassQueue) -> None:
    runner = RecordingRunner(hold=True)
    queue_worker = queue.create_worker(runner.run, 1)
    task = asyncio.create_task(queue_worker.serve())
    queue.put_due([ONE])
    await runner.until(1)
    queue.put_due([TWO])
    queue_worker.stop(TIMEOUT_SECONDS)
    runner.release(ONE)
    await task
    assert runner.ended == [ONE]
    assert (await queue.backlog()).waiting == {TWO}


async def test_a_pass_that_outlasts_the_grace_is_cut_off(queue: PassQueue) -> None:
    runner = RecordingRunner(hold=True)
    async with working(queue, runner):
        await queue.nudge(ONE)
        await runner.until(1)
    assert runner.cut == [ONE]
    assert not (await queue.backlog()).running


async def test_several_workers_share_the_jobs(queue: PassQueue) -> None:
    runner = RecordingRunner(hold=True)
    async with working(queue, runner, 1), working(queue, runner, 1):
        queue.put_due([ONE, TWO])
        await runner.until(2)
    assert sorted(runner.cut) == [ONE, TWO]


def test_the_tables_are_those_that_migration_0001_brought() -> None:
    """Another version of Procrastinate with other tables needs a migration of ours (docs/decisions, 0040)."""
    digest = hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest()
    assert digest == "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"


# Procrastinate's traps (docs/design.md, Where one machine is not enough)


@pytest.fixture
async def shared(queue_url: str) -> Any:
    """Two daemons' queues on one database; and its address."""
    wanted = engine.psycopg_arguments(queue_url, "queue"), engine.psycopg_connection_class()
    async with open_procrastinate_queue(*wanted) as mine, open_procrastinate_queue(*wanted) as theirs:
        yield mine, theirs, queue_url


def run_query(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        found = connection.execute(statement.encode())
        return found.fetchall() if found.description else []


def abandoned(url: str) -> None:
    """Make the running jobs look as if their worker had died."""
    run_query(url, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")


async def test_several_daemons_share_nudged_projects_and_never_run_one_twice_at_once(shared: Any) -> None:
    mine, theirs, _ = shared
    here, there = RecordingRunner(hold=True), RecordingRunner(hold=True)
    async with working(mine, here, 1), working(theirs, there, 1):
        await mine.nudge(ONE)
        await mine.nudge(TWO)
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await asyncio.gather(here.until(1), there.until(1))
        await theirs.nudge(here.began[0])
        assert (await theirs.backlog()).running == {ONE, TWO}
        here.hold = there.hold = False
        for runner in (here, there):
            runner.release(runner.began[0])
    assert {*here.began, *there.began} == {ONE, TWO}


async def test_due_projects_write_nothing_to_the_database(shared: Any) -> None:
    mine, theirs, url = shared
    runner = RecordingRunner(hold=True)
    async with working(mine, runner, 1):
        mine.put_due([ONE, TWO])
        await runner.until(1)
        assert run_query(url, "SELECT count(*) FROM procrastinate_jobs") == [(0,)]
        assert (await mine.backlog()).running == {ONE}
        assert (await mine.backlog()).waiting == {TWO}
        assert await theirs.backlog() == QueueContent()


async def test_each_project_is_one_daemons_own_and_every_daemon_knows_whose(shared: Any) -> None:
    mine, theirs, url = shared
    projects = [project(number) for number in range(1, 41)]
    async with working(mine, RecordingRunner()), working(theirs, RecordingRunner()):
        await until_rows(url, "SELECT count(*) FROM procrastinate_workers", [(2,)])
        for queue in (mine, theirs):
            await queue.backlog()
        own = [each for each in projects if mine.is_own(each)]
        assert own == [each for each in projects if not theirs.is_own(each)]
        assert 5 < len(own) < 35
        abandoned(url)
        run_query(
            url,
            "UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = ANY"
            f"(ARRAY{sorted(mine._own_worker_ids)})",
        )
        await mine.backlog()
        assert all(mine.is_own(each) for each in projects), "the other daemon is dead"


async def until_rows(url: str, query: str, expected: list[tuple[Any, ...]]) -> None:
    """Wait until a query returns these rows, which other sessions write."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while run_query(url, query) != expected:  # noqa: ASYNC110 - another session has no event of ours
            await asyncio.sleep(0.02)


async def test_a_nudge_that_meets_a_due_pass_of_this_process_is_run_when_that_ends(shared: Any) -> None:
    mine, _, url = shared
    runner = RecordingRunner(hold=True)
    async with working(mine, runner, 2):
        mine.put_due([ONE])
        await runner.until(1)
        await mine.nudge(ONE)
        await until_rows(url, STATUS_OF_JOBS, [("doing",)])
        assert runner.began == [ONE]
        runner.hold = False
        runner.release(ONE)
        await runner.until(2, ended=True)
    assert (runner.began, runner.nudged, runner.twice) == ([ONE, ONE], [ONE], 0)


async def test_a_nudge_that_meets_a_pass_of_another_process_is_tried_until_that_has_ended(
    shared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.daemon.job_passes.BUSY_PAUSES_SECONDS", (0.0, 0.0, 0.0, 0.0))
    mine, _, url = shared
    tries = list[bool]()

    async def run(_: QueuedPass) -> bool:
        tries.append(len(tries) == 2)
        return tries[-1]

    queue_worker = mine.create_worker(run, 1)
    task = asyncio.create_task(queue_worker.serve())
    await mine.nudge(ONE)
    await until_rows(url, STATUS_OF_JOBS, [])
    assert tries == [False, False, True]
    queue_worker.stop(TIMEOUT_SECONDS)
    await task


async def test_a_job_that_waits_for_a_place_is_there_for_the_next_worker_after_a_stop(shared: Any) -> None:
    mine, theirs, url = shared
    runner = RecordingRunner(hold=True)
    queue_worker = mine.create_worker(runner.run, 2)
    task = asyncio.create_task(queue_worker.serve())
    mine.put_due([THREE, FOUR])
    await mine.nudge(ONE)
    await runner.until(2)
    await mine.nudge(TWO)
    await until_rows(url, STATUS_OF_JOBS, [("doing",)] * 2)
    queue_worker.stop(TIMEOUT_SECONDS)
    for each in list(runner.began):
        runner.release(each)
    await task
    assert sorted(runner.began) == [THREE, FOUR]
    assert (await theirs.backlog()).waiting == {ONE, TWO}


async def test_a_nudge_by_another_daemon_than_the_one_that_runs_the_pass_is_taken_when_that_pass_ends(
    shared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "reconciler.daemon.procrastinate_queue.POLL_SECONDS", 10.0
    )  # the notification must wake it, not polling
    mine, theirs, _ = shared
    runner, waits = await nudge_while_running(mine, theirs, times=2)
    assert runner.twice == 0
    assert max(waits) < 5.0  # some tenths, on a machine that is not busy


async def test_a_job_of_a_dead_worker_is_requeued_also_when_another_one_of_its_project_waits(
    shared: Any,
) -> None:
    mine, theirs, url = shared
    runner, again = RecordingRunner(hold=True), RecordingRunner()
    async with working(mine, runner, 2):
        await mine.nudge(ONE)
        await mine.nudge(TWO)
        await runner.until(2)
        await mine.nudge(ONE)  # the second job: setting the job back would break the queueing lock
        abandoned(url)
        assert await theirs.requeue_stalled() == 2
        assert (await theirs.backlog()).waiting == {ONE, TWO}
        assert await theirs.requeue_stalled() == 0
        abandoned(url)
        async with working(theirs, again, 2):
            await again.until(2, ended=True)
        runner.hold = False
        for each in (ONE, TWO):
            runner.release(each)
        await runner.until(2, ended=True)
    assert sorted(again.began) == [ONE, TWO]


async def test_a_job_whose_end_could_not_be_written_does_not_keep_its_project(
    shared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is alive, so it is not taken for dead; its duplicate would wait without end."""
    mine, theirs, url = shared
    runner, finish = RecordingRunner(), mine.app.job_manager.finish_job

    async def away(*_: Any, **__: Any) -> None:
        monkeypatch.setattr(mine.app.job_manager, "finish_job", finish)
        raise ConnectorException("the database restarts")

    monkeypatch.setattr(mine.app.job_manager, "finish_job", away)
    async with working(mine, runner, 2):
        await mine.nudge(ONE)
        await runner.until(1, ended=True)
        await mine.nudge(ONE)
        rescued = [
            await theirs.requeue_stalled(),
            await theirs.requeue_stalled(),
            await mine.requeue_stalled(),
        ]
        assert rescued == [0, 0, 0], "it may be ending just now"
        assert await mine.requeue_stalled() == 1
        await runner.until(2, ended=True)
    assert run_query(url, "SELECT * FROM procrastinate_jobs") == []


async def test_an_end_that_could_not_be_written_is_logged_and_no_exception_is_left_unretrieved(
    shared: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mine, _, _ = shared
    runner, failed, unread = RecordingRunner(), asyncio.Event(), list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unread.append(context))

    async def away(*_: Any, **__: Any) -> None:
        failed.set()
        raise ConnectorException("the database restarts")

    monkeypatch.setattr(mine.app.job_manager, "finish_job", away)
    async with working(mine, runner, 1):
        await mine.nudge(ONE)
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await failed.wait()
        for _ in range(5):  # what follows a task's end is done by then
            await asyncio.sleep(0)
    gc.collect()
    assert unread == []
    (line,) = [each for each in caplog.records if "could not be written to the queue" in each.message]
    assert line.levelname == "WARNING"


async def test_what_is_cut_off_at_a_shutdown_is_there_for_the_next(shared: Any) -> None:
    mine, theirs, _ = shared
    runner = RecordingRunner(hold=True)
    async with working(mine, runner, 1):
        await mine.nudge(ONE)
        await runner.until(1)
    assert (await theirs.backlog()).waiting == {ONE}


async def test_a_pass_that_fails_leaves_no_key_behind(shared: Any) -> None:
    mine, _, url = shared
    runner = RecordingRunner()

    async def fail(_: Any) -> None:
        await runner.run(QueuedPass(project_id=ONE, is_nudged=True))
        raise ValueError("a mistake of ours")

    queue_worker = mine.create_worker(fail, 1)
    task = asyncio.create_task(queue_worker.serve())
    for count in (1, 2):
        await mine.nudge(ONE)
        await runner.until(count)
    queue_worker.stop(TIMEOUT_SECONDS)
    await task
    assert run_query(url, "SELECT * FROM procrastinate_jobs") == []


async def test_no_job_is_for_later_and_none_is_left_when_it_is_done(shared: Any) -> None:
    mine, _, url = shared
    runner = RecordingRunner()
    mine.put_due([ONE])
    await mine.nudge(TWO)
    assert run_query(url, "SELECT count(*) FROM procrastinate_jobs WHERE scheduled_at IS NOT NULL") == [(0,)]
    async with working(mine, runner):
        await runner.until(2, ended=True)
    for table in ("jobs", "events", "workers"):
        assert run_query(url, f"SELECT * FROM procrastinate_{table}") == []


async def test_a_worker_whose_connections_break_says_so_and_the_next_one_works(shared: Any) -> None:
    mine, _, url = shared
    runner = RecordingRunner()
    queue_worker = mine.create_worker(runner.run, 1)
    task = asyncio.create_task(queue_worker.serve())
    await mine.nudge(ONE)
    await runner.until(1, ended=True)
    # A connection of its own, beside the pool; it may have taken the job before it began to listen.
    await until_rows(url, COUNT_LISTENERS, [(1,)])
    run_query(url, END_SESSIONS_OF_QUEUE)
    with suppress(DatabaseError):  # a session may be ended just after it was found alive
        await mine.nudge(TWO)
    await mine.nudge(TWO)
    async with working(mine, runner, 1):  # the first may have stopped before it could take it
        await runner.until(2)
    queue_worker.stop(TIMEOUT_SECONDS)
    await asyncio.wait([task])


async def test_a_job_that_waits_for_a_place_when_connections_break_is_run(shared: Any) -> None:
    mine, _, url = shared
    runner = RecordingRunner(hold=True)
    queue_worker = mine.create_worker(runner.run, 1)
    task = asyncio.create_task(queue_worker.serve())
    mine.put_due([FOUR])
    await runner.until(1)
    await mine.nudge(ONE)
    await until_rows(url, STATUS_OF_JOBS, [("doing",)])
    await until_rows(url, COUNT_LISTENERS, [(1,)])
    run_query(url, END_SESSIONS_OF_QUEUE)
    runner.hold = False
    runner.release(FOUR)
    await runner.until(2, ended=True)
    assert runner.began == [FOUR, ONE]
    queue_worker.stop(TIMEOUT_SECONDS)
    await asyncio.wait([task])

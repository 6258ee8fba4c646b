"""The scheduler without the service."""

import asyncio

import pytest

from reconciler.bootstrap.container import SystemClock
from reconciler.daemon import scheduler as module
from reconciler.daemon.scheduler import PeriodicJobs
from tests.web.harness import MovableClock


async def test_a_job_that_the_end_cuts_off_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    begun, cut = asyncio.Event(), asyncio.Event()

    async def job() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()

    scheduler = PeriodicJobs(SystemClock())
    scheduler.add_job("job", 10, job)
    scheduler.start()
    await asyncio.wait_for(begun.wait(), 15)
    scheduler.stop()
    await asyncio.wait_for(cut.wait(), 15)
    for _ in range(5):  # what follows a task's end is done by then
        await asyncio.sleep(0)
    assert caplog.records == []


async def test_a_job_that_the_end_cuts_off_has_ended_when_the_end_was_waited_for() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def job() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(20):  # it takes a while to give back what it holds
                await asyncio.sleep(0)
            ended.set()

    scheduler = PeriodicJobs(SystemClock())
    scheduler.add_job("job", 10, job)
    scheduler.start()
    await asyncio.wait_for(begun.wait(), 15)
    scheduler.stop()
    await scheduler.wait_until_ended()
    assert ended.is_set()


async def test_a_job_that_waits_on_after_the_cut_is_cut_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CANCEL_GRACE_SECONDS", 0.05)
    begun, cuts = asyncio.Event(), 0

    async def job() -> None:
        nonlocal cuts
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cuts += 1
            try:
                await asyncio.Event().wait()  # as for the answer of a database that hangs
            finally:
                cuts += 1

    scheduler = PeriodicJobs(SystemClock())
    scheduler.add_job("job", 10, job)
    scheduler.start()
    await asyncio.wait_for(begun.wait(), 15)
    scheduler.stop()
    await asyncio.wait_for(scheduler.wait_until_ended(), 15)
    assert cuts == 2


async def test_no_job_begins_after_the_stop() -> None:
    ran = 0

    async def job() -> None:
        nonlocal ran
        ran += 1

    scheduler = PeriodicJobs(SystemClock())
    scheduler.add_job("job", 0.001, job)
    scheduler.start()
    scheduler.stop()
    for _ in range(20):
        await asyncio.sleep(0)
    await scheduler.wait_until_ended()
    assert ran == 0


async def test_a_job_that_fails_is_logged_once_with_a_count_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, runs, other = MovableClock(), 0, 0
    reached = {count: asyncio.Event() for count in (5, 9)}

    async def failing() -> None:
        nonlocal runs
        runs += 1
        if runs in reached:
            reached[runs].set()
        if runs < 8:
            raise RecursionError("maximum recursion depth exceeded")

    async def going() -> None:
        nonlocal other
        other += 1

    scheduler = PeriodicJobs(clock)
    scheduler.add_job("failing", 0.001, failing)
    scheduler.add_job("going", 0.001, going)
    scheduler.start()
    async with asyncio.timeout(60):
        await reached[5].wait()
        clock.advance(61)
        assert scheduler.failures.failing_seconds("failing") == 61
        assert scheduler.failures.failing_seconds("going") == 0
        await reached[9].wait()
    scheduler.stop()
    await scheduler.wait_until_ended()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "a periodic job failed; it is tried again",
        "a periodic job keeps failing",
    ]
    assert scheduler.failures.failing_seconds() == 0
    assert other > 1

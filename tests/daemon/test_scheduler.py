"""The clockwork alone."""

import asyncio

import pytest

from reconciler.daemon.scheduler import Scheduler


async def test_a_job_that_the_end_cuts_off_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    begun, cut = asyncio.Event(), asyncio.Event()

    async def job() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()

    ticks = Scheduler()
    ticks.add_job(10, job)
    ticks.start()
    await asyncio.wait_for(begun.wait(), 15)
    ticks.stop()
    await asyncio.wait_for(cut.wait(), 15)
    for _ in range(5):  # what follows a task's end is done by then
        await asyncio.sleep(0)
    assert caplog.records == []

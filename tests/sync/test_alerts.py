"""What begins or ceases to need a person: logged, counted, POSTed once, remembered."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from reconciler.model.passes import NullProgress, Outcome
from tests.support.alert_listener import Listener
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync


async def refused(sync: Sync) -> int:
    """A write that GitHub refuses, and its issue."""
    report, number = await sync.linked()
    sync.github.web.lock(number, by="alice")
    sync.add_comment(report, "to a locked one")
    return number


async def test_a_refused_write_is_alerted_once_at_its_start_and_once_at_its_end(
    sync: Sync, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "reconciler")
    number = await refused(sync)
    first = await sync.run()
    assert (first.outcome, first.entered, first.left) == (Outcome.PARTIAL, 1, 0)
    again = await sync.run(seconds=1)
    assert (again.entered, again.left) == (0, 0)
    sync.github.web.unlock(number, by="alice")
    last = await sync.run()
    assert (last.outcome, last.entered, last.left) == (Outcome.OK, 0, 1)
    assert listener.changes == [(["refused"], []), ([], ["refused"])]
    (began,) = listener.taken[0]["entered"]
    assert began["issue"] == f"acme/web#{number}"
    assert "locked" in began["reason"]
    events = [each.message for each in caplog.records if "attention" in each.message]
    assert events == ["needs attention", "attention over"]


async def test_an_alert_that_is_not_taken_stops_nothing_and_is_offered_again(
    sync: Sync, listener: Listener
) -> None:
    listener.status = 500
    await refused(sync)
    result = await sync.run()
    assert (result.outcome, result.entered, listener.asked) == (Outcome.PARTIAL, 1, 1)
    listener.status = 200
    await sync.run(seconds=1)
    await sync.run(seconds=1)
    assert listener.changes == [(["refused"], [])]


async def test_an_alert_that_nobody_ever_takes_is_dropped_after_some_tries(
    sync: Sync, listener: Listener
) -> None:
    listener.status = 500
    await refused(sync)
    for _ in range(13):
        await sync.run(seconds=1)
    assert listener.asked == 10


async def test_a_restart_repeats_nothing(world_url: str, github: GitHub) -> None:
    listener = Listener()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Sync]:
        async with open_sync(world_url, github) as sync:
            listener.tell(sync.app)
            yield sync

    async with opened() as sync:
        await refused(sync)
        await sync.run()
        project = sync.project
    async with opened() as again:
        await again.run(project)
    assert listener.changes == [(["refused"], [])]


async def test_withheld_deletions_and_a_failing_project_are_alerted(sync: Sync, listener: Listener) -> None:
    _, number = await sync.linked()
    for n in range(6):
        sync.github.web.comment(number, f"words {n}", by="bob")
    await sync.settle()
    for row in list(sync.github.web.thread(number)):
        sync.github.web.delete_comment(row.id, by="bob")
    await sync.app.verify(await sync.app.find_project("Shop"), wait=False, progress=NullProgress())
    assert listener.changes == []
    await sync.run(seconds=61)
    assert listener.changes == [(["withheld"], [])]
    sync.github.world.revoke(sync.github.token)
    await sync.run()
    assert listener.changes[1:] == [(["failing"], [])]


async def test_without_an_address_it_is_logged_all_the_same(sync: Sync) -> None:
    assert sync.app._container.alert_poster is None
    await refused(sync)
    assert (await sync.run()).entered == 1
    assert (await sync.run(seconds=1)).entered == 0

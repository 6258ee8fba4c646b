"""What pages may do, over a real database and the simulator: as the command does, and a pass asked for."""

from collections.abc import AsyncIterator

import pytest

from reconciler.bootstrap.commands import BUSY_TIMEOUT_SECONDS, WebCommands
from reconciler.errors import BusyError, ConfigurationError, ProjectError, UsageError
from reconciler.model.fields import Field, Side
from tests.support.github import GitHub, github
from tests.support.sync import Sync, open_sync
from tests.web.harness import RecordingQueue

__all__ = ["github"]


@pytest.fixture
def queue() -> RecordingQueue:
    return RecordingQueue()


@pytest.fixture
async def sync(migrated: str, github: GitHub) -> AsyncIterator[Sync]:
    async with open_sync(migrated, github, web={"public_url": "https://sync.example"}) as world:
        yield world


@pytest.fixture
def deeds(sync: Sync, queue: RecordingQueue) -> WebCommands:
    return WebCommands(sync.app._container, queue)


async def test_an_export_is_written_down_and_made_by_the_pass_that_follows(
    sync: Sync, deeds: WebCommands, queue: RecordingQueue
) -> None:
    report = sync.bugspark.add_report(sync.project)
    assert "by the next pass" in await deeds.export(report)
    assert await deeds.export(report)  # pressed twice: one wish
    assert not sync.github.web.issues
    assert queue.projects == [sync.project] * 2
    await sync.settle()
    assert [each.number for each in sync.github.web.issues] == [sync.number(report)]
    with pytest.raises(ProjectError, match=r"linked to acme/web#1 already"):
        await deeds.export(report)
    await deeds.unlink(report)
    assert "linked again" in await deeds.export(report)
    await sync.settle()
    assert len(sync.github.web.issues) == 1


@pytest.mark.parametrize(
    "spelling", ["{n}", "#{n}", "acme/web#{n}", "https://github.example/acme/web/issues/{n}#x"]
)
async def test_an_issue_to_link_may_be_spelt_as_people_find_it(
    sync: Sync, deeds: WebCommands, queue: RecordingQueue, spelling: str
) -> None:
    issue = sync.github.web.open_issue("It breaks", by="alice")
    report = sync.bugspark.add_report(sync.project)
    await deeds.link(report, spelling.format(n=issue.number), backfill=False)
    assert queue.projects == [sync.project]
    await sync.settle()
    assert sync.number(report) == issue.number
    for wrong in ("0", "x", "acme/other#1", "", "javascript:alert(1)"):
        with pytest.raises(UsageError):
            await deeds.link(sync.bugspark.add_report(sync.project), wrong, backfill=False)


async def test_a_command_waits_for_a_running_pass_for_a_limited_time(sync: Sync, deeds: WebCommands) -> None:
    report, _ = await sync.linked()
    began = sync.clock.monotonic()
    async with sync.app._container.stores.project_locks.acquire(sync.project):
        with pytest.raises(BusyError):
            await deeds.unlink(report)
    assert BUSY_TIMEOUT_SECONDS <= sync.clock.monotonic() - began <= 2 * BUSY_TIMEOUT_SECONDS
    assert "no longer linked" in await deeds.unlink(report)


async def test_a_paused_project_is_not_synced_and_one_without_token_says_so(
    sync: Sync, deeds: WebCommands, queue: RecordingQueue
) -> None:
    await deeds.pause(sync.project)
    with pytest.raises(ProjectError, match="resume it first"):
        await deeds.sync(sync.project)
    await deeds.resume(sync.project)
    sync.bugspark.execute("UPDATE integrations SET is_active = false")
    with pytest.raises(ProjectError):
        await deeds.sync(sync.project)
    assert queue.projects == [sync.project]  # of the resumption


async def test_database_details_are_not_shown_on_a_page(sync: Sync, deeds: WebCommands) -> None:
    for word in ("moved", "copy", str(sync.project)):
        with pytest.raises(UsageError, match="by the operator"):
            await deeds.accept(sync.project, word)
    for word in ("", "public", "0" * 16):
        with pytest.raises(ProjectError):
            await deeds.accept(sync.project, word)


async def test_retry_and_resolve_work_from_the_page(
    sync: Sync, deeds: WebCommands, queue: RecordingQueue
) -> None:
    report, number = await sync.linked()
    sync.github.web.lock(number, by="alice")
    sync.say(report, "Hello")
    await sync.settle()
    sync.github.web.unlock(number, by="alice")
    assert "released" in await deeds.retry(report)
    await sync.settle()
    assert len(sync.said_there(number)) == 1
    with pytest.raises(ProjectError, match="no conflict"):
        await deeds.resolve(report, Field.STATUS, Side.GITHUB)
    assert queue.projects == [sync.project]


async def test_the_webhook_is_made_rotated_and_tried(sync: Sync, deeds: WebCommands) -> None:
    sync.github.web.allow("bugspark-bot", "admin")
    with pytest.raises(ProjectError, match="webhook"):
        await deeds.ping_webhook(sync.project)
    before = await deeds.show_webhook_setup(sync.project)
    assert before.url == f"https://sync.example/api/v1/webhooks/github/{sync.project}"
    made = await deeds.create_webhook(sync.project)
    assert (made.is_new, made.url) == (True, before.url)
    assert "ping" in await deeds.ping_webhook(sync.project)
    rotated = await deeds.rotate_webhook(sync.project)
    assert rotated.secret.reveal() != before.secret.reveal()
    assert rotated.previous_until is not None


async def test_without_a_public_address_no_webhook_is_made(migrated: str, github: GitHub) -> None:
    async with open_sync(migrated, github) as sync:
        deeds = WebCommands(sync.app._container, RecordingQueue())
        for deed in (deeds.create_webhook, deeds.ping_webhook):
            with pytest.raises(ConfigurationError, match="public_url"):
                await deed(sync.project)

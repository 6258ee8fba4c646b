"""What pages may do, over a real database and the simulator: as the command does, and a pass asked for."""

from collections.abc import AsyncIterator

import pytest

from reconciler.bootstrap.commands import BUSY_TIMEOUT_SECONDS, WebCommands
from reconciler.errors import BusyError, ConfigurationError, ProjectError, RefusedError, UsageError
from reconciler.model.fields import Field, Side
from reconciler.model.viewer import OPERATOR_ACTOR
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
def commands(sync: Sync, queue: RecordingQueue) -> WebCommands:
    return WebCommands(sync.app._container, queue, OPERATOR_ACTOR)


async def test_an_export_is_written_down_and_made_by_the_pass_that_follows(
    sync: Sync, commands: WebCommands, queue: RecordingQueue
) -> None:
    report = sync.bugspark.add_report(sync.project)
    assert "by the next pass" in await commands.export(report)
    assert await commands.export(report)  # pressed twice: one request
    assert not sync.github.web.issues
    assert queue.projects == [sync.project] * 2
    await sync.settle()
    assert [each.number for each in sync.github.web.issues] == [sync.number(report)]
    with pytest.raises(ProjectError, match=r"linked to acme/web#1 already"):
        await commands.export(report)
    await commands.unlink(report)
    assert "linked again" in await commands.export(report)
    await sync.settle()
    assert len(sync.github.web.issues) == 1


@pytest.mark.parametrize(
    "spelling", ["{n}", "#{n}", "acme/web#{n}", "https://github.example/acme/web/issues/{n}#x"]
)
async def test_an_issue_to_link_may_be_spelt_as_people_find_it(
    sync: Sync, commands: WebCommands, queue: RecordingQueue, spelling: str
) -> None:
    issue = sync.github.web.open_issue("It breaks", by="alice")
    report = sync.bugspark.add_report(sync.project)
    await commands.link(report, spelling.format(n=issue.number), backfill=False)
    assert queue.projects == [sync.project]
    await sync.settle()
    assert sync.number(report) == issue.number
    for wrong in ("0", "x", "", "javascript:alert(1)"):
        with pytest.raises(UsageError):
            await commands.link(sync.bugspark.add_report(sync.project), wrong, backfill=False)
    with pytest.raises(RefusedError, match="is connected to acme/web, not to acme/other"):
        await commands.link(sync.bugspark.add_report(sync.project), "acme/other#1", backfill=False)


async def test_a_command_waits_for_a_running_pass_for_a_limited_time(
    sync: Sync, commands: WebCommands
) -> None:
    report, _ = await sync.linked()
    began = sync.clock.monotonic()
    async with sync.app._container.stores.project_locks.acquire(sync.project):
        with pytest.raises(BusyError):
            await commands.unlink(report)
    assert BUSY_TIMEOUT_SECONDS <= sync.clock.monotonic() - began <= 2 * BUSY_TIMEOUT_SECONDS
    assert "no longer linked" in await commands.unlink(report)


async def test_a_paused_project_is_not_synced_and_one_without_token_says_so(
    sync: Sync, commands: WebCommands, queue: RecordingQueue
) -> None:
    await commands.pause(sync.project)
    with pytest.raises(ProjectError, match="resume it first"):
        await commands.sync(sync.project)
    await commands.resume(sync.project)
    sync.bugspark.execute("UPDATE integrations SET is_active = false")
    with pytest.raises(ProjectError):
        await commands.sync(sync.project)
    assert queue.projects == [sync.project]  # of the resumption


async def test_database_details_are_not_shown_on_a_page(sync: Sync, commands: WebCommands) -> None:
    for word in ("moved", "copy", str(sync.project)):
        with pytest.raises(UsageError, match="by the operator"):
            await commands.accept_waiting_changes(sync.project, word)
    for word in ("", "public", "0" * 16):
        with pytest.raises(ProjectError):
            await commands.accept_waiting_changes(sync.project, word)


async def test_retry_and_resolve_work_from_the_page(
    sync: Sync, commands: WebCommands, queue: RecordingQueue
) -> None:
    report, number = await sync.linked()
    sync.github.web.lock(number, by="alice")
    sync.add_comment(report, "Hello")
    await sync.settle()
    sync.github.web.unlock(number, by="alice")
    assert "released" in await commands.retry(report)
    await sync.settle()
    assert len(sync.texts_on_github(number)) == 1
    with pytest.raises(ProjectError, match="no conflict"):
        await commands.resolve(report, Field.STATUS, Side.GITHUB)
    assert queue.projects == [sync.project]


async def test_the_webhook_is_made_rotated_and_tried(sync: Sync, commands: WebCommands) -> None:
    sync.github.web.allow("bugspark-bot", "admin")
    with pytest.raises(ProjectError, match="webhook"):
        await commands.ping_webhook(sync.project)
    before = await commands.show_webhook_setup(sync.project)
    assert before.url == f"https://sync.example/api/v1/webhooks/github/{sync.project}"
    made = await commands.create_webhook(sync.project)
    assert (made.is_new, made.url) == (True, before.url)
    assert "ping" in await commands.ping_webhook(sync.project)
    rotated = await commands.rotate_webhook(sync.project)
    assert rotated.secret.reveal() != before.secret.reveal()
    assert rotated.previous_until is not None


async def test_without_a_public_address_no_webhook_is_made(migrated: str, github: GitHub) -> None:
    async with open_sync(migrated, github) as sync:
        commands = WebCommands(sync.app._container, RecordingQueue(), OPERATOR_ACTOR)
        for action in (commands.create_webhook, commands.ping_webhook):
            with pytest.raises(ConfigurationError, match="public_url"):
                await action(sync.project)

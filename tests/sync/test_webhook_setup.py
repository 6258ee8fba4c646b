"""`reconcile webhook`: the secret, and the hook on GitHub made or repaired."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from reconciler.bootstrap.application import open_application
from reconciler.demo.github.faults import Drop, error
from reconciler.errors import (
    ConfigurationError,
    CredentialError,
    GitHubError,
    ProjectError,
    RepositoryRecreatedError,
)
from reconciler.model.report import Project
from reconciler.model.webhook import WEBHOOK_EVENTS
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync, settings_for

PUBLIC = "https://sync.example.com/base/"


@pytest.fixture
async def sync(world_url: str, github: GitHub) -> AsyncIterator[Sync]:
    """As everywhere, but GitHub can reach us, and our account administers the repository."""
    github.web.allow("bugspark-bot", "admin")
    async with open_sync(world_url, github, web={"public_url": PUBLIC}) as world:
        yield world


async def the_project(sync: Sync) -> Project:
    return await sync.app.find_project(str(sync.project))


async def test_the_secret_is_made_once_and_shown_with_address_and_steps(sync: Sync) -> None:
    project = await the_project(sync)
    first, again = await sync.app.show_webhook_setup(project), await sync.app.show_webhook_setup(project)
    assert first == again
    assert len(first.secret.reveal()) >= 40
    assert first.url == f"https://sync.example.com/base/api/v1/webhooks/github/{project.id}"
    assert first.settings_url is not None
    assert first.settings_url.endswith("/acme/web/settings/hooks/new")
    assert first.secret.reveal() not in "".join(first.steps)
    rotated = await sync.app.rotate_webhook(project)
    assert rotated.secret != first.secret
    assert rotated.previous_until is not None
    assert (rotated.previous_until - sync.clock.now()).days == 1
    assert (await sync.app.show_webhook_setup(project)).secret == rotated.secret


async def test_create_makes_the_hook_then_finds_it_by_its_address_and_sets_it_right(sync: Sync) -> None:
    project, hooks = await the_project(sync), sync.github.web.hooks
    foreign = sync.github.web.add_hook("https://ci.example.com/", ("push",))
    made = await sync.app.create_webhook(project)
    setup = await sync.app.show_webhook_setup(project)
    hook = hooks[made.id]
    assert made.is_new
    assert (hook.url, hook.events, hook.content_type) == (setup.url, WEBHOOK_EVENTS, "json")
    assert (hook.secret, hook.active, hook.insecure_ssl) == (setup.secret.reveal(), True, "0")
    hooks[made.id] = replace(
        hook, events=("push",), active=False, content_type="form", secret="old", insecure_ssl="1"
    )
    rotated = await sync.app.rotate_webhook(project)
    again = await sync.app.create_webhook(project)
    assert (again.id, again.is_new) == (made.id, False)
    repaired = hooks[made.id]
    assert replace(repaired, updated=0) == replace(hook, secret=rotated.secret.reveal(), updated=0)
    assert hooks[foreign.id] == foreign
    assert len(hooks) == 2
    ((health, *_), _) = await sync.app.status(project)
    assert health.webhook.known_at is not None


async def test_without_the_right_to_hooks_the_permission_is_named(sync: Sync) -> None:
    sync.github.web.allow("bugspark-bot", "write")
    with pytest.raises(CredentialError, match=r"acme/web \(404: Not Found\).*admin:repo_hook"):
        await sync.app.create_webhook(await the_project(sync))
    sync.github.web.allow("bugspark-bot", "admin")
    sync.github.simulator.faults.add(error(403, "Resource not accessible"), method="POST")
    with pytest.raises(ProjectError, match=r"Resource not accessible.*Webhooks: read and write"):
        await sync.app.create_webhook(await the_project(sync))
    assert not sync.github.web.hooks


async def test_a_lost_answer_is_reported_and_a_second_try_makes_no_second_hook(sync: Sync) -> None:
    sync.github.simulator.faults.add(Drop(applied=True), method="POST")
    with pytest.raises(GitHubError, match="run it again"):
        await sync.app.create_webhook(await the_project(sync))
    assert not (await sync.app.create_webhook(await the_project(sync))).is_new
    assert len(sync.github.web.hooks) == 1


async def test_a_repository_that_took_over_the_name_is_not_given_the_secret(sync: Sync) -> None:
    await sync.settle()
    sync.github.world.delete_repository("acme/web")
    taken = sync.github.world.add_repository("acme/web")
    taken.allow("bugspark-bot", "admin")
    with pytest.raises(RepositoryRecreatedError):
        await sync.app.create_webhook(await the_project(sync))
    assert not taken.hooks


async def test_without_a_public_address_nothing_is_made(world_url: str, github: GitHub) -> None:
    async with open_sync(world_url, github) as sync:
        project = await the_project(sync)
        assert (await sync.app.show_webhook_setup(project)).url is None
        with pytest.raises(ConfigurationError, match=r"web\.public_url is not set"):
            await sync.app.create_webhook(project)
        assert not github.web.hooks


async def test_a_ping_is_asked_for_where_there_is_a_hook(sync: Sync) -> None:
    project = await the_project(sync)
    with pytest.raises(ProjectError, match="no webhook of acme/web delivers to"):
        await sync.app.ping_webhook(project)
    await sync.app.create_webhook(project)
    before = len(sync.github.simulator.hooks.all)
    await sync.app.ping_webhook(project)
    assert [each.event for each in sync.github.simulator.hooks.all[before:]] == ["ping"]


async def test_after_a_changed_public_url_the_old_hook_is_moved(sync: Sync, world_url: str) -> None:
    project = await the_project(sync)
    old = await sync.app.create_webhook(project)
    settings = settings_for(world_url, sync.github.api, web={"public_url": "https://new.example.com"})
    async with open_application(settings, sync.clock) as app:
        found = {line.name: line for line in await app.run_self_check()}["Shop: hook"]
        assert (found.level.value, found.remedy) == ("warn", "reconcile webhook create --project Shop")
        assert old.url in found.message
        moved = await app.create_webhook(project)
    assert (moved.id, moved.is_new, moved.previous_url) == (old.id, False, old.url)
    (hook,) = sync.github.web.hooks.values()
    assert hook.url == moved.url == f"https://new.example.com/api/v1/webhooks/github/{project.id}"


async def test_create_pings_the_hook_and_shows_the_answer(sync: Sync) -> None:
    project = await the_project(sync)
    made = await sync.app.create_webhook(project)
    pings = [each for each in sync.github.simulator.requests if each.path.endswith(f"/hooks/{made.id}/pings")]
    assert len(pings) == 1
    assert made.response is not None
    assert made.response.text == "GitHub's last delivery did not arrive (failed to connect to host)"
    sync.github.simulator.faults.add(error(500), method="POST", path="/pings")
    again = await sync.app.create_webhook(project)
    assert (again.id, again.response) == (made.id, None), "it is set up all the same"


@pytest.mark.parametrize(
    ("status", "level", "expected"),
    [
        (202, "ok", "with every event"),
        (401, "warn", "answered 401: the secret doesn't match"),
        (404, "warn", "answered 404"),
        (0, "warn", "did not arrive"),
    ],
)
async def test_check_reads_how_the_last_delivery_was_answered(
    sync: Sync, status: int, level: str, expected: str
) -> None:
    made = await sync.app.create_webhook(await the_project(sync))
    sync.github.world.hook_answers[made.id] = status
    found = {line.name: line for line in await sync.app.run_self_check()}["Shop: hook"]
    assert (found.level.value, expected in found.message) == (level, True)
    assert ("reconcile webhook create" in (found.remedy or "")) is (level == "warn")
    told_by_test = await sync.app.ping_webhook(await the_project(sync))
    assert ("Before that" in told_by_test) is (level == "warn")

"""`reconcile check` says what is so: each line seen change with the world."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from reconciler.bootstrap import self_check
from reconciler.bootstrap.application import open_application
from reconciler.demo.github.faults import Limit, Reply, Rewrite, ip_not_allowed, link_to, saml_required
from reconciler.demo.github.rows import Level
from reconciler.model.ids import ProjectId
from reconciler.model.views import CheckResult
from reconciler.store.schema.migrate import migrate
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync, settings_for

HOOK = "https://sync.test/api/v1/webhooks/github/{project}"
NEEDED = ("issues", "issue_comment", "label")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The store does not matter to these."""
    address = f"sqlite:///{tmp_path}/bugspark.db"
    migrate(address)
    return address


@pytest.fixture
async def sync(url: str, github: GitHub) -> AsyncIterator[Sync]:
    async with open_sync(url, github, web={"public_url": "https://sync.test"}) as world:
        yield world


async def lines(sync: Sync) -> dict[str, CheckResult]:
    return {line.name.removeprefix("Shop: "): line for line in await sync.app.run_self_check()}


async def level(sync: Sync, name: str) -> str:
    return (await lines(sync))[name].level.value


def hook(sync: Sync, project: ProjectId, **values: Any) -> None:
    given: dict[str, Any] = {"events": NEEDED} | values
    sync.github.web.add_hook(HOOK.format(project=project), **given)


async def test_a_healthy_place_is_ok_from_top_to_bottom_and_nothing_is_written(sync: Sync) -> None:
    sync.github.web.allow("bugspark-bot", "admin")
    sync.github.simulator.hooks.lost = True
    hook(sync, sync.project)
    await sync.linked()
    before, there = sync.dump(), sync.github.web.picture()
    found = await lines(sync)
    assert list(found) == [
        *("configuration", "database", "schema", "instance", "key"),
        *("GitHub", "issues", "labels", "claims", "account", "hook", "clock", "limit", "deliveries"),
    ]
    levels = {name: line.level.value for name, line in found.items()}
    assert {name for name, how in levels.items() if how != "ok"} == {"account", "deliveries"}
    assert "bugspark-bot administers the repository" in found["account"].message  # to see its webhooks
    assert all(line.remedy is None for line in found.values() if line.level.value == "ok")
    assert "writing as bugspark-bot" in found["GitHub"].message
    assert "requests left" in found["limit"].message
    after = sync.dump()
    assert {name for name in after if after[name] != before[name]} <= {"sync_governor"}
    assert sync.github.web.picture() == there


async def test_permissions_are_those_that_github_reports(sync: Sync) -> None:
    sync.github.world.add_token("bugspark-bot", "ghp_narrow", scopes=("gist",))
    sync.bugspark.execute("DELETE FROM integrations")
    sync.bugspark.add_integration(sync.project, token="ghp_narrow")
    assert (await lines(sync))["issues"].message == "the classic token has gist"
    sync.github.world.add_token("bugspark-bot", "github_pat_x", kind="fine")
    sync.bugspark.execute("DELETE FROM integrations")
    sync.bugspark.add_integration(sync.project, token="github_pat_x")
    found = (await lines(sync))["issues"]
    assert (found.level.value, "can't be told for a fine-grained token" in found.message) == ("warn", True)
    await sync.linked()
    found = (await lines(sync))["issues"]
    assert (found.level.value, "confirmed a write" in found.message) == ("ok", True)
    sync.github.web.allow("bugspark-bot", "read")
    assert await level(sync, "labels") == "fail"


async def test_after_a_refused_write_the_missing_permission_fails(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.world.add_token("bugspark-bot", "github_pat_x", kind="fine", cap=Level.READ)
    sync.bugspark.execute("DELETE FROM integrations")
    sync.bugspark.add_integration(sync.project, token="github_pat_x")
    sync.add_comment(report, "Same here")
    await sync.run()
    found = await lines(sync)
    assert (found["issues"].level.value, found["writes"].level.value) == ("fail", "warn")
    assert "Resource not accessible by personal access token" in found["issues"].message
    assert found["issues"].message.endswith("it needs the permission Issues: write")
    assert (found["issues"].remedy or "").startswith("give the token Issues: write")
    assert sync.github.web.thread(number) == []
    sync.github.world.tokens.pop("github_pat_x")
    sync.github.world.add_token("bugspark-bot", "github_pat_x", kind="fine")
    await sync.run()
    found = await lines(sync)
    assert (found["issues"].level.value, "writes" in found) == ("ok", False)


async def test_a_triage_role_is_a_warning(sync: Sync) -> None:
    sync.github.web.allow("bugspark-bot", "triage")
    found = (await lines(sync))["labels"]
    assert (found.level.value, "triage role" in found.message) == ("warn", True)


async def test_saml_and_an_ip_allow_list_are_reported_with_the_remedy(sync: Sync) -> None:
    url = "https://github.com/orgs/acme/sso?authorization_request=AB12"
    sync.github.simulator.faults.add(saml_required(url), times=None)
    found = (await lines(sync))["GitHub"]
    assert (found.level.value, url in (found.remedy or "")) == ("fail", True)
    result = await sync.run()
    assert result.error is not None
    assert url in result.error.message
    sync.github.simulator.faults.clear()
    sync.github.simulator.faults.add(ip_not_allowed("acme"), times=None)
    found = (await lines(sync))["GitHub"]
    assert (found.level.value, "IP allow list" in (found.remedy or "")) == ("fail", True)
    assert "expiry" not in (found.remedy or "")
    assert "nothing is wrong with the token" in (found.remedy or "")


async def test_the_hook_on_github_is_looked_at_as_far_as_the_token_may(sync: Sync) -> None:
    sync.github.simulator.hooks.lost = True
    found = (await lines(sync))["hook"]
    assert found.level.value == "warn"
    assert "may not see webhooks" in found.message
    sync.github.web.allow("bugspark-bot", "admin")
    found = (await lines(sync))["hook"]
    assert found.message == "GitHub has no webhook to this service"
    assert found.remedy == "reconcile webhook create --project Shop"
    hook(sync, sync.project, events=("issues", "push"))
    assert "lacks the events issue_comment, label" in (await lines(sync))["hook"].message
    hook(sync, sync.project)
    assert (await lines(sync))["hook"].message == "2 webhooks lead to this service"


async def test_an_inactive_hook_is_reported_and_create_activates_it(sync: Sync) -> None:
    sync.github.simulator.hooks.lost = True
    sync.github.web.allow("bugspark-bot", "admin")
    hook(sync, sync.project, active=False)
    found = (await lines(sync))["hook"]
    assert (found.level.value, found.message) == ("warn", "the webhook is switched off on GitHub")
    assert found.remedy == "reconcile webhook create --project Shop"
    await sync.app.create_webhook(await sync.app.find_project("Shop"))
    assert [each.active for each in sync.github.web.hooks.values()] == [True]
    assert "switched off" not in (await lines(sync))["hook"].message


async def test_a_limit_is_reported_and_is_no_failure_of_the_token(sync: Sync) -> None:
    few = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "12"}
    sync.github.simulator.faults.add(Rewrite(headers=few), times=100)
    found = (await lines(sync))["limit"]
    assert (found.level.value, found.message.startswith("12 of 5,000 requests left")) == ("warn", True)
    sync.github.simulator.faults.clear()
    sync.github.simulator.faults.add(Limit(wait=600), times=1)
    for _ in range(2):  # read from GitHub, then from the store
        found = (await lines(sync))["GitHub"]
        assert found.level.value == "warn"
        assert re.fullmatch(r"check again after .*\d\d:\d\d UTC", found.remedy or "")


async def test_a_wrong_clock_and_a_pause_are_reported(sync: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
    now = sync.clock.now
    monkeypatch.setattr(sync.clock, "now", lambda: now() + timedelta(minutes=10))
    found = (await lines(sync))["clock"]
    assert (found.level.value, found.message) == ("warn", "this machine's clock is 600 s from GitHub's")
    await sync.app.pause("Shop")
    assert (await lines(sync))["pause"].remedy == "reconcile resume Shop"


async def test_a_recreated_repository_and_a_revoked_token_fail(sync: Sync) -> None:
    await sync.linked()
    sync.github.world.recreate("acme/web").allow("bugspark-bot", "write")
    assert await level(sync, "repository") == "fail"
    sync.github.world.revoke(sync.github.token)
    found = (await lines(sync))["GitHub"]
    assert (found.level.value, "token's expiry" in (found.remedy or "")) == ("fail", True)
    assert "issues" not in await lines(sync)


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_only_trouble_of_github_com_sends_people_to_its_status_page(
    sync: Sync, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    sync.github.simulator.faults.add(Reply(status=status), times=None)
    found = (await lines(sync))["GitHub"]
    assert (found.level.value, "server at github.api_url" in (found.remedy or "")) == ("fail", True)
    assert "githubstatus" not in (found.remedy or "")
    monkeypatch.setattr(self_check, "github_web_url", lambda _: self_check.GITHUB_COM)
    found = (await lines(sync))["GitHub"]
    assert (found.level.value, "www.githubstatus.com" in (found.remedy or "")) == ("fail", True)


async def test_every_integration_is_decrypted(url: str, github: GitHub) -> None:
    key, other = Fernet.generate_key(), Fernet.generate_key()
    async with open_sync(url, github) as sync:
        fine, undecryptable = sync.bugspark.add_project("Fine"), sync.bugspark.add_project("Shut")
        token = github.token.encode()
        sync.bugspark.add_integration(fine, token=Fernet(key).encrypt(token).decode())
        sealed = {"owner": "acme", "repo": "web", "token": github.token}
        secret = Fernet(other).encrypt(b"secret").decode()
        sync.bugspark.add_integration(undecryptable, config=sealed | {"webhookSecret": secret})
        checks = {line.name: line for line in await sync.app.run_self_check()}
        assert (checks["key"].level.value, "Fine, Shut" in checks["key"].message) == ("fail", True)
        for keys, how, expected in (
            (key, "fail", "Shut"),
            (key + b"," + other, "warn", "not encrypted: 2 secrets"),
        ):
            settings = settings_for(url, github.api, bugspark={"encryption_key": keys.decode()})
            async with open_application(settings, sync.clock) as app:
                (line,) = [each for each in await app.run_self_check() if each.name == "key"]
                assert (line.level.value, expected in line.message, "Fine" in line.message) == (
                    how,
                    True,
                    False,
                )


async def test_customers_webhooks_without_a_table_fail(url: str, github: GitHub) -> None:
    async with open_sync(url, github, bugspark={"notify_webhooks": True}) as sync:
        assert await level(sync, "customers' webhooks") == "ok"
        sync.bugspark.execute("DROP TABLE background_tasks")
        found = (await lines(sync))["customers' webhooks"]
        assert (found.level.value, found.message) == ("fail", "this BugSpark has no table background_tasks")


async def test_keys_of_screenshots_that_customers_webhooks_would_get_are_a_warning(
    url: str, github: GitHub
) -> None:
    s3 = {
        "endpoint_url": "https://store.test",
        "bucket_name": "uploads",
        "access_key": "key",
        "secret_key": "secret",
    }
    async with open_sync(url, github, bugspark={"notify_webhooks": True}) as sync:
        report, _ = await sync.linked()
        sync.change(report, screenshot_url="https://old.test/a.png")
        assert await level(sync, "customers' webhooks") == "ok"
        sync.change(report, screenshot_url=f"screenshots/{report}.png")
        found = (await lines(sync))["customers' webhooks"]
        assert (found.level.value, "get the keys of screenshots" in found.message) == ("warn", True)
        assert "bugspark.s3" in (found.remedy or "")
        settings = settings_for(url, github.api, bugspark={"notify_webhooks": True, "s3": s3})
        async with open_application(settings, sync.clock) as app:
            (found,) = [line for line in await app.run_self_check() if line.name == "customers' webhooks"]
        assert found.level.value == "ok"
        assert found.message.endswith("with addresses of screenshots at https://store.test for 900 s")


async def test_keys_of_an_integration_that_nobody_knows_are_named(sync: Sync) -> None:
    assert "integration" not in await lines(sync)
    config = {"owner": "acme", "repo": "web", "token": sync.github.token, "webhookSecret": "s"}
    sync.bugspark.execute("DELETE FROM integrations")
    sync.bugspark.add_integration(sync.project, config=config | {"sync": {"conflict": "github"}, "x\ny": 1})
    found = (await lines(sync))["integration"]
    assert found.level.value == "warn"
    assert found.message.startswith("nobody knows config.sync, config.x")
    assert "\n" not in found.message


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2020-01-01", "does not know this version"),
        ("2021-01-01", "no longer answers this version of its API"),
    ],
)
async def test_an_unknown_and_a_retired_api_version_are_reported_as_such(
    sync: Sync, url: str, version: str, expected: str
) -> None:
    sync.github.world.assume(retired_versions={"2021-01-01": 410})
    values = {"api_version": version, "api_url": sync.github.api}
    async with open_application(settings_for(url, sync.github.api, github=values), sync.clock) as app:
        (found,) = [line for line in await app.run_self_check() if line.name == "Shop: GitHub"]
    assert (found.level.value, expected in (found.remedy or "")) == ("fail", True)
    assert "github.api_version" in (found.remedy or "")
    assert version in found.message
    assert (found.remedy or "?") not in found.message


async def test_pages_at_another_host_fail_before_one_is_needed(sync: Sync) -> None:
    for title in ("One", "Two"):
        sync.github.web.open_issue(title, by="alice")
    assert "pages" not in await lines(sync)
    sync.github.simulator.faults.add(
        link_to("https://inner.test/api/v3/page2"), path="per_page=1", times=None
    )
    found = (await lines(sync))["pages"]
    assert (found.level.value, "inner.test" in (found.remedy or "")) == ("fail", True)
    assert "github.api_url" in (found.remedy or "")


async def test_an_address_that_is_no_api_names_the_path(sync: Sync) -> None:
    page = {"Content-Type": "text/html"}
    for status, body in ((200, b"<html>"), (404, b"<html>"), (404, b'{"error":"Not Found"}'), (406, b"")):
        sync.github.simulator.faults.clear()
        sync.github.simulator.faults.add(Reply(status=status, body=body, headers=page), times=None)
        found = (await lines(sync))["GitHub"]
        assert (found.level.value, "/api/v3" in (found.remedy or "")) == ("fail", True)
        assert "githubstatus" not in (found.remedy or "")

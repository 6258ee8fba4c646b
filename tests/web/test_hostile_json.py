"""A hostile owner's config affects only its project, a stranger's logs only one report, in every view."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from reconciler.model.passes import Outcome
from tests.support.github import GitHub, github
from tests.support.sync import Sync, open_sync
from tests.web.browsing import page
from tests.web.page_fixtures import client, queue, served

__all__ = ["client", "github", "queue", "served"]

DEEP = json.loads("[" * 900 + "]" * 900)
CONFIGS = {"deep": {"owner": "acme", "x": DEEP}, "large": {"owner": "acme", "x": "x" * 3_000_000}}
SAID = {"deep": "nested more than 64 levels deep", "large": "larger than 64 KiB"}


@pytest.fixture
async def sync(migrated: str, github: GitHub) -> AsyncIterator[Sync]:
    sections: dict[str, dict[str, Any]] = {"sync": {"export": "all"}, "bugspark": {"notify_webhooks": True}}
    async with open_sync(migrated, github, **sections) as world:
        yield world


@pytest.mark.parametrize("kind", CONFIGS)
async def test_a_hostile_config_is_named_in_every_view_and_others_sync(
    sync: Sync, client: httpx.AsyncClient, kind: str
) -> None:
    hostile = sync.bugspark.add_project("Hostile")
    sync.bugspark.add_integration(hostile, config=CONFIGS[kind])
    unsynced = sync.bugspark.add_report(hostile)
    report, number = await sync.linked()
    sync.change(report, status="closed")
    scheduled = await sync.app._stores.projects.pass_schedule()
    assert [SAID[kind] in (each.problem or "") for each in scheduled] == [True, False]
    assert (await sync.run()).outcome is Outcome.OK
    assert sync.github.web.issue(number).state == "closed"
    failed = await sync.run(hostile)
    assert failed.error
    assert SAID[kind] in failed.error.message
    checks = await sync.app.run_self_check()
    assert [SAID[kind] in check.message for check in checks if check.level.value == "fail"] == [True]
    shown, _ = await sync.app.status(None)
    assert len(shown) == 2
    for path in ("/", f"/projects/{hostile}", f"/projects/{hostile}/setup"):
        assert SAID[kind] in (await page(client, path)).shown_text, path
    assert (await page(client, f"/reports/{unsynced}")).shown_text
    for path in ("projects", f"projects/{hostile}", f"reports/{unsynced}"):
        assert (await client.get(f"/api/v1/{path}")).status_code == 200
    assert (await client.get("/readyz")).status_code == 200
    delivery = await client.post(f"/api/v1/webhooks/github/{hostile}", json={})
    assert delivery.status_code == 401


async def test_a_stranger_s_logs_are_left_out_of_the_issue_and_named_there(sync: Sync) -> None:
    await sync.run()
    sync.github.clock.advance(60)
    values: dict[str, Any] = {
        "console_logs": [DEEP],
        "metadata": {"x": "y" * 1_100_000},
        "description": "d" * 11_000_000,
    }
    report = sync.bugspark.add_report(sync.project, at=sync.clock.now(), **values)
    honest = sync.bugspark.add_report(sync.project, at=sync.clock.now())
    await sync.run(seconds=70)
    await sync.settle()
    body = sync.github.web.issue(sync.number(report)).body or ""
    assert "nested more than 64 levels deep" in body
    assert "larger than 1024 KiB" in body
    assert "cut by BugSpark sync: more than" in body
    assert "not shown" not in (sync.github.web.issue(sync.number(honest)).body or "")

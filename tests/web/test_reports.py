"""The API's answers about reports that are synced with the simulator of GitHub."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from reconciler.model.fields import Field, Side
from reconciler.model.ids import ReportId
from reconciler.web.server import bind_sockets
from tests.support.canary import serving
from tests.support.github import GitHub, github
from tests.support.loopback import loopback_client
from tests.support.sync import Sync, open_sync
from tests.sync.test_conflicts import relabel
from tests.web.browsing import page, press
from tests.web.harness import build_web, sign_in_operator

__all__ = ["github"]


@pytest.fixture
async def sync(migrated: str, github: GitHub) -> AsyncIterator[Sync]:
    async with open_sync(migrated, github) as world:
        yield world


@pytest.fixture
async def client(sync: Sync) -> AsyncIterator[httpx.AsyncClient]:
    """Of the operator, who has signed in."""
    sockets = bind_sockets("127.0.0.1", 0)
    app = await build_web(sync.app._container, sockets)
    async with (
        serving(app, sockets) as running,
        loopback_client(f"http://127.0.0.1:{running.port}") as opened,
    ):
        sign_in_operator(opened, app)
        yield opened


async def get_report(client: httpx.AsyncClient, report: ReportId) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/reports/{report}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_synced_report_names_its_issue_and_where_each_comment_was_written(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, number = await sync.linked()
    ours = sync.add_comment(report, "From here")
    sync.github.clock.advance(5)
    sync.github.web.comment(number, "From there", by="alice")
    await sync.settle()
    details = await get_report(client, report)
    assert (details["state"], details["reason"]) == ("synced", None)
    assert (details["issue"]["badge"], details["issue"]["repository"]) == (f"web#{number}", "acme/web")
    assert details["issue"]["url"].endswith(f"/acme/web/issues/{number}")
    assert [(each["source"], each["author"]) for each in details["comments"]] == [
        ("bugspark", "Ada"),
        ("github", "alice"),
    ]
    assert details["comments"][0]["id"] == str(ours)
    assert details["synced_at"] is not None
    assert details["verified_at"] is not None
    project = (await client.get(f"/api/v1/projects/{sync.project}")).json()
    verified = project["health"]["verified"]
    assert (verified["links"], verified["of"], verified["within_seconds"]) == (1, 1, 21_600)
    assert verified["p95_at"] == verified["oldest_at"] == details["verified_at"]


async def test_a_report_that_has_moved_is_pending_then_synced(sync: Sync, client: httpx.AsyncClient) -> None:
    report, _ = await sync.linked()
    sync.change(report, severity="critical")
    details = await get_report(client, report)
    assert (details["state"], details["reason"]) == ("pending", "the next pass looks at severity")
    await sync.settle()
    assert (await get_report(client, report))["state"] == "synced"


async def test_a_conflict_is_shown_with_the_value_that_lost(sync: Sync, client: httpx.AsyncClient) -> None:
    report, number = await sync.linked(severity="low")
    relabel(sync, number, "low-priority", "high-priority")
    sync.github.clock.advance(10)
    sync.change(report, severity="critical")
    await sync.settle()
    details = await get_report(client, report)
    assert (details["state"], details["reason"]) == ("conflict", "severity: high was lost")
    project = (await client.get("/api/v1/projects")).json()[0]
    assert project["links"] == {"synced": 0, "pending": 0, "conflict": 1, "attention": 0}
    assert (project["health"]["state"], project["health"]["reason"]) == ("Conflict", "severity of BUG-0001")
    await sync.app.resolve(str(report), Field.SEVERITY, Side.GITHUB)
    await sync.settle()
    assert (await get_report(client, report))["state"] == "synced"
    assert (await client.get("/api/v1/projects")).json()[0]["health"]["state"] == "Synced"


async def test_an_issue_that_was_deleted_needs_attention_and_a_cut_link_is_unlinked(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, number = await sync.linked()
    sync.github.web.delete_issue(number, by="alice")
    sync.github.clock.advance(7 * 3600)
    for _ in range(4):
        await sync.run(seconds=120)
    details = await get_report(client, report)
    assert details["state"] == "attention"
    assert details["reason"]
    assert details["issue"]["number"] == number
    other, _ = await sync.linked()
    await sync.app.unlink(str(other))
    assert (await get_report(client, other))["issue"] is None
    assert (await get_report(client, other))["state"] == "unlinked"


async def test_sync_figures_are_shown(sync: Sync, client: httpx.AsyncClient) -> None:
    await sync.linked()
    text = (await client.get("/metrics")).text
    assert f'reconciler_links{{project="{sync.project}",state="active"}} 1.0' in text
    assert f'reconciler_links_verified{{project="{sync.project}"}} 1.0' in text
    assert f'reconciler_last_success_timestamp_seconds{{project="{sync.project}"}}' in text
    assert "reconciler_github_limit_remaining{credential=" in text
    assert "acme" not in text


async def test_a_second_issue_is_closed_as_a_duplicate_by_the_api(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, _ = await sync.linked()
    sync.press_button(report)
    await sync.settle()
    assert (await get_report(client, report))["state"] == "attention"
    path, body = f"/api/v1/reports/{report}/duplicate", {"issue": "acme/web#2"}
    ours = {"Origin": str(client.base_url).rstrip("/")}
    assert (await client.post(path, json=body)).status_code == 403
    evil = {"Origin": "https://evil.example"}  # from there the operator's session counts for nothing
    assert (await client.post(path, json=body, headers=evil)).status_code == 401
    assert (await client.post(path, data=body, headers=ours)).status_code == 415
    assert (await client.post(path, json={"issue": 2}, headers=ours)).status_code == 400
    assert sync.github.web.issue(2).state == "open"
    refused = await client.post(path, json={"issue": "#1"}, headers=ours)
    assert refused.status_code == 409
    assert "the one that stays" in refused.json()["detail"]
    answer = await client.post(path, json=body, headers=ours)
    assert (answer.status_code, answer.json()) == (
        200,
        {"message": "acme/web#2 is closed as a duplicate of acme/web#1"},
    )
    assert sync.github.web.issue(2).state == "closed"
    assert (await get_report(client, report))["state"] == "synced"


async def test_the_page_of_a_report_settles_a_second_issue(sync: Sync, client: httpx.AsyncClient) -> None:
    report, _ = await sync.linked()
    sync.press_button(report)
    await sync.settle()
    seen = await page(client, f"/reports/{report}")
    assert "acme/web#2 is not synced" in seen.shown_text
    await press(client, seen, "Link this one instead")
    await sync.settle()
    assert sync.number(report) == 2


async def test_the_page_of_a_report_dismisses_a_second_issue_and_links_the_only_one(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    linked, _ = await sync.linked()
    sync.press_button(linked)
    unlinked = sync.bugspark.add_report(sync.project, "Another")
    sync.press_button(unlinked)
    sync.press_button(unlinked)
    await sync.settle()
    await press(client, await page(client, f"/reports/{linked}"), "Dismiss")
    assert (await get_report(client, linked))["state"] == "synced"
    assert sync.github.web.issue(2).state == "open"
    await press(client, await page(client, f"/reports/{unlinked}"), "Link this one")
    await sync.settle()
    assert sync.number(unlinked) == 3
    await press(client, await page(client, f"/reports/{unlinked}"), "Close as duplicate")
    assert (await get_report(client, unlinked))["state"] == "synced"
    assert sync.github.web.issue(4).state == "closed"

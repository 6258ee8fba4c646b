"""Followers in the API, on the page and in `reconcile why`: who leads, who follows, who moved alone."""

from typing import Any

import httpx

from reconciler.cli.status import DisplayOptions
from reconciler.cli.why import report_as_json, report_as_lines
from reconciler.model.ids import ReportId
from tests.support.github import github
from tests.support.sync import Sync
from tests.sync.test_followers import followed, rows_of_followers
from tests.web.browsing import page, press
from tests.web.page_fixtures import client, queue, served, sync

__all__ = ["client", "github", "queue", "served", "sync"]


async def get_report(client: httpx.AsyncClient, report: ReportId) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/reports/{report}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_lead_and_followers_name_each_other_and_who_moved_alone(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    lead, number, (first, second) = await followed(sync, reports=2)
    sync.change(second, status="resolved")
    details = await get_report(client, lead)
    assert details["follows"] is None
    assert details["followers"] == [
        {"report": str(first), "tracking_id": "BUG-0002", "status": "new", "moved_alone": False},
        {"report": str(second), "tracking_id": "BUG-0003", "status": "resolved", "moved_alone": True},
    ]
    details = await get_report(client, second)
    assert details["follows"] == {"report": str(lead), "tracking_id": "BUG-0001", "moved_alone": True}
    assert (details["state"], details["issue"]["badge"]) == ("synced", f"web#{number}")
    assert details["reason"].startswith(
        f"it follows BUG-0001, which leads acme/web#{number}; a person changed"
    )
    assert details["actions"] == ["unlink"]
    many = (await client.get(f"/api/v1/reports?ids={first},{second}")).json()["reports"]
    assert [each["follows"]["moved_alone"] for each in many] == [False, True]
    assert [each["issue"]["badge"] for each in many] == [f"web#{number}"] * 2


async def test_the_page_links_lead_and_followers_and_shows_each_one_s_own_comments(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    lead, number, (follower,) = await followed(sync)
    sync.add_comment(lead, "from the lead")
    sync.add_comment(follower, "from the follower")
    await sync.settle()
    seen = await page(client, f"/reports/{lead}")
    assert "1 report follows this one" in seen.shown_text
    assert seen.link(f"/reports/{follower}")
    assert [each["text"] for each in (await get_report(client, lead))["comments"]] == ["from the lead"]
    seen = await page(client, f"/reports/{follower}")
    assert seen.link(f"/reports/{lead}")
    assert f"acme/web#{number}" in seen.shown_text
    (details,) = (await get_report(client, follower))["comments"]
    assert (details["text"], details["state"]) == ("from the follower", "on GitHub")
    assert f"/acme/web/issues/{number}#issuecomment-" in details["url"]
    assert "from the follower" in seen.shown_text


async def test_a_report_is_made_a_follower_by_the_page_and_by_the_api_and_ended_again(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    _, number, _ = await followed(sync, reports=0)
    first = sync.bugspark.add_report(sync.project, "By the page")
    second = sync.bugspark.add_report(sync.project, "By the API")
    await press(client, await page(client, f"/reports/{first}"), "Follow", issue=str(number))
    assert rows_of_followers(sync) == [first]
    origin = {"Origin": str(client.base_url).rstrip("/")}
    wanted = {"issue": f"#{number}", "follow": True}
    answer = await client.post(f"/api/v1/reports/{second}/link", json=wanted, headers=origin)
    assert answer.status_code == 202, answer.text
    assert "BUG-0003 follows BUG-0001" in answer.json()["message"]
    assert set(rows_of_followers(sync)) == {first, second}
    refused = await client.post(
        f"/api/v1/reports/{second}/link", json={**wanted, "backfill": True}, headers=origin
    )
    assert refused.status_code == 400, refused.text
    await press(client, await page(client, f"/reports/{first}"), "Unlink")
    assert rows_of_followers(sync) == [second]


async def test_why_names_lead_and_followers(sync: Sync) -> None:
    lead, number, (follower,) = await followed(sync)
    sync.change(follower, status="closed")
    view = DisplayOptions(columns=None, now=sync.clock.now(), zone=None, is_unicode=True)
    shown = await sync.app.explain_report(str(lead))
    assert "  1 report follows: BUG-0002 (closed, by hand)" in list(report_as_lines(shown, view))
    (entry,) = report_as_json(shown)["followers"]
    assert (entry["tracking_id"], entry["moved_alone"]) == ("BUG-0002", True)
    shown = await sync.app.explain_report(str(follower))
    assert f"Shop, acme/web#{number}: Synced" in list(report_as_lines(shown, view))
    assert report_as_json(shown)["follows"] == {
        "report": str(lead),
        "tracking_id": "BUG-0001",
        "issue": f"acme/web#{number}",
        "moved_alone": True,
    }

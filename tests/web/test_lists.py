"""A project's list as a file and a feed, one button for several reports, and long threads in parts."""

import csv
import io
from xml.etree import ElementTree as ET

import httpx
import pytest

from reconciler.web.pages import bulk, list_files, report
from tests.support.github import github
from tests.support.sync import Sync
from tests.sync.test_conflicts import relabel
from tests.web.browsing import HTML, Page, page
from tests.web.page_fixtures import client, queue, served, sync

__all__ = ["client", "github", "queue", "served", "sync"]
ATOM = "{http://www.w3.org/2005/Atom}"


async def send_bulk(client: httpx.AsyncClient, sync: Sync, action: str, *reports: object) -> Page:
    """Choose reports and press a button, as a browser without script does."""
    seen = await page(client, f"/projects/{sync.project}")
    form = next(each for each in seen.forms if each.action.endswith("/bulk"))
    chosen = {f"r-{each}": "1" for each in reports}
    headers = HTML | {"Origin": str(client.base_url).rstrip("/")}
    answer = await client.post(
        form.action,
        data={"form_token": form.fields["form_token"], "action": action} | chosen,
        headers=headers,
    )
    assert answer.status_code == 303
    return await page(client, answer.headers["location"])


async def test_a_list_is_a_file_with_the_same_search_and_problems_are_a_feed(
    sync: Sync, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_files, "ROWS_PER_READ", 2)
    linked = [(await sync.linked(title=f"Title {i}"))[0] for i in range(3)]
    sync.bugspark.add_report(sync.project, title="=HYPERLINK(1)")
    base = f"/projects/{sync.project}"
    answer = await client.get(f"{base}/reports.csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["issue"] for row in rows] == ["acme/web#3", "acme/web#2", "acme/web#1"]
    assert {row["state"] for row in rows} == {"Synced"}
    [row] = csv.DictReader(io.StringIO((await client.get(f"{base}/reports.csv?state=unlinked")).text))
    assert (row["title"], row["state"]) == ("'=HYPERLINK(1)", "Not linked")
    [found] = (await client.get(f"{base}/reports.json?q=%232")).json()
    assert (found["tracking_id"], found["issue"], found["reason"]) == ("BUG-0002", "acme/web#2", None)
    sync.change(linked[0], severity="low")
    relabel(sync, 1, "medium-priority", "critical")
    sync.add_comment(linked[1], "Locked out")
    sync.github.web.lock(2, by="alice")
    await sync.settle()
    feed = ET.fromstring((await client.get(f"{base}/problems.atom")).text)
    titles = [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")]
    assert titles == ["BUG-0002 refused", "Conflict: severity of BUG-0001"]
    client.cookies.clear()
    for path in ("reports.csv", "reports.json", "problems.atom"):
        assert (await client.get(f"{base}/{path}")).status_code == 401


async def test_several_reports_are_settled_and_unlinked_by_one_button_each(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    pairs = [await sync.linked() for _ in range(3)]
    for chosen, number in pairs[:2]:
        sync.change(chosen, severity="low")
        relabel(sync, number, "medium-priority", "critical")
    await sync.settle()
    first, second, third = (chosen for chosen, _ in pairs)
    summary = await send_bulk(client, sync, "take_bugspark", first, second, third)
    assert "Done for 2 of 3 reports. A chosen report has no conflict." in summary.shown_text
    await sync.settle()
    assert [sync.severity(each) for each in (first, second, third)] == ["low", "low", "medium"]
    other = sync.bugspark.add_report(sync.bugspark.add_project("Other"))
    summary = await send_bulk(client, sync, "unlink", first, second, other)
    assert "Done for 2 of 3 reports. There is no such report in this project." in summary.shown_text
    states = {row["report_id"]: row["state"] for row in sync.bugspark.rows_of("sync_links")}
    assert [states[each] for each in (first, second, third)] == ["unlinked", "unlinked", "active"]
    for action, wanted in (("unlink", ()), ("burn", (third,)), ("retry", (other,))):
        summary = await send_bulk(client, sync, action, *wanted)
        assert "Done for 1" not in summary.shown_text
    assert len(sync.github.web.issues) == 3
    assert bulk.MAX_REPORTS >= 50


async def test_a_long_thread_and_a_long_history_are_shown_in_parts(
    sync: Sync, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "COMMENTS_PER_PAGE", 2)
    monkeypatch.setattr(report, "HISTORY_LINES", 2)
    made, _ = await sync.linked()
    for i in range(5):
        sync.github.clock.advance(1)
        sync.add_comment(made, f"don&#x27;t say {i}")
    await sync.settle()
    newest = await page(client, f"/reports/{made}")
    assert "5 comments" in newest.shown_text and "Page 3 of 3" in newest.shown_text
    assert (
        "don't say 4" in newest.shown_text
        and "&#x27;" not in newest.shown_text
        and "&amp;" not in newest.shown_text
    )
    oldest = await page(client, f"/reports/{made}?comments=1")
    assert "don't say 0" in oldest.shown_text and "don't say 1" in oldest.shown_text
    whole = await page(client, f"/reports/{made}?history=all")
    assert "earlier line" in newest.shown_text and "earlier line" not in whole.shown_text
    for nonsense in ("0", "-1", "x", "٣", "9" * 30):
        assert (await client.get(f"/reports/{made}", params={"comments": nonsense})).status_code == 200

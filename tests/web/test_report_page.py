"""A report's page over synced data, used without script."""

from typing import Any

import httpx

from reconciler.model.fields import Field, Side
from reconciler.model.ids import ReportId
from reconciler.web.api.response_models import WORDS_BY_STATE, SyncState
from tests.support.github import github
from tests.support.sync import Sync
from tests.sync.test_conflicts import relabel
from tests.web.browsing import Page, page, press
from tests.web.harness import RecordingQueue
from tests.web.page_fixtures import HOSTILE, client, queue, served, sync

__all__ = ["client", "github", "queue", "served", "sync"]


async def shown(client: httpx.AsyncClient, report: ReportId) -> Page:
    """Read the page; it must agree with the API."""
    seen = await page(client, f"/reports/{report}")
    details: dict[str, Any] = (await client.get(f"/api/v1/reports/{report}")).json()
    state = SyncState(details["state"])
    assert WORDS_BY_STATE[state] in seen.shown_text or (
        state is SyncState.ATTENTION and details["reason"] in seen.shown_text
    )
    assert details["reason"] is None or details["reason"] in seen.shown_text
    if details["issue"] is not None:
        assert seen.link("/issues/") == details["issue"]["url"]
    for each in details["comments"]:
        assert each["state"] in seen.shown_text
    return seen


async def test_both_sides_one_thread_and_the_history_are_on_one_page(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, number = await sync.linked(title="It doesn&#x27;t add up")
    ours = sync.add_comment(report, "From here\nin two lines")
    await sync.settle()
    sync.github.web.comment(number, "From there", by="alice")
    await sync.settle()
    copy = next(row for row in sync.github.web.thread(number) if "From here" in row.body)
    sync.github.web.delete_comment(copy.id, by="alice")
    sync.github.web.label(number, "nudged", by="alice")
    await sync.settle()
    assert "on GitHub, not shown by GitHub's last reading" in (await shown(client, report)).shown_text
    await sync.run(seconds=61)
    seen = await shown(client, report)
    text = seen.shown_text
    assert "It doesn't add up" in text and f"acme/web#{number}" in text and "Synced" in text
    assert "It doesn't add up" in (await page(client, f"/projects/{sync.project}")).shown_text
    thread = text[text.index("2 comments") : text.index("History Newest first")]
    for part in ("BugSpark Ada", "From here in two lines", "deleted there", "GitHub alice", "in BugSpark"):
        assert part in thread, part
    assert thread.index("From here") < thread.index("From there")
    history = text[text.index("History Newest first") :]
    assert history.index("copy deleted") < history.index("import comment") < history.index("create issue")
    assert "GitHub’s request" in history
    sync.bugspark.delete_comment(ours)
    assert "no text of it is kept here" in (await shown(client, report)).shown_text


async def test_page_and_api_say_who_closed_the_issue_until_it_is_open_again(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, number = await sync.linked()
    commit = "1a2b3c4" + "0" * 33
    sync.github.web.close(number, by="alice", commit=commit)
    await sync.settle()
    assert "Closed as completed by alice in 1a2b3c4" in (await shown(client, report)).shown_text
    resolution = (await client.get(f"/api/v1/reports/{report}")).json()["resolution"]
    assert (resolution["by"], resolution["commit"]) == ("alice", commit)
    sync.github.web.reopen(number, by="alice")
    await sync.settle()
    seen = await shown(client, report)
    assert "opened again; before that: Closed as completed by alice in 1a2b3c4" in seen.shown_text
    assert (await client.get(f"/api/v1/reports/{report}")).json()["resolution"] is None


async def test_what_differs_is_marked_at_the_cell_that_moved(sync: Sync, client: httpx.AsyncClient) -> None:
    report, _ = await sync.linked()
    assert "changed on" not in (await shown(client, report)).shown_text
    sync.change(report, severity="critical")
    sync.github.clock.advance(40)
    seen = await shown(client, report)
    assert "critical changed on BugSpark, 40 s ago medium medium-priority" in seen.shown_text
    assert "Waiting the next pass looks at severity" in seen.shown_text


async def test_the_value_that_lost_is_shown_and_taken_back(
    sync: Sync, client: httpx.AsyncClient, queue: RecordingQueue
) -> None:
    report, number = await sync.linked(severity="low")
    relabel(sync, number, "low-priority", "high-priority")
    sync.github.clock.advance(10)
    sync.change(report, severity="critical")
    await sync.settle()
    seen = await shown(client, report)
    assert "Conflict severity: high was lost" in seen.shown_text and "high lost" in seen.shown_text
    assert {"Take GitHub’s: high", "Take BugSpark’s: critical"} <= set(seen.buttons)
    refused = await press(client, seen, "Take GitHub’s: high", field="owner")
    assert "no field or no side" in refused.shown_text
    seen = await press(client, seen, "Take GitHub’s: high")
    assert "severity is 'high' again" in seen.shown_text and queue.projects == [sync.project]
    await sync.settle()
    assert sync.severity(report) == "high" and "high-priority" in sync.labels(number)
    assert "Conflict" not in (await shown(client, report)).shown_text.partition("History Newest first")[0]


async def test_the_value_that_stands_is_kept_and_the_conflict_is_settled(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, number = await sync.linked(severity="low")
    relabel(sync, number, "low-priority", "high-priority")
    sync.github.clock.advance(10)
    sync.change(report, severity="critical")
    await sync.settle()
    links = (await client.get(f"/api/v1/projects/{sync.project}")).json()["links"]
    assert (links["synced"], links["conflict"]) == (0, 1)
    before = sync.bugspark.report(report)
    seen = await press(client, await shown(client, report), "Take BugSpark’s: critical")
    assert "severity stays 'critical'" in seen.shown_text and "the conflict is settled" in seen.shown_text
    assert not any(button.startswith("Take") for button in seen.buttons)
    assert sync.bugspark.report(report) == before
    await sync.run()
    assert not sync.writes
    links = (await client.get(f"/api/v1/projects/{sync.project}")).json()["links"]
    assert (links["synced"], links["conflict"]) == (1, 0)
    again = await sync.app.resolve(str(report), Field.SEVERITY, Side.BUGSPARK)
    assert "nothing to do" in again
    await sync.app.resolve(str(report), Field.SEVERITY, Side.GITHUB)  # a person may still think otherwise
    assert sync.severity(report) == "high"


async def test_a_comment_that_github_refuses_says_why_and_is_tried_again(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, number = await sync.linked()
    sync.github.web.lock(number, by="alice")
    sync.add_comment(report, "Too late?")
    await sync.run()
    seen = await shown(client, report)
    assert "not sent: GitHub refused" in seen.shown_text and "issue is locked" in seen.shown_text
    sync.github.web.unlock(number, by="alice")
    seen = await press(client, seen, "Try again")
    assert "1 write released" in seen.shown_text
    await sync.settle()
    assert any("Too late?" in body for body in sync.texts_on_github(number))
    seen = await shown(client, report)
    assert "on GitHub" in seen.shown_text and "Try again" not in seen.buttons


async def test_a_report_is_exported_unlinked_and_linked_by_buttons(
    sync: Sync, client: httpx.AsyncClient, queue: RecordingQueue
) -> None:
    report = sync.bugspark.add_report(sync.project)
    seen = await shown(client, report)
    assert "Not linked" in seen.shown_text and "no issue" in seen.shown_text
    assert seen.buttons == ["Sign out", "Export to GitHub", "Link", "Follow"]
    seen = await press(client, seen, "Export to GitHub")
    assert "Export to GitHub" not in seen.buttons and "Link" not in seen.buttons
    assert queue.projects == [sync.project]
    await sync.settle()
    number = sync.number(report)
    seen = await press(client, await shown(client, report), "Unlink")
    assert "Unlink" not in seen.buttons
    assert sync.bugspark.report(report)["github_issue_number"] is None  # type: ignore[index]  # it is there
    sync.add_comment(report, "Said in between")
    refused = await press(client, seen, "Link", issue=HOSTILE.replace("\x1b", ""))
    assert "Link" in refused.buttons and r"\u202e" in refused.shown_text
    seen = await press(client, seen, "Link", issue=f"#{number}", backfill="1")
    assert f"acme/web#{number}" in seen.shown_text
    await sync.settle()
    assert any("Said in between" in body for body in sync.texts_on_github(number))


async def test_withheld_deletions_of_a_report_are_shown_with_each_comment(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, number = await sync.linked()
    quiet, _ = await sync.linked()
    comments = [sync.add_comment(report, f"remark {i}") for i in range(3)]
    await sync.settle()
    for each in comments:
        sync.bugspark.delete_comment(each)
    await sync.settle()
    seen = await shown(client, report)
    assert "3 deletions of this report withheld" in seen.shown_text
    assert seen.shown_text.count("deleted in BugSpark; deletion there withheld") == 3
    assert seen.link("/withheld") == f"/projects/{sync.project}/withheld"
    assert "Synced" in (await shown(client, quiet)).shown_text
    links = (await client.get(f"/api/v1/projects/{sync.project}")).json()["links"]
    assert links == {"synced": 1, "pending": 0, "conflict": 0, "attention": 1}
    assert len(sync.texts_on_github(number)) == 3


async def test_untrusted_text_on_the_report_page_is_escaped(sync: Sync, client: httpx.AsyncClient) -> None:
    report, number = await sync.linked(title="Plain")
    sync.change(report, title=HOSTILE)
    sync.bugspark.execute("UPDATE projects SET name = :name", name=HOSTILE)
    sync.bugspark.execute("UPDATE users SET name = :name", name=HOSTILE)
    sync.github.web.comment(number, f"see {HOSTILE}", by="alice")
    sync.add_comment(report, f"{HOSTILE} {HOSTILE.replace('<', '&lt;')}")
    relabel(sync, number, "medium-priority", "critical")
    await sync.settle()
    sync.bugspark.execute(
        "UPDATE sync_changes SET rule = :said, lost = :said, local = :said, request_id = :said", said=HOSTILE
    )
    sync.bugspark.execute("UPDATE sync_comments SET author = :said", said=HOSTILE)
    sync.bugspark.execute(
        "UPDATE sync_links SET reason = :said, quarantined_until = created_at, repository = :said",
        said=HOSTILE,
    )
    seen = await page(client, f"/reports/{report}")
    assert seen.shown_text.count("<script>alert(1)</script>") >= 8
    assert "\u202e" not in seen.shown_text and "\x1b" not in seen.shown_text
    assert all(address.startswith(("/", "#", "http://127.0.0.1")) for address, _ in seen.links)


async def test_a_deleted_report_is_not_there(sync: Sync, client: httpx.AsyncClient) -> None:
    report, _ = await sync.linked()
    sync.bugspark.delete_report(report)
    await page(client, f"/reports/{report}", status=404)
    await page(client, "/reports/no-id", status=404)

"""Withheld deletions: what would be deleted is seen before it is accepted, without script too."""

import httpx

from reconciler.demo.github.faults import error
from tests.support.github import github
from tests.support.sync import Sync
from tests.web.browsing import Page, page, press
from tests.web.harness import RecordingQueue
from tests.web.page_fixtures import client, queue, served, sync

__all__ = ["client", "github", "queue", "served", "sync"]


async def withheld_page(client: httpx.AsyncClient, sync: Sync) -> Page:
    return await page(client, f"/projects/{sync.project}/withheld")


async def test_every_withheld_deletion_is_shown_before_exactly_these_are_accepted(
    sync: Sync, client: httpx.AsyncClient, queue: RecordingQueue
) -> None:
    """Deletions on both sides: each line has side, report, issue, author, first words and addresses."""
    report, number = await sync.linked()
    comments = [sync.add_comment(report, f"remark {i} isn&#x27;t it") for i in range(3)]
    there = [sync.github.web.comment(number, f"answer {i}", by="alice") for i in range(3)]
    await sync.settle()
    copies = {row.id for row in sync.github.web.thread(number)} - {row.id for row in there}
    for each in comments:
        sync.bugspark.delete_comment(each)
    for row in there:
        sync.github.web.delete_comment(row.id, by="alice")
    await sync.run()
    sync.github.clock.advance(70)
    await sync.settle()
    for path in ("/", f"/projects/{sync.project}", f"/reports/{report}"):
        seen = await page(client, path)
        assert "Delete" not in " ".join(seen.buttons) and "Accept" not in " ".join(seen.buttons)
        assert seen.link("/withheld") == f"/projects/{sync.project}/withheld"
    seen = await withheld_page(client, sync)
    assert "6 deletions withheld" in seen.shown_text
    for i in range(3):
        assert f"remark {i} isn't it" in seen.shown_text and f"answer {i}" in seen.shown_text
    assert seen.shown_text.count("on GitHub") >= 3 and seen.shown_text.count("in BugSpark") >= 3
    assert seen.shown_text.count("Ada") == 3 and seen.shown_text.count("alice") == 3
    addresses = [address for address, _ in seen.links]
    for id_ in copies:
        assert any(each.endswith(f"/acme/web/issues/{number}#issuecomment-{id_}") for each in addresses)
    assert addresses.count(f"/reports/{report}") == 6
    wrong = await press(client, seen, "Delete 6 comments", word="0" * 16)
    assert "nothing is withheld under the hash" in wrong.shown_text
    assert len(sync.texts_in_bugspark(report)) == 3 and len(sync.texts_on_github(number)) == 3
    done = await press(client, seen, "Delete 6 comments")
    assert "Accepted" in done.shown_text and sync.project in queue.projects
    await sync.settle()
    assert not sync.texts_in_bugspark(report) and not sync.texts_on_github(number)
    assert "Nothing is withheld" in (await withheld_page(client, sync)).shown_text


async def test_without_github_the_list_says_which_texts_are_missing(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    report, number = await sync.linked()
    comments = [sync.add_comment(report, f"remark {i}") for i in range(3)]
    await sync.settle()
    for each in comments:
        sync.bugspark.delete_comment(each)
    await sync.settle()
    sync.github.simulator.faults.add(error(401), times=None)
    seen = await withheld_page(client, sync)
    assert "could not be read" in seen.shown_text and "its text is only on GitHub" in seen.shown_text
    assert "Delete 3 comments" in seen.buttons
    sync.github.simulator.faults.clear()
    assert len(sync.texts_on_github(number)) == 3


async def test_missing_reports_are_listed_with_what_to_check_and_their_end_is_accepted(
    sync: Sync, client: httpx.AsyncClient
) -> None:
    linked = [(await sync.linked())[0] for _ in range(2)]
    for report in linked:
        sync.bugspark.delete_report(report)
    await sync.run()
    seen = await withheld_page(client, sync)
    assert "2 deletions withheld" in seen.shown_text
    assert "See that the program's role may read them and that this is the right database" in seen.shown_text
    assert all(f"report {report} is missing" in seen.shown_text for report in linked)
    await press(client, seen, "End 2 links")
    await sync.run()
    assert "Nothing is withheld" in (await withheld_page(client, sync)).shown_text
    assert {row["state"] for row in sync.bugspark.rows_of("sync_links")} == {"report_deleted"}

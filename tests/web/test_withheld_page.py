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
    assert "6 deletions withheld" in seen.words
    for i in range(3):
        assert f"remark {i} isn't it" in seen.words and f"answer {i}" in seen.words
    assert seen.words.count("on GitHub") >= 3 and seen.words.count("in BugSpark") >= 3
    assert seen.words.count("Ada") == 3 and seen.words.count("alice") == 3
    addresses = [address for address, _ in seen.links]
    for id_ in copies:
        assert any(each.endswith(f"/acme/web/issues/{number}#issuecomment-{id_}") for each in addresses)
    assert addresses.count(f"/reports/{report}") == 6
    wrong = await press(client, seen, "Delete 6 comments", word="0" * 16)
    assert "nothing is withheld under the hash" in wrong.words
    assert len(sync.texts_in_bugspark(report)) == 3 and len(sync.texts_on_github(number)) == 3
    done = await press(client, seen, "Delete 6 comments")
    assert "Accepted" in done.words and sync.project in queue.projects
    await sync.settle()
    assert not sync.texts_in_bugspark(report) and not sync.texts_on_github(number)
    assert "Nothing is withheld" in (await withheld_page(client, sync)).words


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
    assert "could not be read" in seen.words and "its text is only on GitHub" in seen.words
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
    assert "2 deletions withheld" in seen.words
    assert "See that the program's role may read them and that this is the right database" in seen.words
    assert all(f"report {report} is missing" in seen.words for report in linked)
    await press(client, seen, "End 2 links")
    await sync.run()
    assert "Nothing is withheld" in (await withheld_page(client, sync)).words
    assert {row["state"] for row in sync.bugspark.rows_of("sync_links")} == {"report_deleted"}

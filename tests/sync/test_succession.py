"""When the report that leads an issue is deleted or unlinked, the oldest follower leads; nothing is lost."""

import pytest
import sqlalchemy as sa

from reconciler.model.fields import Status
from reconciler.model.ids import ReportId
from reconciler.store.schema.tables import followers, links
from tests.support.sync import Sync
from tests.sync.compare_plan import compare
from tests.sync.test_dry_run import VERIFICATION_DUE_SECONDS
from tests.sync.test_follower_comments import texts_there, whole
from tests.sync.test_followers import ON_BOTH, assert_idle, followed, kinds_of, rows_of_followers
from tests.sync.test_full_read import connect, second_repository
from tests.sync.test_project_settings import configure


def leads(sync: Sync) -> list[ReportId]:
    rows = sync.bugspark.rows(sa.select(links).where(links.c.state == "active"))
    return [ReportId(row["report_id"]) for row in rows]


async def followers_with_comments(sync: Sync) -> tuple[ReportId, int, list[ReportId]]:
    """A lead and two followers, with a comment of each, and one on GitHub."""
    lead, number, made = await followed(sync, reports=2)
    for place, report in enumerate((lead, *made)):
        sync.github.clock.advance(1)
        sync.add_comment(report, f"comment {place}")
    sync.github.clock.advance(1)
    sync.github.web.comment(number, "looking", by="bob")
    await sync.settle()
    return lead, number, made


@ON_BOTH
@pytest.mark.parametrize("how", ["deleted", "unlinked", "columns"])
async def test_the_oldest_follower_leads_and_reads_the_whole_thread(sync: Sync, how: str) -> None:
    lead, number, (first, second) = await followers_with_comments(sync)
    there = sync.texts_on_github(number)
    if how == "deleted":
        sync.bugspark.delete_report(lead)
        await compare(sync)
    elif how == "columns":
        sync.change(lead, github_issue_number=None, github_repo=None, github_issue_url=None)
        await compare(sync)
    else:
        result = await sync.app.unlink(str(lead))
        assert "BUG-0002, which followed it, leads that issue now" in result
    await compare(sync)
    await assert_idle(sync)
    assert sync.texts_on_github(number) == there, (
        "the old ledger deletes nothing, and nothing is posted twice"
    )
    assert (leads(sync), rows_of_followers(sync)) == ([first], [second])
    row = sync.bugspark.report(first)
    assert row is not None
    assert (row["github_issue_number"], row["github_repo"]) == (number, "acme/web")
    assert str(row["github_issue_url"]).endswith(f"/acme/web/issues/{number}")
    assert sync.texts_in_bugspark(first) == ["comment 1", "**bob** (via GitHub):\n\nlooking"]
    assert sync.texts_in_bugspark(second) == ["comment 2"]
    await whole(sync)
    await assert_idle(sync)
    assert sync.texts_on_github(number) == there


async def test_what_follows_after_a_succession_goes_to_the_new_lead_and_from_everybody(sync: Sync) -> None:
    lead, number, (first, second) = await followers_with_comments(sync)
    await sync.app.unlink(str(lead))
    await sync.settle()
    sync.add_comment(second, "still here")
    sync.add_comment(lead, "not mine any more")
    sync.github.web.comment(number, "fixed", by="bob")
    sync.github.web.close(number, by="bob")
    await compare(sync)
    await assert_idle(sync)
    assert texts_there(sync, number)[-2:] == ["fixed", "[BugSpark] Ada (BUG-0003):\n\nstill here"]
    assert sync.texts_in_bugspark(first)[-1] == "**bob** (via GitHub):\n\nfixed"
    assert [sync.status(each) for each in (lead, first, second)] == ["new", "resolved", "resolved"]


async def test_a_comment_that_waited_when_the_lead_went_is_sent_by_the_next_one(sync: Sync) -> None:
    lead, number, (first, second) = await followed(sync, reports=2)
    sync.github.world.repository("acme/web").archive()
    for report in (first, second):
        sync.github.clock.advance(1)
        sync.add_comment(report, "waits")
    await sync.run()
    sync.github.world.repository("acme/web").archive(archived=False)
    await sync.app.unlink(str(lead))
    for _ in range(3):
        await sync.run(seconds=90)
    await assert_idle(sync)
    assert sorted(texts_there(sync, number)) == [
        "[BugSpark] Ada (BUG-0003):\n\nwaits",
        "[BugSpark] Ada:\n\nwaits",
    ]


@ON_BOTH
async def test_a_comment_that_no_pass_had_seen_when_the_lead_went_is_sent_by_the_next_one(sync: Sync) -> None:
    lead, number, (first, second) = await followed(sync, reports=2)
    await configure(sync, private_prefix="#internal")
    for report in (first, second):
        sync.github.clock.advance(1)
        sync.add_comment(report, "unseen")
        sync.add_comment(report, "#internal unseen")
    sync.bugspark.delete_report(lead)
    await compare(sync)
    await compare(sync)
    await assert_idle(sync)
    assert sorted(texts_there(sync, number)) == [
        "[BugSpark] Ada (BUG-0003):\n\nunseen",
        "[BugSpark] Ada:\n\nunseen",
    ]
    await whole(sync)
    await assert_idle(sync)
    assert len(sync.texts_on_github(number)) == 2


@ON_BOTH
async def test_followers_go_along_with_a_transferred_issue(sync: Sync) -> None:
    lead, number, (follower,) = await followed(sync)
    sync.add_comment(follower, "sent before")
    await sync.settle()
    other = second_repository(sync)
    there = sync.github.web.transfer(number, other, by="alice").number
    for _ in range(2):
        await sync.run(seconds=VERIFICATION_DUE_SECONDS)
    sync.add_comment(follower, "not sent yet")
    connect(sync, repo="api")
    await compare(sync)
    await assert_idle(sync)
    texts = [body.rpartition("\n\n<!--")[0] for body in (row.body for row in other.thread(there))]
    assert texts == [
        "[BugSpark] Ada (BUG-0002):\n\nsent before",
        "[BugSpark] Ada (BUG-0002):\n\nnot sent yet",
    ]
    other.close(there, by="alice")
    await sync.settle()
    assert [sync.status(each) for each in (lead, follower)] == ["resolved"] * 2


async def test_a_report_that_cannot_lead_is_passed_over(sync: Sync) -> None:
    lead, _, (first, second) = await followed(sync, reports=2)
    sync.bugspark.delete_report(first)
    sync.bugspark.delete_report(lead)
    await sync.settle()
    await assert_idle(sync)
    assert leads(sync) == [second]
    assert second not in rows_of_followers(sync)


async def test_without_a_follower_left_the_issue_is_free(sync: Sync) -> None:
    lead, number, (follower,) = await followed(sync)
    await sync.app.unlink(str(follower))
    await sync.app.unlink(str(lead))
    await assert_idle(sync)
    assert leads(sync) == []
    assert sync.github.web.issue(number).state == "open"


async def test_after_a_crash_before_the_succession_a_report_linked_since_then_leads(sync: Sync) -> None:
    lead, number, (follower,) = await followed(sync)
    sync.change(lead, github_issue_number=None, github_repo=None, github_issue_url=None)
    sync.bugspark.execute("UPDATE sync_links SET state = 'unlinked'")
    third = sync.bugspark.add_report(sync.project, "Third")
    await sync.app.link(str(third), f"acme/web#{number}", backfill=False)
    await assert_idle(sync)
    (link,) = sync.bugspark.rows(sa.select(links).where(links.c.state == "active"))
    assert link["report_id"] == third
    (row,) = sync.bugspark.rows(sa.select(followers))
    assert (row["report_id"], row["link_id"]) == (follower, link["id"])


@ON_BOTH
async def test_a_report_linked_since_then_sends_what_followers_had_not_sent(sync: Sync) -> None:
    lead, number, (follower,) = await followed(sync)
    sync.github.world.repository("acme/web").archive()
    sync.add_comment(follower, "waits")
    await sync.run()
    sync.github.world.repository("acme/web").archive(archived=False)
    sync.change(lead, github_issue_number=None, github_repo=None, github_issue_url=None)
    sync.bugspark.execute("UPDATE sync_links SET state = 'unlinked'")
    third = sync.bugspark.add_report(sync.project, "Third")
    sync.add_comment(third, "older than its link")
    sync.github.clock.advance(1)
    sync.add_comment(follower, "unseen")
    sync.github.clock.advance(1)
    await sync.app.link(str(third), f"acme/web#{number}", backfill=False)
    for _ in range(3):
        await sync.run(seconds=90)
    await assert_idle(sync)
    assert (leads(sync), rows_of_followers(sync)) == ([third], [follower])
    there = ["[BugSpark] Ada (BUG-0002):\n\nunseen", "[BugSpark] Ada (BUG-0002):\n\nwaits"]
    assert sorted(texts_there(sync, number)) == there
    await whole(sync)
    await assert_idle(sync)
    assert sorted(texts_there(sync, number)) == there


async def test_the_followers_of_an_issue_that_is_gone_end_when_that_is_dismissed(sync: Sync) -> None:
    lead, number, (follower,) = await followed(sync)
    sync.github.web.delete_issue(number, by="alice")
    await whole(sync)
    await sync.run(seconds=90)
    await whole(sync)
    assert rows_of_followers(sync) == [follower]
    await sync.app.dismiss(str(lead))
    await assert_idle(sync)
    assert (leads(sync), rows_of_followers(sync)) == ([], [])
    assert kinds_of(sync, follower) == ["link", "unlink"]


async def test_a_follower_that_is_exported_by_the_button_gets_its_own_link(sync: Sync) -> None:
    _, _, (follower,) = await followed(sync)
    own = sync.github.web.open_issue("Own", by="alice").number
    sync.change(follower, github_issue_number=own, github_repo="acme/web")
    await sync.settle()
    await assert_idle(sync)
    assert follower in leads(sync)
    assert rows_of_followers(sync) == []


async def test_a_follower_moved_by_hand_that_leads_now_keeps_its_status_where_it_is_the_newer(
    sync: Sync,
) -> None:
    lead, number, (follower,) = await followed(sync)
    sync.github.clock.advance(60)
    sync.change(follower, status=Status.CLOSED)
    await sync.settle()
    await sync.app.unlink(str(lead))
    await assert_idle(sync)
    assert sync.github.web.issue(number).state == "closed"
    assert sync.status(follower) == "closed"

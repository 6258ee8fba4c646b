"""What became of an issue, a repository, a report: named ends of a link, and nothing on the other side."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from reconciler.demo.github.faults import Drop, DuringRequest, Limit, error, missing
from reconciler.demo.github.world import Repository
from reconciler.model.health import AttentionItem, ProjectHealth
from reconciler.model.ids import ReportId
from reconciler.model.passes import NullProgress, Outcome, PassResult
from reconciler.store.schema.tables import links
from tests.support.sync import Sync

LONG = 7 * 3600.0  # longer than verify_seconds with its jitter
SETTLED = 61.0
ONE_ISSUE = r"/issues/\d+$"
POSTING = r"/issues/\d+/comments$"


async def health(sync: Sync) -> ProjectHealth:
    shown, _ = await sync.app.status(await sync.app.find_project(str(sync.project)))
    return shown[0]


async def only(sync: Sync) -> AttentionItem:
    """Return the only problem that status shows."""
    [item] = (await health(sync)).attention
    return item


async def linked_with_comments(sync: Sync) -> tuple[ReportId, int]:
    """A linked report with a comment from each side, synced and idle."""
    report, number = await sync.linked()
    sync.add_comment(report, "ours")
    sync.github.web.comment(number, "theirs", by="bob")
    await sync.settle()
    assert len(sync.texts_in_bugspark(report)) == len(sync.texts_on_github(number)) == 2
    return report, number


def link(sync: Sync, report: ReportId) -> Mapping[str, Any]:
    [row] = sync.bugspark.rows(sa.select(links).where(links.c.report_id == report))
    return row


def state(sync: Sync, report: ReportId) -> str:
    return str(link(sync, report)["state"])


def here(sync: Sync, report: ReportId) -> tuple[Any, list[str]]:
    """Everything of ours that BugSpark's people see."""
    return sync.bugspark.report(report), sync.texts_in_bugspark(report)


async def run_two_passes(sync: Sync) -> tuple[PassResult, PassResult]:
    first = await sync.run(seconds=LONG)
    return first, await sync.run(seconds=SETTLED)


def connect(sync: Sync, **config: str) -> None:
    """The project's owner changes its integration."""
    written = {"owner": "acme", "repo": "web", "token": sync.github.token} | config
    config_json = "CAST(:config AS jsonb)" if sync.bugspark.engine.name == "postgresql" else ":config"
    sync.bugspark.execute(f"UPDATE integrations SET config = {config_json}", config=json.dumps(written))


def second_repository(sync: Sync) -> Repository:
    other = sync.github.world.add_repository("acme/api")
    other.allow("bugspark-bot", "write")
    other.allow("alice", "write")
    return other


# --- issues -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "ends_as", "says"),
    [
        ("deleted", "gone", "410"),
        ("converted", "gone", "410"),
        ("converted 404", "gone", "404"),
        ("transferred", "transferred", "acme/api/issues/1"),
    ],
)
async def test_an_issue_that_is_not_there_twice_ends_its_link_and_nothing_else(
    sync: Sync, ending: str, ends_as: str, says: str
) -> None:
    report, number = await linked_with_comments(sync)
    before = here(sync, report)
    match ending:
        case "deleted":
            sync.github.web.delete_issue(number, by="alice")
        case "transferred":
            sync.github.web.transfer(number, second_repository(sync), by="alice")
        case _:
            sync.github.world.assume(converted_status=404 if ending.endswith("404") else 410)
            sync.github.web.convert(number, by="alice")
    first = await sync.run(seconds=LONG)
    assert state(sync, report) == "active", "one answer proves nothing"
    assert (await only(sync)).what == "resting"
    soon = await sync.run(seconds=SETTLED / 2)
    assert state(sync, report) == "active", "nor do two within settle_seconds"
    second = await sync.run(seconds=SETTLED)
    assert state(sync, report) == ends_as
    item = await only(sync)
    assert (item.what, item.issue) == (ends_as, f"acme/web#{number}")
    assert says in item.reason
    assert here(sync, report) == before, "the report, its columns and comments stay as they were"
    assert not [seen for seen in sync.github.simulator.requests if seen.write and seen.method == "DELETE"]
    assert (first.applied.comments_removed, soon.applied.comments_removed) == (0, 0)
    assert second.applied.comments_removed == 0
    quiet = await sync.run(seconds=LONG)
    assert (quiet.outcome, [seen.status for seen in sync.asked]) == (Outcome.OK, [304, 304])


async def test_what_is_done_in_bugspark_after_the_end_stays_there(sync: Sync) -> None:
    report, number = await linked_with_comments(sync)
    sync.github.web.delete_issue(number, by="alice")
    await run_two_passes(sync)
    sync.change(report, status="resolved")
    comment = sync.add_comment(report, "just for us")
    await sync.run()
    sync.bugspark.delete_comment(comment)
    await sync.settle()
    assert sync.status(report) == "resolved"
    assert not sync.writes
    sync.bugspark.delete_report(report)
    await sync.settle()
    assert state(sync, report) == "gone"


async def test_transferred_issues_are_followed_when_the_project_is_connected_to_their_new_home(
    sync: Sync,
) -> None:
    report, number = await linked_with_comments(sync)
    other = second_repository(sync)
    other.open_issue("Was here before", by="bob")
    there = sync.github.web.transfer(number, other, by="alice").number
    await run_two_passes(sync)
    assert (state(sync, report), sync.number(report)) == ("transferred", number)
    connect(sync, repo="api")
    await sync.settle()
    row = sync.bugspark.report(report)
    assert row is not None
    assert (row["github_repo"], row["github_issue_number"]) == ("acme/api", there)
    sync.add_comment(report, "we moved")
    sync.change(report, status="resolved")
    await sync.settle()
    assert other.issue(there).state == "closed"
    bodies = [comment.body for comment in other.thread(there)]
    assert len(bodies) == len(sync.texts_in_bugspark(report)) == 3, "nothing is said twice"
    assert other.issue(1).comments == 0
    assert (await sync.settle()).outcome is Outcome.OK


async def test_a_comment_unsent_before_a_transfer_is_sent_to_the_new_issue(sync: Sync) -> None:
    report, number = await linked_with_comments(sync)
    sync.github.simulator.faults.add(Limit(), method="POST", path=POSTING)
    sync.add_comment(report, "held up by a limit")
    await sync.run()
    sync.github.clock.advance(SETTLED)
    sync.github.simulator.faults.clear()
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path=POSTING)
    sync.add_comment(report, "its answer was lost")
    await sync.run()
    other = second_repository(sync)
    there = sync.github.web.transfer(number, other, by="alice").number
    await run_two_passes(sync)
    assert state(sync, report) == "transferred"
    sync.add_comment(report, "said while nobody followed")
    connect(sync, repo="api")
    await sync.settle()
    bodies = [comment.body for comment in other.thread(there)]
    assert len(bodies) == len(sync.texts_in_bugspark(report)) == 5
    for text in ("ours", "held up", "answer was lost", "nobody followed"):
        assert sum(text in body for body in bodies) == 1
    assert (await health(sync)).pending == 0


async def test_an_issue_that_answers_again_before_the_second_read_stays_linked(sync: Sync) -> None:
    report, number = await linked_with_comments(sync)
    sync.bugspark.execute("UPDATE sync_links SET etag_issue = NULL, check_due = checked_at")
    sync.github.simulator.faults.add(missing(), method="GET", path=ONE_ISSUE)
    await sync.run()
    assert link(sync, report)["missing_as"] == "gone"
    sync.github.web.close(number, by="alice")
    await sync.run(seconds=SETTLED)
    row = link(sync, report)
    assert (row["state"], row["missing_as"], row["reason"]) == ("active", None, None)
    assert sync.status(report) == "resolved"


async def test_two_looks_that_disagree_end_nothing(sync: Sync) -> None:
    report, number = await linked_with_comments(sync)
    sync.bugspark.execute("UPDATE sync_links SET etag_issue = NULL, check_due = checked_at")
    sync.github.simulator.faults.add(missing(), method="GET", path=ONE_ISSUE)
    await sync.run()
    sync.github.web.transfer(number, second_repository(sync), by="alice")
    await sync.run(seconds=SETTLED)
    assert (state(sync, report), link(sync, report)["missing_as"]) == ("active", "transferred")
    await sync.run(seconds=SETTLED)
    assert state(sync, report) == "transferred"


async def test_columns_that_name_a_pull_request_end_as_converted(sync: Sync) -> None:
    pull = sync.github.web.open_issue("Repair it", by="bob", pull_request=True).number
    report = sync.bugspark.add_report(sync.project, github_issue_number=pull, github_repo="acme/web")
    await sync.run()
    await sync.run(seconds=SETTLED)
    assert state(sync, report) == "converted"
    assert "pull request" in (await only(sync)).reason
    assert sync.number(report) == pull


async def test_a_link_that_ended_is_taken_up_again_by_command(sync: Sync) -> None:
    report, number = await linked_with_comments(sync)
    for _ in range(2):
        sync.github.simulator.faults.add(missing(), method="GET", path=ONE_ISSUE)
    sync.bugspark.execute("UPDATE sync_links SET etag_issue = NULL, check_due = checked_at")
    await sync.run()
    await sync.run(seconds=SETTLED)
    assert state(sync, report) == "gone"
    sync.github.web.close(number, by="alice")
    await sync.app.link(str(report), f"acme/web#{number}", backfill=False)
    await sync.settle()
    assert (state(sync, report), sync.status(report)) == ("active", "resolved")
    assert len(sync.texts_in_bugspark(report)) == len(sync.texts_on_github(number)) == 2


async def test_an_issue_deleted_while_its_close_is_unknown_does_not_stop_the_project(sync: Sync) -> None:
    report, number = await linked_with_comments(sync)
    other, there = await sync.linked()
    sync.change(report, status="resolved")
    sync.github.simulator.faults.add(Drop(applied=True), method="PATCH", path=ONE_ISSUE)
    await sync.run()
    sync.github.web.delete_issue(number, by="alice")
    for _ in range(4):
        await sync.run(seconds=SETTLED)
    await sync.run(seconds=LONG)
    await sync.run(seconds=SETTLED)
    assert state(sync, report) == "gone"
    sync.github.web.close(there, by="alice")
    await sync.settle()
    assert sync.status(other) == "resolved"
    assert (await health(sync)).pending == 0


async def test_a_comment_intent_on_a_missing_issue_is_cancelled_with_its_link(sync: Sync) -> None:
    report, number = await linked_with_comments(sync)
    sync.github.web.delete_issue(number, by="alice")
    sync.add_comment(report, "too late")
    refused = await sync.run()
    assert refused.outcome is Outcome.PARTIAL
    await run_two_passes(sync)
    await sync.settle()
    found = await health(sync)
    assert (state(sync, report), found.pending, found.quarantined) == ("gone", 0, 0)
    assert sync.texts_in_bugspark(report)[-1] == "too late"


async def test_a_locked_issue_is_no_end_and_its_refusal_is_shown(sync: Sync) -> None:
    report, number = await linked_with_comments(sync)
    sync.github.web.allow("bugspark-bot", "triage")
    sync.github.web.lock(number, by="alice")
    sync.add_comment(report, "may I?")
    await sync.run()
    item = await only(sync)
    assert item.what == "refused"
    assert "locked" in item.reason
    assert state(sync, report) == "active"
    sync.github.web.unlock(number, by="alice")
    sync.github.web.close(number, by="alice")
    await sync.settle()
    assert sync.status(report) == "resolved"
    assert len(sync.texts_on_github(number)) == 3


async def test_one_issue_that_is_kept_from_us_stops_no_other(sync: Sync) -> None:
    report, number = await linked_with_comments(sync)
    other, there = await sync.linked()
    sync.bugspark.execute("UPDATE sync_links SET etag_issue = NULL, check_due = checked_at")
    sync.github.simulator.faults.add(
        error(451, "Blocked"), method="GET", path=rf"/issues/{number}$", times=None
    )
    sync.github.web.close(there, by="alice")
    result = await sync.run()
    assert result.outcome is not Outcome.FAILED
    assert (state(sync, report), sync.status(other)) == ("active", "resolved")
    assert "451" in (await only(sync)).reason


# --- repositories -----------------------------------------------------------------------------------------


def hide(sync: Sync, how: str) -> None:
    acts: dict[str, Callable[[], object]] = {
        "private": sync.github.web.make_private,
        "deleted": partial(sync.github.world.delete_repository, "acme/web"),
        "blocked": sync.github.web.block,
        "no issues": sync.github.web.disable_issues,
        "401": partial(sync.github.world.revoke, sync.github.token),
    }
    sync.github.web.allow("bugspark-bot", "none")
    acts[how]()


@pytest.mark.parametrize("how", ["private", "deleted", "blocked", "no issues", "401"])
async def test_of_a_repository_that_is_not_shown_nothing_is_inferred(sync: Sync, how: str) -> None:
    report, _ = await linked_with_comments(sync)
    before, rows = here(sync, report), link(sync, report)
    hide(sync, how)
    for seconds in (LONG, SETTLED, SETTLED):
        result = await sync.run(seconds=seconds)
        assert result.outcome is Outcome.FAILED
        assert result.error is not None
        assert "acme/web" in result.error.message
    assert (here(sync, report), link(sync, report)) == (before, rows), "no link is touched one by one"
    assert (await health(sync)).attention == ()


async def test_a_repository_that_disappears_during_verification_marks_no_link(sync: Sync) -> None:
    report, number = await linked_with_comments(sync)
    rows = link(sync, report)
    away = DuringRequest(before=sync.github.web.block)
    sync.github.simulator.faults.add(away, method="GET", path=rf"/issues/{number}$")
    result = await sync.run(seconds=LONG)
    assert result.outcome is Outcome.FAILED
    assert link(sync, report) == rows
    sync.github.web.block(blocked=False)
    assert (await sync.settle()).outcome is Outcome.OK


async def test_an_archived_repository_is_read_and_reported_as_archived(sync: Sync) -> None:
    report, number = await linked_with_comments(sync)
    sync.github.web.close(number, by="alice")
    sync.add_comment(report, "for later")
    sync.github.web.archive()
    result = await sync.run()
    assert sync.status(report) == "resolved"
    assert result.error is not None
    assert "archived" in result.error.message
    assert state(sync, report) == "active"
    sync.github.web.archive(archived=False)
    assert (await sync.settle()).outcome is Outcome.OK
    assert len(sync.texts_on_github(number)) == 3


@pytest.mark.parametrize("follows", [False, True])
async def test_a_renamed_repository_is_the_same_one(sync: Sync, follows: bool) -> None:
    report, number = await linked_with_comments(sync)
    columns = sync.bugspark.report(report)
    sync.github.web.rename("site")
    if follows:
        connect(sync, repo="site")
    sync.github.web.close(number, by="alice")
    sync.add_comment(report, "after the move")
    await sync.settle()
    assert sync.status(report) == "resolved"
    assert len(sync.texts_on_github(number)) == 3
    row = sync.bugspark.report(report)
    assert row is not None
    assert columns is not None
    assert row["github_repo"] == columns["github_repo"], "the name a link was made under stays"
    another, there = await sync.linked()
    assert (state(sync, report), state(sync, another)) == ("active", "active")
    assert sync.github.web.issue(there).state == "open"
    assert (await sync.settle()).outcome is Outcome.OK


async def test_a_repository_recreated_under_its_name_is_refused(sync: Sync) -> None:
    report, number = await linked_with_comments(sync)
    before = here(sync, report)
    fresh = sync.github.world.recreate("acme/web")
    fresh.allow("bugspark-bot", "write")
    for _ in range(number + 1):
        made = fresh.open_issue("Somebody else's", by="bob", labels=("critical",))
        fresh.comment(made.number, "not yours", by="bob")
        fresh.close(made.number, by="bob")
    for seconds in (5, LONG, SETTLED):
        result = await sync.run(seconds=seconds)
        assert result.outcome is Outcome.REFUSED
        assert result.error is not None
        assert result.error.kind == "recreated"
    assert here(sync, report) == before
    sync.change(report, status="in_progress")
    sync.add_comment(report, "ours alone")
    await sync.run()
    assert not sync.writes
    assert state(sync, report) == "active"
    assert all(len(issue["comments"]) == 1 for issue in fresh.picture().values())


async def test_an_empty_repository_of_the_same_name_gets_nothing(sync: Sync) -> None:
    report, _ = await linked_with_comments(sync)
    fresh = sync.github.world.recreate("acme/web")
    fresh.allow("bugspark-bot", "write")
    sync.add_comment(report, "hello?")
    result = await sync.run()
    assert (result.outcome, sync.writes) == (Outcome.REFUSED, [])
    await sync.run(seconds=LONG)
    assert (state(sync, report), fresh.picture()) == ("active", {})


# --- the project ------------------------------------------------------------------------------------------


async def test_links_of_the_old_repository_rest_and_come_back_with_it(sync: Sync) -> None:
    report, number = await linked_with_comments(sync)
    second_repository(sync)
    connect(sync, repo="api")
    sync.change(report, severity="critical")
    sync.add_comment(report, "while away")
    sync.github.web.close(number, by="alice")
    for seconds in (5, LONG, SETTLED):
        assert (await sync.run(seconds=seconds)).outcome is Outcome.OK
        assert not sync.writes
    assert (await health(sync)).other_repository_links == 1
    assert (state(sync, report), sync.status(report)) == ("active", "new")
    connect(sync, repo="web")
    await sync.settle()
    assert (sync.status(report), (await health(sync)).other_repository_links) == ("resolved", 0)
    assert "critical" in sync.labels(number)
    assert len(sync.texts_in_bugspark(report)) == len(sync.texts_on_github(number)) == 3


async def test_an_issue_of_unknown_fate_in_the_old_repository_is_not_made_again_in_the_new_one(
    sync: Sync,
) -> None:
    report = str(sync.bugspark.add_report(sync.project))
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path="/issues$")
    await sync.app.export((report,), NullProgress())
    other = second_repository(sync)
    connect(sync, repo="api")
    await sync.run(seconds=SETTLED)
    (refused,) = await sync.app.export((report,), NullProgress())
    assert refused.error
    assert "unknown outcome in a repository that the project is not connected to" in refused.error
    assert not other.issues
    connect(sync, repo="web")
    await sync.run(seconds=SETTLED)
    (found,) = await sync.app.export((report,), NullProgress())
    assert found.url
    assert len(sync.github.web.issues) == 1


async def test_what_was_to_be_made_in_the_old_repository_is_made_in_the_new_one_when_asked_for_again(
    sync: Sync,
) -> None:
    report = str(sync.bugspark.add_report(sync.project))
    sync.github.simulator.faults.add(Limit(), method="POST", path="/issues$")
    await sync.app.export((report,), NullProgress())
    sync.github.simulator.faults.clear()
    other = second_repository(sync)
    connect(sync, repo="api")
    sync.github.clock.advance(SETTLED)
    (made,) = await sync.app.export((report,), NullProgress())
    assert made.url
    assert (len(sync.github.web.issues), len(other.issues)) == (0, 1)
    assert (await sync.settle()).pending == 0


async def test_a_switched_off_integration_does_nothing_until_it_is_on_again(sync: Sync) -> None:
    report, number = await linked_with_comments(sync)
    sync.bugspark.execute("UPDATE integrations SET is_active = false")
    sync.github.web.close(number, by="alice")
    sync.add_comment(report, "later")
    assert await sync.app.list_projects() == ()
    result = await sync.run()
    assert (result.outcome, sync.asked) == (Outcome.FAILED, [])
    assert (sync.status(report), state(sync, report)) == ("new", "active")
    sync.bugspark.execute("UPDATE integrations SET is_active = true")
    await sync.settle()
    assert sync.status(report) == "resolved"
    assert len(sync.texts_on_github(number)) == 3


async def test_a_deleted_project_leaves_github_alone(sync: Sync) -> None:
    _, number = await linked_with_comments(sync)
    before = sync.github.web.picture()
    other = sync.bugspark.add_project("Other")
    sync.bugspark.add_integration(other, token=sync.github.token)
    sync.bugspark.execute("DELETE FROM projects WHERE name = 'Shop'")
    assert [project.id for project in await sync.app.list_projects()] == [other]
    assert (await sync.run(other)).outcome is Outcome.OK
    shown, _ = await sync.app.status(None)
    assert [each.project_id for each in shown] == [other]
    assert sync.github.web.picture() == before
    assert number in before


async def test_a_report_given_to_another_project_takes_nothing_more_to_the_first_ones_issue(
    sync: Sync,
) -> None:
    report, number = await linked_with_comments(sync)
    quiet = sync.bugspark.add_report(sync.project, "Never touched", tracking_id="BUG-0002")
    await sync.app.export((str(quiet),), NullProgress())
    other = sync.bugspark.add_project("Other")
    as_stored = other if sync.bugspark.engine.name == "postgresql" else other.hex
    sync.bugspark.execute("UPDATE reports SET project_id = :other", other=as_stored)
    sync.add_comment(report, "for the other project's eyes")
    sync.change(report, status="resolved")
    for seconds in (5, LONG):
        await sync.run(seconds=seconds)
        assert not sync.writes
    ends = [(row["state"], row["reason"]) for row in sync.bugspark.rows_of("sync_links")]
    assert ends == [("report_deleted", "the report belongs to another project now")] * 2
    assert sync.github.web.issue(number).state == "open"
    assert len(sync.texts_on_github(number)) == 2


async def test_a_deleted_report_leaves_its_issue_alone(sync: Sync) -> None:
    report, number = await linked_with_comments(sync)
    sync.bugspark.delete_report(report)
    await sync.settle()
    assert state(sync, report) == "report_deleted"
    assert sync.github.web.issue(number).state == "open"
    assert len(sync.texts_on_github(number)) == 2

"""Comments that GitHub does not show, or shows again: two readings that agree (docs/design.md, Comments).

Each test asserts both sides. `look` names the ways in which a first reading comes about.
"""

from collections.abc import Awaitable, Callable

import pytest

from reconciler.decide.comment_presence import HIDDEN_ONCE, MISSING_ONCE, NEVER_GONE, SHOWN_ONCE
from reconciler.demo.github.faults import Drop, Reply, Stale, Unmodified, error
from reconciler.model.ids import ReportId
from reconciler.model.passes import NullProgress, Outcome
from tests.support.github import GitHub
from tests.support.sync import Sync, is_idle, open_sync
from tests.sync.test_comments import nudge

SETTLE = 61.0
LONG = 8 * 3600.0
"""After so many seconds verification is due."""
HEADING = "**bob** (via GitHub):\n\n"
COMMENT = r"/issues/comments/\d+$"
Reading = Callable[[Sync, ReportId, int], Awaitable[None]]


async def verify(sync: Sync, report: ReportId, number: int) -> None:
    await sync.app.verify(await sync.app.find_project(str(sync.project)), wait=False, progress=NullProgress())


async def list_shows_issue(sync: Sync, report: ReportId, number: int) -> None:
    nudge(sync, number)
    await sync.run()


async def link_again(sync: Sync, report: ReportId, number: int) -> None:
    await sync.app.unlink(str(report))
    await sync.app.link(str(report), f"acme/web#{number}", backfill=False)
    await sync.run()


async def retry(sync: Sync, report: ReportId, number: int) -> None:
    sync.bugspark.execute("UPDATE sync_links SET quarantined_until = '2000-01-01 00:00:00+00:00'")
    await sync.app.retry(str(report))
    await sync.run()


LOOKS = pytest.mark.parametrize("look", [verify, list_shows_issue, link_again, retry])


def lag(sync: Sync, seconds: float, *, single: bool = False) -> None:
    """Let every comment be shown as it was, until `clear`; issues are up to date."""
    fault = Stale(seconds=seconds, issues=False, single=single)
    sync.github.simulator.faults.add(fault, method="GET", path="/comments", times=None)


def clear(sync: Sync) -> None:
    sync.github.simulator.faults.clear()


async def with_comment(sync: Sync) -> tuple[ReportId, int, int]:
    """A linked report, and a comment of bob's that was imported some time ago."""
    report, number = await sync.linked()
    sync.github.clock.advance(600)
    comment = sync.github.web.comment(number, "me too", by="bob").id
    await sync.settle()
    assert sync.texts_in_bugspark(report) == [f"{HEADING}me too"]
    sync.github.clock.advance(60)
    return report, number, comment


async def with_copy(sync: Sync) -> tuple[ReportId, int]:
    """A linked report, and a comment of Ada's that was just sent."""
    report, number = await sync.linked()
    sync.github.clock.advance(600)
    sync.add_comment(report, "from here")
    await sync.settle()
    assert len(sync.texts_on_github(number)) == 1
    return report, number


async def states(sync: Sync, report: ReportId) -> list[str]:
    return [comment.state for comment in (await sync.app.explain_report(str(report))).comments]


# --- one reading that does not show it ---------------------------------------------------------------------


@LOOKS
async def test_one_stale_reading_deletes_no_copy(sync: Sync, look: Reading) -> None:
    report, number, _ = await with_comment(sync)
    lag(sync, 300)
    await look(sync, report, number)
    clear(sync)
    await sync.run(seconds=SETTLE)
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == (
        [f"{HEADING}me too"],
        ["me too"],
    )
    assert await states(sync, report) == ["in BugSpark"]
    assert is_idle(await sync.settle())


@LOOKS
async def test_a_stale_reading_right_after_we_posted_does_not_turn_our_comment_into_deleted_there(
    sync: Sync, look: Reading
) -> None:
    report, number = await with_copy(sync)
    lag(sync, 300)
    await look(sync, report, number)
    clear(sync)
    await sync.run(seconds=SETTLE)
    assert await states(sync, report) == ["on GitHub"]
    sync.bugspark.delete_comment(sync.bugspark.comments(report)[0]["id"])
    await sync.settle()
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == ([], [])


@LOOKS
async def test_a_deletion_is_carried_over_by_the_second_reading(sync: Sync, look: Reading) -> None:
    report, number, comment = await with_comment(sync)
    sync.github.web.delete_comment(comment, by="bob")
    await look(sync, report, number)
    assert sync.texts_in_bugspark(report) == [f"{HEADING}me too"]
    assert await states(sync, report) == ["in BugSpark, not shown by GitHub's last reading"]
    await look(sync, report, number)
    assert sync.texts_in_bugspark(report) == [f"{HEADING}me too"], (
        "further readings before its time prove nothing"
    )
    result = await sync.run(seconds=SETTLE)
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == ([], [])
    assert result.applied.comments_removed == 1
    assert is_idle(await sync.settle())


async def test_waiting_for_the_second_reading_costs_no_request(sync: Sync) -> None:
    report, number, comment = await with_comment(sync)
    sync.github.web.delete_comment(comment, by="bob")
    await list_shows_issue(sync, report, number)
    await sync.settle()
    for _ in range(3):
        assert is_idle(await sync.run())
    assert len(sync.texts_in_bugspark(report)) == 1
    await sync.run(seconds=SETTLE)
    alone = [seen for seen in sync.asked if "/issues/comments/" in seen.path]
    assert [seen.headers.get("if-none-match") for seen in alone] == [None], "a 304 would prove nothing"
    assert sync.texts_in_bugspark(report) == []


async def test_a_thread_beside_an_issue_older_than_shown_says_nothing(sync: Sync) -> None:
    report, number, comment = await with_comment(sync)
    fault = Stale(seconds=300, single=True)
    sync.github.simulator.faults.add(fault, method="GET", path=r"/issues/\d+", times=None)
    await verify(sync, report, number)
    clear(sync)
    rows = sync.bugspark.rows_of("sync_comments")
    assert [row["first_reading"] for row in rows if row["remote_id"] == comment] == [None]
    assert (len(sync.texts_in_bugspark(report)), len(sync.texts_on_github(number))) == (1, 1)
    sync.github.web.delete_comment(comment, by="bob")
    await sync.run(seconds=SETTLE)  # verification is due again as soon as that
    await sync.run(seconds=SETTLE)
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == ([], [])


async def test_a_second_reading_beside_an_issue_older_than_shown_decides_nothing(sync: Sync) -> None:
    report, number, _ = await with_comment(sync)
    lag(sync, 300)
    await verify(sync, report, number)
    clear(sync)
    fault = Stale(seconds=600, single=True)
    sync.github.simulator.faults.add(fault, method="GET", path=r"/issues/(comments/)?\d+$", times=None)
    await sync.run(seconds=SETTLE)
    clear(sync)
    assert len(sync.texts_in_bugspark(report)) == 1
    await sync.run()
    assert await states(sync, report) == ["in BugSpark"]
    assert len(sync.texts_on_github(number)) == 1


async def test_an_original_edited_here_is_not_sent_to_a_copy_that_is_not_shown(sync: Sync) -> None:
    report, number = await with_copy(sync)
    sync.github.web.delete_comment(sync.github.web.thread(number)[0].id, by="alice")
    sync.bugspark.set_comment(sync.bugspark.comments(report)[0]["id"], "edited here")
    await verify(sync, report, number)
    assert not sync.writes
    result = await sync.run(seconds=SETTLE)
    assert (result.outcome, await states(sync, report)) == (Outcome.OK, ["deleted there"])
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == (["edited here"], [])


# --- shown again ------------------------------------------------------------------------------------------


async def deleted(sync: Sync) -> tuple[ReportId, int, int]:
    """A linked report whose imported comment was really deleted on GitHub, and its copy with it."""
    report, number, comment = await with_comment(sync)
    sync.github.web.delete_comment(comment, by="bob")
    await verify(sync, report, number)
    await sync.run(seconds=SETTLE)
    assert sync.texts_in_bugspark(report) == []
    return report, number, comment


@LOOKS
async def test_one_stale_reading_after_a_moderators_deletion_revives_nothing(
    sync: Sync, look: Reading
) -> None:
    report, number, _ = await deleted(sync)
    lag(sync, 200)
    await look(sync, report, number)
    clear(sync)
    for _ in range(3):
        await sync.run(seconds=SETTLE)
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == ([], [])
    assert [row["first_reading"] for row in sync.bugspark.rows_of("sync_comments")] == [None]


@pytest.mark.parametrize("counted", [True, False])
@LOOKS
async def test_comments_of_a_flagged_author_disappear_and_return(
    sync: Sync, look: Reading, *, counted: bool
) -> None:
    sync.github.world.assume(flagged_comments_are_counted=counted)
    report, number, comment = await with_comment(sync)
    sync.github.world.flag_user("bob")
    await verify(sync, report, number)
    await sync.run(seconds=SETTLE)
    assert sync.texts_in_bugspark(report) == []
    sync.github.clock.advance(14 * 24 * 3600)
    sync.github.world.flag_user("bob", flagged=False)
    sync.github.web.edit_comment(comment, "me too, still", by="bob")
    await look(sync, report, number)
    assert sync.texts_in_bugspark(report) == [], "one reading revives nothing"
    await sync.run(seconds=SETTLE)
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == (
        [f"{HEADING}me too, still"],
        ["me too, still"],
    )
    assert await states(sync, report) == ["in BugSpark"]
    assert is_idle(await sync.settle())


async def test_our_own_comments_disappear_and_return_when_our_account_is_flagged(sync: Sync) -> None:
    report, number = await with_copy(sync)
    sync.github.world.flag_user("bugspark-bot")
    await verify(sync, report, number)
    await sync.run(seconds=SETTLE)
    assert await states(sync, report) == ["deleted there"]
    sync.github.world.flag_user("bugspark-bot", flagged=False)
    await verify(sync, report, number)
    assert await states(sync, report) == ["deleted there"]
    await sync.run(seconds=SETTLE)
    assert await states(sync, report) == ["on GitHub"]
    sync.bugspark.delete_comment(sync.bugspark.comments(report)[0]["id"])
    await sync.settle()
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == ([], [])


async def test_a_copy_that_was_not_shown_when_it_was_to_be_deleted_is_deleted_when_it_returns(
    sync: Sync,
) -> None:
    report, number = await with_copy(sync)
    sync.github.world.flag_user("bugspark-bot")
    sync.bugspark.delete_comment(sync.bugspark.comments(report)[0]["id"])
    await sync.settle()
    sync.github.world.flag_user("bugspark-bot", flagged=False)
    assert len(sync.texts_on_github(number)) == 1
    await verify(sync, report, number)
    await sync.run(seconds=SETTLE)
    await sync.settle()
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == ([], [])
    assert is_idle(await sync.settle())


async def test_a_copy_kept_by_configuration_is_edited_and_not_made_twice_when_its_original_returns(
    world_url: str, github: GitHub
) -> None:
    async with open_sync(world_url, github, sync={"delete_in_bugspark": False}) as sync:
        report, number, comment = await with_comment(sync)
        sync.github.world.flag_user("bob")
        await verify(sync, report, number)
        await sync.run(seconds=SETTLE)
        assert sync.texts_in_bugspark(report) == [f"{HEADING}me too"]
        sync.github.world.flag_user("bob", flagged=False)
        sync.github.web.edit_comment(comment, "me too, still", by="bob")
        await verify(sync, report, number)
        await sync.run(seconds=SETTLE)
        assert sync.texts_in_bugspark(report) == [f"{HEADING}me too, still"]
        assert sync.texts_on_github(number) == ["me too, still"]


# --- hidden as spam or abuse ------------------------------------------------------------------------------


@pytest.mark.parametrize("bumps", [True, False])
@pytest.mark.parametrize("reason", ["spam", "ABUSE"])
async def test_a_hidden_comment_counts_as_deleted_until_it_is_shown_again(
    sync: Sync, reason: str, *, bumps: bool
) -> None:
    sync.github.world.assume(minimizing_bumps_comment=bumps)
    report, number, comment = await with_comment(sync)
    sync.github.web.minimize_comment(comment, reason)
    await sync.run(seconds=LONG)
    assert len(sync.texts_in_bugspark(report)) == 1
    await sync.run(seconds=SETTLE)
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == ([], ["me too"])
    sync.github.web.minimize_comment(comment, None)
    await sync.run(seconds=LONG)
    assert sync.texts_in_bugspark(report) == []
    await sync.run(seconds=SETTLE)
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == (
        [f"{HEADING}me too"],
        ["me too"],
    )
    assert is_idle(await sync.settle())


@pytest.mark.parametrize("reason", ["off-topic", "outdated", "resolved", "duplicate", "", "new reason"])
async def test_a_comment_that_is_only_folded_stays(sync: Sync, reason: str) -> None:
    report, number, comment = await with_comment(sync)
    sync.github.web.minimize_comment(comment, reason)
    sync.github.web.minimize_comment(sync.github.web.comment(number, "new", by="bob").id, reason)
    await sync.run(seconds=LONG)
    await sync.run(seconds=SETTLE)
    assert sync.texts_in_bugspark(report) == [f"{HEADING}me too", f"{HEADING}new"]
    assert sync.texts_on_github(number) == ["me too", "new"]


@pytest.mark.parametrize("shape", ["spam", ["spam"], 7, {"reason": ["spam"]}, {}, None])
async def test_what_cannot_be_read_of_hiding_hides_nothing(sync: Sync, shape: object) -> None:
    report, number = await sync.linked()
    comment = sync.github.web.comment(number, "me too", by="bob").id
    sync.github.simulator.views.edits[comment] = lambda row: row.update(minimized=shape)
    await sync.settle()
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == (
        [f"{HEADING}me too"],
        ["me too"],
    )


async def test_a_comment_hidden_before_it_was_seen_is_counted_as_skipped_and_comes_when_shown(
    sync: Sync,
) -> None:
    report, number = await sync.linked()
    comment = sync.github.web.comment(number, "buy now", by="bob").id
    sync.github.web.minimize_comment(comment, "spam")
    await sync.settle()
    shown = await sync.app.explain_report(str(report))
    (skipped,) = shown.skipped
    assert (skipped.reason, skipped.count) == ("hidden on GitHub as spam or abuse", 1)
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == ([], ["buy now"])
    sync.github.web.minimize_comment(comment, None)
    await sync.run(seconds=LONG)
    assert sync.texts_in_bugspark(report) == []
    await sync.run(seconds=SETTLE)
    assert sync.texts_in_bugspark(report) == [f"{HEADING}buy now"]


# --- what is not inferred ---------------------------------------------------------------------------------


async def test_comments_of_an_issue_that_was_deleted_before_the_second_reading_stay(sync: Sync) -> None:
    report, number, comment = await with_comment(sync)
    sync.github.web.delete_comment(comment, by="bob")
    await verify(sync, report, number)
    sync.github.web.delete_issue(number, by="alice")
    for _ in range(4):
        await sync.run(seconds=SETTLE)
    assert sync.texts_in_bugspark(report) == [f"{HEADING}me too"]
    assert "gone" in str(sync.bugspark.rows_of("sync_links")[0]["state"])


@pytest.mark.parametrize("fault", [error(404, "Not Found"), error(403, "Forbidden"), error(500), Drop()])
async def test_a_repository_that_does_not_answer_is_no_second_reading(sync: Sync, fault: object) -> None:
    report, number, _ = await with_comment(sync)
    lag(sync, 300)
    await verify(sync, report, number)
    clear(sync)
    sync.github.simulator.faults.add(fault, path=r"/issues/|/repos/[^/]+/[^/]+$", times=None)  # type: ignore[arg-type]
    await sync.run(seconds=SETTLE)
    clear(sync)
    assert len(sync.texts_in_bugspark(report)) == 1
    await sync.app.retry(str(report))
    for _ in range(2):
        await sync.run(seconds=SETTLE)
    assert await states(sync, report) == ["in BugSpark"]
    assert len(sync.texts_on_github(number)) == 1


async def test_a_comment_that_cannot_be_read_alone_is_there(sync: Sync) -> None:
    report, number, _ = await with_comment(sync)
    lag(sync, 300)
    await verify(sync, report, number)
    clear(sync)
    sync.github.simulator.faults.add(Reply(status=200, body=b'{"id": "?"}'), method="GET", path=COMMENT)
    await sync.run(seconds=SETTLE)
    assert (len(sync.texts_in_bugspark(report)), len(sync.texts_on_github(number))) == (1, 1)
    assert [row["first_reading"] for row in sync.bugspark.rows_of("sync_comments")] == [None]


# --- history, guard, bounds -------------------------------------------------------------------------------


async def test_the_history_has_each_step(sync: Sync) -> None:
    report, number, comment = await with_comment(sync)
    web = sync.github.web
    for reason in ("spam", None):
        web.minimize_comment(comment, reason)
        await verify(sync, report, number)
        await sync.run(seconds=SETTLE)
    lag(sync, 10_000)
    await verify(sync, report, number)
    clear(sync)
    await sync.run(seconds=SETTLE)
    lines = [
        (row["kind"], row["rule"])
        for row in sync.bugspark.rows_of("sync_changes")
        if row["field"] == "comment" and row["kind"] != "post_comment"
    ]
    assert lines == [
        ("import_comment", "new comment"),
        ("reading", HIDDEN_ONCE),
        ("remove_comment", "original was hidden as spam or abuse"),
        ("reading", SHOWN_ONCE),
        ("import_comment", "GitHub shows the original again"),
        ("reading", MISSING_ONCE),
        ("reading", NEVER_GONE),
    ]


async def test_a_plan_shows_the_deletion_and_the_return_that_the_second_reading_leads_to(sync: Sync) -> None:
    report, number, _ = await with_comment(sync)
    for flagged, kind in ((True, "remove_comment"), (False, "import_comment")):
        sync.github.world.flag_user("bob", flagged=flagged)
        await verify(sync, report, number)
        assert (await sync.plan()).actions == ()
        planned = await sync.plan(seconds=SETTLE)
        assert [str(action.kind) for action in planned.actions] == [kind]
        await sync.run(seconds=0)
        assert len(sync.texts_in_bugspark(report)) == (not flagged)


async def many(sync: Sync, count: int) -> tuple[ReportId, int]:
    report, number = await sync.linked()
    sync.github.web.seed_comments(number, [f"comment {n}" for n in range(count)], by="bob")
    sync.add_comment(report, "stays")
    await sync.settle()
    return report, number


async def test_withheld_deletions_are_read_again_each_hour_and_end_when_the_comments_return(
    sync: Sync,
) -> None:
    report, number = await many(sync, 8)
    sync.github.world.flag_user("bob")
    await verify(sync, report, number)
    first = await sync.run(seconds=SETTLE)
    assert first.withheld is not None
    for _ in range(2):
        again = await sync.run()
        assert (again.withheld, again.github.requests) == (first.withheld, 2)
    later = await sync.run(seconds=3_601)
    assert later.withheld == first.withheld
    assert len(sync.texts_in_bugspark(report)) == 9
    sync.github.world.flag_user("bob", flagged=False)
    await sync.run(seconds=3_601)
    ended = await sync.run()
    assert (ended.withheld, ended.outcome) == (None, Outcome.OK)
    assert (len(sync.texts_in_bugspark(report)), len(sync.texts_on_github(number))) == (9, 9)


async def test_accepted_deletions_of_comments_that_returned_delete_nothing(sync: Sync) -> None:
    report, number = await many(sync, 8)
    sync.github.world.flag_user("bob")
    await verify(sync, report, number)
    first = await sync.run(seconds=SETTLE)
    sync.github.world.flag_user("bob", flagged=False)
    await sync.run(accept=first.withheld)
    assert (len(sync.texts_in_bugspark(report)), len(sync.texts_on_github(number))) == (9, 9)
    assert (await sync.settle()).withheld is None


async def test_more_deletions_than_one_pass_reads_are_withheld_together(sync: Sync) -> None:
    """Read in pieces, none of them would be suspicious by itself."""
    report, number = await many(sync, 130)
    sync.github.world.flag_user("bob")
    await verify(sync, report, number)
    first = await sync.run(seconds=SETTLE)
    assert len([seen for seen in sync.asked if "/issues/comments/" in seen.path]) == 100
    second = await sync.run()
    assert None not in (first.withheld, second.withheld)
    assert len(sync.texts_in_bugspark(report)) == 131
    done = await sync.run(accept=second.withheld)
    assert (sync.texts_in_bugspark(report), done.applied.comments_removed) == (["stays"], 130)


async def test_comments_that_one_reading_did_not_show_count_with_those_that_two_did_not(sync: Sync) -> None:
    report, number = await many(sync, 8)
    web = sync.github.web
    for row in web.thread(number)[:3]:
        web.delete_comment(row.id, by="acme")
    await verify(sync, report, number)
    sync.github.clock.advance(30)
    for row in web.thread(number)[:3]:
        web.delete_comment(row.id, by="acme")
    await verify(sync, report, number)
    result = await sync.run(seconds=SETTLE - 30)
    assert result.withheld is not None
    assert len(sync.texts_in_bugspark(report)) == 9


async def test_an_answer_of_304_is_no_reading(sync: Sync) -> None:
    report, number, comment = await with_comment(sync)
    sync.github.web.delete_comment(comment, by="bob")
    await verify(sync, report, number)
    sync.github.simulator.faults.add(Unmodified(), method="GET", times=None)
    await sync.run(seconds=SETTLE)
    clear(sync)
    assert (sync.texts_in_bugspark(report), sync.texts_on_github(number)) == ([], [])

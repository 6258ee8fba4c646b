"""The guard: suspicious deletions wait for the operator, everything else is synced."""

import pytest

from reconciler.errors import UsageError
from reconciler.model.ids import CommentId, ReportId
from reconciler.model.passes import NullProgress, Outcome, PassResult
from tests.support.sync import Sync, is_idle

TOLD = {"sync_governor", "sync_projects", "sync_runs"}
"""What a pass that only waits may write: limits, health, and that it was not whole."""


async def linked_with_comments(sync: Sync, count: int) -> tuple[ReportId, int, list[CommentId]]:
    """A linked report with that many comments of Ada's, all copied."""
    report, number = await sync.linked()
    comments = [sync.add_comment(report, f"comment {n}") for n in range(count)]
    await sync.settle()
    assert len(sync.texts_on_github(number)) == count
    return report, number, list(comments)


def delete(sync: Sync, comments: list[CommentId]) -> None:
    for comment in comments:
        sync.bugspark.delete_comment(comment)


async def accept(sync: Sync, digest: str) -> PassResult:
    return await sync.run(accept=digest)


async def test_twenty_one_deletions_wait_and_the_rest_of_the_pass_is_done(sync: Sync) -> None:
    report, number, comments = await linked_with_comments(sync, 250)
    delete(sync, comments[:21])
    sync.github.web.close(number, by="alice")
    sync.add_comment(report, "still talking")
    shown = await sync.plan()
    result = await sync.run()
    assert len(sync.texts_on_github(number)) == 251
    assert sync.status(report) == "resolved"
    assert result.outcome is Outcome.PARTIAL
    assert result.withheld is not None
    assert shown.withheld == result.withheld
    assert len(shown.withheld_deletions) == 21
    first = shown.withheld_deletions[0]
    assert (first.report, first.side, first.author) == (str(report), "github", "Ada")
    assert (first.issue, first.tracking_id) == (f"acme/web#{number}", "BUG-0001")
    assert {row.excerpt for row in shown.withheld_deletions} == {f"comment {n}" for n in range(21)}
    assert first.url is not None
    assert f"/issues/{number}#issuecomment-" in first.url
    assert {action.kind for action in shown.actions} == {"set_field", "post_comment"}


async def test_twenty_deletions_of_many_go_on(sync: Sync) -> None:
    _, number, comments = await linked_with_comments(sync, 210)
    delete(sync, comments[:20])
    result = await sync.run()
    assert len(sync.texts_on_github(number)) == 190
    assert (result.outcome, result.withheld) == (Outcome.OK, None)


@pytest.mark.parametrize(
    ("count", "gone", "left"), [(20, 6, 20), (20, 5, 15), (5, 5, 5), (4, 4, 4), (1, 1, 0)]
)
async def test_a_large_share_and_all_of_one_side_wait(sync: Sync, count: int, gone: int, left: int) -> None:
    _, number, comments = await linked_with_comments(sync, count)
    delete(sync, comments[:gone])
    result = await sync.run()
    assert len(sync.texts_on_github(number)) == left
    assert (result.withheld is None) == (left == count - gone)


async def test_all_comments_of_a_project_go_where_those_of_another_one_are_seen(sync: Sync) -> None:
    _, number, comments = await linked_with_comments(sync, 4)
    other = sync.bugspark.add_project("Other")
    sync.bugspark.add_integration(other, token=sync.github.token, repo="tools")
    sync.github.world.add_repository("acme/tools").allow("bugspark-bot", "write")
    report = sync.bugspark.add_report(other)
    sync.bugspark.add_comment(report, "of another project", author=sync.ada)
    await sync.app.export((str(report),), NullProgress())
    await sync.run(other)
    delete(sync, comments)
    result = await sync.run()
    assert (result.withheld, sync.texts_on_github(number)) == (None, [])


async def test_deletions_of_a_read_that_shows_no_known_comment_wait_for_the_operator(sync: Sync) -> None:
    _, number, comments = await linked_with_comments(sync, 2)
    delete(sync, comments)
    shown = await sync.plan()
    result = await sync.run()
    assert result.withheld is not None
    assert shown.withheld == result.withheld
    assert len(sync.texts_on_github(number)) == 2
    await accept(sync, result.withheld)
    assert sync.texts_on_github(number) == []


async def test_all_comments_of_an_issue_deleted_on_github_wait_too(sync: Sync) -> None:
    report, number = await sync.linked()
    rows = sync.github.web.seed_comments(number, [f"comment {n}" for n in range(5)], by="bob")
    await sync.run()
    for row in rows:
        sync.github.web.delete_comment(row.id, by="bob")
    sync.github.web.label(number, "nudged", by="alice")
    assert (await sync.run()).outcome is Outcome.OK
    result = await sync.run(seconds=61)
    assert len(sync.texts_in_bugspark(report)) == 5
    assert result.withheld is not None
    again = await sync.run()
    assert again.withheld == result.withheld, (
        "what is withheld is still shown by a pass that sees nothing new"
    )
    assert again.outcome is Outcome.PARTIAL
    await accept(sync, result.withheld)
    assert sync.texts_in_bugspark(report) == []
    assert (await sync.settle()).outcome is Outcome.OK


async def test_only_the_right_hash_lets_them_go(sync: Sync) -> None:
    _, number, comments = await linked_with_comments(sync, 8)
    delete(sync, comments[:7])
    first = await sync.run()
    assert first.withheld is not None
    wrong = await accept(sync, "0" * 16)
    assert (wrong.outcome, len(sync.texts_on_github(number))) == (Outcome.FAILED, 8)
    assert wrong.error is not None
    assert first.withheld in wrong.error.message
    right = await accept(sync, first.withheld)
    assert len(sync.texts_on_github(number)) == 1
    assert (right.outcome, right.withheld) == (Outcome.OK, None)
    assert (await sync.plan()).actions == ()
    await sync.run()
    assert not sync.writes


async def test_a_deletion_after_the_acceptance_was_not_accepted(sync: Sync) -> None:
    _, number, comments = await linked_with_comments(sync, 30)
    delete(sync, comments[:10])
    first = await sync.run()
    assert first.withheld is not None
    delete(sync, comments[10:22])
    result = await accept(sync, first.withheld)
    assert len(sync.texts_on_github(number)) == 20, "ten were accepted, twelve were not"
    assert result.withheld not in (None, first.withheld)
    await accept(sync, str(result.withheld))
    assert len(sync.texts_on_github(number)) == 8


async def test_more_deletions_change_the_hash_and_the_old_one_is_worth_nothing(sync: Sync) -> None:
    _, number, comments = await linked_with_comments(sync, 12)
    delete(sync, comments[:7])
    first = await sync.run()
    delete(sync, comments[7:9])
    second = await sync.run()
    assert second.withheld not in (None, first.withheld)
    stale = await accept(sync, str(first.withheld))
    assert (stale.outcome, len(sync.texts_on_github(number))) == (Outcome.FAILED, 12)
    await accept(sync, str(second.withheld))
    assert len(sync.texts_on_github(number)) == 3


async def test_withheld_deletions_do_not_pile_up_writes_pass_after_pass(sync: Sync) -> None:
    _, number, comments = await linked_with_comments(sync, 8)
    delete(sync, comments[:7])
    await sync.run()
    before = sync.dump()
    result = await sync.run()
    after = sync.dump()
    assert not sync.writes
    assert result.withheld is not None
    assert {name for name in after if after[name] != before[name]} <= TOLD
    assert len(sync.texts_on_github(number)) == 8


async def test_a_report_that_is_deleted_with_its_comments_deletes_nothing_on_github(sync: Sync) -> None:
    report, number, _ = await linked_with_comments(sync, 3)
    sync.bugspark.delete_report(report)
    await sync.settle()
    assert len(sync.texts_on_github(number)) == 3
    assert sync.github.web.issue(number).state == "open"


async def two_deleted_reports(sync: Sync) -> tuple[int, list[ReportId]]:
    """Two linked reports, the first with a comment; both deleted in BugSpark."""
    report, number, _ = await linked_with_comments(sync, 1)
    other, _ = await sync.linked()
    for each in (report, other):
        sync.bugspark.delete_report(each)
    return number, [report, other]


async def test_the_ends_of_links_wait_where_no_linked_report_is_left_and_are_accepted_by_hash(
    sync: Sync,
) -> None:
    number, deleted = await two_deleted_reports(sync)
    shown = await sync.plan()
    result = await sync.run()
    assert (result.outcome, shown.withheld) == (Outcome.PARTIAL, result.withheld)
    assert result.error is not None
    assert "None of the linked reports is in BugSpark's table any more" in result.error.message
    assert {row.report for row in shown.withheld_deletions} == set(map(str, deleted))
    assert {row.excerpt for row in shown.withheld_deletions} == {"the report is missing: its link would end"}
    assert {row["state"] for row in sync.bugspark.rows_of("sync_links")} == {"active"}
    again = await sync.run()
    assert again.withheld == result.withheld, "shown until a person decides"
    with pytest.raises(UsageError, match=r"its link to acme/web#1 is withheld; reconcile plan --project"):
        await sync.app.explain_report(str(deleted[0]))
    (health,), _ = await sync.app.status(await sync.app.find_project(str(sync.project)))
    assert (health.withheld, health.withheld_count) == (result.withheld, 2)
    accepted = await accept(sync, str(result.withheld))
    assert (accepted.outcome, accepted.withheld) == (Outcome.OK, None)
    assert {row["state"] for row in sync.bugspark.rows_of("sync_links")} == {"report_deleted"}
    assert sync.bugspark.rows_of("sync_withheld") == []
    assert len(sync.texts_on_github(number)) == 1, "nothing on GitHub is deleted because of it"
    assert is_idle(await sync.run())


async def test_reports_that_are_shown_again_are_synced_with_all_that_happened_in_between(sync: Sync) -> None:
    report, number, _ = await linked_with_comments(sync, 2)
    other, _ = await sync.linked()
    sync.bugspark.execute("ALTER TABLE reports RENAME TO kept")
    sync.bugspark.execute("CREATE TABLE reports AS SELECT * FROM kept WHERE 1 = 0")
    waiting = sync.bugspark.add_comment(report, "not sent yet", author=sync.ada)
    sync.github.web.close(number, by="alice")
    hidden = await sync.run()
    assert hidden.withheld is not None
    assert not sync.writes
    assert is_idle_but_withheld(await sync.run())
    sync.bugspark.execute("DROP TABLE reports")
    sync.bugspark.execute("ALTER TABLE kept RENAME TO reports")
    result = await sync.run()
    assert (result.outcome, result.withheld) == (Outcome.OK, None)
    assert sync.status(report) == "resolved"
    assert len(sync.texts_on_github(number)) == 3
    assert {row["state"] for row in sync.bugspark.rows_of("sync_links")} == {"active"}
    assert waiting is not None
    assert other is not None


def is_idle_but_withheld(result: PassResult) -> bool:
    return (result.github.requests, result.github.not_modified, result.github.writes) == (2, 2, 0)


async def test_one_deleted_report_of_two_ends_its_link_alone(sync: Sync) -> None:
    report, _, _ = await linked_with_comments(sync, 1)
    other, _ = await sync.linked()
    sync.bugspark.delete_report(report)
    result = await sync.run()
    assert (result.outcome, result.withheld) == (Outcome.OK, None)
    states = {row["report_id"]: row["state"] for row in sync.bugspark.rows_of("sync_links")}
    assert sorted(states.values()) == ["active", "report_deleted"]
    assert other is not None

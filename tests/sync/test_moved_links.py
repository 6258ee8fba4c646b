"""Comments that are still unsent when their report is tied to another issue, and what becomes of them."""

from reconciler.demo.github.faults import Drop, Limit, error
from reconciler.model.ids import ReportId
from tests.support.sync import Sync

POSTING = ("POST", r"/issues/\d+/comments$")


def move(sync: Sync, report: ReportId, number: int | None) -> None:
    """An administrator writes another issue into the report's columns."""
    url = f"https://github.com/acme/web/issues/{number}" if number else None
    repo = "acme/web" if number else None
    sync.bugspark.set_report(report, github_issue_number=number, github_repo=repo, github_issue_url=url)


async def unsent(sync: Sync, report: ReportId, body: str = "on its way") -> None:
    """A comment that GitHub takes none of for now."""
    sync.github.simulator.faults.add(Limit(), method=POSTING[0], path=POSTING[1])
    sync.add_comment(report, body)
    await sync.run()
    sync.github.simulator.faults.clear()


def elsewhere(sync: Sync) -> int:
    return sync.github.web.open_issue("The same, told better", by="alice").number


async def later(sync: Sync, passes: int = 4) -> None:
    for _ in range(passes):
        await sync.run(seconds=3700)


async def test_a_comment_unsent_at_the_move_goes_out_when_the_report_comes_back(sync: Sync) -> None:
    report, number = await sync.linked()
    await unsent(sync, report)
    other = elsewhere(sync)
    move(sync, report, other)
    await later(sync)
    move(sync, report, number)
    await later(sync)
    assert [body.count("on its way") for body in sync.texts_on_github(number)] == [1]
    assert not sync.texts_on_github(other)


async def test_what_is_unsent_says_why_while_its_report_is_elsewhere(sync: Sync) -> None:
    report, _ = await sync.linked()
    await unsent(sync, report)
    move(sync, report, elsewhere(sync))
    await later(sync)
    rows = sync.bugspark.rows_of("sync_comments")
    assert all(row["reason"] for row in rows if row["remote_id"] is None)


async def test_a_comment_unsent_when_the_link_is_cut_goes_out_when_it_is_made_again(sync: Sync) -> None:
    report, number = await sync.linked()
    await unsent(sync, report)
    await sync.app.unlink(str(report))
    await later(sync)
    await sync.app.link(str(report), f"acme/web#{number}", backfill=False)
    await later(sync)
    assert len(sync.texts_on_github(number)) == 1


async def test_a_comment_deleted_while_its_report_was_elsewhere_is_not_sent(sync: Sync) -> None:
    report, number = await sync.linked()
    await unsent(sync, report)
    move(sync, report, elsewhere(sync))
    await later(sync)
    sync.bugspark.delete_comment(sync.bugspark.comments(report)[0]["id"])
    move(sync, report, number)
    await later(sync)
    assert not sync.texts_on_github(number)


async def test_a_copy_whose_answer_was_lost_at_the_move_is_found_again(sync: Sync) -> None:
    """Neither deleted as one whose original is gone, nor made a second time."""
    report, number = await sync.linked()
    sync.github.simulator.faults.add(Drop(applied=True), method=POSTING[0], path=POSTING[1])
    sync.add_comment(report, "its answer was lost")
    await sync.run()
    move(sync, report, elsewhere(sync))
    await sync.run()
    await later(sync)
    move(sync, report, number)
    await later(sync)
    assert len(sync.texts_on_github(number)) == 1
    assert len(sync.bugspark.comments(report)) == 1


async def test_a_copy_whose_answer_was_lost_does_not_keep_another_from_going_elsewhere(sync: Sync) -> None:
    report, _ = await sync.linked()
    sync.github.simulator.faults.add(Drop(), method=POSTING[0], path=POSTING[1])
    sync.add_comment(report, "its answer was lost")
    await sync.run()
    await sync.app.unlink(str(report))
    other = elsewhere(sync)
    await sync.app.link(str(report), f"acme/web#{other}", backfill=True)
    await sync.run()
    await later(sync)
    assert len(sync.texts_on_github(other)) == 1


async def test_an_unsent_comment_goes_where_its_report_goes_with_backfill(sync: Sync) -> None:
    report, number = await sync.linked()
    await unsent(sync, report)
    sync.github.clock.advance(3600)
    other = elsewhere(sync)
    await sync.app.unlink(str(report))
    await sync.app.link(str(report), f"acme/web#{other}", backfill=True)
    await later(sync)
    assert (len(sync.texts_on_github(number)), len(sync.texts_on_github(other))) == (0, 1)


async def test_linking_again_with_backfill_sends_what_the_first_link_had_kept_back(sync: Sync) -> None:
    report = sync.bugspark.add_report(sync.project)
    sync.add_comment(report, "older than the link")
    number = elsewhere(sync)
    sync.github.clock.advance(60)
    move(sync, report, number)
    await sync.settle()
    assert not sync.texts_on_github(number)
    await sync.app.unlink(str(report))
    await sync.app.link(str(report), f"acme/web#{number}", backfill=True)
    await later(sync)
    assert len(sync.texts_on_github(number)) == 1


async def test_a_comment_refused_by_github_goes_out_from_where_its_report_is_now(sync: Sync) -> None:
    report, _ = await sync.linked()
    sync.github.simulator.faults.add(error(422), method=POSTING[0], path=POSTING[1], times=None)
    sync.add_comment(report, "refused")
    await sync.run()
    sync.github.simulator.faults.clear()
    other = elsewhere(sync)
    await sync.app.unlink(str(report))
    await sync.app.link(str(report), f"acme/web#{other}", backfill=True)
    await later(sync)
    assert len(sync.texts_on_github(other)) == 1

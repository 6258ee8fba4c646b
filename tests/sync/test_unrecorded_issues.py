"""Issues of ours that a restored database does not know: linked again, or recorded with the reason why not.

A restore is imitated here: rows of the program are deleted, and the project is marked to be read again.
tests/sync/test_after_restore.py restores whole databases.
"""

from reconciler.demo.github.faults import Drop
from reconciler.model.ids import ReportId
from reconciler.model.passes import NullProgress, Outcome, PassResult
from tests.support.sync import Sync, is_idle

COLUMNS = "github_issue_number", "github_issue_url", "github_repo"


async def exported(sync: Sync) -> ReportId:
    """A report whose issue is number 1, and the only one."""
    report, number = await sync.linked()
    assert number == 1
    return report


def forget(sync: Sync, *, columns: bool = True) -> None:
    """Restore a copy that was made before the export."""
    sync.bugspark.execute("DELETE FROM sync_links")
    if columns:
        sync.bugspark.execute(f"UPDATE reports SET {', '.join(f'{name} = NULL' for name in COLUMNS)}")
    reread(sync)


def reread(sync: Sync) -> None:
    sync.bugspark.execute("UPDATE sync_projects SET recovering = true, restored_at = NULL")


async def recovered(sync: Sync) -> PassResult:
    """Run the pass that reads everything again: it writes nothing to GitHub."""
    result = await sync.run(seconds=60)
    assert sync.writes == []
    return result


def links(sync: Sync) -> list[tuple[int, str, str | None]]:
    rows = sync.bugspark.rows_of("sync_links")
    return sorted((row["number"], row["state"], row["reason"]) for row in rows)


async def test_an_issue_without_a_link_is_linked_to_its_report_again(sync: Sync) -> None:
    report = await exported(sync)
    forget(sync)
    assert (await recovered(sync)).outcome is Outcome.OK
    assert sync.number(report) == 1
    sync.add_comment(report, "life goes on")
    await sync.settle()
    assert len(sync.texts_on_github(1)) == 1
    assert len(sync.github.web.issues) == 1
    assert is_idle(await sync.settle())


async def test_an_issue_whose_report_was_deleted_is_recorded_and_left_alone(sync: Sync) -> None:
    report = await exported(sync)
    forget(sync)
    sync.bugspark.delete_report(report)
    await recovered(sync)
    reason = "the issue was made for a report that is not in BugSpark any more"
    assert links(sync) == [(1, "report_deleted", reason)]
    assert is_idle(await sync.settle())
    assert sync.github.web.issue(1).state == "open"


async def test_an_issue_whose_report_has_another_one_now_is_recorded_and_left_alone(sync: Sync) -> None:
    report = await exported(sync)
    forget(sync)
    other = sync.github.web.open_issue("By hand", by="alice").number
    await sync.app.link(str(report), f"acme/web#{other}", backfill=False)
    reread(sync)
    await recovered(sync)
    reason = "the issue was made for this report, which has another one now"
    assert (1, "unlinked", reason) in links(sync)
    await sync.settle()
    assert sync.number(report) == other
    assert [sync.github.web.issue(each).state for each in (1, other)] == ["open", "open"]


async def test_columns_that_name_another_issue_count_more_than_the_marker(sync: Sync) -> None:
    report = await exported(sync)
    forget(sync)
    other = sync.github.web.open_issue("By hand", by="alice").number
    sync.change(report, github_issue_number=other, github_repo="acme/web")
    await recovered(sync)
    await sync.settle()
    assert sync.number(report) == other
    assert [(number, state) for number, state, _ in links(sync)] == [(1, "unlinked"), (other, "active")]
    assert [sync.github.web.issue(each).state for each in (1, other)] == ["open", "open"]


async def test_an_issue_that_a_waiting_export_stands_for_is_its_answer(sync: Sync) -> None:
    """The restored copy has the export, but not that it was sent."""
    report = sync.bugspark.add_report(sync.project, "It breaks")
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path="/issues$")
    await sync.app.export((str(report),), NullProgress())
    sync.bugspark.execute("UPDATE sync_intents SET state = 'planned', claimed_at = NULL, ended_at = NULL")
    reread(sync)
    await recovered(sync)
    assert sync.number(report) == 1
    assert sync.dump()["sync_intents"] == []
    await sync.settle()
    assert len(sync.github.web.issues) == 1


async def test_what_the_tables_know_is_left_as_it_is(sync: Sync) -> None:
    """An active link, and one that a person has cut."""
    report = await exported(sync)
    second, _ = await sync.linked()
    await sync.app.unlink(str(second))
    before = links(sync)
    reread(sync)
    await recovered(sync)
    assert links(sync) == before
    assert [sync.number(report), len(sync.github.web.issues)] == [1, 2]
    assert is_idle(await sync.settle())


async def test_an_issue_that_another_report_is_linked_to_stays_with_that_report(sync: Sync) -> None:
    await exported(sync)
    forget(sync)
    other = sync.bugspark.add_report(sync.project, "Another one")
    await sync.app.link(str(other), "acme/web#1", backfill=False)
    reread(sync)
    await recovered(sync)
    assert [(number, state) for number, state, _ in links(sync)] == [(1, "active")]
    assert sync.number(other) == 1


async def test_a_report_that_belongs_to_another_project_now_is_left_to_that_project(sync: Sync) -> None:
    report = await exported(sync)
    forget(sync)
    elsewhere = sync.bugspark.add_project("Elsewhere")
    sync.bugspark.set_report(report, project_id=elsewhere)
    await recovered(sync)
    assert links(sync) == []
    row = sync.bugspark.report(report)
    assert row is not None
    assert row["github_issue_number"] is None


async def test_an_issue_that_cannot_be_read_at_present_is_shown(sync: Sync) -> None:
    report = await exported(sync)
    issue = sync.github.web.issue(1)
    forget(sync)
    sync.github.simulator.views.edits[issue.id] = lambda row: row.update(title=None)
    assert (await recovered(sync)).outcome is not Outcome.FAILED
    shown = sync.bugspark.report(report)
    assert shown is not None
    assert shown["github_issue_number"] is None
    assert links(sync) == []

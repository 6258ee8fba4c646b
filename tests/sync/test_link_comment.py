"""An issue that was linked by command shows the report, where that is wanted: labels and a comment."""

import sqlalchemy as sa

from reconciler.demo.github.faults import Drop
from reconciler.model.ids import ReportId
from reconciler.store.schema.tables import comment_pairs
from tests.support.sync import Sync
from tests.sync.compare_plan import compare
from tests.sync.test_follower_comments import texts_there, whole
from tests.sync.test_followers import ON_BOTH, assert_idle
from tests.sync.test_project_settings import configure, scanned
from tests.sync.test_unknown import COMMENTS


async def linked(sync: Sync, *labels: str, **report: str) -> tuple[ReportId, int]:
    """A report that was linked by command to an issue with these labels, before the next pass."""
    number = sync.github.web.open_issue("Somebody's", by="alice", labels=list(labels)).number
    made = sync.bugspark.add_report(sync.project, "Ours")
    sync.change(made, **report)
    await sync.app.link(str(made), f"acme/web#{number}", backfill=False)
    return made, number


@ON_BOTH
async def test_missing_labels_are_added_and_one_comment_names_the_report(sync: Sync) -> None:
    await configure(sync, link_comment=True)
    report, number = await linked(sync, severity="critical", category="crash")
    await compare(sync)
    assert sync.labels(number) == {"critical", "crash"}
    assert texts_there(sync, number) == ["Linked to BUG-0001 in BugSpark."]
    await assert_idle(sync)
    assert await scanned(sync) == set()
    assert sync.texts_in_bugspark(report) == []
    await whole(sync)
    await assert_idle(sync)
    assert texts_there(sync, number) == ["Linked to BUG-0001 in BugSpark."]
    assert (sync.severity(report), sync.category(report)) == ("critical", "crash")


async def test_nothing_is_shown_until_it_is_switched_on(sync: Sync) -> None:
    report, number = await linked(sync, severity="critical", category="crash")
    await assert_idle(sync)
    await configure(sync, link_comment=True)
    await assert_idle(sync)
    await whole(sync)
    assert (sync.labels(number), sync.texts_on_github(number)) == (set(), [])
    assert sync.severity(report) == "critical"


async def test_a_label_of_that_kind_stays_the_only_one(sync: Sync) -> None:
    await configure(sync, link_comment=True, conflict="github")
    report, number = await linked(sync, "low", severity="critical", category="crash")
    await assert_idle(sync)
    assert sync.labels(number) == {"low", "crash"}
    assert sync.severity(report) == "low"


async def test_a_label_that_did_not_arrive_and_another_that_a_person_adds_are_a_conflict(sync: Sync) -> None:
    await configure(sync, link_comment=True)
    report, number = await linked(sync, severity="high")
    sync.github.simulator.faults.add(Drop(), method="POST", path="/labels$")
    await sync.run()
    assert not sync.labels(number)
    sync.github.clock.advance(5)
    sync.github.web.label(number, "low", by="alice")
    for _ in range(3):
        await sync.run(seconds=90)
    await assert_idle(sync)
    assert (sync.labels(number), sync.severity(report)) == ({"low"}, "low")
    lost = [row["lost"] for row in sync.bugspark.rows_of("sync_changes") if row["kind"] == "conflict"]
    assert lost == ["high"]


@ON_BOTH
async def test_followers_are_named_in_place(sync: Sync) -> None:
    await configure(sync, link_comment=True)
    lead, number = await linked(sync)
    await sync.settle()
    (before,) = sync.github.web.thread(number)
    made = [sync.bugspark.add_report(sync.project, f"Same {each}") for each in range(2)]
    for report in made:
        sync.github.clock.advance(1)
        await sync.app.follow(str(report), f"acme/web#{number}")
    await compare(sync)
    (after,) = sync.github.web.thread(number)
    assert after.id == before.id
    reported = "Linked to BUG-0001 in BugSpark. Reported 3 times: BUG-0001, BUG-0002, BUG-0003."
    assert texts_there(sync, number) == [reported]
    await assert_idle(sync)
    await sync.app.unlink(str(lead))
    await sync.settle()
    await whole(sync)
    await assert_idle(sync)
    (last,) = sync.github.web.thread(number)
    assert last.id == before.id
    assert texts_there(sync, number) == [
        "Linked to BUG-0002 in BugSpark. Reported 2 times: BUG-0002, BUG-0003."
    ]
    await sync.app.unlink(str(made[1]))
    await assert_idle(sync)
    assert texts_there(sync, number) == ["Linked to BUG-0002 in BugSpark."]


async def test_a_lost_answer_leaves_one_comment(sync: Sync) -> None:
    await configure(sync, link_comment=True)
    _, number = await linked(sync)
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path=COMMENTS)
    for _ in range(5):
        await sync.run(seconds=90)
    await assert_idle(sync)
    assert texts_there(sync, number) == ["Linked to BUG-0001 in BugSpark."]


async def test_one_that_people_delete_or_edit_stays_as_they_left_it(sync: Sync) -> None:
    await configure(sync, link_comment=True)
    report, number = await linked(sync)
    await sync.settle()
    (row,) = sync.github.web.thread(number)
    sync.github.web.edit_comment(row.id, f"{row.body}\nSee the wiki.", by="alice")
    await whole(sync)
    await assert_idle(sync)
    assert "See the wiki." in sync.texts_on_github(number)[0]
    sync.github.web.delete_comment(row.id, by="alice")
    await whole(sync)
    await sync.run(seconds=90)
    await whole(sync)
    await assert_idle(sync)
    assert (sync.texts_on_github(number), sync.texts_in_bugspark(report)) == ([], [])


async def test_switched_off_again_it_stays_and_nothing_of_it_is_in_bugspark_s_thread(sync: Sync) -> None:
    await configure(sync, link_comment=True)
    report, number = await linked(sync)
    await sync.settle()
    await configure(sync)
    await whole(sync)
    await assert_idle(sync)
    assert texts_there(sync, number) == ["Linked to BUG-0001 in BugSpark."]
    shown = await sync.app.explain_report(str(report))
    assert shown.comments == ()
    (pair,) = sync.bugspark.rows(sa.select(comment_pairs))
    assert pair["local_id"] == pair["link_id"]


async def test_an_exported_issue_gets_none(sync: Sync) -> None:
    await configure(sync, link_comment=True)
    _, number = await sync.linked()
    await assert_idle(sync)
    assert sync.texts_on_github(number) == []

"""A pass after a pass that wrote nothing: no plan, no write, two conditional requests (invariant 8)."""

from reconciler.model.passes import NullProgress
from tests.support.sync import Sync

TOUCHED_BY_AN_IDLE_PASS = {"sync_governor", "sync_projects"}


async def idle_pass_changes_nothing(sync: Sync) -> None:
    before, there = sync.dump(), sync.github.web.picture()
    shown = await sync.plan(seconds=0)
    result = await sync.run(seconds=0)
    after = sync.dump()
    assert shown.actions == ()
    assert [seen.status for seen in sync.asked] == [304, 304]
    assert (result.github.requests, result.github.not_modified, result.github.cost) == (2, 2, 0)
    assert sync.github.web.picture() == there
    assert {name for name in after if before[name] != after[name]} <= TOUCHED_BY_AN_IDLE_PASS
    assert sum(len(set(after[name]) - set(before[name])) for name in after) <= 2


async def test_an_idle_pass_costs_two_304s_and_at_most_two_rows(sync: Sync) -> None:
    for _ in range(3):
        await sync.linked()
    await idle_pass_changes_nothing(sync)


async def test_a_project_without_links_is_idle_too(sync: Sync) -> None:
    await sync.settle()
    await idle_pass_changes_nothing(sync)


async def test_after_a_burst_of_hundreds_of_changes_in_one_second_the_project_is_idle_again(
    sync: Sync,
) -> None:
    reports = [sync.bugspark.add_report(sync.project, f"Report {n}") for n in range(3)]
    await sync.app.export(tuple(str(report) for report in reports), NullProgress())
    others = [sync.github.web.open_issue(f"Other {n}", by="bob").number for n in range(250)]
    await sync.settle()
    for number in (*others, *(sync.number(report) for report in reports)):
        sync.github.web.close(number, by="alice")
        sync.github.web.comment(number, "done", by="bob")
    await sync.run(seconds=0)
    await sync.run(seconds=3)
    assert {sync.status(report) for report in reports} == {"resolved"}
    await sync.run(seconds=3)
    await idle_pass_changes_nothing(sync)


async def test_plan_writes_nothing_anywhere_and_the_pass_does_exactly_what_it_showed(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.close(number, by="alice")
    sync.github.web.comment(number, "closing", by="alice")
    sync.change(report, severity="critical")
    sync.add_comment(report, "why?")
    before, there = sync.dump(), sync.github.web.picture()
    shown = await sync.plan()
    again = await sync.plan(seconds=0)
    assert sync.dump() == before
    assert sync.github.web.picture() == there
    assert shown.hash == again.hash
    assert {action.kind for action in shown.actions} == {
        "set_field",
        "import_comment",
        "swap_labels",
        "post_comment",
    }
    result = await sync.run(seconds=0)
    assert sync.status(report) == "resolved"
    assert sync.labels(number) == {"bug", "critical"}
    assert (result.applied.comments_imported, result.applied.comments_posted) == (1, 1)
    assert (await sync.plan()).actions == ()

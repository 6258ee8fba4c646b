"""Stages have labels once they are mapped: within open, after open or closed has been decided."""

from typing import Any

import pytest

from reconciler.demo.github.faults import Drop
from reconciler.model.fields import Field, Side
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync
from tests.sync.test_project_settings import configure

STAGES = {"in_progress": ["in progress", "doing"], "triaging": ["triage"]}


async def staged(sync: Sync, **report: Any) -> tuple[Any, int]:
    """A linked report in a project that maps both stages."""
    await configure(sync, stage=STAGES)
    sync.github.clock.advance(5)
    return await sync.linked(**report)


def state(sync: Sync, number: int) -> str:
    return sync.github.web.issue(number).state


def labels(sync: Sync, number: int) -> set[str]:
    """The labels besides those of every issue."""
    return sync.labels(number) - {"bug", "medium-priority"}


def stored_stages(sync: Sync) -> list[tuple[Any, ...]]:
    return [
        (row["base_status"], row["base_stage"], row["base_stage_labels"])
        for row in sync.bugspark.rows_of("sync_links")
    ]


async def test_without_a_mapping_no_stage_is_written_on_either_side_nor_stored(sync: Sync) -> None:
    report, number = await sync.linked(severity="medium")
    sync.change(report, status="in_progress")
    await sync.settle()
    sync.github.web.label(number, "triage", by="alice")
    await sync.settle()
    assert (sync.status(report), labels(sync, number)) == ("in_progress", {"triage"})
    assert stored_stages(sync) == [("in_progress", None, None)]


async def test_a_stage_goes_to_github_as_a_label_and_the_next_one_replaces_it(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium")
    assert labels(sync, number) == set()
    sync.change(report, status="triaging")
    await sync.settle()
    assert (sync.status(report), labels(sync, number)) == ("triaging", {"triage"})
    sync.change(report, status="in_progress")
    result = await sync.settle()
    assert (sync.status(report), labels(sync, number)) == ("in_progress", {"in progress"})
    sync.change(report, status="new")
    await sync.settle()
    assert (sync.status(report), labels(sync, number), state(sync, number)) == ("new", set(), "open")
    assert result.conflicts == 0


async def test_a_label_on_github_gives_the_report_its_stage(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium")
    sync.github.web.label(number, "Triage", by="alice")
    await sync.settle()
    assert (sync.status(report), labels(sync, number)) == ("triaging", {"Triage"})
    sync.github.web.label(number, "doing", by="alice")
    await sync.settle()
    assert (sync.status(report), labels(sync, number)) == ("in_progress", {"Triage", "doing"})
    assert stored_stages(sync) == [("in_progress", "in_progress", None)]


async def test_in_progress_comes_before_triaging(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium")
    sync.github.web.label(number, "triage", by="alice")
    sync.github.web.label(number, "in progress", by="alice")
    await sync.settle()
    assert (sync.status(report), state(sync, number)) == ("in_progress", "open")


async def test_no_label_is_no_opinion(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium", status="in_progress")
    assert labels(sync, number) == {"in progress"}
    sync.github.web.unlabel(number, "in progress", by="alice")
    await sync.settle()
    assert (sync.status(report), labels(sync, number)) == ("in_progress", set())


async def test_closing_in_bugspark_removes_our_label(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium", status="in_progress")
    sync.change(report, status="resolved")
    await sync.settle()
    assert (sync.status(report), state(sync, number), labels(sync, number)) == ("resolved", "closed", set())
    assert stored_stages(sync) == [("resolved", "resolved", None)]


async def test_closing_on_github_removes_our_label_and_no_persons(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium", status="in_progress")
    sync.github.web.label(number, "triage", by="alice")
    await sync.settle()
    sync.github.web.close(number, reason="not_planned", by="alice")
    await sync.settle()
    assert (sync.status(report), state(sync, number), labels(sync, number)) == (
        "closed",
        "closed",
        {"triage"},
    )


async def test_reopening_ignores_stage_labels_that_are_older(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium")
    sync.github.web.label(number, "in progress", by="alice")
    await sync.settle()
    sync.github.web.close(number, by="alice")
    await sync.settle()
    assert (sync.status(report), labels(sync, number)) == ("resolved", {"in progress"})
    sync.github.clock.advance(5)
    sync.github.web.label(number, "triage", by="alice")  # between two passes, while it is closed
    sync.github.clock.advance(5)
    sync.github.web.reopen(number, by="alice")
    await sync.settle()
    assert (sync.status(report), state(sync, number)) == ("new", "open")
    assert labels(sync, number) == {"in progress", "triage"}


async def test_reopening_and_a_later_stage_label_are_one_update_of_the_status(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium")
    sync.github.web.close(number, by="alice")
    await sync.settle()
    assert sync.status(report) == "resolved"
    sync.github.clock.advance(5)
    sync.github.web.reopen(number, by="alice")
    sync.github.clock.advance(5)
    sync.github.web.label(number, "in progress", by="alice")
    plan = await sync.plan()
    assert [(each.kind, each.field, each.to) for each in plan.actions] == [
        ("set_field", "status", "in_progress")
    ]
    await sync.run()
    assert (sync.status(report), state(sync, number)) == ("in_progress", "open")
    written = [
        (row["field"], row["to"])
        for row in sync.bugspark.rows_of("sync_changes")
        if row["kind"] == "set_field" and row["field"] in ("status", "stage")
    ]
    assert sorted(written) == [("status", "in_progress"), ("status", "resolved")]
    await sync.settle()
    assert (sync.status(report), labels(sync, number)) == ("in_progress", {"in progress"})


async def test_reopening_in_bugspark_puts_the_present_stage_on_the_issue(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium")
    sync.change(report, status="closed")
    await sync.settle()
    sync.github.web.label(number, "triage", by="alice")
    sync.change(report, status="in_progress")
    await sync.settle()
    assert (sync.status(report), state(sync, number)) == ("in_progress", "open")
    assert labels(sync, number) == {"in progress"}


async def test_the_class_is_decided_before_the_stage(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium")
    sync.change(report, status="in_progress")
    sync.github.web.close(number, by="alice")
    sync.github.web.label(number, "triage", by="alice")
    await sync.settle()
    assert (sync.status(report), state(sync, number)) == ("resolved", "closed")
    assert labels(sync, number) == {"triage"}


async def test_a_conflict_of_stages_is_decided_by_the_newer_change_and_can_be_resolved(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium")
    sync.change(report, status="triaging")
    sync.github.clock.advance(60)
    sync.github.web.label(number, "in progress", by="alice")
    result = await sync.run()
    assert result.conflicts == 1
    await sync.settle()
    assert (sync.status(report), labels(sync, number)) == ("in_progress", {"in progress"})


async def test_a_person_who_was_faster_in_bugspark_is_not_overwritten(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium")
    sync.github.web.label(number, "in progress", by="alice")
    plan = await sync.plan()
    assert [(each.kind, each.field, each.to) for each in plan.actions] == [
        ("set_field", "stage", "in_progress")
    ]
    sync.change(report, status="resolved")
    await sync.settle()
    assert (sync.status(report), state(sync, number)) == ("resolved", "closed")


async def test_settings_that_map_a_stage_change_nothing_by_themselves(sync: Sync) -> None:
    report, number = await sync.linked(severity="medium", status="in_progress")
    other, second = await sync.linked(severity="medium")
    sync.github.web.label(second, "triage", by="alice")
    sync.github.clock.advance(5)
    await configure(sync, stage=STAGES)
    await sync.settle()
    assert (sync.status(report), labels(sync, number)) == ("in_progress", set())
    assert (sync.status(other), labels(sync, second)) == ("new", {"triage"})
    sync.change(other, status="in_progress")
    await sync.settle()
    assert (sync.status(other), labels(sync, second)) == ("in_progress", {"in progress"})


async def test_a_barred_direction_keeps_a_stage_on_its_side_for_good(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium")
    await configure(sync, stage=STAGES, directions={"stage": "to_bugspark"})
    sync.change(report, status="in_progress")
    await sync.settle()
    assert labels(sync, number) == set()
    await configure(sync, stage=STAGES)
    await sync.settle()
    assert (sync.status(report), labels(sync, number)) == ("in_progress", set())
    sync.change(report, status="triaging")
    await sync.settle()
    assert (sync.status(report), labels(sync, number)) == ("triaging", {"triage"})


async def test_taking_the_mapping_away_ends_the_stages_and_keeps_both_sides(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium", status="in_progress")
    await configure(sync)
    sync.change(report, status="triaging")
    await sync.settle()
    assert (sync.status(report), labels(sync, number)) == ("triaging", {"in progress"})
    assert stored_stages(sync) == [("triaging", None, None)]


async def test_the_operator_can_map_stages_for_every_project(world_url: str, github: GitHub) -> None:
    async with open_sync(world_url, github, sync={"stage": {"in_progress": ("wip",)}}) as sync:
        report, number = await sync.linked(severity="medium", status="in_progress")
        assert labels(sync, number) == {"wip"}
        sync.change(report, status="triaging")
        await sync.settle()
        assert (sync.status(report), labels(sync, number)) == ("triaging", set())


@pytest.mark.parametrize("direction", ["off", "to_github"])
async def test_a_stage_is_left_alone_while_open_and_closed_may_not_meet(sync: Sync, direction: str) -> None:
    report, number = await staged(sync, severity="medium")
    await configure(sync, stage=STAGES, directions={"status": direction})
    sync.github.web.close(number, by="alice")
    await sync.settle()
    sync.change(report, status="in_progress")
    await sync.settle()
    assert (sync.status(report), state(sync, number), labels(sync, number)) == (
        "in_progress",
        "closed",
        set(),
    )


async def test_a_stage_whose_answer_was_lost_is_written_once(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium")
    sync.change(report, status="in_progress")
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path=f"/issues/{number}/labels")
    await sync.run()
    sync.github.clock.advance(120)
    await sync.settle(passes=6)
    assert (sync.status(report), labels(sync, number)) == ("in_progress", {"in progress"})


async def test_a_removal_whose_answer_was_lost_ends_with_both_sides_closed_and_no_label(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium", status="in_progress")
    sync.change(report, status="resolved")
    sync.github.simulator.faults.add(Drop(applied=True), method="DELETE", path=f"/issues/{number}/labels")
    await sync.run()
    sync.github.clock.advance(120)
    await sync.settle(passes=6)
    assert (sync.status(report), state(sync, number), labels(sync, number)) == ("resolved", "closed", set())
    assert sync.bugspark.rows_of("sync_intents") == []


async def test_a_lost_stage_can_be_brought_back(sync: Sync) -> None:
    report, number = await staged(sync, severity="medium")
    sync.change(report, status="triaging")
    sync.github.clock.advance(60)
    sync.github.web.label(number, "in progress", by="alice")
    await sync.settle()
    assert sync.status(report) == "in_progress"
    await sync.app.resolve(str(report), Field.STAGE, Side.BUGSPARK)
    await sync.settle()
    assert (sync.status(report), labels(sync, number)) == ("triaging", {"triage"})

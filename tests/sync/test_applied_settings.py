"""*Apply to existing links*: an act of its own, with its plan shown first and bound to its hash."""

import json
from typing import Any

import pytest

from reconciler.demo.github.faults import Drop
from reconciler.errors import PlanChangedError
from reconciler.model.plan import Rule
from reconciler.model.viewer import OPERATOR
from reconciler.model.views import PlanView
from tests.support.sync import Sync
from tests.sync.test_project_settings import configure

NEW: Any = {"severity": {"critical": ["sev1"], "high": ["sev2"], "medium": ["sev3"], "low": ["sev4"]}}


async def preview(sync: Sync, **settings: Any) -> PlanView:
    sync.github.clock.advance(5)
    return await sync.app.settings.preview_settings(sync.project, json.dumps(settings).encode(), OPERATOR)


async def apply(sync: Sync, digest: str) -> PlanView:
    return await sync.app.apply_settings(await sync.app.find_project(str(sync.project)), digest)


async def test_existing_issues_get_the_new_labels_and_lose_ours_of_the_old_mapping(sync: Sync) -> None:
    report, number = await sync.linked(severity="high")
    other, second = await sync.linked(severity="low")
    await configure(sync, **NEW)
    await sync.settle()
    assert sync.labels(number) == {"bug", "high-priority"}
    plan = await preview(sync, **NEW)
    assert {(each.report, each.to, each.rule) for each in plan.actions} == {
        (str(report), "high", Rule.SETTINGS),
        (str(other), "low", Rule.SETTINGS),
    }
    assert (await apply(sync, plan.hash)).actions == plan.actions
    await sync.settle()
    assert (sync.labels(number), sync.labels(second)) == ({"bug", "sev2"}, {"bug", "sev4"})
    assert (sync.severity(report), sync.severity(other)) == ("high", "low")
    assert [row["adopts_mapping"] for row in sync.bugspark.rows_of("sync_links")] == [None, None]


async def test_a_preview_stores_nothing_and_has_the_hash_of_the_stored_settings(sync: Sync) -> None:
    _, number = await sync.linked(severity="high")
    before = sync.dump()
    shown = await preview(sync, **NEW)
    assert sync.dump() == before
    await configure(sync, **NEW)
    assert (await preview(sync, **NEW)).hash == shown.hash
    await apply(sync, shown.hash)
    await sync.settle()
    assert sync.labels(number) == {"bug", "sev2"}


async def test_a_label_that_was_there_before_its_meaning_counts_once_the_settings_are_applied(
    sync: Sync,
) -> None:
    report, number = await sync.linked(severity="high")
    sync.github.web.label(number, "sev1", by="alice")
    await sync.settle()
    sync.github.clock.advance(5)
    await configure(sync, severity={"critical": ["sev1", "critical"]})
    await sync.settle()
    assert sync.severity(report) == "high"
    plan = await preview(sync, severity={"critical": ["sev1", "critical"]})
    assert [(each.kind, each.to) for each in plan.actions] == [("set_field", "critical")]
    await apply(sync, plan.hash)
    await sync.settle()
    assert sync.severity(report) == "critical"
    assert "sev1" in sync.labels(number)


async def test_a_plan_that_is_not_the_same_any_more_is_refused_and_nothing_is_marked(sync: Sync) -> None:
    report, number = await sync.linked(severity="high")
    await configure(sync, **NEW)
    plan = await preview(sync, **NEW)
    sync.change(report, severity="low")
    with pytest.raises(PlanChangedError, match="its hash is"):
        await apply(sync, plan.hash)
    await sync.settle()
    assert sync.labels(number) == {"bug", "sev4"}
    _, second = await sync.linked(severity="high")
    sync.github.web.relabel(second, ["bug"], by="alice")
    await sync.settle()
    assert sync.labels(second) == {"bug"}


async def test_what_a_limit_or_a_lost_answer_left_is_done_by_later_passes(sync: Sync) -> None:
    reports = [await sync.linked(severity="high") for _ in range(3)]
    await configure(sync, **NEW)
    await apply(sync, (await preview(sync, **NEW)).hash)
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path="/labels")
    for _ in range(4):
        await sync.run(seconds=90)
    first, *others = (sync.labels(number) for _, number in reports)
    assert first >= {"bug", "sev2"}  # a label of the old mapping may stay after half a swap
    assert others == [{"bug", "sev2"}] * 2
    assert not any(row["adopts_mapping"] for row in sync.bugspark.rows_of("sync_links"))


async def test_a_label_that_a_person_removes_afterwards_is_not_put_back(sync: Sync) -> None:
    report, number = await sync.linked(severity="high")
    await configure(sync, **NEW)
    await apply(sync, (await preview(sync, **NEW)).hash)
    await sync.settle()
    sync.github.web.relabel(number, ["bug"], by="alice")
    await sync.settle()
    assert (sync.labels(number), sync.severity(report)) == ({"bug"}, "high")


async def test_stages_reach_the_issues_that_were_linked_before(sync: Sync) -> None:
    report, number = await sync.linked(severity="medium")
    sync.change(report, status="in_progress")
    await sync.settle()
    stages: Any = {"stage": {"in_progress": ["in progress"]}}
    await configure(sync, **stages)
    await sync.settle()
    assert "in progress" not in sync.labels(number)
    plan = await preview(sync, **stages)
    await apply(sync, plan.hash)
    await sync.settle()
    assert (sync.status(report), "in progress" in sync.labels(number)) == ("in_progress", True)


async def test_the_plan_is_what_the_next_pass_does(sync: Sync) -> None:
    await sync.linked(severity="high")
    await sync.linked(severity="low", category="ui")
    settings: Any = {**NEW, "category": {"ui": ["area/ui"]}}
    await configure(sync, **settings)
    shown = await preview(sync, **settings)
    await apply(sync, shown.hash)
    assert (await sync.plan()).hash == shown.hash
    assert len(shown.actions) == 3

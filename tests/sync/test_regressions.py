"""Faults that the random histories found, each in its smallest form."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from reconciler.demo.github.faults import Drop, DuringRequest, Limit, Reply, error
from tests.support.scenario import open_scenario
from tests.support.sync import Sync


def while_labelling(sync: Sync, act: Callable[[], object]) -> None:
    """Somebody acts on GitHub after our look and before our label arrives."""
    sync.github.simulator.faults.add(DuringRequest(before=act), method="POST", path="/labels$")


async def test_a_label_that_loses_to_ours_while_ours_is_being_set_is_a_recorded_conflict(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.change(report, category="crash")
    while_labelling(sync, lambda: sync.github.web.label(number, "ui", by="alice"))
    await sync.settle()
    assert sync.category(report) == "crash"
    assert sync.labels(number) == {"bug", "medium-priority", "crash"}
    lost = [row for row in sync.bugspark.rows_of("sync_changes") if row["kind"] == "conflict"]
    assert [(row["field"], row["lost"], row["side"]) for row in lost] == [("category", "ui", "github")]


async def test_a_label_that_wins_over_ours_while_ours_is_being_set_is_taken_over(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.change(report, severity="low")
    while_labelling(sync, lambda: sync.github.web.label(number, "critical", by="alice"))
    await sync.settle()
    assert sync.severity(report) == "critical"
    lost = [row for row in sync.bugspark.rows_of("sync_changes") if row["kind"] == "conflict"]
    assert [(row["field"], row["lost"]) for row in lost] == [("severity", "low")]


@pytest.mark.parametrize("fault", [Limit(), error(401, "Bad credentials"), error(403, "Not today")])
async def test_a_corrected_comment_that_could_not_be_sent_is_sent_soon_and_not_at_the_next_verification(
    sync: Sync, fault: Limit | Reply
) -> None:
    report, number = await sync.linked()
    comment = sync.add_comment(report, "teh word")
    await sync.settle()
    sync.bugspark.set_comment(comment, "the word")
    sync.github.simulator.faults.add(fault, method="PATCH", path="/issues/comments/")
    await sync.run(seconds=7 * 3600)
    assert "teh word" in sync.texts_on_github(number)[0]
    await sync.run(seconds=61)
    assert "the word" in sync.texts_on_github(number)[0]


@pytest.mark.parametrize("minutes", [5, -5])
async def test_a_new_process_with_a_wrong_clock_waits_the_settle_time_by_github_s(
    world_url: str, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    async with open_scenario(world_url) as scenario:
        report = await scenario.export(title="first")
        true = scenario.github.clock.now
        monkeypatch.setattr(scenario.clock, "now", lambda: true() + timedelta(minutes=minutes))
        scenario.comment_in_bugspark(report)
        scenario.github.simulator.faults.add(Drop(), method="POST", path="/comments$")
        await scenario.run()
        for seconds, copies in ((5, 0), (5, 0), (5, 0), (61, 0), (61, 1)):
            await scenario.stop()
            await scenario.run(seconds=seconds)
            assert len(scenario.comments_of_its_issue(report)) == copies

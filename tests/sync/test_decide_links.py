"""A person changes their mind while the outcome of what was sent for them is unknown: the person counts."""

import pytest

from reconciler.demo.github.faults import Drop
from reconciler.model.fields import Severity, Status
from reconciler.model.ids import ReportId
from tests.support.sync import Sync


async def closed_with_a_lost_answer(sync: Sync, *, applied: bool) -> tuple[ReportId, int]:
    report, number = await sync.linked()
    sync.change(report, status=Status.RESOLVED)
    sync.github.simulator.faults.add(Drop(applied=applied), method="PATCH")
    assert (await sync.run()).pending == 1
    sync.github.clock.advance(2)
    return report, number


@pytest.mark.parametrize("applied", [True, False])
async def test_who_reopens_a_report_is_not_overruled_by_the_echo_of_its_closing(
    sync: Sync, applied: bool
) -> None:
    report, number = await closed_with_a_lost_answer(sync, applied=applied)
    sync.change(report, status=Status.NEW)
    assert (await sync.run()).pending == 1
    assert sync.status(report) == "new", "what was sent is no change of GitHub's"
    await sync.run(seconds=61)
    await sync.run()
    assert (sync.github.web.issue(number).state, sync.status(report)) == ("open", "new")
    assert sync.dump()["sync_intents"] == []


async def test_a_change_on_github_is_synced_when_the_outcome_is_known(sync: Sync) -> None:
    report, number = await closed_with_a_lost_answer(sync, applied=True)
    sync.github.web.reopen(number, by="alice")
    await sync.run(seconds=1)
    await sync.run(seconds=61)
    await sync.run()
    assert (sync.github.web.issue(number).state, sync.status(report)) == ("open", "new")


async def test_another_field_does_not_wait(sync: Sync) -> None:
    report, number = await closed_with_a_lost_answer(sync, applied=True)
    sync.change(report, status=Status.NEW)
    sync.github.web.unlabel(number, "medium-priority", by="alice")
    sync.github.web.label(number, "critical", by="alice")
    await sync.run(seconds=1)
    assert (sync.severity(report), sync.status(report)) == ("critical", "new")


async def test_a_second_change_of_severity_survives_the_echo_of_the_first(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.change(report, severity=Severity.CRITICAL)
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path="/labels$")
    assert (await sync.run()).pending == 1
    sync.change(report, severity=Severity.MEDIUM)
    await sync.run(seconds=1)
    await sync.run(seconds=61)
    await sync.run()
    assert (sync.severity(report), sync.labels(number)) == ("medium", {"bug", "medium-priority"})

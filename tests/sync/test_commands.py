"""A paused project: nothing is asked, nothing is written, until it is resumed."""

import pytest

from reconciler.demo.github.faults import DuringRequest
from reconciler.model.passes import NullProgress, Outcome
from tests.support.sync import Sync


async def test_a_paused_project_is_left_alone_by_every_kind_of_pass(sync: Sync) -> None:
    report, number = await sync.linked()
    assert "reconcile resume Shop" in await sync.app.pause("Shop")
    sync.change(report, status="resolved")
    sync.github.web.comment(number, "anybody?", by="bob")
    before, there = sync.dump(), sync.github.web.picture()
    result = await sync.run()
    assert result.outcome is Outcome.REFUSED
    assert result.error is not None
    assert result.error.message == "Shop: it is paused; go on with reconcile resume Shop"
    verified = await sync.app.verify(await sync.app.find_project("Shop"), wait=False, progress=NullProgress())
    (exported,) = await sync.app.export((str(sync.bugspark.add_report(sync.project)),), NullProgress())
    assert verified.outcome is Outcome.REFUSED
    assert "it is paused" in str(exported.error)
    assert sync.asked == []
    assert sync.github.web.picture() == there
    after = sync.dump()
    assert {name for name in after if after[name] != before[name]} == {"reports", "sync_acts"}, (
        "only the report just filed, and who asked for what"
    )
    found = await sync.scheduled()
    assert found.paused
    (health,), _ = await sync.app.status(None)
    assert health.paused


async def test_a_resumed_project_syncs_what_changed_during_the_pause(sync: Sync) -> None:
    report, number = await sync.linked()
    await sync.app.pause("Shop")
    assert await sync.app.pause("Shop") == "Shop is paused already; nothing to do"
    sync.change(report, status="resolved")
    sync.github.web.comment(number, "anybody?", by="bob")
    await sync.app.resume("Shop")
    assert await sync.app.resume("Shop") == "Shop is not paused; nothing to do"
    assert (await sync.run()).outcome is Outcome.OK
    assert sync.github.web.issue(number).state == "closed"
    assert len(sync.texts_in_bugspark(report)) == 1


async def test_a_pause_stops_the_pass_at_work_before_its_next_write(sync: Sync) -> None:
    reports = [(await sync.linked())[0] for _ in range(3)]
    for report in reports:
        sync.add_comment(report, "words")
    sync.github.simulator.faults.add(
        DuringRequest(after=lambda: sync.bugspark.execute("UPDATE sync_projects SET paused = true")),
        method="POST",
    )
    result = await sync.run()
    assert result.outcome is Outcome.REFUSED
    assert result.error is not None
    assert "reconcile resume" in result.error.message
    assert result.applied.comments_posted == 1
    found = await sync.scheduled()
    assert (found.failures, found.next_at) == (0, None)
    assert (await sync.run()).github.requests == 0
    await sync.app.resume("Shop")
    await sync.settle()
    assert [len(sync.texts_on_github(sync.number(report))) for report in reports] == [1, 1, 1]


@pytest.mark.parametrize("world_url", ["sqlite"], indirect=True)
async def test_a_project_never_looked_at_may_be_paused(sync: Sync) -> None:
    await sync.app.pause(str(sync.project))
    assert (await sync.run()).outcome is Outcome.REFUSED
    await sync.app.resume(str(sync.project))
    assert (await sync.run()).outcome is Outcome.OK

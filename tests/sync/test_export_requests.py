"""Requested exports: recorded before GitHub is asked, and each has an end."""

from datetime import timedelta

import pytest

from reconciler.demo.github.faults import Drop, Limit
from reconciler.errors import RefusedError
from reconciler.model.fields import Status
from reconciler.model.ids import ReportId
from reconciler.model.passes import NullProgress
from reconciler.model.views import ExportResult
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync

ISSUES = "/issues$"
SETTLED = 66.0
"""So much later an automatic export no longer waits for BugSpark's own button."""


async def export(sync: Sync, report: ReportId) -> ExportResult:
    sync.github.clock.advance(5)
    (result,) = await sync.app.export((str(report),), NullProgress())
    return result


def move_integration(sync: Sync) -> None:
    """The owner connects another repository."""
    sync.github.world.add_repository("acme/site").allow("bugspark-bot", "write")
    sync.bugspark.execute("UPDATE integrations SET is_active = false")
    sync.bugspark.add_integration(sync.project, repo="site", token=sync.github.token)


def issues(sync: Sync, name: str) -> int:
    return len(sync.github.world.repository(name).picture())


async def shown(sync: Sync, report: ReportId) -> tuple[str, str]:
    view = await sync.app.explain_report(str(report))
    return view.state, view.reason or ""


async def test_a_limited_first_contact_loses_no_export(sync: Sync) -> None:
    report = sync.bugspark.add_report(sync.project, "It breaks")
    sync.github.simulator.faults.add(Limit(wait=120), method="GET", path="/repos/acme/web$")
    result = await export(sync, report)
    assert result.url is None
    assert "waits for a pass after" in (result.error or "")
    assert (await shown(sync, report))[0] == "Waiting"
    await sync.run(seconds=130)
    assert sync.number(report) == 1
    assert sync.dump()["sync_intents"] == []
    sync.add_comment(report, "and on")
    await sync.run()
    assert len(sync.texts_on_github(1)) == 1, "its marker is that of the repository"


async def test_an_unsent_export_follows_the_integration(sync: Sync) -> None:
    await sync.run()
    report = sync.bugspark.add_report(sync.project, "It breaks")
    sync.github.simulator.faults.add(Limit(wait=600), method="POST", path=ISSUES)
    await export(sync, report)
    move_integration(sync)
    await sync.run(seconds=700)
    assert (issues(sync, "acme/web"), issues(sync, "acme/site")) == (0, 1)
    assert sync.number(report) == 1
    assert sync.dump()["sync_intents"] == []


async def lost_and_moved(sync: Sync) -> ReportId:
    """An export whose answer was lost, in a repository that the project has left since."""
    await sync.run()
    report = sync.bugspark.add_report(sync.project, "It breaks")
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path=ISSUES)
    await export(sync, report)
    move_integration(sync)
    await sync.run(seconds=61)
    result = await sync.run(seconds=61)
    assert result.outcome == "partial"
    assert result.error is not None
    assert "reconcile retry Shop:BUG-0001" in result.error.message
    state, reason = await shown(sync, report)
    assert state == "Needs attention"
    assert "reconcile retry" in reason
    return report


async def test_retry_makes_an_issue_of_unknown_outcome_in_the_new_repository(sync: Sync) -> None:
    report = await lost_and_moved(sync)
    await sync.app.retry(str(report))
    assert (await sync.settle()).outcome == "ok"
    assert issues(sync, "acme/site") == 1
    assert (await shown(sync, report))[0] == "Synced"


async def test_unlink_gives_up_an_issue_of_unknown_outcome(sync: Sync) -> None:
    report = await lost_and_moved(sync)
    assert "waits no more" in await sync.app.unlink(str(report))
    assert (await sync.settle()).outcome == "ok"
    assert issues(sync, "acme/site") == 0
    assert await shown(sync, report) == ("Not linked", "")
    view = await sync.app.explain_report(str(report))
    assert any("given up by a person" in dated.change.rule for dated in view.detail.history)
    with pytest.raises(RefusedError):
        await sync.app.unlink(str(report))


async def test_unlink_cancels_an_export_that_waits(sync: Sync) -> None:
    await sync.run()
    report = sync.bugspark.add_report(sync.project, "It breaks")
    sync.github.simulator.faults.add(Limit(wait=600), method="POST", path=ISSUES)
    await export(sync, report)
    assert "cancelled" in await sync.app.unlink(str(report))
    await sync.run(seconds=700)
    assert issues(sync, "acme/web") == 0
    assert await shown(sync, report) == ("Not linked", "")


async def test_the_lost_comment_of_a_repository_that_was_left_can_be_given_up(sync: Sync) -> None:
    report, _ = await sync.linked()
    sync.add_comment(report, "once")
    sync.github.simulator.faults.add(Drop(), method="POST", path="/comments$")
    await sync.run()
    move_integration(sync)
    await sync.run()
    await sync.app.retry(str(report))
    assert (await sync.run()).outcome == "ok"
    assert sync.dump()["sync_intents"] == []


async def test_an_issue_in_another_repository_is_not_the_one_asked_for(sync: Sync) -> None:
    report, number = await sync.linked()
    move_integration(sync)
    for _ in range(2):
        result = await export(sync, report)
        assert result.url is None
        assert f"acme/web#{number}" in (result.error or "")
        await sync.run()
    state, reason = await shown(sync, report)
    assert state == "Needs attention"
    assert f"acme/web#{number}" in reason
    assert "acme/site" in reason
    await sync.app.unlink(str(report))
    assert ((await export(sync, report)).url or "").endswith("/acme/site/issues/1")


@pytest.mark.parametrize("skew", [-5, 0, 5])
async def test_a_report_filed_just_after_the_first_pass_is_exported(
    world_url: str, github: GitHub, skew: float
) -> None:
    """BugSpark's database is seconds away from GitHub."""
    ahead = timedelta(seconds=skew)
    async with open_sync(world_url, github, sync={"export": "all"}) as sync:
        sync.bugspark.add_report(sync.project, "older", at=github.clock.now() + ahead)
        await sync.run()
        assert github.web.picture() == {}
        github.clock.advance(1)
        report = sync.bugspark.add_report(sync.project, "newer", at=github.clock.now() + ahead)
        await sync.run(seconds=SETTLED)
        assert sync.number(report) == 1
        assert len(github.web.picture()) == 1


async def test_the_first_report_of_an_empty_project_is_exported(world_url: str, github: GitHub) -> None:
    async with open_sync(world_url, github, sync={"export": "all"}) as sync:
        await sync.run()
        at = github.clock.now() - timedelta(seconds=30)
        report = sync.bugspark.add_report(sync.project, "first", at=at)
        await sync.run(seconds=SETTLED)
        assert sync.number(report) == 1


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
async def test_a_report_that_is_done_is_exported_only_by_name(
    world_url: str, github: GitHub, status: Status
) -> None:
    async with open_sync(world_url, github, sync={"export": "all"}) as sync:
        await sync.run()
        report = sync.bugspark.add_report(sync.project, "done", status=status, at=github.clock.now())
        await sync.run(seconds=SETTLED)
        assert github.web.picture() == {}
        assert (await export(sync, report)).url is not None
        await sync.settle()
        assert github.web.issue(1).state == "closed"

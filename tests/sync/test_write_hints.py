"""A write that meets no issue is a hint: its link is read in full in the same pass, no more is sent."""

from collections.abc import Callable

import pytest

from reconciler.demo.github.faults import DuringRequest, error
from reconciler.model.ids import ReportId
from reconciler.model.passes import Outcome
from tests.support.sync import Sync

SETTLED = 61.0


async def state(sync: Sync, report: ReportId) -> str:
    return (await sync.app.explain_report(str(report))).state


def on_first_write(sync: Sync, change: Callable[[], object]) -> None:
    """Somebody does this on GitHub after the pass has read everything and before its first write arrives."""
    sync.github.simulator.faults.add(DuringRequest(before=change), method="POST", path="/comments$")


@pytest.mark.parametrize(
    ("change", "ends_as"), [("delete", "Gone on GitHub"), ("transfer", "Transferred on GitHub")]
)
async def test_an_issue_that_is_gone_when_it_is_written_to_is_reported_by_the_same_pass(
    sync: Sync, change: str, ends_as: str
) -> None:
    report, number = await sync.linked()
    bystander, other = await sync.linked()
    for text in ("one", "two", "three", "four"):
        sync.add_comment(report, text)
    sync.change(report, severity="critical")
    sync.add_comment(bystander, "goes on")
    elsewhere = sync.github.world.add_repository("acme/api")
    for login in ("bugspark-bot", "alice"):
        elsewhere.allow(login, "write")
    web = sync.github.web
    on_first_write(
        sync,
        lambda: (
            web.delete_issue(number, by="alice")
            if change == "delete"
            else web.transfer(number, elsewhere, by="alice")
        ),
    )
    await sync.run()
    refused = [seen for seen in sync.writes if seen.status in (301, 404, 410)]
    assert len(refused) == 1, "one refused write, not four"
    assert len(sync.texts_on_github(other)) == 1, "the other report's comment went out"
    assert await state(sync, report) == "Needs attention"
    await sync.run(seconds=5)
    assert not sync.writes, "not even by hand, as long as the link rests"
    await sync.run(seconds=SETTLED)
    assert (await state(sync, report), sync.writes) == (ends_as, [])
    quiet = await sync.run(seconds=5)
    assert (quiet.outcome, quiet.pending, sync.writes) == (Outcome.OK, 0, [])
    assert len(sync.texts_in_bugspark(report)) == 4, "nothing in BugSpark was changed for it"


@pytest.mark.parametrize("status", [404, 410])
async def test_a_write_refused_for_another_reason_rests_alone(sync: Sync, status: int) -> None:
    report, number = await sync.linked()
    sync.github.simulator.faults.add(error(status, "No"), method="POST", path="/comments$")
    sync.add_comment(report, "ours")
    result = await sync.run()
    assert (result.outcome, result.quarantined) == (Outcome.PARTIAL, 1)
    assert sync.texts_on_github(number) == []
    assert (await state(sync, report)) == "Needs attention"
    sync.github.web.close(number, by="alice")
    await sync.run()
    assert sync.status(report) == "resolved", "the link itself goes on"
    assert len(sync.texts_on_github(number)) == 1


@pytest.mark.parametrize("message", ["API version 2022-11-28 is no longer supported", "Gone"])
async def test_a_retired_api_version_never_ends_a_link(sync: Sync, message: str) -> None:
    report, number = await sync.linked()
    sync.add_comment(report, "ours")
    before = sync.github.web.picture()
    faults = sync.github.simulator.faults
    retire = DuringRequest(after=lambda: faults.add(error(410, message), times=None))
    faults.add(retire, method="GET", path="/repos/acme/web$")  # the last request before the write
    for attempt in range(4):
        result = await sync.run(seconds=SETTLED)
        assert [seen.status for seen in sync.writes] == ([410] if attempt == 0 else [])
        assert result.outcome is Outcome.FAILED
        assert result.error is not None
        assert "github.api_version" in result.error.message
        assert "issues are switched on" not in result.error.message
    assert sync.github.web.picture() == before
    faults.clear()
    await sync.run()
    assert await state(sync, report) == "Synced"
    assert len(sync.texts_on_github(number)) == 1

"""A `Date` of GitHub's more than a day from this machine's clock is reported, not believed; passes go on."""

from datetime import timedelta

import pytest

from reconciler.demo.github.faults import Drop, Rewrite
from reconciler.model.passes import Outcome
from reconciler.model.views import CheckLevel
from tests.support.sync import Sync

DATES = {
    "2100": "Fri, 01 Jan 2100 00:00:00 GMT",
    "9999": "Fri, 31 Dec 9999 23:59:59 GMT",
    "1970": "Thu, 01 Jan 1970 00:00:00 GMT",
    "a week ahead": "Mon, 09 Mar 2026 09:00:00 GMT",
}


def set_date(sync: Sync, date: str) -> None:
    sync.github.simulator.faults.add(Rewrite(headers={"Date": date}), times=None)


@pytest.mark.parametrize("date", DATES)
async def test_both_sides_go_on_and_nothing_is_postponed_or_deleted(sync: Sync, date: str) -> None:
    report, number = await sync.linked()
    set_date(sync, DATES[date])
    sync.change(report, status="closed")
    sync.github.web.comment(number, "hello", by="alice")
    await sync.settle()
    assert sync.github.web.issue(number).state == "closed"
    assert sync.texts_in_bugspark(report) == ["**alice** (via GitHub):\n\nhello"]
    container = sync.app._container
    kept = sync.dump()["sync_changes"]
    await container.delete_old_records(timedelta(seconds=1))
    assert sync.dump()["sync_changes"] == kept
    due = (await sync.scheduled()).verification_due
    assert due
    assert due < sync.clock.now() + timedelta(days=1)
    checks = {check.name: check for check in await sync.app.run_self_check()}
    clock = next(check for name, check in checks.items() if name.endswith("clock"))
    assert clock.level is CheckLevel.FAIL
    assert "GitHub's clock says" in clock.message

    sync.github.simulator.faults.clear()
    sync.github.web.reopen(number, by="alice")
    await sync.settle()
    assert sync.status(report) == "new"


@pytest.mark.parametrize("date", DATES)
async def test_a_first_pass_reads_a_repository_and_exports(sync: Sync, date: str) -> None:
    set_date(sync, DATES[date])
    report, number = await sync.linked()
    assert sync.github.web.issue(number).state == "open"
    assert (await sync.settle()).outcome is Outcome.OK
    assert sync.number(report) == number


@pytest.mark.parametrize("date", ["2100", "1970"])
async def test_a_lost_answer_under_such_a_clock_makes_no_second_comment(sync: Sync, date: str) -> None:
    report, number = await sync.linked()
    sync.github.simulator.faults.add(Drop(applied=True), method="POST", path="/comments")
    set_date(sync, DATES[date])
    sync.add_comment(report, "once")
    for _ in range(6):
        await sync.run(seconds=61)
    assert len(sync.texts_on_github(number)) == 1

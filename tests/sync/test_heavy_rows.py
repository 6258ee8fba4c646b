"""Pages that GitHub does not answer: smaller ones, and a row that is never shown rests its issue alone."""

from typing import Any

import pytest

from reconciler.demo.github.faults import error
from reconciler.demo.github.messages import Problem
from reconciler.github import transport
from reconciler.model.ids import ReportId
from reconciler.model.passes import Outcome
from tests.support.sync import Sync
from tests.sync.test_unreadable_rows import is_synced, linked, resting, use_both_sides


def never_shown(_: dict[str, Any]) -> None:
    raise Problem(502, "Server Error")


async def all_synced(sync: Sync, links: dict[ReportId, int]) -> None:
    for report, number in links.items():
        assert is_synced(sync, report, number), number


@pytest.mark.parametrize("failing", ["100", "100|50", "100|50|25", "100|50|25|10"])
async def test_smaller_pages_are_asked_for(sync: Sync, failing: str) -> None:
    links = await linked(sync, 12)
    for report, number in links.items():
        use_both_sides(sync, report, number)
    sync.github.simulator.faults.add(error(502), method="GET", path=rf"per_page=({failing})(&|$)", times=None)
    assert (await sync.run()).outcome is Outcome.OK
    await all_synced(sync, links)
    sync.github.simulator.faults.clear()
    await sync.settle()
    await all_synced(sync, links)


@pytest.mark.parametrize("paging", ["pages", "cursors"])
@pytest.mark.parametrize("kind", ["issue", "comment"])
@pytest.mark.parametrize("place", [0, 5])
async def test_a_row_that_is_never_shown_rests_its_issue_alone(
    sync: Sync, kind: str, place: int, paging: str
) -> None:
    sync.github.world.assume(paging=paging)
    links = await linked(sync, 6)
    (heavy, number) = list(links.items())[place]
    for report, each in links.items():
        use_both_sides(sync, report, each)
        row = sync.github.web.issue(each).id if kind == "issue" else 0
        if report == heavy and kind == "comment":
            row = sync.github.web.comment(each, "a heavy one", by="bob").id
        if report == heavy:
            sync.github.simulator.views.edits[row] = never_shown
        sync.github.clock.advance(3)
    result = await sync.run()
    assert result.outcome is Outcome.PARTIAL
    assert list(await resting(sync)) == [str(number)]
    (reason,) = (await resting(sync)).values()
    assert "502" in reason
    assert f"/issues/{number}" in reason, "the request is named"
    assert not any("a heavy one" in body for body in sync.texts_in_bugspark(heavy))
    await all_synced(sync, {key: value for key, value in links.items() if key != heavy})
    sync.github.simulator.views.edits.clear()
    await sync.run(seconds=3601)
    await sync.settle()
    assert not await resting(sync)
    await all_synced(sync, links)
    assert sum("a heavy one" in body for body in sync.texts_in_bugspark(heavy)) == (kind == "comment")


async def test_a_row_of_no_link_is_named_and_stepped_over(sync: Sync) -> None:
    links = await linked(sync, 2)
    stranger = sync.github.web.open_issue("Not ours", by="bob")
    sync.github.simulator.views.edits[stranger.id] = never_shown
    for report, number in links.items():
        use_both_sides(sync, report, number)
    result = await sync.run()
    assert result.error is not None
    assert "a row of acme/web's list of issues" in result.error.message
    assert "502" in result.error.message
    await all_synced(sync, links)
    assert not await resting(sync)


async def test_an_answer_that_is_too_large_is_asked_for_in_parts(
    sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = await linked(sync, 8)
    for report, number in links.items():
        use_both_sides(sync, report, number)
        sync.github.web.rewrite(number, "x" * 9_000, by="alice")
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 40_000)
    assert (await sync.run()).outcome is Outcome.OK
    await all_synced(sync, links)


@pytest.mark.parametrize("is_linked", [True, False])
async def test_a_row_that_is_never_shown_costs_later_passes_nothing(sync: Sync, *, is_linked: bool) -> None:
    """Once it is older than the overlap of the lists, which nothing newer moves in a quiet repository."""
    links = await linked(sync, 2)
    (first, number), (second, other) = links.items()
    web = sync.github.web
    row = web.comment(number, "a heavy one", by="bob").id if is_linked else web.open_issue("", by="bob").id
    sync.github.simulator.views.edits[row] = never_shown
    failure = (await sync.run_due()).error
    assert failure is not None
    assert f"a row of acme/web's list of {'comments' if is_linked else 'issues'}: " in failure.message
    await sync.run_due(seconds=130)
    await sync.run_due(seconds=60)  # asks from the new anchor on, without an ETag
    result = await sync.run_due(seconds=60)
    assert result.github.requests == result.github.not_modified == 2
    use_both_sides(sync, second, other)
    await sync.run_due(seconds=60, compares=True)
    await all_synced(sync, {second: other})
    sync.github.simulator.views.edits.clear()
    use_both_sides(sync, first, number)
    await sync.run_due(seconds=7 * 3600, compares=True)
    await sync.settle()
    await all_synced(sync, links)


async def test_smaller_pages_of_a_thread_are_asked_for_once_each(sync: Sync) -> None:
    """As each is another attempt; only the last one is repeated."""
    ((_, number),) = (await linked(sync, 1)).items()
    row = sync.github.web.comment(number, "a heavy one", by="bob").id
    sync.github.simulator.views.edits[row] = never_shown
    await sync.run_due()
    thread = [each for each in sync.asked if each.path.endswith(f"/issues/{number}/comments")]
    assert [each.query["per_page"] for each in thread] == ["100"] * 4 + ["50", "25", "10"] + ["1"] * 4


async def test_an_outage_is_no_heavy_row(sync: Sync) -> None:
    links = await linked(sync, 2)
    for report, number in links.items():
        use_both_sides(sync, report, number)
    sync.github.simulator.faults.add(error(502), method="GET", times=None)
    result = await sync.run(seconds=7 * 3600)
    assert result.outcome is Outcome.FAILED
    assert result.error is not None
    assert "502" in result.error.message
    assert "GET /repos/acme/web" in result.error.message
    assert not await resting(sync), "nothing is inferred"
    sync.github.simulator.faults.clear()
    await sync.settle()
    await all_synced(sync, links)

"""An issue with as many labels as fit: a label goes before another one is added."""

import pytest

from reconciler.demo.github.faults import DuringRequest
from reconciler.model.passes import Outcome
from tests.support.sync import Sync


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_full_issue_swaps_its_severity(sync: Sync, *, is_known: bool) -> None:
    report, number = await sync.linked(severity="low")
    others = [f"area {each}" for each in range(98)]
    assert sync.labels(number) == {"bug", "low-priority"}
    sync.change(report, severity="critical")
    if is_known:
        sync.github.web.label(number, *others, by="alice")
    else:  # between the look and the write
        sync.github.simulator.faults.add(
            DuringRequest(before=lambda: sync.github.web.label(number, *others, by="alice")),
            method="POST",
            path="/labels$",
        )
    result = await sync.run()
    assert (result.outcome, result.quarantined) == (Outcome.OK, 0)
    assert sync.labels(number) == {"bug", "critical", *others}
    refused = [seen for seen in sync.writes if seen.status >= 400]
    assert len(refused) == (0 if is_known else 1)
    await sync.settle()
    assert (sync.severity(report), sync.labels(number)) == ("critical", {"bug", "critical", *others})


async def test_a_full_issue_without_a_label_to_remove_is_reported(sync: Sync) -> None:
    report, number = await sync.linked(category="other")
    sync.github.web.label(number, *(f"area {each}" for each in range(98)), by="alice")
    await sync.settle()
    sync.change(report, category="crash")
    result = await sync.run()
    assert (result.outcome, result.quarantined) == (Outcome.PARTIAL, 1)
    assert len(sync.labels(number)) == 100
    sync.github.web.unlabel(number, "area 7", by="alice")
    await sync.run()
    assert "crash" in sync.labels(number)

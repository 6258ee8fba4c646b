"""People who act while a pass is under way."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from reconciler.demo.github.faults import DuringRequest, Stale
from reconciler.model.snapshot import StoreResult, TransactionBatch
from tests.support.sync import Sync


def before_storing(sync: Sync, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let a person act once, after the pass has decided and before it stores."""
    ledger: Any = sync.app._stores.ledger
    store: Callable[[TransactionBatch], Awaitable[StoreResult]] = ledger.apply_batch
    pending = [act]

    async def late(batch: TransactionBatch) -> StoreResult:
        if pending and batch.plans:
            pending.pop()()
        return await store(batch)

    monkeypatch.setattr(type(ledger), "apply_batch", lambda _, batch: late(batch))


async def test_a_person_who_changes_the_same_field_in_the_middle_of_a_pass_is_not_overwritten(
    sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, number = await sync.linked(severity="low")
    sync.github.web.unlabel(number, "low-priority", by="alice")
    sync.github.web.label(number, "high-priority", by="alice")
    sync.github.clock.advance(30)

    def ada() -> None:
        sync.change(report, severity="critical")

    before_storing(sync, monkeypatch, ada)
    await sync.run()
    assert sync.severity(report) == "critical"
    await sync.settle()
    assert sync.severity(report) == "critical"
    assert sync.labels(number) == {"bug", "critical"}


async def test_a_person_who_changes_another_field_in_the_middle_keeps_that_too(
    sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, number = await sync.linked(severity="low")
    sync.github.web.close(number, by="alice")
    before_storing(sync, monkeypatch, lambda: sync.change(report, severity="high"))
    await sync.settle()
    assert (sync.status(report), sync.severity(report)) == ("resolved", "high")
    assert sync.labels(number) == {"bug", "high-priority"}


async def test_a_report_deleted_in_the_middle_of_a_pass_deletes_nothing_on_github(
    sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, number = await sync.linked()
    for n in range(3):
        sync.add_comment(report, f"comment {n}")
    await sync.settle()
    sync.github.web.close(number, by="alice")
    before_storing(sync, monkeypatch, lambda: sync.bugspark.delete_report(report))
    await sync.settle()
    assert len(sync.texts_on_github(number)) == 3
    assert sync.github.web.issue(number).state == "closed"


async def test_a_status_set_back_while_the_issue_is_being_closed_wins_in_the_end(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.change(report, status="resolved")
    later = DuringRequest(before=lambda: sync.change(report, status="in_progress"))
    sync.github.simulator.faults.add(later, method="PATCH")
    await sync.settle()
    assert sync.status(report) == "in_progress"
    assert sync.github.web.issue(number).state == "open"


async def test_a_person_on_github_who_is_faster_than_our_stale_state_write_is_seen_first(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.change(report, status="resolved")
    sync.add_comment(report, "first")

    def bob_and_time() -> None:
        sync.github.web.close(number, by="alice", reason="not_planned")
        sync.github.clock.advance(60)

    sync.github.simulator.faults.add(DuringRequest(after=bob_and_time), method="GET", path="/issues/comments")
    await sync.run()
    assert sync.github.web.issue(number).reason == "not_planned"
    await sync.settle()
    assert sync.github.web.issue(number).state == "closed"


async def test_a_lagging_list_does_not_undo_our_own_write(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.change(report, status="resolved", severity="critical")
    await sync.run()
    sync.github.simulator.faults.add(Stale(seconds=5), method="GET", path="/issues", times=2)
    await sync.run(seconds=2)
    assert (sync.status(report), sync.severity(report)) == ("resolved", "critical")
    await sync.settle()
    assert (sync.status(report), sync.severity(report)) == ("resolved", "critical")
    assert sync.github.web.issue(number).state == "closed"
    assert sync.labels(number) == {"bug", "critical"}

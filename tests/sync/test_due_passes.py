"""A due pass of the daemon: what it reads, and what it does although it does not compare BugSpark itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from reconciler.errors import ProjectLockLostError
from reconciler.model.passes import Outcome
from reconciler.store.sync.locks.session_locks import LockSession
from reconciler.sync.commands import request_export
from tests.support.sync import Sync

MAX_STATEMENTS, MAX_TRANSACTIONS = 20, 6


@contextmanager
def counted(sync: Sync, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """Count statements (BEGIN with its settings as two, COMMIT as one) and transactions of the program."""
    engine, seen = sync.app._container.database._engine, {"statements": 0, "transactions": 0}
    query_row = LockSession.query_row

    def hear(_: object, __: object, statement: str, *___: object) -> None:
        begins = statement.startswith("BEGIN")
        seen["statements"] += 3 if begins else 1
        seen["transactions"] += begins

    async def hear_lock(*values: Any, **options: Any) -> tuple[Any, ...]:
        seen["statements"] += 1
        seen["transactions"] += 1
        return await query_row(*values, **options)

    sa.event.listen(engine, "before_cursor_execute", hear)
    monkeypatch.setattr(LockSession, "query_row", hear_lock)
    yield seen
    sa.event.remove(engine, "before_cursor_execute", hear)
    monkeypatch.setattr(LockSession, "query_row", query_row)


@pytest.mark.parametrize("world_url", ["postgresql"], indirect=True)
async def test_an_idle_pass_takes_at_most_twenty_statements_and_six_transactions(
    sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        await sync.linked()
    before = sync.dump()
    with counted(sync, monkeypatch) as seen:
        result = await sync.run_due()
    after = sync.dump()
    assert (result.outcome, result.github.not_modified, result.github.requests) == (Outcome.OK, 2, 2)
    assert seen["statements"] <= MAX_STATEMENTS, seen
    assert seen["transactions"] <= MAX_TRANSACTIONS, seen
    assert sum(len(set(after[name]) - set(before[name])) for name in after) == 2


async def test_a_due_pass_takes_over_what_github_shows_and_leaves_bugspark_to_the_scan(sync: Sync) -> None:
    report, number = await sync.linked()
    other, second = await sync.linked()
    sync.github.web.close(number, by="alice")
    sync.add_comment(other, "seen again")
    await sync.run_due()
    assert sync.status(report) == "resolved"
    assert sync.texts_on_github(second) == []
    await sync.run_due(compares=True)
    assert len(sync.texts_on_github(second)) == 1
    assert (await sync.run_due()).is_uneventful


async def test_both_sides_of_one_link_are_decided_together_without_a_comparison(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.change(report, severity="critical")
    sync.github.clock.advance(5)
    sync.github.web.close(number, by="alice")
    await sync.run_due()
    assert (sync.status(report), sync.severity(report)) == ("resolved", "critical")
    assert "critical" in sync.labels(number)


async def test_links_due_for_verification_are_compared_by_a_due_pass(sync: Sync) -> None:
    await sync.linked()
    await sync.run_due()
    assert len(sync.asked) == 2, "the two lists"
    sync.bugspark.execute("UPDATE sync_links SET check_due = '2020-01-01 00:00:00+00:00'")
    await sync.run_due()
    assert len(sync.asked) == 3, "and the issue"
    await sync.run_due()
    assert len(sync.asked) == 2


async def test_writes_that_wait_are_sent_by_a_due_pass(sync: Sync) -> None:
    await sync.settle()
    report = sync.bugspark.add_report(sync.project)
    context = await sync.app._build_command_context(await sync.app.find_project(str(sync.project)))
    await request_export(context, report)
    await sync.run_due()
    assert sync.number(report)


async def test_a_pass_of_a_restored_database_compares_whatever_it_was_asked(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.bugspark.execute("UPDATE sync_projects SET recovering = true")
    sync.change(report, status="resolved")
    await sync.run_due()
    await sync.run_due()
    assert sync.github.web.issue(number).state == "closed"


async def test_misnamed_reports_stay_known_after_a_pass_that_does_not_compare(sync: Sync) -> None:
    await sync.linked()
    misnamed = sync.bugspark.add_report(sync.project)
    sync.change(misnamed, github_repo="elsewhere/other", github_issue_number=3)
    seen = await sync.run_due(compares=True)
    kept = await sync.run_due()
    assert kept.misnamed == seen.misnamed
    assert [each.report_id for each in kept.misnamed or ()] == [misnamed]


async def test_after_a_pass_that_lost_its_lock_the_next_one_comes_within_seconds(
    sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, _ = await sync.linked()
    sync.change(report, status="resolved")
    locks = type(sync.app._container.stores.project_locks)
    module = __import__(locks.__module__, fromlist=["x"])
    lock = module.AdvisoryProjectLock if hasattr(module, "AdvisoryProjectLock") else module.RowProjectLock

    async def lose(_: object) -> None:
        raise ProjectLockLostError("The lock was lost: nothing more is written.")

    with monkeypatch.context() as patched:
        patched.setattr(lock, "ensure_held", lose)
        lost = await sync.run_due(compares=True)
    assert lost.outcome is Outcome.REFUSED
    assert lost.next_at is not None
    assert (lost.next_at - sync.clock.now()).total_seconds() <= 5
    await sync.run_due(compares=True)
    assert sync.status(report) == "resolved"
    assert (await sync.run_due()).failures == 0

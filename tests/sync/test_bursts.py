"""Bursts: more than a thousand links, hundreds of changes in one second, people who act while we read."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from reconciler.demo.github.faults import DuringRequest
from reconciler.model.passes import Outcome
from reconciler.store.bugspark import bugspark_tables as tables
from reconciler.store.schema.tables import changes
from tests.support.bugspark import LONG_AGO
from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync


def fill(sync: Sync, count: int) -> list[Any]:
    """That many reports whose columns somebody else has filled, and their issues; the reports' ids."""
    web = sync.github.web
    numbers = web.seed(count, lambda row: row, by="alice")
    rows = [
        {
            "id": uuid4(),
            "project_id": sync.project,
            "tracking_id": f"BUG-{number:04}",
            "title": f"Issue {number}",
            "description": "Steps.",
            "severity": "medium",
            "category": "bug",
            "status": "new",
            "created_at": LONG_AGO,
            "updated_at": LONG_AGO,
            "github_issue_number": number,
            "github_repo": "acme/web",
        }
        for number in numbers
    ]
    with sync.bugspark.engine.begin() as connection:
        connection.execute(sa.insert(tables.reports), rows)
    return [row["id"] for row in rows]


def statuses(sync: Sync) -> dict[int, str]:
    columns = (tables.reports.c.github_issue_number, tables.reports.c.status)
    rows = sync.bugspark.rows(sa.select(*columns))
    return {int(row["github_issue_number"]): str(row["status"]) for row in rows}


def count_history(sync: Sync, kind: str) -> int:
    """How often something was written to BugSpark, by our own story."""
    query = sa.select(sa.func.count().label("n")).where(changes.c.kind == kind, changes.c.side == "bugspark")
    return int(sync.bugspark.rows(query)[0]["n"])


def close_all(sync: Sync, numbers: Sequence[int], same_second: int) -> None:
    """Most are closed over the seconds before, the last ones all in the same second."""
    web, clock = sync.github.web, sync.github.clock
    for index, number in enumerate(numbers):
        if index < len(numbers) - same_second and index % 4 == 0:
            clock.advance(1)
        if index == len(numbers) - same_second:
            clock.advance(1)
        web.close(number, by="alice", reason="completed")


async def idle(sync: Sync) -> None:
    """Two conditional requests, both unanswered."""
    await sync.run(seconds=3)
    await sync.run(seconds=3)
    assert [seen.status for seen in sync.asked] == [304, 304]


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("paging", ["pages", "cursors"])
async def test_of_a_thousand_changes_none_is_missed_and_none_applied_twice(
    sync: Sync, inclusive: bool, paging: str
) -> None:
    sync.github.world.assume(since_inclusive=inclusive, paging=paging)
    fill(sync, 1_050)
    first = await sync.run()
    assert first.outcome is Outcome.OK
    assert len(sync.asked) < 120, "walked by the lists, not read one by one"
    numbers = list(range(1, 1_051))
    close_all(sync, numbers, 300)
    await sync.run(seconds=0)
    await sync.run(seconds=3)
    assert set(statuses(sync).values()) == {"resolved"}
    assert count_history(sync, "set_field") == 1_050
    assert {row["state"] for row in sync.github.web.picture().values()} == {"closed"}
    await idle(sync)


@pytest.mark.parametrize("inclusive", [True, False])
async def test_what_changes_while_it_is_being_read_is_seen(sync: Sync, inclusive: bool) -> None:
    sync.github.world.assume(since_inclusive=inclusive)
    fill(sync, 350)
    await sync.run()
    web, queue = sync.github.web, list(range(1, 51))

    def busy() -> None:
        for number in (queue.pop(), queue.pop()):
            web.reopen(number, by="bob")
            web.comment(number, "still broken", by="bob")
        sync.github.clock.advance(0.4)

    for path in (r"/issues\?", r"/issues/comments\?"):
        sync.github.simulator.faults.add(DuringRequest(after=busy), method="GET", path=path, times=10)
    close_all(sync, range(1, 351), 300)
    await sync.run(seconds=0)
    sync.github.simulator.faults.clear()
    for _ in range(3):
        await sync.run(seconds=3)
    reopened = set(range(1, 51)) - set(queue)
    assert reopened
    assert {n for n, status in statuses(sync).items() if status == "new"} == reopened
    comments = sync.bugspark.rows(sa.select(tables.comments.c.body))
    assert len(comments) == len(reopened)
    await idle(sync)


async def test_a_long_thread_arrives_whole_and_in_order(sync: Sync) -> None:
    report, number = await sync.linked()
    sync.github.web.seed_comments(number, [f"comment {n}" for n in range(730)], by="bob")
    await sync.run(seconds=2)
    await sync.run(seconds=2)
    assert len(sync.texts_in_bugspark(report)) == 730
    assert len(set(sync.texts_in_bugspark(report))) == 730
    assert count_history(sync, "import_comment") == 730
    await idle(sync)


async def test_a_limit_in_the_middle_only_takes_longer(world_url: str, github: GitHub) -> None:
    limits = {"points_per_minute": 24, "verify_points_per_minute": 6}
    async with open_sync(world_url, github, limits=limits) as sync:
        fill(sync, 300)
        outcomes = [(await sync.run(seconds=61)).outcome for _ in range(4)]
        assert Outcome.LIMITED in outcomes
        assert outcomes[-1] is Outcome.OK
        close_all(sync, range(1, 301), 250)
        result = await sync.run(seconds=0)
        for _ in range(6):
            result = await sync.run(seconds=61)
        assert result.outcome is Outcome.OK
        assert set(statuses(sync).values()) == {"resolved"}
        assert count_history(sync, "set_field") == 300


@pytest.mark.parametrize("fatal", [1, 2])
async def test_a_crash_between_two_pages_loses_nothing(
    sync: Sync, monkeypatch: pytest.MonkeyPatch, fatal: int
) -> None:
    fill(sync, 700)
    await sync.run()
    ledger: Any = sync.app._stores.ledger
    store = type(ledger).apply_batch
    seen: list[int] = []

    async def dies(self: Any, batch: Any) -> Any:
        seen.append(len(batch.plans))
        if len(seen) == fatal:
            raise asyncio.CancelledError
        return await store(self, batch)

    monkeypatch.setattr(type(ledger), "apply_batch", dies)
    close_all(sync, range(1, 701), 300)
    with pytest.raises(asyncio.CancelledError):
        await sync.run(seconds=3)
    await sync.run(seconds=3)
    assert set(statuses(sync).values()) == {"resolved"}
    assert count_history(sync, "set_field") == 700
    await idle(sync)


async def test_hundreds_of_local_changes_go_out_once_each(sync: Sync) -> None:
    reports = fill(sync, 120)
    await sync.run()
    for report in reports:
        sync.change(report, status="closed")
    result = await sync.run()
    assert result.applied.issues_updated == 120
    assert {row["reason"] for row in sync.github.web.picture().values()} == {"not_planned"}
    assert len([seen for seen in sync.writes if seen.method == "PATCH"]) == 120
    await idle(sync)

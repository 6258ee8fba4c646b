"""The process is killed at every request and at every commit of a pass that has all kinds of work.

What was sent and not stored, stored and not sent, neither, both: a new process finds the world as it is, the
settle times pass, and nothing is lost or doubled. The loop ends only when a whole pass ran without meeting
its cut. `make prove` also dies where nothing lasting was done since the point before: before a request, in
the middle of a transaction, after a read.
"""

import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from reconciler.model.passes import NullProgress
from tests.support.crash_points import any_point, is_durable
from tests.support.invariants import find_violations
from tests.support.postgres import Server
from tests.support.scenario import Scenario, open_scenario, save
from tests.support.stores import fill_postgres, sqlite_template

__all__ = ["sqlite_template"]

Again = Callable[[], AbstractAsyncContextManager[Scenario]]
FATAL = any_point if "PROVE" in os.environ else is_durable
STRIDE = 2
"""Each test takes every second point, so that they share the work."""
SQLITE_STEP, POSTGRESQL_STEP = (STRIDE, STRIDE) if "PROVE" in os.environ else (2 * STRIDE, 6 * STRIDE)
"""On PostgreSQL each point takes a new database: fewer of them."""


@asynccontextmanager
async def busy_scenario(url: str) -> AsyncIterator[Scenario]:
    """Open a scenario with two settled reports and changes of every kind for the next pass."""
    async with open_scenario(url) as scenario:
        first = await scenario.export(title="first")
        second = await scenario.export(title="second")
        for _ in range(3):
            scenario.comment_in_bugspark(first)
            scenario.comment_on_github(first)
        await scenario.run()
        local_note, remote_note = scenario.notes[0], scenario.notes[1]
        scenario.github.clock.advance(30)
        scenario.comment_in_bugspark(first)
        scenario.comment_on_github(first)
        scenario.edit(remote_note)
        scenario.delete_comment_of(local_note)
        scenario.delete_comment_of(scenario.notes[3])
        scenario.set_in_bugspark(first, "status", "resolved")
        scenario.set_in_bugspark(first, "severity", "high")
        scenario.set_in_bugspark(first, "category", "ui")
        scenario.set_on_github(second, "status", "closed")
        scenario.set_on_github(second, "severity", "low")
        third = scenario.bugspark.add_report(scenario.project, "third", at=scenario.github.clock.now())
        scenario.reports[third] = None
        yield scenario


@pytest.fixture(params=["sqlite", "postgresql"])
async def again(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Again]:
    """Opens the busy scenario, each time on a new copy of its database; the former copy is dropped."""
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "busy.db")
        async with busy_scenario(f"sqlite:///{path}") as scenario:
            saved = await save(scenario)
        copies = (tmp_path / f"{number}.db" for number in range(10_000))
        yield lambda: saved.open(f"sqlite:///{shutil.copy(path, next(copies))}")
        return
    server: Server = request.getfixturevalue("postgres_server")
    migrated = server.template("bugspark, migrated", fill_postgres)
    with server.database(template=migrated) as url, ExitStack() as databases:
        async with busy_scenario(url) as scenario:
            saved = await save(scenario)

        def reopen() -> AbstractAsyncContextManager[Scenario]:
            databases.close()
            return saved.open(databases.enter_context(server.database(template=make_url(url).database or "")))

        yield reopen


async def the_pass(scenario: Scenario) -> None:
    """One pass with an export in it."""
    third = list(scenario.reports)[-1]
    scenario.github.clock.advance(5)
    await scenario.run_work(lambda app: app.export((str(third),), NullProgress()))


async def cut_at(
    busy: AbstractAsyncContextManager[Scenario], point: int, fatal: Callable[[str], bool] = FATAL
) -> tuple[str | None, list[str]]:
    """Where it died (None: the pass met no cut), and what is broken after everything has settled."""
    async with busy as scenario:
        await scenario.start()
        crash_points = scenario.crash_points
        crash_points.reset(crash_at=point, is_fatal=fatal)
        await the_pass(scenario)
        met = crash_points.reached[-1] if crash_points.is_dead else None
        if crash_points.is_dead:
            assert scenario.app is None, "a new process takes over"
        else:
            crash_points.reset()
        return met, find_violations(scenario, await scenario.settle(hours=0))


@pytest.mark.parametrize("first", range(STRIDE))
async def test_a_pass_cut_off_anywhere_loses_and_doubles_nothing(
    again: Again, first: int, request: pytest.FixtureRequest
) -> None:
    is_on_postgresql = request.node.callspec.params["again"] == "postgresql"
    step = POSTGRESQL_STEP if is_on_postgresql else SQLITE_STEP
    point = first
    while True:
        where, wrong = await cut_at(again(), point)
        assert not wrong, f"cut at {point} ({where}):\n" + "\n".join(wrong)
        if where is None:
            break
        point += step
    assert point > 24, "the pass had hardly any work"


async def test_the_pass_that_is_cut_has_work_of_every_kind(again: Again) -> None:
    async with again() as scenario:
        await scenario.start()
        scenario.crash_points.reset()
        await the_pass(scenario)
        sent = {
            point.split(" ")[0] + " " + point.split("/")[-1]
            for point in scenario.crash_points.reached
            if "/" in point
        }
        writes = {each for each in sent if not each.startswith("GET") and "answered" not in each}
        kinds = {each.split(" ")[0] for each in writes}
        assert kinds == {"POST", "PATCH", "DELETE"}
        assert {"POST issues", "POST comments", "POST labels"} <= writes
        (row,) = scenario.rows("sync_projects")
        assert row["result"] is not None

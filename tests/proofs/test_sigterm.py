"""SIGTERM at any moment: the daemon in this process, ended again and again in the middle of its work."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.bootstrap.daemon import DaemonArguments, run_daemon
from reconciler.config.load import load_configuration
from reconciler.daemon import service, signals
from reconciler.demo.github.faults import Delay, Rule
from reconciler.model.fields import Status
from reconciler.model.ids import ReportId
from reconciler.model.secret import NoLearntSecrets
from tests.support.cancelling import record_connections
from tests.support.command import Installation, open_installation
from tests.support.daemon import QUICK, advancing_clock, eventually
from tests.support.stores import sqlite_template, store_url

__all__ = ["sqlite_template", "store_url"]

SEED, REPORTS = int(os.environ.get("PROVE_SEED", "11")), 2
ENDS = 100 if "PROVE" in os.environ else 8
MAX_SHUTDOWN_SECONDS = 10.0
END_AFTER = ("POST|PATCH",) * 3 + ("GET",)
"""Each daemon is ended after its first to third write or read, chosen at random."""
UNFINISHED_STATES = ("sending", "unknown")


@pytest.fixture
def installation(store_url: str, tmp_path: Path) -> Iterator[Installation]:
    with open_installation(store_url, tmp_path) as opened:
        opened.configure(**{**QUICK, "poll": {"interval_seconds": 0.2}})
        yield opened


@pytest.fixture(autouse=True)
def _no_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last resort would take the tests along; how long an end takes is measured instead."""
    monkeypatch.setattr(signals, "_end_process_after", lambda _: None)


async def test_an_interrupted_write_is_present_once_after_the_next_start(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(SEED)
    reports = [installation.linked()[0] for _ in range(REPORTS)]
    slow = {
        each: installation.github.simulator.faults.add(
            Delay(seconds=0.05, applied=True), method=each, times=None
        )
        for each in sorted(set(END_AFTER))
    }
    posted: list[tuple[ReportId, str]] = []
    under_way = 0
    with advancing_clock(installation):
        for number in range(ENDS):
            posted += act_on_both_sides(installation, rng, reports, number)
            monkeypatch.setattr(service, "SHUTDOWN_GRACE_SECONDS", rng.choice([0.0, 0.05, 4.0]))
            took = await run_daemon_and_end_it(installation, slow[rng.choice(END_AFTER)], rng)
            assert took < MAX_SHUTDOWN_SECONDS
            open_writes = installation.bugspark.rows_of("sync_intents")
            under_way += any(row["state"] in UNFINISHED_STATES for row in open_writes)
        installation.github.simulator.faults.clear()
        monkeypatch.setattr(service, "SHUTDOWN_GRACE_SECONDS", 4.0)
        await run_daemon_until_idle(installation)
    assert under_way, "no end came in the middle of a write: nothing is proven"
    for report, text in posted:
        assert copies(installation, report, text) == (1, 1), text
    for report in reports:
        row, issue = (
            installation.bugspark.report(report),
            installation.github.web.issue(installation.number(report)),
        )
        assert row is not None
        assert (row["status"] == "new") == (issue.state == "open")


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_queries_that_wait_for_a_lock_are_cancelled_at_the_end(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SHUTDOWN_GRACE_SECONDS", 0.0)
    daemon = asyncio.create_task(run_daemon_to_end(installation))
    await asyncio.to_thread(eventually, lambda: len(installation.github.simulator.requests) > 0)
    with installation.bugspark.engine.begin() as other:
        other.exec_driver_sql("LOCK TABLE projects IN ACCESS EXCLUSIVE MODE")
        await asyncio.to_thread(eventually, lambda: waiting(installation) > 0)
        began = time.monotonic()
        os.kill(os.getpid(), signal.SIGTERM)
        await daemon
        assert time.monotonic() - began < MAX_SHUTDOWN_SECONDS
        assert waiting(installation) == 0


def waiting(installation: Installation) -> int:
    """How many connections to the database wait for a lock."""
    with installation.bugspark.engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(found.scalar_one())


def act_on_both_sides(
    installation: Installation, rng: random.Random, reports: list[ReportId], number: int
) -> list[tuple[ReportId, str]]:
    """Let users comment on both sides; returns the texts."""
    here, there, other = (rng.choice(reports) for _ in range(3))
    local_text, remote_text = f"from BugSpark {number}.", f"from GitHub {number}."
    installation.bugspark.add_comment(here, local_text, author=installation.ada)
    installation.github.web.comment(installation.number(there), remote_text, by="alice")
    installation.bugspark.set_report(other, status=rng.choice([Status.NEW, Status.RESOLVED]))
    return [(here, local_text), (there, remote_text)]


def copies(installation: Installation, report: ReportId, text: str) -> tuple[int, int]:
    """Return how often a text is in BugSpark and on GitHub."""
    rows = [row["body"] for row in installation.bugspark.comments(report)]
    thread = [each.body for each in installation.github.web.thread(installation.number(report))]
    return sum(text in body for body in rows), sum(text in body for body in thread)


async def run_daemon_to_end(installation: Installation) -> None:
    """One daemon, on the configuration as it is. When it ends nothing of it is left: no connection to the
    database that it opened, and no task.
    """
    settings = load_configuration(installation.commands.home / "config.toml", {}).settings
    again = (settings, lambda: None)
    start = DaemonArguments(
        settings=settings, read_configuration=lambda: again, learnt=NoLearntSecrets(), environ={}
    )
    before = asyncio.all_tasks()
    with record_connections() as opened:
        await run_daemon(start)
        assert not asyncio.all_tasks() - before
        assert not await opened.still_open()
    assert len(opened)


async def run_daemon_and_end_it(installation: Installation, rule: Rule, rng: random.Random) -> float:
    """Start it, end it a moment after one of these requests of it; how many seconds the end took."""
    wanted, asked = rule.hits + rng.randrange(1, 4), len(installation.github.simulator.requests)
    daemon = asyncio.create_task(run_daemon_to_end(installation))
    await asyncio.to_thread(eventually, lambda: len(installation.github.simulator.requests) > asked)
    until = time.monotonic() + 1.0  # there may be less to do
    await asyncio.to_thread(eventually, lambda: rule.hits >= wanted or time.monotonic() > until)
    await asyncio.sleep(rng.uniform(0.0, 0.06))
    began = time.monotonic()
    os.kill(os.getpid(), signal.SIGTERM)
    await daemon
    return time.monotonic() - began


async def run_daemon_until_idle(installation: Installation) -> None:
    """A daemon, until nothing is left to be written."""
    daemon = asyncio.create_task(run_daemon_to_end(installation))
    await asyncio.to_thread(eventually, lambda: not daemon.done() and quiet(installation))
    os.kill(os.getpid(), signal.SIGTERM)
    await daemon


def quiet(installation: Installation) -> bool:
    """No write is open, and the last requests of a while were the two of an idle pass."""
    last = list(installation.github.simulator.requests)[-4:]
    return not installation.bugspark.rows_of("sync_intents") and all(each.status == 304 for each in last)

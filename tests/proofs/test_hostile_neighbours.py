"""One hostile owner and one stranger beside honest projects, twenty in `make prove`: these go on syncing.

In `make test` the passes are run one after the other beside the served web, with a clock that the test moves;
in `make prove` by a real daemon. Source: docs/security.md, Limits.
"""

import asyncio
import gzip
import json
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from bench.attackers import Attackers
from reconciler.bootstrap.application import Application, open_application
from reconciler.demo.github.faults import Delay, Reply
from reconciler.demo.github.world import Repository
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.passes import NullProgress
from reconciler.store.bugspark import bugspark_tables
from reconciler.web.server import bind_sockets
from tests.support.bugspark import BugSpark
from tests.support.canary import serving
from tests.support.command import Installation, open_installation
from tests.support.daemon import QUICK, advancing_clock, eventually, running
from tests.support.github_oracle import acting
from tests.support.stores import sqlite_template, store_url
from tests.support.sync import FollowingClock, settings_for
from tests.web.harness import build_web

__all__ = ["sqlite_template", "store_url"]

PROVE = "PROVE" in os.environ
HONEST = 20 if PROVE else 4
MAX_ROUNDS = 6
REQUESTS = 300 if PROVE else 60
TIMEOUT_SECONDS = 300.0
DEPTH = 3_000
"""Levels of JSON: a decoder that recurses raises RecursionError at a thousand."""
SLOW_SECONDS = 20.0 if PROVE else 0.3
MALLORY = "github_pat_mallory_0123456789"
BOMB = gzip.compress(b"[" + b" " * 64_000_000 + b"]")
SYNC = {"sync": {"export": "all"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """An honest project with one linked report."""

    project: ProjectId
    report: ReportId
    repository: Repository
    number: int


@dataclass(slots=True, kw_only=True)
class Program:
    """The program at work: a daemon, or an application whose passes are run here. `port`: of its web."""

    installation: Installation
    port: int
    app: Application | None = None
    log: list[str] = field(default_factory=list)

    async def until(self, what: Callable[[], bool]) -> None:
        """Let passes run until the condition holds."""
        if self.app is None:
            await asyncio.to_thread(eventually, what, TIMEOUT_SECONDS)
            return
        for _ in range(MAX_ROUNDS):
            if what():
                return
            await self._run_all(self.app)
        assert what(), "it did not come about"

    async def _run_all(self, app: Application) -> None:
        """Run one pass of every project that the schedule names, as a daemon's tick finds them."""
        self.installation.github.clock.advance(10)
        for scheduled in await app._stores.projects.pass_schedule():
            found = await app.find_project(str(scheduled.project_id))
            await app.run_pass(found, wait=False, accept=None, progress=NullProgress())

    async def statuses(self, *paths: str) -> list[int]:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=60) as client:
            return [(await client.get(path)).status_code for path in paths]


@pytest.fixture
def installation(store_url: str, tmp_path: Path) -> Iterator[Installation]:
    with open_installation(store_url, tmp_path) as opened:
        opened.configure(**{**QUICK, "poll": {"interval_seconds": 2.0}, **SYNC})
        opened.github.world.add_user("mallory")
        opened.github.world.add_token("mallory", MALLORY)
        yield opened


@asynccontextmanager
async def running_program(installation: Installation) -> AsyncIterator[Program]:
    """The program for the time of the block."""
    if PROVE:
        with advancing_clock(installation), running(installation) as daemon:
            yield Program(installation=installation, port=daemon.until("listening")["port"])
        assert not daemon.other, "a line of the log is no JSON, such as a traceback"
        return
    settings = settings_for(installation.url, installation.github.api, **SYNC)
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(
            open_application(settings, FollowingClock(installation.github.clock))
        )
        sockets = bind_sockets("127.0.0.1", 0)
        web = await build_web(app._container, sockets)
        served = await stack.enter_async_context(serving(web, sockets))
        yield Program(installation=installation, port=served.port, app=app)


@pytest.mark.timeout(0 if PROVE else 600)
@pytest.mark.parametrize("store_url", ["sqlite", "postgresql"] if PROVE else ["sqlite"], indirect=True)
async def test_honest_projects_go_on_beside_a_hostile_owner_and_a_stranger(
    installation: Installation,
) -> None:
    honest = [a_neighbour(installation, f"honest-{number}") for number in range(HONEST)]
    async with running_program(installation) as program:
        await program.until(lambda: active_links(installation) == HONEST)
        if PROVE:
            await sync_round(program, honest, "before")
        unusable, contested = act_as_hostile_owner(installation, honest)
        published = act_as_stranger(installation, honest[0])
        async with attack(program, [each.project for each in honest]):
            await sync_round(program, honest, "while it is attacked")
        await program.until(lambda: issue_of(installation, published) is not None)
        if PROVE:
            await sync_round(program, honest, "after")
        assert await program.statuses("/healthz", "/readyz") == [200, 200]
    bot = installation.github.world.user("bugspark-bot").id
    for each in honest:
        assert comments_on_both_sides(installation, each) == ((3, 3) if PROVE else (1, 1))
        assert {row.author for row in each.repository.thread(each.number)} == {bot}
    number = issue_of(installation, published)
    assert number is not None
    text = honest[0].repository.issue(number).body or ""
    assert "nested more than 64 levels deep" in text and acting(text) == []
    links = {UUID(str(row["report_id"])): row["state"] for row in installation.bugspark.rows_of("sync_links")}
    assert links.pop(contested) == "contested"
    assert set(links.values()) == {"active"} and len(links) == HONEST + 1
    projects = installation.bugspark.rows_of("sync_projects")
    outcomes = {UUID(str(row["project_id"])): row["outcome"] for row in projects}
    assert set(outcomes.values()) >= {"ok"} and {outcomes.get(each) for each in unusable} <= {"failed", None}


def a_neighbour(installation: Installation, name: str) -> Neighbour:
    repository = installation.github.world.add_repository(f"acme/{name}")
    for login in ("bugspark-bot", "alice"):
        repository.allow(login, "write")
    number = repository.open_issue("It breaks", by="alice").number
    project = installation.bugspark.add_project(name)
    installation.bugspark.add_integration(project, repo=name, token=installation.github.token)
    report = installation.bugspark.add_report(project, github_issue_number=number, github_repo=f"acme/{name}")
    return Neighbour(project=project, report=report, repository=repository, number=number)


async def sync_round(program: Program, honest: list[Neighbour], word: str) -> None:
    """People edit both sides of every honest project; wait until each side has what the other one got."""
    installation = program.installation
    is_closing = honest[0].repository.issue(honest[0].number).state == "open"
    for each in honest:
        change = each.repository.close if is_closing else each.repository.reopen
        change(each.number, by="alice")
        installation.bugspark.add_comment(
            each.report, f"Seen {word}", author=installation.ada, at=installation.github.clock.now()
        )
    wanted = "resolved" if is_closing else "new"

    def has_arrived() -> bool:
        return all(
            status_of(installation, each.report) == wanted
            and any(f"Seen {word}" in row.body for row in each.repository.thread(each.number))
            for each in honest
        )

    await program.until(has_arrived)


def issue_of(installation: Installation, report: ReportId) -> int | None:
    """Read no more of the report: this process could not decode its logs."""
    reports = bugspark_tables.reports
    query = sa.select(reports.c.github_issue_number).where(reports.c.id == report)
    number: int | None = installation.bugspark.rows(query)[0]["github_issue_number"]
    return number


def active_links(installation: Installation) -> int:
    return sum(row["state"] == "active" for row in installation.bugspark.rows_of("sync_links"))


def status_of(installation: Installation, report: ReportId) -> str:
    row = installation.bugspark.report(report)
    assert row is not None
    return str(row["status"])


def comments_on_both_sides(installation: Installation, each: Neighbour) -> tuple[int, int]:
    return len(installation.bugspark.comments(each.report)), len(each.repository.thread(each.number))


def act_as_hostile_owner(
    installation: Installation, honest: list[Neighbour]
) -> tuple[list[ProjectId], ReportId]:
    """Connect projects that do harm. Returns those that can't be synced, and a report that squats.

    Their names and secrets are made to spoil terminals and the log.
    """
    bugspark, world = installation.bugspark, installation.github.world
    own = world.add_repository("mallory/loud")
    own.allow("mallory", "admin")
    faults = installation.github.simulator.faults
    faults.add(
        Reply(status=200, body=BOMB, headers={"Content-Encoding": "gzip"}),
        path="mallory/loud/issues/comments",
        times=None if PROVE else 1,
    )
    faults.add(Delay(seconds=SLOW_SECONDS), path="mallory/slow", times=None)
    slow = world.add_repository("mallory/slow")
    slow.allow("mallory", "admin")
    configs = {
        "Deep": '{"owner": "mallory", "repo": "loud", "x": ' + "[" * DEPTH + "]" * DEPTH + "}",
        "Large": json.dumps({"owner": "mallory", "repo": "loud", "x": "x" * 5_000_000}),
        "Bomb": json.dumps({"owner": "mallory", "repo": "loud", "token": MALLORY, "webhookSecret": "event"}),
        "Slow": json.dumps({"owner": "mallory", "repo": "slow", "token": MALLORY, "webhookSecret": "level"}),
    }
    made = {}
    for name, config in configs.items():
        made[name] = bugspark.add_project(f"\x1b[31m{name}\u202e")
        bugspark.add_integration(made[name], config={})
        raw = raw_json(bugspark)
        bugspark.execute(
            f"UPDATE integrations SET config = {raw} WHERE project_id = :id", text=config, id=made[name]
        )
    claimant = bugspark.add_project("Squatter")
    bugspark.add_integration(claimant, repo=honest[1].repository.name, token=MALLORY)
    contested = bugspark.add_report(
        claimant, github_issue_number=honest[1].number, github_repo=honest[1].repository.full_name
    )
    return [made["Deep"], made["Large"]], contested


def act_as_stranger(installation: Installation, victim: Neighbour) -> ReportId:
    """File a report with the public key of an honest project."""
    report = installation.bugspark.add_report(
        victim.project, "@alice fixes #1 <!-- bugspark-sync -->", at=installation.github.clock.now()
    )
    logs = "[" * DEPTH + "]" * DEPTH
    raw = raw_json(installation.bugspark)
    installation.bugspark.execute(
        f"UPDATE reports SET console_logs = {raw}, metadata = {raw} WHERE id = :id", text=logs, id=report
    )
    return report


def raw_json(bugspark: BugSpark) -> str:
    """Return the SQL of the parameter `text` as JSON that this process could not encode."""
    return "CAST(:text AS jsonb)" if bugspark.engine.name == "postgresql" else ":text"


@asynccontextmanager
async def attack(program: Program, projects: list[ProjectId]) -> AsyncIterator[None]:
    """Send bad requests, hold idle sockets and slow bodies for the time of the block."""
    strangers = Attackers(
        port=program.port,
        projects=[UUID(str(project)) for project in projects],
        requests=REQUESTS,
        end_at=time.monotonic(),
        rng=random.Random(1),
    )
    attacking = asyncio.create_task(strangers.attack(sockets=100, bodies=8))
    try:
        yield
    finally:
        await attacking
    assert strangers.answers.total() == REQUESTS and not strangers.answers["500"], strangers.answers

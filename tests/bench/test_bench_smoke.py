"""The benchmarks run, and their counts (not their times) are as promised (docs/design.md, Invariants, 8)."""

from pathlib import Path

import msgspec
import pytest

from bench.__main__ import main
from bench.home import DIALECTS
from bench.results import QUICK, Run
from tests.support.postgres import Server


@pytest.fixture(params=DIALECTS)
def server(request: pytest.FixtureRequest) -> Server | None:
    """The session's PostgreSQL; None for SQLite."""
    database_server: Server | None = None
    if request.param == "postgresql":
        database_server = request.getfixturevalue("postgres_server")
    return database_server


def test_an_idle_pass_costs_two_requests_and_two_rows(server: Server | None, tmp_path: Path) -> None:
    run = measure("idle", tmp_path, server)
    assert [each.links for each in run.idle] == list(QUICK.idle)
    for each in run.idle:
        assert (each.requests, each.not_modified, each.cost) == (2, 2, 0)
        # The rate limiter and the project. A command is another holder of the project's lock than the one
        # before, and raises the epoch in the project's row (docs/decisions/0076-proved-and-fenced-locks.md).
        assert each.rows_written <= 3


def test_every_change_arrives_and_every_comment_leaves(server: Server | None, tmp_path: Path) -> None:
    run = measure("bulk", tmp_path, server)
    assert [each.objects for each in run.bulk] == [2 * QUICK.incoming, QUICK.outgoing]
    outgoing = run.bulk[-1]
    assert QUICK.outgoing <= outgoing.requests <= QUICK.outgoing + 3


def test_every_delivery_changes_its_report_and_is_timed(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    assert main(["--quick", "--only", "webhooks", "--json", str(path)]) == 0
    (webhooks,) = msgspec.json.decode(path.read_bytes(), type=Run).webhooks
    assert (webhooks.projects, webhooks.changed.count) == (QUICK.polled, QUICK.deliveries)
    assert webhooks.lost == 0
    assert 0 < webhooks.answered.p50 <= webhooks.changed.p50 <= webhooks.changed.p99


def test_every_page_is_answered(tmp_path: Path) -> None:
    run = measure("pages", tmp_path)
    assert {"overview", "project", "report", "API, project"} < {each.page for each in run.pages}
    assert all((each.links, each.answered.count) == (QUICK.paged, 4) for each in run.pages)
    assert {each.projects for each in run.pages} == {1, QUICK.shared}


def measure(mode_name: str, folder: Path, server: Server | None = None) -> Run:
    only = [f"--only={mode}" for mode in (("incoming", "outgoing") if mode_name == "bulk" else (mode_name,))]
    database = "postgresql" if server else "sqlite"
    arguments = ["--quick", "--database", database, *only, "--json", str(folder / "run.json")]
    assert main(arguments, server) == 0
    return msgspec.json.decode((folder / "run.json").read_bytes(), type=Run)

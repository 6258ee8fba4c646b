"""The benchmark still runs, and what it counts (never what it times) is as promised (docs/design.md,
Invariants, 8)."""

from pathlib import Path

import msgspec
import pytest

from bench.__main__ import main
from bench.home import DIALECTS
from bench.results import QUICK, Run
from tests.support.postgres import Server


@pytest.fixture(params=DIALECTS)
def server(request: pytest.FixtureRequest) -> Server | None:
    """The session's PostgreSQL, or None: on SQLite."""
    found: Server | None = None
    if request.param == "postgresql":
        found = request.getfixturevalue("postgres_server")
    return found


@pytest.mark.timeout(300)
def test_an_idle_pass_costs_two_requests_and_two_rows(server: Server | None, tmp_path: Path) -> None:
    run = measured("idle", tmp_path, server)
    assert [each.links for each in run.idle] == list(QUICK.idle)
    for each in run.idle:
        assert (each.requests, each.not_modified, each.cost) == (2, 2, 0)
        assert each.rows_written <= 2


@pytest.mark.timeout(300)
def test_every_change_arrives_and_every_comment_leaves(server: Server | None, tmp_path: Path) -> None:
    run = measured("bulk", tmp_path, server)
    assert [each.objects for each in run.bulk] == [2 * QUICK.incoming, QUICK.outgoing]
    outgoing = run.bulk[-1]
    assert QUICK.outgoing <= outgoing.requests <= QUICK.outgoing + 3


@pytest.mark.timeout(300)
def test_every_delivery_changes_its_report_and_is_timed(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    assert main(["--quick", "--only", "webhooks", "--json", str(path)]) == 0
    (found,) = msgspec.json.decode(path.read_bytes(), type=Run).webhooks
    assert (found.projects, found.changed.count) == (QUICK.polled, QUICK.deliveries)
    assert found.lost == 0
    assert 0 < found.answered.p50 <= found.changed.p50 <= found.changed.p99


@pytest.mark.timeout(300)
def test_every_page_is_answered(tmp_path: Path) -> None:
    run = measured("pages", tmp_path)
    assert {"overview", "project", "report", "API, project"} < {each.page for each in run.pages}
    assert all((each.links, each.answered.count) == (QUICK.paged, 4) for each in run.pages)
    assert {each.projects for each in run.pages} == {1, QUICK.shared}


def measured(what: str, folder: Path, server: Server | None = None) -> Run:
    only = [f"--only={mode}" for mode in (("incoming", "outgoing") if what == "bulk" else (what,))]
    database = "postgresql" if server else "sqlite"
    words = ["--quick", "--database", database, *only, "--json", str(folder / "run.json")]
    assert main(words, server) == 0
    return msgspec.json.decode((folder / "run.json").read_bytes(), type=Run)

"""The state machine, run many times. `make prove N=20000` runs more, with other examples every time."""

import os
import shutil
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.proofs.machine import Storm
from tests.support.postgres import Server
from tests.support.stores import fill_postgres, sqlite_template

__all__ = ["sqlite_template"]

RUNS = int(os.environ.get("PROVE", "100"))
SHARDS = 8 if "PROVE" in os.environ else 4
SEED = int(os.environ.get("PROVE_SEED", "7"))
QUIET = settings(
    settings.get_profile("house"),
    stateful_step_count=12,
    derandomize=False,
    database=None,
    phases=[Phase.generate, *([Phase.shrink] if "PROVE" in os.environ else [])],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(0 if "PROVE" in os.environ else 300)
@pytest.mark.parametrize("number", [SEED * 100 + shard for shard in range(SHARDS)])
def test_everything_settles_on_sqlite(number: int, sqlite_template: Path, tmp_path: Path) -> None:
    runs = iter(range(10**9))

    def make_url(resources: AsyncExitStack) -> str:
        path = tmp_path / f"{next(runs)}.db"
        shutil.copy(sqlite_template, path)
        resources.callback(path.unlink)
        return f"sqlite:///{path}"

    machine = seed(number)(type("Storm", (Storm,), {"make_url": staticmethod(make_url)}))
    run_state_machine_as_test(
        machine, settings=settings(QUIET, max_examples=max(1, RUNS * 24 // 25 // SHARDS))
    )


@pytest.mark.timeout(0 if "PROVE" in os.environ else 300)
@pytest.mark.parametrize("number", [SEED * 100 + 50 + shard for shard in range(2)])
def test_everything_settles_on_postgresql(number: int, postgres_server: Server) -> None:
    def make_url(resources: AsyncExitStack) -> str:
        template = postgres_server.template("bugspark, migrated", fill_postgres)
        return resources.enter_context(postgres_server.database(template=template))

    machine = seed(number)(type("Storm", (Storm,), {"make_url": staticmethod(make_url)}))
    run_state_machine_as_test(machine, settings=settings(QUIET, max_examples=max(1, RUNS // 50)))

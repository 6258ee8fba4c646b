"""The state machine, run many times. `make prove N=20000` runs more, with other examples every time."""

import os
import shutil
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.proofs.assignee_rules import AssigneeHistory
from tests.proofs.follower_rules import FollowerHistory
from tests.proofs.priority_rules import PriorityHistory
from tests.proofs.random_history import RandomHistory
from tests.proofs.rare_event_rules import RareEventHistory
from tests.proofs.resolution_rules import ResolutionHistory
from tests.proofs.stage_rules import StageHistory
from tests.support.postgres import Server
from tests.support.stores import fill_postgres, sqlite_template

__all__ = ["sqlite_template"]

RUNS = int(os.environ.get("PROVE", "40"))
SHARDS = 8 if "PROVE" in os.environ else 2
SEED = int(os.environ.get("PROVE_SEED", "7"))
MACHINES = (
    [
        (RandomHistory, 0.2),
        (ResolutionHistory, 0.1),
        (StageHistory, 0.1),
        (FollowerHistory, 0.15),
        (AssigneeHistory, 0.1),
        (PriorityHistory, 0.1),
        (RareEventHistory, 0.25),
    ]
    if "PROVE" in os.environ
    else [
        (RandomHistory, 0.2),
        (ResolutionHistory, 0.1),
        (StageHistory, 0.1),
        (FollowerHistory, 0.1),
        (AssigneeHistory, 0.1),
        (PriorityHistory, 0.1),
        (RareEventHistory, 0.1),
    ]
)
"""What is run, and its share of the runs. An unusual run takes several times as long as a usual one."""
RUN_SETTINGS = settings(
    settings.get_profile("tests"),
    stateful_step_count=12,
    derandomize=False,
    database=None,
    phases=[Phase.generate, *([Phase.shrink] if "PROVE" in os.environ else [])],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(0 if "PROVE" in os.environ else 600)
@pytest.mark.parametrize(("kind", "share"), MACHINES)
@pytest.mark.parametrize("number", [SEED * 100 + shard for shard in range(SHARDS)])
def test_everything_settles_on_sqlite(
    number: int, kind: type[RandomHistory], share: float, sqlite_template: Path, tmp_path: Path
) -> None:
    runs = iter(range(10**9))

    def make_url(resources: AsyncExitStack) -> str:
        path = tmp_path / f"{next(runs)}.db"
        shutil.copy(sqlite_template, path)
        resources.callback(path.unlink)
        return f"sqlite:///{path}"

    run_machine(kind, make_url, number, RUNS * share * 24 // 25 // SHARDS)


@pytest.mark.timeout(0 if "PROVE" in os.environ else 600)
@pytest.mark.parametrize(("kind", "share"), MACHINES)
@pytest.mark.parametrize("number", [SEED * 100 + 50 + shard for shard in range(max(1, SHARDS // 4))])
def test_everything_settles_on_postgresql(
    number: int, kind: type[RandomHistory], share: float, postgres_server: Server
) -> None:
    def make_url(resources: AsyncExitStack) -> str:
        template = postgres_server.template("bugspark, migrated", fill_postgres)
        return resources.enter_context(postgres_server.database(template=template))

    run_machine(kind, make_url, number, RUNS * share // 50)


def run_machine(
    kind: type[RandomHistory], make_url: Callable[[AsyncExitStack], str], number: int, runs: float
) -> None:
    """Run the machine with this seed, at least once."""
    machine = seed(number)(type(kind.__name__, (kind,), {"make_url": staticmethod(make_url)}))
    run_state_machine_as_test(machine, settings=settings(RUN_SETTINGS, max_examples=max(1, int(runs))))

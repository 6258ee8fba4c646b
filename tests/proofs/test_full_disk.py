"""PostgreSQL on a disk that is really full, in the middle of passes: nothing lost, nothing doubled.

The server refuses single statements, or ends because it can't write its log, and starts again once there is
room. `tests/proofs/test_database_faults.py` has the same refusal at every single point, without a disk.
"""

import os
import random
from collections import Counter

import pytest

from tests.proofs.test_restarts import act, attempt, outcome
from tests.support.invariants import find_violations
from tests.support.scenario import open_scenario
from tests.support.small_disk import server_on_small_disk
from tests.support.stores import fill_postgres

PROVE = "PROVE" in os.environ
SEED = int(os.environ.get("PROVE_SEED", "11"))
ROUNDS, USER_ACTIONS = (100, 40) if PROVE else (4, 30)
LEFT = (0, 4_096, 16_384, 65_536, 262_144, 1_048_576)
"""Bytes that are left: a pass fails at its first page of log, or some pages later."""


@pytest.mark.timeout(0 if PROVE else 600)
async def test_a_full_disk_under_postgresql_loses_and_doubles_nothing() -> None:
    rng = random.Random(SEED)
    with server_on_small_disk() as small:
        name = small.server.create()
        fill_postgres(small.server.url(name))
        async with open_scenario(small.server.url(name)) as scenario:
            for number in range(4):
                await scenario.export(title=f"report {number}")
            scenario.comment_on_github(next(iter(scenario.reports)))
            met: Counter[str] = Counter()
            for turn in range(ROUNDS):
                for _ in range(USER_ACTIONS):
                    act(scenario, rng)
                scenario.bugspark.engine.dispose()
                small.fill(leave=LEFT[turn % len(LEFT)])
                for _ in range(3):
                    met[outcome(await attempt(scenario, seconds=61))] += 1
                small.clear()
            wrong = find_violations(scenario, await scenario.settle())
        assert not wrong, "\n".join(wrong[:20])
        print(f"seed {SEED}: {ROUNDS} times full, passes: {dict(met)}")
        assert met["database"] + met["unread"] >= ROUNDS / 2, met
        assert "No space left on device" in small.log()

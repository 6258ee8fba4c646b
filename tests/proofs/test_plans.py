"""A plan is what the following pass does: the same actions, each once, for random states.

`make prove N=20000` looks at a hundred histories, of another seed every time.
"""

import os

import pytest

from tests.support.stores import sqlite_template
from tests.sync.conftest import world_url
from tests.sync.random_states import compare_random_states

__all__ = ["sqlite_template", "world_url"]

HISTORIES = max(3, int(os.environ.get("PROVE", "0")) // 200)
SEED = int(os.environ.get("PROVE_SEED", "7"))
STEPS = 6


@pytest.mark.parametrize("seed", range(SEED * 1_000, SEED * 1_000 + HISTORIES))
@pytest.mark.parametrize("world_url", ["sqlite", "postgresql"], indirect=True)
async def test_a_plan_is_what_the_following_pass_does(world_url: str, seed: int) -> None:
    await compare_random_states(world_url, seed, STEPS)

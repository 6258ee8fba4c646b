"""PostgreSQL restarted at random under thousands of operations: nothing lost, nothing doubled.

People act between the passes, the server goes away within them: smoothly, at once, or by the death of one of
its processes. `make prove` does 5,000 operations with an outage every few seconds; `make test` fewer.
"""

import os
import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from reconciler.errors import ReconcilerError
from reconciler.model.passes import PassResult
from tests.support.invariants import find_violations
from tests.support.outages import Outages, shaky_server
from tests.support.scenario import Scenario, open_scenario
from tests.support.stores import fill_postgres

PROVE = "PROVE" in os.environ
SEED = int(os.environ.get("PROVE_SEED", "7"))
OPERATIONS, CROWD, BETWEEN = (5_000, 150, (1.0, 4.0)) if PROVE else (200, 50, (0.3, 0.9))
REPORTS = 12
OUTAGES = {"database", "fence"}
"""The errors of a pass in whose middle the server went away."""
LEAST = 5
"""So many outages there must have been, or nothing was proven."""
MOST = 10 * OPERATIONS
"""Not more operations, though no pass has met an outage: on a busy machine most come between passes."""


def act(scenario: Scenario, rng: random.Random) -> None:
    """Perform one random action of a user on either side."""
    report = rng.choice(list(scenario.reports))
    match rng.randrange(10):
        case 0 | 1 | 2:
            scenario.comment_in_bugspark(report)
        case 3 | 4 | 5:
            scenario.comment_on_github(report)
        case 6:
            scenario.set_in_bugspark(report, "status", rng.choice(["new", "resolved", "closed"]))
        case 7:
            scenario.set_on_github(report, "severity", rng.choice(["low", "high"]))
        case 8:
            scenario.delete_comment_of(rng.choice(scenario.notes[-50:]))
        case _:
            scenario.edit(rng.choice([note for note in scenario.notes[-50:] if note.side == "github"]))


async def attempt(scenario: Scenario, seconds: float) -> PassResult | None:
    """Run a pass; None if even the project could not be read."""
    scenario.github.clock.advance(seconds)
    try:
        result: PassResult | None = await scenario.run_work(scenario.one_pass)
    except ReconcilerError:
        return None
    return result


async def busy(scenario: Scenario, outages: Outages, rng: random.Random) -> AsyncIterator[PassResult | None]:
    """Users act until enough was done and a pass has met an outage; a pass follows each batch of actions."""
    done, met = 0, False
    while (done < OPERATIONS or outages.count < LEAST or not met) and done < MOST:
        with outages.calm:
            outages.server.wait()
            scenario.bugspark.engine.dispose()
            for _ in range(CROWD):
                act(scenario, rng)
        done += CROWD
        result = await attempt(scenario, seconds=61)
        met = met or outcome(result) in OUTAGES
        yield result


def outcome(result: PassResult | None) -> str:
    """The kind of error a pass met, "unread" when it could not even begin, "ok"."""
    if result is None:
        return "unread"
    return result.error.kind if result.error else "ok"


@pytest.mark.timeout(0 if PROVE else 600)  # a busy machine restarts a server slowly
async def test_postgresql_that_restarts_again_and_again_loses_and_doubles_nothing() -> None:
    rng = random.Random(SEED)
    with shaky_server() as server:
        name = server.server.create()
        fill_postgres(server.server.url(name))
        async with open_scenario(server.server.url(name)) as scenario:
            for number in range(REPORTS):
                await scenario.export(title=f"report {number}")
            scenario.comment_on_github(next(iter(scenario.reports)))
            with server.outages(SEED, *BETWEEN) as outages:
                results = [result async for result in busy(scenario, outages, rng)]
                outages.stop()
                scenario.bugspark.engine.dispose()
                wrong = find_violations(scenario, await scenario.settle())
            assert not wrong, "\n".join(wrong[:20])
            met = Counter(map(outcome, results))
            print(f"{len(results) * CROWD} operations, {outages.count} outages, passes: {dict(met)}")
            assert OUTAGES & set(met), f"no pass met an outage: {met}"

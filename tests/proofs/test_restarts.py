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
from tests.support.outages import Outages, shaky_server
from tests.support.promises import broken
from tests.support.stores import fill_postgres
from tests.support.town import Town, open_town

PROVE = "PROVE" in os.environ
SEED = int(os.environ.get("PROVE_SEED", "7"))
OPERATIONS, CROWD, BETWEEN = (5_000, 150, (1.0, 4.0)) if PROVE else (400, 50, (0.3, 0.9))
REPORTS = 12
LEAST = 5
"""So many outages there must have been, or nothing was proven."""


def act(town: Town, dice: random.Random) -> None:
    """One operation of somebody on either side."""
    report = dice.choice(list(town.reports))
    match dice.randrange(10):
        case 0 | 1 | 2:
            town.say_here(report)
        case 3 | 4 | 5:
            town.say_there(report)
        case 6:
            town.set_here(report, "status", dice.choice(["new", "resolved", "closed"]))
        case 7:
            town.set_there(report, "severity", dice.choice(["low", "high"]))
        case 8:
            town.unsay(dice.choice(town.notes[-50:]))
        case _:
            town.edit(dice.choice([note for note in town.notes[-50:] if note.side == "github"]))


async def attempt(town: Town, seconds: float) -> PassResult | None:
    """A pass; None when the database would not even say which project it is."""
    town.github.clock.advance(seconds)
    try:
        result: PassResult | None = await town.whole(town.one_pass)
    except ReconcilerError:
        return None
    return result


async def busy(town: Town, outages: Outages, dice: random.Random) -> AsyncIterator[PassResult | None]:
    """People act until they have done enough, a pass after each crowd of them."""
    done = 0
    while done < OPERATIONS or outages.count < LEAST:
        with outages.calm:
            outages.server.wait()
            town.bugspark.engine.dispose()
            for _ in range(CROWD):
                act(town, dice)
        done += CROWD
        yield await attempt(town, seconds=61)


@pytest.mark.timeout(0 if PROVE else 120)
async def test_postgresql_that_restarts_again_and_again_loses_and_doubles_nothing() -> None:
    dice = random.Random(SEED)
    with shaky_server() as server:
        name = server.server.create()
        fill_postgres(server.server.url(name))
        async with open_town(server.server.url(name)) as town:
            for number in range(REPORTS):
                await town.export(title=f"report {number}")
            town.say_there(next(iter(town.reports)))
            with server.outages(SEED, *BETWEEN) as outages:
                results = [result async for result in busy(town, outages, dice)]
                outages.stop()
                town.bugspark.engine.dispose()
                wrong = broken(town, await town.settle())
            assert not wrong, "\n".join(wrong[:20])
            met = Counter(result.error.kind if result and result.error else "ok" for result in results)
            print(f"{len(results) * CROWD} operations, {outages.count} outages, passes: {dict(met)}")
            assert met["database"] + met["fence"], f"no pass met an outage: {met}"

"""One credential's limits in one row, for every process."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from reconciler.errors import LimitedError
from reconciler.model.ids import Fingerprint
from reconciler.model.issue import RateLimit
from reconciler.model.policy import RateLimitPolicy
from reconciler.store.schema import tables
from reconciler.store.schema.engine import Database
from reconciler.store.sync.rate_limiter import DryRunRateLimiter, StoredRateLimiter
from tests.support.bugspark import BugSpark
from tests.support.stores import NOW, FixedClock

F00D = Fingerprint("f00d")
TIGHT = RateLimitPolicy(points_per_minute=10)


def rows(bugspark: BugSpark) -> list[dict[str, object]]:
    return [dict(row) for row in bugspark.rows(sa.select(tables.credential_budgets))]


async def test_first_use_inserts_and_every_further_one_updates(
    database: Database, clock: FixedClock, bugspark: BugSpark
) -> None:
    limiter = StoredRateLimiter(database, RateLimitPolicy(), clock)
    for _ in range(3):
        await limiter.reserve_reads(F00D, 2)
    (row,) = rows(bugspark)
    assert row["revision"] == 3


async def test_two_limiters_share_a_limit_and_credentials_do_not(
    database: Database, clock: FixedClock
) -> None:
    one, other = (StoredRateLimiter(database, TIGHT, clock) for _ in range(2))
    for limiter in (one, other, one, other, one):
        await limiter.reserve_reads(F00D, 2)
    for limiter in (one, other):
        with pytest.raises(LimitedError) as caught:
            await limiter.reserve_reads(F00D, 1)
        assert NOW + timedelta(seconds=60) <= caught.value.until <= NOW + timedelta(seconds=61)
    await one.reserve_reads(Fingerprint("beef"), 10)


async def test_many_at_once_never_take_more_than_there_is(database: Database, clock: FixedClock) -> None:
    limiters = [StoredRateLimiter(database, TIGHT, clock) for _ in range(4)]

    async def reserve_up_to_five(limiter: StoredRateLimiter) -> int:
        taken = 0
        for _ in range(5):
            try:
                await limiter.reserve_reads(F00D, 1)
                taken += 1
            except LimitedError:
                return taken
        return taken

    assert sum(await asyncio.gather(*(reserve_up_to_five(limiter) for limiter in limiters))) == 10


async def test_writes_are_an_interval_apart_in_all_limiters(database: Database, clock: FixedClock) -> None:
    one, other = (StoredRateLimiter(database, RateLimitPolicy(min_interval=2.0), clock) for _ in range(2))
    slots = [await limiter.reserve_write(F00D, 5) for limiter in (one, other, one)]
    assert slots == [NOW, NOW + timedelta(seconds=2), NOW + timedelta(seconds=4)]


async def test_a_block_by_github_holds_in_all_limiters_and_is_not_shortened(
    database: Database, clock: FixedClock
) -> None:
    one, other = (StoredRateLimiter(database, RateLimitPolicy(), clock) for _ in range(2))
    await other.reserve_reads(F00D, 1)
    until = NOW + timedelta(minutes=5)
    await one.block(F00D, until, "GitHub's secondary limit: wait.")
    await one.block(F00D, NOW + timedelta(minutes=1), "shorter")
    await other.block(Fingerprint("beef"), until, "first seen this way")
    for limiter in (one, StoredRateLimiter(database, RateLimitPolicy(), clock)):
        with pytest.raises(LimitedError, match="secondary limit") as caught:
            await limiter.reserve_reads(F00D, 1)
        assert caught.value.until == until
    with pytest.raises(LimitedError, match="secondary limit"):
        await other.reserve_reads(F00D, 1)
    clock.at = until
    await one.reserve_reads(F00D, 1)


async def test_a_used_up_primary_limit_waits_for_its_reset(database: Database, clock: FixedClock) -> None:
    reset = NOW + timedelta(minutes=20)
    limiter = StoredRateLimiter(database, RateLimitPolicy(), clock)
    await limiter.reserve_reads(F00D, 1, seen=RateLimit(limit=5000, remaining=1, reset_at=reset))
    used_up = RateLimit(limit=5000, remaining=0, reset_at=reset)
    with pytest.raises(LimitedError, match="used up") as caught:
        await limiter.reserve_reads(F00D, 1, seen=used_up)
    assert caught.value.until == reset
    clock.at = reset
    await limiter.reserve_reads(F00D, 1, seen=used_up)


async def test_the_dry_run_limiter_admits_alike_and_writes_nothing(
    database: Database, clock: FixedClock, bugspark: BugSpark
) -> None:
    await StoredRateLimiter(database, TIGHT, clock).reserve_reads(F00D, 6)
    before = rows(bugspark)
    dry = DryRunRateLimiter(database, TIGHT, clock)
    await dry.reserve_reads(F00D, 4)
    with pytest.raises(LimitedError):
        await dry.reserve_reads(F00D, 1)
    clock.at += timedelta(seconds=62)
    assert await dry.reserve_write(F00D, 5) == clock.at
    await dry.block(F00D, clock.at + timedelta(minutes=1), "GitHub said wait.")
    with pytest.raises(LimitedError, match="said wait"):
        await dry.reserve_reads(F00D, 1)
    assert rows(bugspark) == before


WORKER = """
import asyncio, sys
from datetime import UTC, datetime
from reconciler.errors import LimitedError
from reconciler.model.policy import RateLimitPolicy
from reconciler.store.schema.engine import open_database
from reconciler.store.sync.rate_limiter import StoredRateLimiter

class Clock:
    def now(self):
        return datetime(2026, 3, 1, 9, tzinfo=UTC)

async def main():
    database = open_database(sys.argv[1])
    limiter = StoredRateLimiter(database, RateLimitPolicy(points_per_minute=30), Clock())
    taken = 0
    try:
        while True:
            await limiter.reserve_reads("f00d", 1)
            taken += 1
    except LimitedError:
        print(taken)
    await database.aclose()

asyncio.run(main())
"""


def test_two_processes_keep_one_limit(store_url: str) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, store_url],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(2)
    ]
    taken = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    assert sum(taken) == 30

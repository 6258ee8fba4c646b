"""Points of reads that a process reserves ahead, beside other processes with the same token."""

import random
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from reconciler.errors import LimitedError
from reconciler.model.ids import Fingerprint
from reconciler.model.issue import RateLimit
from reconciler.model.policy import RateLimitPolicy
from reconciler.store.schema import tables
from reconciler.store.schema.engine import Database
from reconciler.store.sync.limits.slices import SlicedRateLimiter
from reconciler.store.sync.rate_limiter import DryRunRateLimiter, StoredRateLimiter, read_budget
from reconciler.store.sync.sliding_window import points_in_last_minute
from tests.support.bugspark import BugSpark
from tests.support.stores import FixedClock

F00D = Fingerprint("f00d")
PASS = 2  # points of an idle pass


def daemon(database: Database, clock: FixedClock, points: int = 800) -> SlicedRateLimiter:
    limiter = StoredRateLimiter(database, RateLimitPolicy(points_per_minute=points), clock)
    return SlicedRateLimiter(limiter, clock)


async def points_counted(database: Database, clock: FixedClock) -> int:
    return points_in_last_minute((await read_budget(database, F00D)).spent, clock.now())


def revision(bugspark: BugSpark) -> int:
    (row,) = bugspark.rows(sa.select(tables.credential_budgets.c.revision))
    return int(row["revision"])


async def test_daemons_that_share_a_token_write_its_row_far_less_often_than_they_run_passes(
    database: Database, clock: FixedClock, bugspark: BugSpark
) -> None:
    daemons = [daemon(database, clock) for _ in range(2)]
    for _ in range(60):
        for each in daemons:
            await each.reserve_reads(F00D, PASS)
        await clock.sleep(0.2)
    assert revision(bugspark) <= 40  # of 120 passes
    assert await points_counted(database, clock) >= 120 * PASS


async def test_a_quiet_token_has_no_points_reserved_ahead(database: Database, clock: FixedClock) -> None:
    limiter = daemon(database, clock)
    for passes in range(1, 6):
        await limiter.reserve_reads(F00D, PASS)
        assert await points_counted(database, clock) == passes * PASS
        await clock.sleep(3)


async def test_what_is_left_of_a_slice_is_given_back_with_the_next_reservation(
    database: Database, clock: FixedClock
) -> None:
    limiter = daemon(database, clock)
    for _ in range(4):  # the second takes two points ahead, the third uses them, the fourth takes six
        await limiter.reserve_reads(F00D, PASS)
    assert await points_counted(database, clock) == 4 * PASS + 6
    await clock.sleep(3)
    await limiter.reserve_reads(F00D, PASS)
    assert await points_counted(database, clock) == 5 * PASS


async def test_no_minute_holds_more_points_than_allowed_however_slices_are_used(database: Database) -> None:
    rng, clock, limit = random.Random(22), FixedClock(), 40
    budgets = DryRunRateLimiter(database, RateLimitPolicy(points_per_minute=limit), clock)
    daemons = [SlicedRateLimiter(budgets, clock) for _ in range(3)]
    spent: list[tuple[datetime, int]] = []
    denied = 0
    for _ in range(1_500):
        points = rng.randint(1, 4)
        try:
            await rng.choice(daemons).reserve_reads(F00D, points)
        except LimitedError:
            denied += 1
        else:
            spent.append((clock.now(), points))
        await clock.sleep(rng.choice((0, 0, 0.1, 0.5, 1.9, 2.0, 7)))
    minute = timedelta(seconds=60)
    most = max(sum(n for at, n in spent if begin <= at <= begin + minute) for begin, _ in spent)
    assert most <= limit
    assert most > limit / 2, "slices left most of the limit unused"
    assert denied


async def test_points_that_are_used_late_in_a_slice_leave_the_minute_late(
    database: Database, clock: FixedClock
) -> None:
    limit = 20
    early, late = daemon(database, clock, limit), daemon(database, clock, limit)
    for _ in range(4):
        await early.reserve_reads(F00D, PASS)  # the last one takes six points ahead
    await clock.sleep(1.9)
    for _ in range(3):
        await early.reserve_reads(F00D, PASS)
    await clock.sleep(59.5)
    for _ in range(limit - 4 * PASS):  # these three, and one that the second reservation had taken ahead
        await late.reserve_reads(F00D, 1)
    with pytest.raises(LimitedError):
        await late.reserve_reads(F00D, 1)


async def test_a_block_ends_the_slice_of_the_process_that_was_told_to_wait(
    database: Database, clock: FixedClock
) -> None:
    limiter = daemon(database, clock)
    for _ in range(4):
        await limiter.reserve_reads(F00D, PASS)
    await limiter.block(F00D, clock.now() + timedelta(seconds=60), "GitHub said wait.")
    with pytest.raises(LimitedError, match="GitHub said wait"):
        await limiter.reserve_reads(F00D, PASS)


async def test_a_block_of_another_process_is_known_when_the_slice_ends(
    database: Database, clock: FixedClock
) -> None:
    limiter, other = daemon(database, clock), daemon(database, clock)
    for _ in range(4):
        await limiter.reserve_reads(F00D, PASS)
    await other.block(F00D, clock.now() + timedelta(seconds=60), "GitHub said wait.")
    await clock.sleep(2)
    with pytest.raises(LimitedError, match="GitHub said wait"):
        await limiter.reserve_reads(F00D, PASS)


async def test_a_used_up_primary_limit_is_not_passed_by_a_slice(
    database: Database, clock: FixedClock
) -> None:
    limiter = daemon(database, clock)
    for _ in range(4):
        await limiter.reserve_reads(F00D, PASS)
    used_up = RateLimit(limit=5_000, remaining=0, reset_at=clock.now() + timedelta(minutes=20))
    with pytest.raises(LimitedError, match="hourly limit"):
        await limiter.reserve_reads(F00D, PASS, seen=used_up)

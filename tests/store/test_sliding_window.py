"""The arithmetic of limits: no window ever exceeds its limit, for any sequence of requests."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.policy import RateLimitPolicy
from reconciler.store.sync.sliding_window import (
    Denied,
    Granted,
    WindowUsage,
    admit_points,
    points_in_last_minute,
)

START = 1_780_000_000.0
PACE = RateLimitPolicy(points_per_minute=20, min_interval=1.0, content_per_minute=5, content_per_hour=12)

asks = st.lists(
    st.tuples(
        st.floats(min_value=0, max_value=700).map(lambda seconds: seconds / 10),  # time that passes
        st.integers(min_value=1, max_value=7),  # points
        st.booleans(),  # a write?
        st.booleans(),  # wait until it is possible?
    ),
    max_size=120,
)


def spend(steps: list[tuple[float, int, bool, bool]], pace: RateLimitPolicy) -> list[tuple[float, int, bool]]:
    """Spend by these steps; return what was granted: when, how much, and whether it was a write."""
    spent, now = WindowUsage(), START
    granted: list[tuple[float, int, bool]] = []
    for pause, points, write, waits in steps:
        now += pause
        answer = admit_points(spent, pace, now, points, write=write)
        if isinstance(answer, Denied) and waits:
            assert answer.until > now
            now = answer.until
            answer = admit_points(spent, pace, now, points, write=write)
        if isinstance(answer, Granted):
            assert answer.at >= now
            spent = answer.spent
            granted.append((answer.at, points, write))
    return granted


def most(events: list[tuple[float, int]], span: float) -> int:
    """The most that any closed window of that length holds: one that begins at an event."""
    return max((sum(n for at, n in events if begin <= at <= begin + span) for begin, _ in events), default=0)


@given(asks)
def test_no_minute_holds_more_points_than_allowed(steps: list[tuple[float, int, bool, bool]]) -> None:
    granted = spend(steps, PACE)
    assert most([(at, points) for at, points, _ in granted], 60) <= PACE.points_per_minute


@given(asks)
def test_no_minute_and_no_hour_holds_more_writes_than_allowed(
    steps: list[tuple[float, int, bool, bool]],
) -> None:
    writes = [(at, 1) for at, _, write in spend(steps, PACE) if write]
    assert most(writes, 60) <= PACE.content_per_minute
    assert most(writes, 3600) <= PACE.content_per_hour


@given(asks)
def test_writes_are_never_closer_than_the_interval(steps: list[tuple[float, int, bool, bool]]) -> None:
    times = [at for at, _, write in spend(steps, PACE) if write]
    assert all(later - earlier >= PACE.min_interval - 1e-6 for earlier, later in pairwise(times))


@given(st.integers(min_value=1, max_value=7), st.booleans())
def test_an_unused_credential_may_go_at_once(points: int, write: bool) -> None:
    answer = admit_points(WindowUsage(), PACE, START, points, write=write)
    assert isinstance(answer, Granted)
    assert answer.at == START


def test_a_denial_says_when_and_is_true() -> None:
    spent = WindowUsage()
    for _ in range(20):
        answer = admit_points(spent, PACE, START, 1, write=False)
        assert isinstance(answer, Granted)
        spent = answer.spent
    denied = admit_points(spent, PACE, START + 5, 1, write=False)
    assert isinstance(denied, Denied)
    assert 60 <= denied.until - START <= 61
    assert isinstance(admit_points(spent, PACE, denied.until, 20, write=False), Granted)
    assert isinstance(admit_points(spent, PACE, denied.until - 1, 1, write=False), Denied)


def test_a_queue_of_writes_that_is_too_long_is_denied() -> None:
    spent = WindowUsage()
    pace = RateLimitPolicy(points_per_minute=1000)
    times = []
    for _ in range(6):
        answer = admit_points(spent, pace, START, 5, write=True)
        assert isinstance(answer, Granted)
        spent = answer.spent
        times.append(answer.at - START)
    assert times == [0, 1, 2, 3, 4, 5]
    assert isinstance(admit_points(spent, pace, START, 5, write=True), Denied)


def test_without_an_interval_writes_do_not_wait() -> None:
    pace = RateLimitPolicy(min_interval=0, content_per_minute=1000, points_per_minute=10_000)
    first = admit_points(WindowUsage(), pace, START, 5, write=True)
    assert isinstance(first, Granted)
    second = admit_points(first.spent, pace, START, 5, write=True)
    assert isinstance(second, Granted)
    assert second.at == START


def test_a_clock_that_was_set_back_does_not_stop_us_for_as_long() -> None:
    ahead = admit_points(WindowUsage(), PACE, START + 86_400, 20, write=True)
    assert isinstance(ahead, Granted)
    denied = admit_points(ahead.spent, PACE, START, 1, write=False)
    assert isinstance(denied, Denied)
    assert denied.until <= START + 62


def test_the_stored_usage_does_not_grow() -> None:
    pace = RateLimitPolicy(points_per_minute=100_000, content_per_minute=1000, content_per_hour=100_000)
    spent = WindowUsage()
    for step in range(3000):
        answer = admit_points(spent, pace, START + step * 3, 1, write=True)
        assert isinstance(answer, Granted)
        spent = answer.spent
    assert len(spent.points) <= 122
    assert len(spent.hour) <= 64


@pytest.mark.parametrize(("later", "points"), [(0, 7), (59, 7), (62, 0)])
def test_the_points_of_the_last_minute_are_summed(later: float, points: int) -> None:
    answer = admit_points(WindowUsage(), PACE, START, 7, write=False)
    assert isinstance(answer, Granted)
    assert points_in_last_minute(answer.spent, datetime.fromtimestamp(START + later, UTC)) == points

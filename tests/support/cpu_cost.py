"""What work costs in CPU time beside other work: seconds alone say nothing on a slow machine."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
TURNS = 3


def require_cost_ratio(
    max_ratio: float, large_work: Callable[[], T], small_work: Callable[[], T]
) -> tuple[T, T]:
    """Return what both return. In one turn the first must cost at most `max_ratio` times the second."""
    seconds = []
    for _ in range(TURNS):
        (large, large_seconds), (small, small_seconds) = _timed(large_work), _timed(small_work)
        if large_seconds < max_ratio * small_seconds + 0.05:
            return large, small
        seconds.append((large_seconds, small_seconds))
    raise AssertionError(
        f"CPU seconds of both, in each turn: {seconds}; allowed are {max_ratio} times as many"
    )


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    began = time.process_time()
    made = work()
    return made, time.process_time() - began

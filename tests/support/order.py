"""The order of the tests: what takes long begins first, so that no worker ends alone with it.

xdist's `worksteal` gives each worker one run of the list to begin with, and idle ones take from the end of
another's; so every run begins with its share of the long ones.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TypeVar

LONG = (
    "proofs/test_random_histories.py",
    "proofs/test_restarts.py",
    "proofs/",
    "bench/",
    "demo/test_demo.py",
)
"""Below tests/, the longest first."""
TOGETHER = ("demo/test_demo.py",)
"""Of these: files whose tests share what is expensive to make."""
T = TypeVar("T")


def rank(path: str) -> int | None:
    """How far in front a test of this file stands; None: where it was."""
    return next((place for place, part in enumerate(LONG) if f"tests/{part}" in path), None)


def distribute(items: Sequence[T], path: Callable[[T], str], workers: int) -> list[T]:
    """All of `items`, the long ones distributed over the first runs of the workers.

    Tests of a file in TOGETHER stay together: what they share is made once, by one worker.
    """
    ranked = [(rank(path(item)), item) for item in items]
    long = sorted(((n, item) for n, item in ranked if n is not None), key=lambda pair: pair[0])
    groups = [
        items_of_group
        for n, group in groupby(long, key=lambda pair: pair[0])
        for items_of_group in _shuffled([item for _, item in group], is_one=LONG[n] in TOGETHER)
    ]
    short = iter([item for place, item in ranked if place is None])
    made: list[T] = []
    for worker in range(workers):
        share = [item for items_of_group in groups[worker::workers] for item in items_of_group]
        run = (len(items) - len(made)) // (workers - worker)  # as xdist cuts the list
        made += share
        made += [item for _, item in zip(range(run - len(share)), short, strict=False)]
    return [*made, *short]


def _shuffled(items: list[T], *, is_one: bool) -> list[list[T]]:
    return [items] if is_one else [[item] for item in items]

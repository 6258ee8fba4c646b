"""The order of the tests: what takes long begins first, so that no worker ends alone with it.

xdist's `worksteal` gives each worker one run of the list to begin with, and idle ones take from the end of
another's; so every run begins with its share of the long ones.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

LONG = ("proofs/test_machine.py", "proofs/test_restarts.py", "proofs/", "bench/", "demo/test_demo.py")
"""Below tests/, the longest first."""
T = TypeVar("T")


def rank(path: str) -> int | None:
    """How far in front a test of this file stands; None: where it was."""
    return next((place for place, part in enumerate(LONG) if f"tests/{part}" in path), None)


def dealt(items: Sequence[T], path: Callable[[T], str], workers: int) -> list[T]:
    """All of `items`, the long ones dealt out to the workers' first runs like cards."""
    ranked = [(rank(path(item)), item) for item in items]
    long = [
        item for _, item in sorted(((n, i) for n, i in ranked if n is not None), key=lambda pair: pair[0])
    ]
    short = iter([item for place, item in ranked if place is None])
    made: list[T] = []
    for worker in range(workers):
        hand = long[worker::workers]
        run = (len(items) - len(made)) // (workers - worker)  # as xdist cuts the list
        made += hand
        made += [item for _, item in zip(range(run - len(hand)), short, strict=False)]
    return [*made, *short]

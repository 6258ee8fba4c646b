"""Each worker begins with its share of what takes long, and nothing is left out."""

import pytest

from tests.support.order import distribute

QUICK = [f"tests/decide/test_{number}.py" for number in range(20)]
SLOW = [
    *(f"tests/proofs/test_{number}.py" for number in range(2)),
    *["tests/proofs/test_random_histories.py"] * 3,
]


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_every_worker_s_first_run_begins_with_its_share(workers: int) -> None:
    items = list(enumerate([*QUICK[:9], *SLOW, *QUICK[9:]]))
    made = distribute(items, lambda item: item[1], workers)
    assert sorted(made) == items
    shares, rest = [], made
    for worker in range(workers):
        run = len(rest) // (workers - worker)
        names = [name for _, name in rest[:run]]
        share = [name for name in names if name in SLOW]
        assert names[: len(share)] == share == sorted(share, key=lambda name: "random_histories" not in name)
        shares.append(len(share))
        rest = rest[run:]
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize("items", [[], SLOW, SLOW[:1], [*SLOW, QUICK[0]]])
def test_few_tests_are_all_there(items: list[str]) -> None:
    assert sorted(distribute(items, str, 3)) == sorted(items)


def test_tests_that_share_what_is_expensive_stay_with_one_worker() -> None:
    items = list(enumerate([*QUICK, *["tests/demo/test_demo.py"] * 5, *SLOW]))
    made = distribute(items, lambda item: item[1], 3)
    assert sorted(made) == items
    (first, *_, last) = [place for place, (_, name) in enumerate(made) if "test_demo" in name]
    assert last - first == 4

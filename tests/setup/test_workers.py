from pathlib import Path

import pytest

from tests.setup.workers import cores, worker_count


@pytest.mark.parametrize(
    ("cores", "workers"), [(1, 2), (2, 3), (4, 5), (5, 5), (8, 8), (16, 16), (17, 16), (128, 16)]
)
def test_workers_follow_the_cores(cores: int, workers: int) -> None:
    assert worker_count(cores) == workers


def test_more_cores_never_get_fewer_workers() -> None:
    counts = [worker_count(each) for each in range(1, 200)]
    assert counts == sorted(counts)


@pytest.mark.parametrize(("limit", "most"), [("max 100000", None), ("100000 100000", 1), ("50000 100000", 1)])
def test_a_container_s_limit_counts(limit: str, most: int | None, tmp_path: Path) -> None:
    unlimited = cores(tmp_path / "absent")
    (tmp_path / "cpu.max").write_text(f"{limit}\n")
    assert cores(tmp_path / "cpu.max") == (unlimited if most is None else most)

"""The soak test runs, and its verdict can be negative."""

import random
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from bench.soak.__main__ import main
from bench.soak.editors import Editors
from bench.soak.environment import PERSON, open_environment
from bench.soak.figures import Spread, slope, spread
from bench.soak.results import SoakResult
from bench.soak.run import memory_of
from bench.soak.watch import find_differences, record_arrivals

TINY = [
    "--minutes",
    "0.08",
    "--projects",
    "4",
    "--links",
    "2",
    "--interval",
    "1",
    "--settle",
    "0.5",
    "--pace",
    "0",
]


def test_a_tiny_soak_ends_equal(tmp_path: Path) -> None:
    path = tmp_path / "soak.json"
    code = main([*TINY, "--edits-per-second", "3", "--trouble-every", "1.5", "--json", str(path)])
    result = msgspec.json.decode(path.read_bytes(), type=SoakResult)
    assert (code, result.apart) == (0, [])
    assert len(result.troubles) >= 2
    # Every edit, and one more in each project.
    assert sum(latency.all.count for latency in result.ways) == result.edits + 4


def test_the_comparison_names_what_is_lost_duplicated_or_different(tmp_path: Path) -> None:
    with (
        open_environment(tmp_path, projects=1, links=1, hooked=0, settings={}) as environment,
        closing(Editors(environment=environment, rng=random.Random(1))) as editors,
    ):
        assert find_differences(editors) == []
        (linked_report,) = environment.linked_reports
        editors.comment(linked_report, "GitHub")
        (word,) = (edit.value for edit in editors.waiting)
        record_arrivals(editors)
        assert [edit.value for edit in editors.waiting] == [word]
        assert find_differences(editors) == [f"acme/project-0#1: {word} is 0 times on BugSpark, not 1"]
        linked_report.repository.comment(1, f"again {word}", by=PERSON)
        linked_report.repository.close(1, by=PERSON)
        linked_report.repository.open_issue("An unexpected issue", by=PERSON)
        assert set(find_differences(editors)) == {
            f"acme/project-0#1: {word} is 0 times on BugSpark, not 1",
            f"acme/project-0#1: {word} is 2 times on GitHub, not 1",
            "acme/project-0#1: state is closed on GitHub, not open",
            "acme/project-0 has 2 issues, not 1",
        }


def test_memory_that_grows_is_not_flat() -> None:
    flat = [(float(second), 100.0 + second % 3) for second in range(600)]
    assert memory_of(flat).is_flat
    grown = memory_of([(at, mib + at / 30) for at, mib in flat])  # 2 MiB a minute
    assert grown.per_hour == pytest.approx(120, abs=2)
    assert not grown.is_flat
    warming = [(at, mib + min(at, 200.0) / 10) for at, mib in flat]
    assert memory_of(warming).is_flat


def test_percentiles_are_measured_values_and_lines_are_straight() -> None:
    assert spread([float(each) for each in range(1, 101)]) == Spread(
        count=100, p50=50, p95=95, p99=99, most=100
    )
    assert (spread([]), spread([2.0])) == (Spread(count=0), Spread(count=1, p50=2, p95=2, p99=2, most=2))
    assert slope([(0, 1), (1, 3), (2, 5)]) == pytest.approx(2)
    assert (slope([]), slope([(1, 1)]), slope([(1, 1), (1, 2)])) == (0, 0, 0)

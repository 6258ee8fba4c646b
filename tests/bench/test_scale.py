"""The benchmark of many idle projects runs, and its counts (not its times) are as promised."""

from pathlib import Path

import msgspec

from bench.scale import QUICK, Scale, main


def test_idle_projects_of_two_daemons_cost_two_requests_a_pass_and_changes_arrive(tmp_path: Path) -> None:
    path = tmp_path / "scale.json"
    assert main(["--quick", "--json", str(path)]) == 0
    result = msgspec.json.decode(path.read_bytes(), type=Scale)
    assert result.sizes == QUICK
    assert result.passes_per_second > 0
    assert 1 < result.requests < 5  # two; passes that begin or end outside the measured time count by half
    assert result.daemon_cpu_ms > 0
    assert result.database_cpu_ms > 0
    assert result.wal_bytes > 0
    assert result.connections >= QUICK.daemons
    assert result.bugspark_to_github.count == QUICK.edits

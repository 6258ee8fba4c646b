"""Tests keep their files in memory only if a whole run fits."""

from pathlib import Path

from tests.support.scratch import in_memory


def test_files_are_kept_in_memory_only_when_enough_is_free(tmp_path: Path) -> None:
    assert in_memory(tmp_path, enough=1) == [tmp_path]
    assert in_memory(tmp_path, enough=1 << 60) == []
    assert in_memory(tmp_path / "none", enough=1) == []

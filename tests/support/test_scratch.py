"""Tests keep their files in memory only where there is room for a whole run."""

from pathlib import Path

from tests.support.scratch import in_memory


def test_memory_is_taken_where_it_has_room_and_left_alone_where_it_has_not(tmp_path: Path) -> None:
    assert in_memory(tmp_path, enough=1) == [tmp_path]
    assert in_memory(tmp_path, enough=1 << 60) == []
    assert in_memory(tmp_path / "none", enough=1) == []

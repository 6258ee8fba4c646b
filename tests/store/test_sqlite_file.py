"""A missing SQLite database is reported with its full path, and only `migrate` creates it."""

from pathlib import Path

import pytest

from reconciler.errors import ConfigurationError
from reconciler.store.schema.engine import open_database
from reconciler.store.schema.migrate import migrate


def test_opening_makes_no_file_and_says_which_one_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=f"{tmp_path}/bugspark.db, which does not exist.*migrate"):
        open_database("sqlite:///bugspark.db")
    assert not list(tmp_path.iterdir())
    migrate("sqlite:///bugspark.db")
    assert (tmp_path / "bugspark.db").stat().st_mode & 0o777 == 0o600

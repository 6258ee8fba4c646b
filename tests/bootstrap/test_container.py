"""Readiness of the container, as `/readyz` and the daemon's ticks check it."""

import shutil
from pathlib import Path

import pytest

from reconciler.bootstrap.container import open_container
from reconciler.config.settings import Settings
from reconciler.errors import DatabaseError
from tests.support.stores import sqlite_template

__all__ = ["sqlite_template"]


def moved(here: Path, there: Path) -> None:
    here.rename(there)


async def test_readiness_follows_a_moved_away_and_restored_database_file(
    sqlite_template: Path, tmp_path: Path
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    shutil.copy(sqlite_template, home / "bugspark.db")
    url = f"sqlite:///{home}/bugspark.db"
    async with open_container(Settings.model_validate({"database": {"url": url}})) as parts:
        await parts.stores.identity.bind()
        await parts.check_ready()
        moved(home, elsewhere)
        with pytest.raises(DatabaseError, match="not at its place any more"):
            await parts.check_ready()
        moved(elsewhere, home)
        await parts.check_ready()

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


@pytest.mark.parametrize(
    ("api_url", "hosts"),
    [
        ("https://api.github.com", {"github.com"}),
        ("https://ghe.example:8443/api/v3", {"github.com", "ghe.example"}),
    ],
)
async def test_texts_are_made_inert_for_the_configured_hosts_and_bots(
    sqlite_template: Path, tmp_path: Path, api_url: str, hosts: set[str]
) -> None:
    shutil.copy(sqlite_template, tmp_path / "bugspark.db")
    settings = {
        "database": {"url": f"sqlite:///{tmp_path}/bugspark.db"},
        "github": {"api_url": api_url},
        "bugspark": {"dashboard_url": "https://Bugs.example:8443/x"},
        "sync": {"bots": ["@acme-deploy[bot]"]},
    }
    async with open_container(Settings.model_validate(settings)) as parts:
        policy = parts.sync_policy().text
    assert policy.github_hosts == hosts
    assert policy.image_hosts == {"bugs.example:8443"}
    assert policy.bots == {"acme-deploy"}


async def test_without_a_dashboard_no_image_is_shown(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "bugspark.db")
    settings = {"database": {"url": f"sqlite:///{tmp_path}/bugspark.db"}}
    async with open_container(Settings.model_validate(settings)) as parts:
        assert parts.sync_policy().text.image_hosts == frozenset()

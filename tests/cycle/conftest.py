"""A whole world for each test, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from reconciler.store.migrate import migrate
from tests.support.bugspark import install
from tests.support.github import GitHub, github, github_process
from tests.support.postgres import Server
from tests.support.sync import Sync, open_sync

__all__ = ["github", "github_process"]


def _live_bugspark(url: str) -> None:
    install(url)
    migrate(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def world_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database with BugSpark in it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/bugspark.db"
        migrate(url)
        yield url
        return
    server: Server = request.getfixturevalue("postgres_server")
    with server.database(template=server.template("live bugspark", _live_bugspark)) as url:
        yield url


@pytest.fixture
async def sync(world_url: str, github: GitHub) -> AsyncIterator[Sync]:
    """One project connected to acme/web."""
    async with open_sync(world_url, github) as world:
        yield world

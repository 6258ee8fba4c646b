"""A whole world for each test: on SQLite or on PostgreSQL, on both where the store is the point."""

import os
import shutil
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from reconciler.store.schema.migrate import migrate
from tests.support.alert_listener import Listener
from tests.support.bugspark import install
from tests.support.github import GitHub, github, github_process
from tests.support.inline_sqlite import inline
from tests.support.postgres import Server
from tests.support.stores import sqlite_template
from tests.support.sync import Sync, open_sync

__all__ = ["github", "github_process", "sqlite_template"]

DATABASES = ("sqlite", "postgresql")
HERE = Path(__file__).parent
ON_BOTH = (
    "test_after_restore.py",
    "test_customer.py",
    "test_idle.py",
    "test_identity.py",
    "test_paused.py",
    "test_races.py",
)
"""Promised on both by name, or about locks, statements and identities of the database itself. So are
tests of other folders that begin with a world of the pass.
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What a pass decides does not depend on the store, and tests/store holds every statement on both: a test
    runs on one database, chosen by its name, always the same; one in sixteen on PostgreSQL, where it costs
    twice the processor time. EVERYWHERE=1 runs all of them on both.
    """
    marked = {mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")}
    if "world_url" not in metafunc.fixturenames or "world_url" in marked:
        return
    name = metafunc.function.__name__
    everywhere = os.environ.get("EVERYWHERE") or _on_both(metafunc.definition.path)
    chosen = DATABASES if everywhere else (DATABASES[zlib.crc32(name.encode()) % 16 == 1],)
    metafunc.parametrize("world_url", chosen, indirect=True)


def _on_both(path: Path) -> bool:
    """Whether the tests of this file are about the database, too."""
    return path.parent != HERE or path.name in ON_BOTH


def _live_bugspark(url: str) -> None:
    install(url)
    migrate(url)


@pytest.fixture
def world_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database with BugSpark in it."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "bugspark.db")
        with nullcontext() if _on_both(request.path) else inline():
            yield f"sqlite:///{tmp_path}/bugspark.db"
        return
    server: Server = request.getfixturevalue("postgres_server")
    with server.database(template=server.template("live bugspark", _live_bugspark)) as url:
        yield url


@pytest.fixture
async def sync(world_url: str, github: GitHub) -> AsyncIterator[Sync]:
    """One project connected to acme/web."""
    async with open_sync(world_url, github) as world:
        yield world


@pytest.fixture
async def listener(sync: Sync) -> Listener:
    """Takes the alerts of `sync`."""
    made = Listener()
    made.tell(sync.app)
    return made

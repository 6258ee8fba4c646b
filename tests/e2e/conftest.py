"""Installations in which the real command is started."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.store.schema.migrate import migrate
from tests.support.bugspark import install
from tests.support.command import Installation, open_installation
from tests.support.postgres import Server


def _live_bugspark(url: str) -> None:
    install(url)
    migrate(url)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "bugspark.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    shutil.copy(migrated_file, tmp_path / "bugspark.db")
    return f"sqlite:///{tmp_path}/bugspark.db"


@pytest.fixture
def installation(sqlite_url: str, tmp_path: Path) -> Iterator[Installation]:
    """An installation on SQLite."""
    with open_installation(sqlite_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def live_url(postgres_server: Server) -> Iterator[str]:
    """A live BugSpark on PostgreSQL, migrated."""
    with postgres_server.database(template=postgres_server.template("live bugspark", _live_bugspark)) as url:
        yield url


@pytest.fixture(params=["sqlite_url", "live_url"], ids=["sqlite", "postgresql"])
def each_installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An installation on SQLite and, in a second run of the test, on PostgreSQL."""
    with open_installation(request.getfixturevalue(request.param), tmp_path) as opened:
        yield opened

"""The web as it is served: a real port on loopback, a real database behind it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reconciler.store.migrate import migrate
from tests.web.house import House, open_house


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with BugSpark's tables and ours, made once."""
    path = tmp_path_factory.mktemp("template") / "bugspark.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def migrated(template: Path, tmp_path: Path) -> str:
    """A copy of it, and its address."""
    return f"sqlite:///{shutil.copy(template, tmp_path / 'bugspark.db')}"


@pytest.fixture
async def house(migrated: str) -> AsyncIterator[House]:
    """The web with one project `Shop`, which has a webhook secret."""
    async with open_house(migrated) as opened:
        yield opened

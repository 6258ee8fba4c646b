"""A whole world for each test, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from tests.support.github import GitHub
from tests.support.sync import Sync, open_sync

pytest_plugins = ["tests.support.github"]


@pytest.fixture
async def sync(store_url: str, github: GitHub) -> AsyncIterator[Sync]:
    """One project connected to acme/web."""
    async with open_sync(store_url, github) as world:
        yield world

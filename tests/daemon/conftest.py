"""Fixtures: both kinds of queue, and a migrated database."""

from collections.abc import AsyncIterator, Iterator

import pytest

from reconciler.daemon.memory_queue import MemoryQueue
from reconciler.daemon.pass_queue import PassQueue
from reconciler.daemon.procrastinate_queue import open_procrastinate_queue
from reconciler.store.schema import engine
from tests.support.postgres import Server
from tests.support.stores import fill_postgres, sqlite_template, store_url

__all__ = ["sqlite_template", "store_url"]


@pytest.fixture
def queue_url(postgres_server: Server) -> Iterator[str]:
    """A migrated PostgreSQL database."""
    with postgres_server.database(
        template=postgres_server.template("bugspark, migrated", fill_postgres)
    ) as url:
        yield url


@pytest.fixture(params=["in-process", "procrastinate"])
async def queue(request: pytest.FixtureRequest) -> AsyncIterator[PassQueue]:
    """Each test runs on both."""
    if request.param == "in-process":
        yield MemoryQueue()
        return
    url: str = request.getfixturevalue("queue_url")
    async with open_procrastinate_queue(
        engine.psycopg_arguments(url, "queue"), engine.psycopg_connection_class()
    ) as found:
        yield found

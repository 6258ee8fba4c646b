"""Two writers that block each other, on real PostgreSQL: a deadlock, and a row that changed under a snapshot.

The proofs (tests/proofs/test_database_faults.py) raise the same states at every point of a pass.
"""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import AsyncConnection
from sqlalchemy.ext.asyncio import AsyncConnection as Ours

from reconciler.errors import DatabaseError
from reconciler.model.ids import ReportId
from reconciler.store.schema.engine import Database
from tests.support.bugspark import BugSpark

Theirs = AsyncConnection[tuple[object, ...]]
pytestmark = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)


@pytest.fixture
def two(bugspark: BugSpark) -> tuple[ReportId, ReportId]:
    project = bugspark.add_project()
    return bugspark.add_report(project, "first"), bugspark.add_report(project, "second")


@pytest.fixture
async def other(store_url: str) -> AsyncIterator[Theirs]:
    """Another session, which looks for deadlocks so late that ours is always the one that is ended."""
    address = store_url.replace("postgresql+psycopg://", "postgresql://")
    async with await psycopg.AsyncConnection.connect(address) as connection:
        await connection.execute("SET deadlock_timeout = '10min'")
        await connection.commit()
        yield connection


async def ours(connection: Ours, report: ReportId) -> None:
    await connection.execute(sa.text("UPDATE reports SET title = 'ours' WHERE id = :id"), {"id": report})


async def theirs(connection: Theirs, report: ReportId) -> None:
    await connection.execute("UPDATE reports SET title = 'theirs' WHERE id = %s", (report,))


async def test_in_a_deadlock_our_transaction_ends_with_an_error(
    database: Database, bugspark: BugSpark, other: Theirs, two: tuple[ReportId, ReportId]
) -> None:
    first, second = two

    waiting: list[asyncio.Task[None]] = []

    async def cross() -> None:
        async with database.write() as connection:
            await theirs(other, second)
            await ours(connection, first)
            waiting.append(asyncio.create_task(theirs(other, first)))
            await ours(connection, second)

    with pytest.raises(DatabaseError, match="it and somebody else waited for each other"):
        await cross()
    await waiting[0]
    await other.commit()
    assert titles(bugspark) == {"theirs"}


async def test_a_row_changed_since_our_snapshot_is_not_overwritten(
    database: Database, bugspark: BugSpark, other: Theirs, two: tuple[ReportId, ReportId]
) -> None:
    name = bugspark.engine.url.database
    bugspark.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
    first, second = two

    async def overtaken() -> None:
        async with database.write() as connection:
            await ours(connection, second)
            await theirs(other, first)
            await other.commit()
            await ours(connection, first)

    with pytest.raises(DatabaseError, match="somebody else changed the same rows at once"):
        await overtaken()
    assert titles(bugspark) == {"theirs", "second"}


def titles(bugspark: BugSpark) -> set[str]:
    return {str(row["title"]) for row in bugspark.rows_of("reports")}

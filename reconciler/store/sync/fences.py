"""The right to work on a project, one process at a time: `ports.Fences`.

PostgreSQL: a session advisory lock over a connection of its own, which must not go through pgbouncer
(docs/design.md, Where one machine is not enough). It ends with the connection, however that ends.
SQLite: a row with a heartbeat (fence_rows).
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import URL

from reconciler.errors import BusyError, DatabaseError, ProjectLockLostError
from reconciler.model.ids import ProjectId
from reconciler.ports import Clock, ProjectLock
from reconciler.store.db_errors import database_label
from reconciler.store.schema import libpq
from reconciler.store.schema.engine import Database

if TYPE_CHECKING:
    import psycopg  # imported late: SQLite has no use for it

ACQUIRE_RETRY_SECONDS = 0.25
CHECK_TIMEOUT_SECONDS = 5.0
BUSY_MESSAGE = "Project {} is at work in another process."
LOST_MESSAGE = "The lock on project {} was lost: nothing more is written."
IS_HELD_SQL = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
    AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = %s
"""


class AdvisoryProjectLocks:
    """Locks in PostgreSQL."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._url = database.url
        self._clock = clock

    @asynccontextmanager
    async def acquire(self, project_id: ProjectId, *, wait: bool = False) -> AsyncIterator[ProjectLock]:
        """Raises BusyError, or DatabaseError when no connection of its own can be made."""
        connection = await _connect(self._url)
        fence = AdvisoryProjectLock(connection, project_id)
        try:
            while not await fence.try_acquire():
                if not wait:
                    raise BusyError(BUSY_MESSAGE.format(project_id))
                await self._clock.sleep(ACQUIRE_RETRY_SECONDS)
            yield fence
        finally:
            await fence.release()
            await connection.close()


class AdvisoryProjectLock:
    """One held lock."""

    def __init__(self, connection: "psycopg.AsyncConnection[Any]", project_id: ProjectId) -> None:
        self._connection = connection
        self._project_id = project_id
        digest = hashlib.sha256(b"bugspark-reconciler fence" + project_id.bytes).digest()
        self._key = int.from_bytes(digest[:8], "big", signed=True)

    async def try_acquire(self) -> bool:
        """Whether the lock is ours now. Raises DatabaseError when the connection ended."""
        import psycopg

        try:
            return bool(await self._query_value("SELECT pg_try_advisory_lock(%s)"))
        except psycopg.Error as error:
            raise DatabaseError(
                f"The connection for the lock on project {self._project_id} ended."
            ) from error

    async def ensure_held(self) -> None:
        """Ask the very session that holds it."""
        import psycopg

        try:
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
                held = await self._query_value(IS_HELD_SQL)
        except (psycopg.Error, TimeoutError) as error:
            raise ProjectLockLostError(LOST_MESSAGE.format(self._project_id)) from error
        if not held:
            raise ProjectLockLostError(LOST_MESSAGE.format(self._project_id))

    async def release(self) -> None:
        """Unlock at once: after a mere close the server would take a moment to notice.

        Where this does not get through, the close that follows unlocks.
        """
        import psycopg

        with suppress(psycopg.Error, TimeoutError):
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
                await self._connection.execute("SELECT pg_advisory_unlock_all()")

    async def _query_value(self, query: str) -> Any:
        found = await self._connection.execute(query.encode(), (self._key,))
        row = await found.fetchone()
        return row[0] if row else None


async def _connect(url: URL) -> "psycopg.AsyncConnection[Any]":
    import psycopg

    try:
        return await psycopg.AsyncConnection.connect(**libpq.psycopg_arguments(url, "fence"), autocommit=True)
    except psycopg.Error as error:
        raise DatabaseError(
            f"The database {database_label(url)} gives no connection for the lock."
        ) from error

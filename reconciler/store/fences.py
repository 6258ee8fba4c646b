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

from reconciler.errors import BusyError, DatabaseError, FenceLostError
from reconciler.model.ids import ProjectId
from reconciler.ports import Clock, Fence
from reconciler.store import libpq
from reconciler.store.engine import Database
from reconciler.store.failures import place

if TYPE_CHECKING:
    import psycopg  # imported late: SQLite has no use for it

RETRY_SECONDS = 0.25
CHECK_SECONDS = 5.0
BUSY = "Project {} is at work in another process."
LOST = "The lock on project {} was lost: nothing more is written."
HELD = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
    AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = %s
"""


class AdvisoryFences:
    """Locks in PostgreSQL."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._url = database.url
        self._clock = clock

    @asynccontextmanager
    async def hold(self, project_id: ProjectId, *, wait: bool = False) -> AsyncIterator[Fence]:
        """Raises BusyError, or DatabaseError when no connection of its own can be made."""
        connection = await _connect(self._url)
        fence = AdvisoryFence(connection, project_id)
        try:
            while not await fence.take():
                if not wait:
                    raise BusyError(BUSY.format(project_id))
                await self._clock.sleep(RETRY_SECONDS)
            yield fence
        finally:
            await fence.let_go()
            await connection.close()


class AdvisoryFence:
    """One held lock."""

    def __init__(self, connection: "psycopg.AsyncConnection[Any]", project_id: ProjectId) -> None:
        self._connection = connection
        self._project_id = project_id
        digest = hashlib.sha256(b"bugspark-reconciler fence" + project_id.bytes).digest()
        self._key = int.from_bytes(digest[:8], "big", signed=True)

    async def take(self) -> bool:
        """Whether the lock is ours now. Raises DatabaseError when the connection ended."""
        import psycopg

        try:
            return bool(await self._ask("SELECT pg_try_advisory_lock(%s)"))
        except psycopg.Error as error:
            raise DatabaseError(
                f"The connection for the lock on project {self._project_id} ended."
            ) from error

    async def check(self) -> None:
        """Ask the very session that holds it."""
        import psycopg

        try:
            async with asyncio.timeout(CHECK_SECONDS):
                held = await self._ask(HELD)
        except (psycopg.Error, TimeoutError) as error:
            raise FenceLostError(LOST.format(self._project_id)) from error
        if not held:
            raise FenceLostError(LOST.format(self._project_id))

    async def let_go(self) -> None:
        """Unlock at once: after a mere close the server would take a moment to notice.

        Where this does not get through, the close that follows unlocks.
        """
        import psycopg

        with suppress(psycopg.Error, TimeoutError):
            async with asyncio.timeout(CHECK_SECONDS):
                await self._connection.execute("SELECT pg_advisory_unlock_all()")

    async def _ask(self, query: str) -> Any:
        found = await self._connection.execute(query.encode(), (self._key,))
        row = await found.fetchone()
        return row[0] if row else None


async def _connect(url: URL) -> "psycopg.AsyncConnection[Any]":
    import psycopg

    try:
        return await psycopg.AsyncConnection.connect(**libpq.arguments(url, "fence"), autocommit=True)
    except psycopg.Error as error:
        raise DatabaseError(f"The database {place(url)} gives no connection for the lock.") from error

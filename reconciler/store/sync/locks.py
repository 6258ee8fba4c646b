"""The right to work on a project, for one process at a time: `ports.ProjectLocks`.

PostgreSQL: a session advisory lock on a connection of its own, which must not go through pgbouncer
(docs/design.md, Where one machine is not enough). It ends with the connection, however that ends.
SQLite: a row per project with a heartbeat, free again when its holder is dead or silent.
"""

import asyncio
import hashlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Collection, Container
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.engine import URL

from reconciler.errors import BusyError, DatabaseError, ProjectLockLostError
from reconciler.model.health import HeldLocks
from reconciler.model.ids import ProjectId
from reconciler.ports import Clock, ProjectLock
from reconciler.store.connection import database_label, finish_shielded
from reconciler.store.schema import engine
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import locks
from reconciler.store.sync.lock_proof import first_line

if TYPE_CHECKING:
    import psycopg  # imported late: not needed on SQLite

ACQUIRE_RETRY_SECONDS = 0.25
LOCK_EXPIRY = timedelta(seconds=30)
HEARTBEAT_SECONDS = 10.0
RENEWAL_VALID_FOR = timedelta(seconds=10)
CHECK_TIMEOUT_SECONDS = 5.0
PROJECT_BUSY_MESSAGE = "Project {} is at work in another process."
LOCK_LOST_MESSAGE = "The lock on project {} was lost: nothing more is written."
IS_HELD_SQL = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
    AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = %s
"""
SELECT_LOCKS_OF_SESSIONS = text("""
    SELECT pid, (classid::bigint << 32) | objid::bigint AS key FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND pid = ANY(:pids)
""")


class AdvisoryProjectLocks:
    """Advisory locks in PostgreSQL."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._url = database.url
        self._clock = clock
        self._held: set[AdvisoryProjectLock] = set()

    async def check_held(self) -> HeldLocks:
        """Ask through another session: that of a lock may be gone without having said so."""
        if not (asked := frozenset(self._held)):
            return HeldLocks()
        pids = [lock.backend_pid for lock in asked]
        async with self._database.read() as connection:
            rows = await connection.execute(SELECT_LOCKS_OF_SESSIONS, {"pids": pids})
        existing = {(row.pid, row.key) for row in rows}
        # Not those that were released while they were asked for.
        return _count_held({(lock.backend_pid, lock.key) for lock in asked & self._held}, existing)

    @asynccontextmanager
    async def acquire(self, project_id: ProjectId, *, wait: bool = False) -> AsyncIterator[ProjectLock]:
        """Raises BusyError, or DatabaseError when no connection of its own can be made."""
        connection = await _connect_for_lock(self._url)
        lock = AdvisoryProjectLock(connection, project_id)
        try:
            while not await lock.try_acquire():
                if not wait:
                    raise BusyError(PROJECT_BUSY_MESSAGE.format(project_id))
                await self._clock.sleep(ACQUIRE_RETRY_SECONDS)
            self._held.add(lock)
            yield lock
        finally:
            self._held.discard(lock)
            await finish_shielded(_release_and_close(lock, connection))


async def _connect_for_lock(url: URL) -> "psycopg.AsyncConnection[Any]":
    import psycopg

    try:
        return await engine.psycopg_connection_class().connect(
            **engine.psycopg_arguments(url, "fence"), autocommit=True
        )
    except psycopg.Error as error:
        raise DatabaseError(
            f"The database {database_label(url)} gives no connection for the lock: {first_line(error)}."
        ) from error


async def _release_and_close(lock: "AdvisoryProjectLock", connection: "psycopg.AsyncConnection[Any]") -> None:
    """Unlock at once, then close: after a mere close the server would take a moment to notice."""
    try:
        await lock.release()
    finally:
        await connection.close()


class AdvisoryProjectLock:
    """One project's lock in a session."""

    def __init__(self, connection: "psycopg.AsyncConnection[Any]", project_id: ProjectId) -> None:
        self._connection = connection
        self._project_id = project_id
        digest = hashlib.sha256(b"bugspark-reconciler fence" + project_id.bytes).digest()
        self.key = int.from_bytes(digest[:8], "big", signed=True)
        self.backend_pid = 0  # of the session's server process, once the lock was tried
        self._may_be_held = False

    async def try_acquire(self) -> bool:
        """Whether the lock is ours now. Raises DatabaseError when the connection ended."""
        import psycopg

        self._may_be_held = True  # also where a cancellation takes the answer from us
        try:
            found = await self._query_row("SELECT pg_try_advisory_lock(%s), pg_backend_pid()")
        except psycopg.Error as error:
            raise DatabaseError(
                f"The connection for the lock on project {self._project_id} ended."
            ) from error
        self._may_be_held, self.backend_pid = found
        return self._may_be_held

    async def ensure_held(self) -> None:
        """Ask the session that holds it. Raises ProjectLockLostError."""
        import psycopg

        try:
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
                (held,) = await self._query_row(IS_HELD_SQL)
        except (psycopg.Error, TimeoutError) as error:
            raise ProjectLockLostError(LOCK_LOST_MESSAGE.format(self._project_id)) from error
        if not held:
            raise ProjectLockLostError(LOCK_LOST_MESSAGE.format(self._project_id))

    async def release(self) -> None:
        """Unlock this project and no other: the session may hold locks of other projects.

        Where the statement does not get through, the end of the connection unlocks.
        """
        import psycopg

        if not self._may_be_held:
            return
        with suppress(psycopg.Error, TimeoutError):
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
                await self._query_row("SELECT pg_advisory_unlock(%s)")
        self._may_be_held = False

    async def _query_row(self, query: str) -> tuple[Any, ...]:
        found = await self._connection.execute(query.encode(), (self.key,))
        row: tuple[Any, ...] | None = await found.fetchone()
        assert row is not None  # each of these queries has one row
        return row


class RowProjectLocks:
    """Rows in `sync_locks`, on SQLite."""

    def __init__(self, database: Database, clock: Clock, new_id: Callable[[], UUID]) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id
        self._held_ids: set[UUID] = set()

    async def check_held(self) -> HeldLocks:
        if not (asked := frozenset(self._held_ids)):
            return HeldLocks()
        query = select(locks.c.holder).where(locks.c.holder.in_(asked))
        async with self._database.read() as connection:
            existing = set((await connection.execute(query)).scalars())
        return _count_held(asked & self._held_ids, existing)

    @asynccontextmanager
    async def acquire(self, project_id: ProjectId, *, wait: bool = False) -> AsyncIterator[ProjectLock]:
        """Raises BusyError."""
        holder = self._new_id()
        lock = RowProjectLock(self._database, self._clock, project_id, holder)
        try:
            while not await lock.try_acquire():
                if not wait:
                    raise BusyError(PROJECT_BUSY_MESSAGE.format(project_id))
                await self._clock.sleep(ACQUIRE_RETRY_SECONDS)
        except asyncio.CancelledError:
            await finish_shielded(lock.release())  # the row may have been committed all the same
            raise
        renewing = asyncio.create_task(lock.keep_renewing())
        self._held_ids.add(holder)
        try:
            yield lock
        finally:
            self._held_ids.discard(holder)
            await finish_shielded(_stop_and_release(lock, renewing))


def _count_held(held: Collection[object], existing: Container[object]) -> HeldLocks:
    """Count locks by whether the database has them."""
    alive = sum(lock in existing for lock in held)
    return HeldLocks(alive=alive, ended=len(held) - alive)


async def _stop_and_release(lock: "RowProjectLock", renewing: asyncio.Task[None]) -> None:
    renewing.cancel()
    try:
        with suppress(asyncio.CancelledError):
            await renewing
    finally:
        await lock.release()


class RowProjectLock:
    """One project's row, ours as long as it names this holder."""

    def __init__(self, database: Database, clock: Clock, project_id: ProjectId, holder: UUID) -> None:
        self._database = database
        self._clock = clock
        self._project_id = project_id
        self._holder = holder
        self._renewed: datetime | None = None

    async def try_acquire(self) -> bool:
        """Whether the lock is ours now: there was none, or its holder is dead or silent."""
        now, host = self._clock.now(), socket.gethostname()
        mine = {
            "project_id": self._project_id,
            "holder": self._holder,
            "host": host,
            "pid": os.getpid(),
            "expires_at": now + LOCK_EXPIRY,
        }
        same = locks.c.project_id == self._project_id
        async with self._database.write() as connection:
            row = (await connection.execute(select(locks).where(same))).mappings().first()
            if row is not None and not _is_holder_dead(row, now, host):
                return False
            await connection.execute(delete(locks).where(same))
            await connection.execute(insert(locks).values(mine))
        self._renewed = now
        return True

    async def ensure_held(self) -> None:
        """Check that the row is ours, and renew it. Raises ProjectLockLostError when somebody took it over.

        Nobody can have done so while the last renewal is far from expiry: then the database is not asked.
        """
        is_fresh = self._renewed is not None and self._clock.now() - self._renewed < RENEWAL_VALID_FOR
        if not is_fresh and not await self._renew():
            raise ProjectLockLostError(LOCK_LOST_MESSAGE.format(self._project_id))

    async def keep_renewing(self) -> None:
        """Renew it until cancelled, or until it is lost, which `ensure_held` then notices."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            with suppress(DatabaseError):  # busy for once: there are two more renewals before it expires
                if not await self._renew():
                    return

    async def release(self) -> None:
        """Delete the row, unless it is somebody else's by now."""
        async with self._database.write() as connection:
            await connection.execute(delete(locks).where(*self._own_row()))

    async def _renew(self) -> bool:
        now = self._clock.now()
        later = update(locks).where(*self._own_row()).values(expires_at=now + LOCK_EXPIRY)
        async with self._database.write() as connection:
            done = (await connection.execute(later)).rowcount == 1
        self._renewed = now if done else None
        return done

    def _own_row(self) -> tuple[Any, ...]:
        return (locks.c.project_id == self._project_id, locks.c.holder == self._holder)


def _is_holder_dead(row: Any, now: datetime, host: str) -> bool:
    if row["expires_at"] <= now:
        return True
    return row["host"] == host and not _is_process_alive(row["pid"])


def _is_process_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

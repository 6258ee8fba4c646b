"""The right to work on a project, for one process at a time: `ports.ProjectLocks`, on PostgreSQL.

Session advisory locks on one connection of the process, which must not go through a pooler that
shares sessions (docs/design.md, Where one machine is not enough). They end with the connection, however that
ends. On SQLite: sqlite_locks.py.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection, Container
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import URL

from reconciler.errors import BusyError, DatabaseError, ProjectLockLostError
from reconciler.model.health import HeldLocks
from reconciler.model.ids import ProjectId
from reconciler.ports import Clock, ProjectLock
from reconciler.store.connection import database_label, finish_shielded
from reconciler.store.schema import engine
from reconciler.store.schema.engine import Database
from reconciler.store.schema.lock_proof import first_line
from reconciler.store.sync.locks.fences import LOCK_LOST_MESSAGE, ProjectFences

if TYPE_CHECKING:
    import psycopg  # imported late: not needed on SQLite

ACQUIRE_RETRY_SECONDS = 0.25
CHECK_TIMEOUT_SECONDS = 5.0
TRY_LOCK_SQL = """
    SELECT pg_try_advisory_lock(%s), pg_backend_pid(),
    (SELECT lock_epoch FROM sync_projects WHERE project_id = %s AND lock_holder = %s)
"""
"""The statement's snapshot is older than the lock. An epoch that was raised in between is refused by the
fence: the pass ends before it has stored anything, and the next one reads the new epoch.
"""
PROJECT_BUSY_MESSAGE = (
    "A pass or another command is at work on this project, so nothing was done: try again in a few seconds."
)
IS_HELD_SQL = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
    AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = %s
"""
SELECT_LOCKS_OF_SESSIONS = text("""
    SELECT pid, (classid::bigint << 32) | objid::bigint AS key FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND pid = ANY(:pids)
""")


class AdvisoryProjectLocks:
    """Advisory locks in PostgreSQL, all in one session, which is open while one of them is held or wanted.

    `keeps_session`: it stays open after that, until `aclose`, because the next lock is soon wanted. A session
    may take a lock of its own again, so a project is first taken within this process.
    """

    def __init__(
        self, database: Database, clock: Clock, fences: ProjectFences, *, keeps_session: bool = False
    ) -> None:
        self._database = database
        self._keeps_session = keeps_session
        self._url = database.url
        self._clock = clock
        self._fences = fences
        self._taken: set[ProjectId] = set()
        self._held: set[AdvisoryProjectLock] = set()
        self._session: LockSession | None = None

    async def count_held_locks(self) -> HeldLocks:
        """Ask through another session: that of the locks may be gone without having said so."""
        if not (asked := frozenset(self._held)):
            return HeldLocks()
        pids = [lock.backend_pid for lock in asked]
        async with self._database.read() as connection:
            rows = await connection.execute(SELECT_LOCKS_OF_SESSIONS, {"pids": pids})
        existing = {(row.pid, row.key) for row in rows}
        # Not those that were released while they were asked for.
        return count_held({(lock.backend_pid, lock.key) for lock in asked & self._held}, existing)

    @asynccontextmanager
    async def acquire(self, project_id: ProjectId, *, wait: bool = False) -> AsyncIterator[ProjectLock]:
        """Raises BusyError, or DatabaseError when there is no session for locks."""
        while project_id in self._taken:
            if not wait:
                raise BusyError(PROJECT_BUSY_MESSAGE)
            await self._clock.sleep(ACQUIRE_RETRY_SECONDS)
        self._taken.add(project_id)
        try:
            async with self._use_session() as session:
                lock = AdvisoryProjectLock(session, project_id, self._fences.own_holder_id)
                try:
                    while not await lock.try_acquire():
                        if not wait:
                            raise BusyError(PROJECT_BUSY_MESSAGE)
                        await self._clock.sleep(ACQUIRE_RETRY_SECONDS)
                    await self._fences.record_holder(project_id, lock.epoch)
                    self._held.add(lock)
                    yield lock
                finally:
                    self._held.discard(lock)
                    self._fences.forget_epoch(project_id)
                    await finish_shielded(lock.release())
        finally:
            self._taken.discard(project_id)

    @asynccontextmanager
    async def _use_session(self) -> AsyncIterator["LockSession"]:
        """The session of all locks; a new one where the last one has died. The last user closes it."""
        if self._session is None or self._session.is_dead:
            self._session = LockSession(self._url)
        session = self._session
        session.users += 1
        try:
            yield session
        finally:
            session.users -= 1
            is_kept = self._keeps_session and self._session is session and not session.is_dead
            if not session.users and not is_kept:
                if self._session is session:
                    self._session = None
                await finish_shielded(session.aclose())

    async def aclose(self) -> None:
        """Close a session that was kept. No lock may be held or wanted any more."""
        session, self._session = self._session, None
        if session is not None:
            await session.aclose()


class LockSession:
    """One session of PostgreSQL's. Once it fails it is closed: every lock in it is lost, at once."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._connecting = asyncio.Lock()
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self.users = 0
        self.is_dead = False

    async def query_row(self, query: str, *values: object, may_reconnect: bool = False) -> tuple[Any, ...]:
        """Execute a query to its end, also where the caller is cancelled: the connection is everybody's.

        `may_reconnect`: the caller holds no lock, so if it is the only user, the query is tried again in a
        new connection. The server may have ended the old one while nobody used it. Raises DatabaseError; then
        the session is dead.
        """
        running = asyncio.ensure_future(self._query_row(query, values, may_reconnect))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            with suppress(DatabaseError):
                await finish_shielded(_await_without_value(running))
            raise

    async def _query_row(
        self, query: str, values: tuple[object, ...], may_reconnect: bool
    ) -> tuple[Any, ...]:
        import psycopg

        is_old = self._connection is not None
        try:
            try:
                row = await self._query_row_once(query, values)
            except (psycopg.Error, TimeoutError):
                if not (may_reconnect and is_old and self.users == 1):
                    raise
                await self._disconnect()
                row = await self._query_row_once(query, values)
        except (psycopg.Error, TimeoutError) as error:
            await self.aclose()
            reason = "it does not answer" if isinstance(error, TimeoutError) else first_line(error)
            raise DatabaseError(
                f"The session for locks on {database_label(self._url)} ended: {reason}."
            ) from error
        assert row is not None  # each of these queries has one row
        return row

    async def _query_row_once(self, query: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        connection = await self._connect()  # has a time limit of its own
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            found = await connection.execute(query.encode(), values)
            return await found.fetchone()

    async def _connect(self) -> "psycopg.AsyncConnection[Any]":
        async with self._connecting:
            if self.is_dead:
                raise TimeoutError
            if self._connection is None:
                self._connection = await engine.psycopg_connection_class().connect(
                    **engine.psycopg_arguments(self._url, "fence"), autocommit=True
                )
        return self._connection

    async def aclose(self) -> None:
        """Close it: the server releases its locks, and nothing is asked of it any more."""
        self.is_dead = True
        await self._disconnect()

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


async def _await_without_value(running: "asyncio.Future[Any]") -> None:
    await running


class AdvisoryProjectLock:
    """One project's lock in a session."""

    def __init__(self, session: LockSession, project_id: ProjectId, holder: UUID) -> None:
        self._session = session
        self._project_id = project_id
        self._holder = holder
        digest = hashlib.sha256(b"bugspark-reconciler fence" + project_id.bytes).digest()
        self.key = int.from_bytes(digest[:8], "big", signed=True)
        self.backend_pid = 0  # of the session's server process, once the lock was tried
        self.epoch: int | None = None  # of the project's row when the lock was tried, if it names this holder
        self._may_be_held = False

    async def try_acquire(self) -> bool:
        """Whether the lock is ours now. Raises DatabaseError when the session ended."""
        self._may_be_held = True  # also where a cancellation takes the answer from us
        self._may_be_held, self.backend_pid, self.epoch = await self._session.query_row(
            TRY_LOCK_SQL, self.key, self._project_id, self._holder, may_reconnect=True
        )
        return self._may_be_held

    async def ensure_held(self) -> None:
        """Ask the session that holds it. Raises ProjectLockLostError."""
        lost = ProjectLockLostError(LOCK_LOST_MESSAGE.format(self._project_id))
        if self._session.is_dead:
            raise lost
        try:
            (held,) = await self._session.query_row(IS_HELD_SQL, self.key)
        except DatabaseError as error:
            raise lost from error
        if not held:
            raise lost

    async def release(self) -> None:
        """Unlock this project and no other: the session holds locks of other projects.

        Where the statement does not get through, the end of the session unlocks.
        """
        if self._may_be_held and not self._session.is_dead:
            with suppress(DatabaseError):
                await self._session.query_row("SELECT pg_advisory_unlock(%s)", self.key)
        self._may_be_held = False


def count_held(held: Collection[object], existing: Container[object]) -> HeldLocks:
    """Count locks by whether the database has them."""
    alive = sum(lock in existing for lock in held)
    return HeldLocks(alive=alive, ended=len(held) - alive)

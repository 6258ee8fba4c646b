"""Project locks on SQLite, rows with a heartbeat: `ports.ProjectLocks`.

A row is free again when its holder is dead or silent.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from reconciler.errors import BusyError, DatabaseError, ProjectLockLostError
from reconciler.model.health import HeldLocks
from reconciler.model.ids import ProjectId
from reconciler.ports import Clock, ProjectLock
from reconciler.store.connection import finish_shielded
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import locks
from reconciler.store.sync.locks.fences import LOCK_LOST_MESSAGE, ProjectFences
from reconciler.store.sync.locks.session_locks import ACQUIRE_RETRY_SECONDS, PROJECT_BUSY_MESSAGE, count_held

LOCK_EXPIRY = timedelta(seconds=30)
HEARTBEAT_SECONDS = 10.0
RENEWAL_VALID_FOR = timedelta(seconds=10)

SELECT_LOCK = select(locks).where(locks.c.project_id == bindparam("project"))
DELETE_LOCK = delete(locks).where(locks.c.project_id == bindparam("project"))
DELETE_OWN_LOCK = DELETE_LOCK.where(locks.c.holder == bindparam("own"))
INSERT_LOCK = insert(locks)


class RowProjectLocks:
    """Rows in `sync_locks`, on SQLite."""

    def __init__(
        self, database: Database, clock: Clock, new_id: Callable[[], UUID], fences: ProjectFences
    ) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id
        self._fences = fences
        self._held_ids: set[UUID] = set()

    async def count_held_locks(self) -> HeldLocks:
        if not (asked := frozenset(self._held_ids)):
            return HeldLocks()
        query = select(locks.c.holder).where(locks.c.holder.in_(asked))
        async with self._database.read() as connection:
            existing = set((await connection.execute(query)).scalars())
        return count_held(asked & self._held_ids, existing)

    async def aclose(self) -> None:
        """Do nothing: no connection is kept."""

    @asynccontextmanager
    async def acquire(self, project_id: ProjectId, *, wait: bool = False) -> AsyncIterator[ProjectLock]:
        """Raises BusyError."""
        holder = self._new_id()
        lock = RowProjectLock(self._database, self._clock, project_id, holder)
        try:
            while not await lock.try_acquire():
                if not wait:
                    raise BusyError(PROJECT_BUSY_MESSAGE)
                await self._clock.sleep(ACQUIRE_RETRY_SECONDS)
        except asyncio.CancelledError:
            await finish_shielded(lock.release())  # the row may have been committed all the same
            raise
        renewing = asyncio.create_task(lock.keep_renewing())
        self._held_ids.add(holder)
        try:
            epoch = None if lock.is_taken_over else await self._fences.read_epoch(project_id)
            await self._fences.record_holder(project_id, epoch)
            yield lock
        finally:
            self._held_ids.discard(holder)
            self._fences.forget_epoch(project_id)
            await finish_shielded(_stop_and_release(lock, renewing))


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
        self.is_taken_over = False  # from a holder that is dead or silent

    async def try_acquire(self) -> bool:
        """Whether the lock is ours now: there was none, or its holder is dead or silent."""
        now, host = self._clock.now(), host_and_pid_namespace()
        mine = {
            "project_id": self._project_id,
            "holder": self._holder,
            "host": host,
            "pid": os.getpid(),
            "expires_at": now + LOCK_EXPIRY,
        }
        same = {"project": self._project_id}
        async with self._database.write() as connection:
            row = (await connection.execute(SELECT_LOCK, same)).mappings().first()
            if row is not None and not _is_holder_dead(row, now, host):
                return False
            await connection.execute(DELETE_LOCK, same)
            await connection.execute(INSERT_LOCK, mine)
        self.is_taken_over = row is not None
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
            await connection.execute(DELETE_OWN_LOCK, {"project": self._project_id, "own": self._holder})

    async def _renew(self) -> bool:
        now = self._clock.now()
        later = update(locks).where(*self._own_row_conditions()).values(expires_at=now + LOCK_EXPIRY)
        async with self._database.write() as connection:
            done = (await connection.execute(later)).rowcount == 1
        self._renewed = now if done else None
        return done

    def _own_row_conditions(self) -> tuple[Any, ...]:
        return (locks.c.project_id == self._project_id, locks.c.holder == self._holder)


def host_and_pid_namespace() -> str:
    """Name the host and, on Linux, the PID namespace: containers share a host's name, not its process ids."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = ""
    return f"{socket.gethostname()} {namespace}".strip()


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

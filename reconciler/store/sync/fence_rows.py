"""Fences on SQLite: a row per project with a heartbeat, free again when its holder is dead or silent."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from reconciler.errors import BusyError, DatabaseError, ProjectLockLostError
from reconciler.model.ids import ProjectId
from reconciler.ports import Clock, ProjectLock
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import locks
from reconciler.store.sync.fences import ACQUIRE_RETRY_SECONDS, BUSY_MESSAGE, LOST_MESSAGE

LOCK_EXPIRY = timedelta(seconds=30)
HEARTBEAT_SECONDS = 10.0
RENEWAL_VALID_FOR = timedelta(seconds=10)


class RowProjectLocks:
    """Locks in `sync_locks`."""

    def __init__(self, database: Database, clock: Clock, new_id: Callable[[], UUID]) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id

    @asynccontextmanager
    async def acquire(self, project_id: ProjectId, *, wait: bool = False) -> AsyncIterator[ProjectLock]:
        """Raises BusyError."""
        fence = RowProjectLock(self._database, self._clock, project_id, self._new_id())
        while not await fence.try_acquire():
            if not wait:
                raise BusyError(BUSY_MESSAGE.format(project_id))
            await self._clock.sleep(ACQUIRE_RETRY_SECONDS)
        beat = asyncio.create_task(fence.keep_renewing())
        try:
            yield fence
        finally:
            beat.cancel()
            with suppress(asyncio.CancelledError):
                await beat
            await fence.release()


class RowProjectLock:
    """One row, ours as long as it names this holder."""

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
            if row is not None and not _is_dead(row, now, host):
                return False
            await connection.execute(delete(locks).where(same))
            await connection.execute(insert(locks).values(mine))
        self._renewed = now
        return True

    async def ensure_held(self) -> None:
        """Renews the lock as well. Raises FenceLostError when somebody took it over.

        Nobody can have done so while the last renewal is far from running out, so then nothing is asked.
        """
        fresh = self._renewed is not None and self._clock.now() - self._renewed < RENEWAL_VALID_FOR
        if not fresh and not await self._renew():
            raise ProjectLockLostError(LOST_MESSAGE.format(self._project_id))

    async def keep_renewing(self) -> None:
        """Renew it until cancelled, or until it is lost: then `check` says so."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            with suppress(DatabaseError):  # busy for once: there are two more beats before it expires
                if not await self._renew():
                    return

    async def release(self) -> None:
        """Free the project, unless it is somebody else's by now."""
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


def _is_dead(row: Any, now: datetime, host: str) -> bool:
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

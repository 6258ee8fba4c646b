"""Prove that this database's sessions keep advisory locks, before anything is done under one.

Behind a pooler that shares sessions by transactions, a lock belongs to a session that the next client gets:
two processes may then work on one project, and others find it busy without end. Asking one's own connection
proves nothing: a quiet pooler gives it the same session each time. So a second connection opens a transaction
of its own, while the first still shows its lock: it must be another session, and must be refused the lock.

Source: docs/design.md, Where one machine is not enough; docs/operating.md, The database role.
"""

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import URL

from reconciler.errors import ConfigurationError, DatabaseError
from reconciler.store.connection import database_label, finish_shielded
from reconciler.store.schema import engine
from reconciler.store.schema.engine import Database

if TYPE_CHECKING:
    import psycopg  # imported late: not needed on SQLite

PROOF_TIMEOUT_SECONDS = 30.0
SUPABASE_HOST, NEON_HOST = ".supabase.com", ".neon.tech"
NEON_POOLER = "-pooler."
SHARED_SESSIONS = (
    "database.url leads to a pooler that shares sessions: project locks would not exclude anybody."
)
SEES_LOCK_SQL = """
    SELECT pg_backend_pid(), EXISTS (
        SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
        AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = %s)
"""


async def prove_session_locks(database: Database) -> None:
    """Prove it on PostgreSQL; on SQLite a lock is a row, and there is nothing to prove.

    Raises ConfigurationError, with the address that helps, where sessions are shared or no lock is kept;
    DatabaseError where the database gives no connection.
    """
    if database.dialect != "postgresql":
        return
    import psycopg

    try:
        async with asyncio.timeout(PROOF_TIMEOUT_SECONDS):
            doubt = await _find_lock_problem(database.url)
    except psycopg.Error as error:
        raise DatabaseError(
            f"The database {database_label(database.url)} gives no connection for locks: {first_line(error)}."
        ) from error
    except TimeoutError as error:
        raise DatabaseError(
            f"The database {database_label(database.url)} gave no two connections for locks in time; a pooler"
            " whose only session is taken does that."
        ) from error
    if doubt is not None:
        raise ConfigurationError(f"{doubt} Nothing was done. {address_advice(database.url)}")


async def _find_lock_problem(url: URL) -> str | None:
    """Say why locks are not kept; None: they are."""
    first = await _connect(url)
    try:
        second = await _connect(url)
        try:
            return await _compare_sessions(first, second)
        finally:
            await finish_shielded(second.close())
    finally:
        await finish_shielded(first.close())


async def _connect(url: URL) -> "psycopg.AsyncConnection[Any]":
    """Connect without settings of a session: behind a pooler they would reach other clients."""
    import psycopg

    return await psycopg.AsyncConnection.connect(**engine.psycopg_arguments(url, "proof"), autocommit=True)


async def _compare_sessions(
    first: "psycopg.AsyncConnection[Any]", second: "psycopg.AsyncConnection[Any]"
) -> str | None:
    key = secrets.randbits(63)
    pid, is_taken = await _fetch(first, "SELECT pg_backend_pid(), pg_try_advisory_lock(%s)", key)
    try:
        async with second.transaction():
            other, is_taken_twice = await _fetch(
                second, "SELECT pg_backend_pid(), pg_try_advisory_xact_lock(%s)", key
            )
            if other == pid:  # asking again would wait for that session
                return SHARED_SESSIONS
            present, is_held = await _fetch(first, SEES_LOCK_SQL, key)
    finally:
        await _fetch(first, "SELECT pg_advisory_unlock(%s)", key)
    if pid != present:
        return SHARED_SESSIONS
    if not is_taken or is_taken_twice or not is_held:
        return "A lock in one session of database.url does not keep another session out."
    return None


async def _fetch(connection: "psycopg.AsyncConnection[Any]", query: str, key: int) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = await (await connection.execute(query.encode(), (key,))).fetchone()
    assert row is not None
    return row


def first_line(error: Exception) -> str:
    """PostgreSQL's (or the pooler's) own reason, on one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__


def address_advice(url: URL) -> str:
    """Say which address to use instead, in a sentence."""
    host = url.host or ""
    if host.endswith(SUPABASE_HOST):
        return "At Supabase use the session pooler (the same host with port 5432) or the direct address."
    if NEON_POOLER in host or host.endswith(NEON_HOST):
        return "At Neon use the host without `-pooler`."
    return (
        "Use the address of PostgreSQL itself, or a pooler in session mode (Supabase: port 5432; Neon: the"
        " host without `-pooler`; pgbouncer: pool_mode = session)."
    )

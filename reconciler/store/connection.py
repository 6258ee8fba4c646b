"""A connection in a transaction, returned to the pool whatever interrupts it; the errors of the database.

Errors become one sentence for people, without secrets.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reconciler.errors import DatabaseError


@asynccontextmanager
async def open_transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection in a transaction, committed when the block ends well, else rolled back."""
    connection = await _connect_and_begin_with_retry(engine)
    try:
        try:
            yield connection
        except BaseException as error:
            await _roll_back_or_disconnect(connection, error)
            raise
        await connection.commit()
    finally:
        await finish_shielded(connection.close())


async def _roll_back_or_disconnect(connection: AsyncConnection, error: BaseException) -> None:
    """Roll back; where the server takes no writes, disconnect.

    After a failover the pool may have connections to the former primary, now a standby, which answers reads
    without end. The next connection may lead to the new primary.
    """
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == READ_ONLY_SQLSTATE:
        await connection.invalidate(error)
    else:
        await connection.rollback()


async def _connect_and_begin_with_retry(engine: AsyncEngine) -> AsyncConnection:
    """Begin on a new connection where the pooled one has died, which shows at BEGIN, before any statement.

    SQLAlchemy's own remedy, `pool_pre_ping`, costs a round trip for each transaction.
    """
    try:
        return await _connect_and_begin(engine)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    return await _connect_and_begin(engine)  # the pool was emptied together with the dead connection


async def _connect_and_begin(engine: AsyncEngine) -> AsyncConnection:
    connection = await engine.connect()
    try:
        _ = await connection.begin()
    except BaseException:
        await finish_shielded(connection.close())
        raise
    return connection


async def finish_shielded(closing: Coroutine[Any, Any, None]) -> None:
    """Run `closing` to its end, however often the caller is cancelled; the last cancellation is raised then.

    An interrupted close would leave a connection open that nobody owns any more.
    """
    task = asyncio.ensure_future(closing)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled from (None if task.cancelled() else task.exception())
    task.result()


READ_ONLY_SQLSTATE = "25006"
READ_ONLY_MESSAGE = "it is read-only; the role or the server may not be written to"
ERROR_MESSAGES = (
    # a part of the driver's text, or PostgreSQL's SQLSTATE → the message
    (READ_ONLY_SQLSTATE, READ_ONLY_MESSAGE),
    ("readonly database", "it is read-only; the file and its directory must be writable"),
    ("read-only", "it is read-only"),
    ("53100", "its disk is full"),
    ("database or disk is full", "its disk is full"),
    (
        "row-level security",
        "row security would hide rows of a table from this role; see docs/security.md, Row security",
    ),
    ("3F000", "a schema of this program's is missing; run `reconcile migrate`"),
    ("42883", "a function of this program's is missing; run `reconcile migrate`"),
    ("42501", "this role lacks a right; `reconcile migrate --role-sql` prints the statements that give it"),
    ("42P01", "a table is missing; run `reconcile migrate`"),
    ("no such table", "a table is missing; run `reconcile migrate`"),
    ("no such column", "a column is missing; run `reconcile migrate`"),
    ("42703", "a column is missing; run `reconcile migrate`"),
    ("unable to open database file", "the file can't be opened; check its path and rights"),
    ("file is not a database", "the file is not an SQLite database"),
    ("database is locked", "it is busy; somebody else has been writing for too long"),
    ("55P03", "a table is locked by somebody else; nothing was changed, try again"),
    ("57014", "a statement took too long and was given up"),
    ("40P01", "it and somebody else waited for each other; nothing was changed, the next pass does it again"),
    (
        "40001",
        "somebody else changed the same rows at once; nothing was changed, the next pass does it again",
    ),
    ("57P01", "its server was stopped; it is tried again by the next pass"),
    ("57P02", "its server broke off; it is tried again by the next pass"),
    ("57P03", "its server is starting or stopping; it is tried again by the next pass"),
    (
        "does not support SSL",
        "its server offers no TLS, which another machine must (docs/operating.md, TLS to the database)",
    ),
    (
        "certificate verify failed",
        "its certificate is not trusted; sslrootcert in database.url names the file of its authority",
    ),
    ("root certificate file", "the file that sslrootcert in database.url names can't be read"),
    ("does not match host name", "its certificate is for another name than the one in database.url"),
    ("28P01", "it refuses the password"),
    ("3D000", "there is no database of that name"),
)


def error_message(error: BaseException, url: URL) -> str:
    """Why the database failed, for people: never with a password or a value of a statement."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    text, sqlstate = str(cause), getattr(cause, "sqlstate", None)
    for sign, message in ERROR_MESSAGES:
        if sign == sqlstate or sign in text:
            return f"The database {database_label(url)} can't be used: {message}."
    if isinstance(error, PoolTimeout):
        return f"The database {database_label(url)} can't be used: every connection is taken."
    first = next(iter(text.strip().splitlines()), type(cause).__name__)
    if url.password:
        first = first.replace(str(url.password), "***")
    return f"The database {database_label(url)} does not answer as expected: {first.rstrip('.')}."


def database_label(url: URL) -> str:
    """Name the database, without user or password."""
    if url.get_backend_name() == "sqlite":
        return f"file {url.database}"
    return f"{url.database} on {url.host or url.query.get('host') or 'this machine'}"


@contextmanager
def translate_errors(url: URL) -> Iterator[None]:
    """Raise whatever the driver raises as DatabaseError."""
    try:
        yield
    except SQLAlchemyError as error:
        raise DatabaseError(error_message(error, url)) from error

"""Open either database, for its two kinds of transaction: a consistent snapshot, and one that writes.

What works outside the pool (project locks, the queue of passes) connects to PostgreSQL by psycopg_arguments.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, make_url, text
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.util import await_, greenlet_spawn

from reconciler.errors import ConfigurationError, DatabaseError
from reconciler.store.connection import (
    READ_ONLY_MESSAGE,
    database_label,
    finish_shielded,
    open_transaction,
    translate_errors,
)
from reconciler.store.schema.sqlite_file import require_file

if TYPE_CHECKING:
    from types import TracebackType

    import psycopg  # imported late: not needed on SQLite

APPLICATION_NAME = "bugspark-reconciler"
CONNECT_TIMEOUT_SECONDS = 10
SQLITE_BUSY_TIMEOUT_SECONDS = 15
THREAD_END_SECONDS = 1  # after a failed connection to SQLite
MAX_CONNECTIONS = 10  # to the database, at most
READ_ONLY_OPTION = "reconciler_reads"
MIN_SQLITE_VERSION = (3, 35)  # RETURNING, and ALTER TABLE … DROP COLUMN
SET_TIMEOUTS_SQL = (
    "SELECT set_config('statement_timeout', '60s', true), set_config('lock_timeout', '10s', true),"
    " set_config('idle_in_transaction_session_timeout', '60s', true), set_config('work_mem', '32MB', true),"
    " set_config('row_security', 'off', true)"
)
"""Per transaction, because a session's settings would reach other clients behind pgbouncer. With row_security
off, a policy that would hide rows of BugSpark's is an error: hidden rows look like deleted ones.
"""
BEGIN_WRITE_SQL = f"BEGIN; {SET_TIMEOUTS_SQL}"
BEGIN_READ_SQL = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {SET_TIMEOUTS_SQL}"
"""Each in one round trip. A writing transaction does not say READ WRITE, which would override a database or
role that an operator made read-only by default.
"""
SET_SESSION_SQL = (
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;"
    " SET row_security = off"
)
"""Of a session outside the pool. Both ends probe the connection: the lock of a machine that lost its power
must not last two more hours. Set after connecting: pgbouncer refuses them as options of a connection.
"""


class Database:
    """An open database. `read()` and `write()` are the only ways in; `aclose()` must be called."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = AsyncEngine(engine)
        self._reading = self._writing.execution_options(**{READ_ONLY_OPTION: True})
        self._closed = False

    @property
    def url(self) -> URL:
        """The address with its password: not to be shown."""
        return self._engine.url

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """One consistent snapshot for as long as the block lasts. Raises DatabaseError."""
        return self._transaction(self._reading)

    def write(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """One transaction that may write, committed when the block ends well. Raises DatabaseError."""
        return self._transaction(self._writing)

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        try:
            with translate_errors(self.url):
                async with open_transaction(engine) as connection:
                    yield connection
        finally:
            await self._close_returned_connections()

    async def aclose(self) -> None:
        """Close every connection: those in use when they are returned."""
        self._closed = True
        await self._close_returned_connections()

    async def _close_returned_connections(self) -> None:
        """Empty the pool once the database is closed: nothing else closes a connection returned to it."""
        if self._closed:
            await finish_shielded(greenlet_spawn(self._engine.pool.dispose))


def parse_url(text: str) -> URL:
    """Parse an address. Raises ConfigurationError, without the text: it may hold a password."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise ConfigurationError("database.url is not an address such as sqlite:///bugspark.db.") from None
    backend = url.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise ConfigurationError(f"database.url names {backend}; only sqlite and postgresql are supported.")
    if backend == "sqlite" and url.database in (None, "", ":memory:"):
        raise ConfigurationError("database.url names no file; an SQLite database in memory can't be shared.")
    if backend == "sqlite":
        _require_sqlite_version()
    return url


def _require_sqlite_version() -> None:
    import sqlite3  # late: not needed on PostgreSQL

    if sqlite3.sqlite_version_info < MIN_SQLITE_VERSION:
        oldest = ".".join(map(str, MIN_SQLITE_VERSION))
        raise ConfigurationError(
            f"This Python comes with SQLite {sqlite3.sqlite_version}; {oldest} or newer is needed."
        )


def open_database(text: str, *, connections: int = MAX_CONNECTIONS) -> Database:
    """Open the database at this URL, without a connection yet.

    Raises ConfigurationError; for an SQLite file that is not there, too: only `migrate` makes one.
    """
    url = parse_url(text)
    if url.get_backend_name() == "sqlite":
        require_file(url)
        return Database(_create_sqlite_engine(url, connections))
    return Database(_create_postgresql_engine(url, connections))


def _create_postgresql_engine(url: URL, connections: int) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg_async"),
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        use_native_hstore=False,  # spares a query per connection
        connect_args={
            # Prepared statements belong to a session, and behind pgbouncer sessions change hands.
            "prepare_threshold": None,
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": APPLICATION_NAME,
        },
    )

    @event.listens_for(engine, "connect")
    def _begin_nothing(dbapi: Any, _: object) -> None:
        dbapi.autocommit = True  # the driver begins nothing by itself, the event below does

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get(READ_ONLY_OPTION, False)
        begin = BEGIN_READ_SQL if reads else BEGIN_WRITE_SQL
        connection.exec_driver_sql(begin, execution_options={"no_parameters": True})

    return engine


def _create_sqlite_engine(url: URL, connections: int) -> Engine:
    def _connect() -> Any:
        """Connect; where that fails, return only when the driver's thread has ended.

        The thread answers to the event loop: one that outlives the loop prints a traceback.
        """
        dbapi: Any = engine.dialect.loaded_dbapi
        arguments, options = engine.dialect.create_connect_args(engine.url)
        # isolation_level None: the driver begins nothing by itself, the event of configure_sqlite does.
        own = {"isolation_level": None, "timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
        threads = set(threading.enumerate())
        try:
            return dbapi.connect(*arguments, **{**options, **own})
        except dbapi.Error:
            started = set(threading.enumerate()) - threads
            await_(asyncio.to_thread(_join_threads, started))
            raise

    engine = create_engine(
        url.set(drivername="sqlite+aiosqlite"),
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        creator=_connect,
    )
    configure_sqlite(engine)

    @event.listens_for(engine, "invalidate")
    def _roll_back(dbapi: Any, *_: object) -> None:
        """Roll back before the connection is closed: the cursor of a cancelled statement would keep the file
        locked until it is collected as garbage. A further cancellation, or an error, changes nothing: it is
        closed next.
        """
        with suppress(asyncio.CancelledError, engine.dialect.loaded_dbapi.Error):
            await_(finish_shielded(greenlet_spawn(dbapi.rollback)))

    return engine


def _join_threads(threads: Collection[threading.Thread]) -> None:
    """Wait for these threads, at most THREAD_END_SECONDS: some may belong to connections that are open."""
    until = time.monotonic() + THREAD_END_SECONDS
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


def configure_sqlite(engine: Any) -> None:
    """Make a synchronous SQLite engine take the write lock at BEGIN, unless the connection only reads.

    The default, a deferred BEGIN, loses updates silently under concurrency (docs/design.md, Traps of the
    libraries).
    """

    @event.listens_for(engine, "connect")
    def _prepare(dbapi: Any, _: object) -> None:
        try:
            _set_pragmas(dbapi)
        except BaseException:
            dbapi.close()  # the pool does not know it yet
            raise

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get(READ_ONLY_OPTION, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _set_pragmas(dbapi: Any) -> None:
    cursor = dbapi.cursor()
    try:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16000"):
            cursor.execute(f"PRAGMA {pragma}")
    finally:
        cursor.close()


def psycopg_arguments(url: URL | str, purpose: str) -> dict[str, Any]:
    """Keyword arguments of psycopg's `connect`. `purpose` is shown in pg_stat_activity."""
    address = parse_url(url) if isinstance(url, str) else url
    found: dict[str, Any] = {
        "host": address.host,
        "port": address.port,
        "user": address.username,
        "password": address.password,
        "dbname": address.database,
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": f"{APPLICATION_NAME} {purpose}",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "prepare_threshold": None,
    } | dict(address.query)
    return {key: value for key, value in found.items() if value is not None or key == "prepare_threshold"}


def psycopg_connection_class() -> "type[psycopg.AsyncConnection[Any]]":
    """psycopg's connection with SET_SESSION_SQL, closed by `async with` also where the rollback at its end is
    cancelled.

    psycopg leaves it open then. Procrastinate's LISTEN ends in this way when it is cancelled twice.

    Connecting raises ReadOnlySqlTransaction where the server takes no writes: such a session would last, and
    its locks would exclude nobody on the primary.
    """
    import psycopg

    class Connection(psycopg.AsyncConnection[Any]):
        @classmethod
        async def connect(cls, *arguments: Any, **options: Any) -> "Connection":
            made = await super().connect(*arguments, **options)
            try:
                await made.execute(SET_SESSION_SQL)
                is_read_only = await (await made.execute(READ_ONLY_SQL)).fetchone()
                if not made.autocommit:
                    await made.commit()
                if is_read_only == (True,):
                    raise psycopg.errors.ReadOnlySqlTransaction(READ_ONLY_MESSAGE)
            except BaseException:
                await made.close()
                raise
            return made

        async def __aexit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            trace: "TracebackType | None",
        ) -> None:
            try:
                await super().__aexit__(kind, error, trace)
            except BaseException:
                await self.close()
                raise

    return Connection


READ_ONLY_SQL = "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean"


async def is_read_only(connection: AsyncConnection) -> bool:
    """Whether the database takes no writes: a standby of PostgreSQL, or one that is set so.

    Of the transaction itself nothing follows: those that only read are opened as such.
    """
    if connection.dialect.name != "postgresql":
        return False
    return bool((await connection.execute(text(READ_ONLY_SQL))).scalar())


async def require_writable(database: Database) -> None:
    """Check that PostgreSQL takes writes. Raises DatabaseError.

    The connection that says otherwise is closed: after a failover, the next one may lead to the primary.
    """
    if database.dialect != "postgresql":
        return
    async with database.read() as connection:
        if await is_read_only(connection):
            await connection.invalidate()
            label = database_label(database.url)
            raise DatabaseError(f"The database {label} can't be used: {READ_ONLY_MESSAGE}.")

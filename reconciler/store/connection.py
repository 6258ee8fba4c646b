"""A connection in a transaction, returned to the pool whatever interrupts it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


@asynccontextmanager
async def open_transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection in a transaction, committed when the block ends well, else rolled back."""
    connection = await _connect_and_begin_with_retry(engine)
    try:
        try:
            yield connection
        except BaseException:
            await connection.rollback()
            raise
        await connection.commit()
    finally:
        await finish_shielded(connection.close())


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

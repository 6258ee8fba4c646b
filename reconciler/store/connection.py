"""An open connection whose steps are awaited: what `sqlalchemy.ext.asyncio` does, without the ORM.

That package imports all of SQLAlchemy's ORM, of which nothing is used here: a twelfth of the time that a
short command takes. The engine below is an ordinary one over an asynchronous driver; each step runs in a
greenlet, from which the driver waits.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, TypeVarTuple, overload

from sqlalchemy import CursorResult, Executable
from sqlalchemy.engine import Connection, Dialect, Engine, RootTransaction
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.selectable import TypedReturnsRows
from sqlalchemy.util import greenlet_spawn

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
AnyRows = CursorResult[*tuple[Any, ...]]
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class AsyncConnection:
    """A connection within its transaction. Results are read whole by the driver, so nothing waits in them."""

    def __init__(self, inner: Connection) -> None:
        self._inner = inner

    @property
    def dialect(self) -> Dialect:
        """Which database this is."""
        return self._inner.dialect

    @overload
    async def execute(
        self, statement: TypedReturnsRows[*Ts], parameters: Parameters | None = None
    ) -> CursorResult[*Ts]: ...

    @overload
    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> AnyRows: ...

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> AnyRows:
        """One statement. Raises SQLAlchemyError."""
        return await greenlet_spawn(self._inner.execute, statement, parameters)

    async def exec_driver_sql(self, statement: str) -> AnyRows:
        """A statement in the database's own words. Raises SQLAlchemyError."""
        return await greenlet_spawn(self._inner.exec_driver_sql, statement)

    async def run_sync(self, work: Callable[[Connection], T]) -> T:
        """Work written for an ordinary connection, such as looking at the schema."""
        return await greenlet_spawn(work, self._inner)


@asynccontextmanager
async def transaction(engine: Engine, **options: Any) -> AsyncIterator[AsyncConnection]:
    """A connection in a transaction, with these execution options; committed when the block ends well."""
    inner, begun = await _begin_with_retry(engine, options)
    try:
        begun.__enter__()
        try:
            yield AsyncConnection(inner)
        except BaseException:
            await greenlet_spawn(begun.__exit__, *sys.exc_info())
            raise
        await greenlet_spawn(begun.__exit__, None, None, None)
    finally:
        await finish_shielded(greenlet_spawn(inner.close))


async def _begin_with_retry(engine: Engine, options: Mapping[str, Any]) -> tuple[Connection, RootTransaction]:
    """A connection that died in the pool shows it at BEGIN, before anything was asked: the next one is new.

    So no connection has to be asked whether it lives, which is a round trip for each transaction.
    """
    try:
        return await _begin(engine, options)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    return await _begin(engine, options)  # the pool was emptied with the dead one


async def _begin(engine: Engine, options: Mapping[str, Any]) -> tuple[Connection, RootTransaction]:
    inner = await greenlet_spawn(engine.connect)
    try:
        if options:
            await greenlet_spawn(inner.execution_options, **options)
        return inner, await greenlet_spawn(inner.begin)
    except BaseException:
        await finish_shielded(greenlet_spawn(inner.close))
        raise


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

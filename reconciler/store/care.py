"""Housekeeping, and questions about the database itself: `ports.Care`."""

from datetime import datetime, timedelta

from sqlalchemy import select

from reconciler.store import customers, retention
from reconciler.store.bulk import insertion
from reconciler.store.engine import Database
from reconciler.store.meta import put
from reconciler.store.records import kinds
from reconciler.store.tables import meta

SWEPT = "swept_at"


class StoredCare:
    """The care of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def turn(self, at: datetime, every: timedelta) -> bool:
        query = select(meta.c.value).where(meta.c.key == SWEPT).with_for_update()
        fresh = [(SWEPT, at.isoformat())]
        async with self._database.write() as connection:
            last = (await connection.execute(query)).scalar()
            if last is None:
                first = insertion(connection, meta, kinds(meta), fresh).on_conflict_do_nothing()
                return (await connection.execute(first.returning(meta.c.key))).first() is not None
            if at - every < datetime.fromisoformat(last) <= at:
                return False
            await put(connection, *fresh[0])
            return True

    async def sweep(self, before: datetime) -> int:
        return await retention.sweep(self._database, before)

    async def customers_trouble(self) -> str | None:
        async with self._database.read() as connection:
            return await customers.trouble(connection)

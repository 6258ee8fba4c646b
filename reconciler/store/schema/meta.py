"""Facts about this very database: its instance id and marker key, made by `reconcile migrate`."""

from sqlalchemy import delete, insert, select, update

from reconciler.store.connection import AsyncConnection
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import meta

INSTANCE_KEY = "instance"  # a uuid: names this database in every marker
MARKER_KEY = "marker_key"  # 32 random bytes as hex


class MetaTable:
    """`sync_meta`, a few keys and values."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, key: str) -> str | None:
        """The value, None where there is none."""
        async with self._database.read() as connection:
            found = await connection.execute(select(meta.c.value).where(meta.c.key == key))
            return found.scalar()

    async def set(self, key: str, value: str) -> None:
        """Store a value, whatever it was before."""
        async with self._database.write() as connection:
            await save_value(connection, key, value)

    async def forget(self, key: str) -> None:
        """Remove a value; none is fine."""
        async with self._database.write() as connection:
            await connection.execute(delete(meta).where(meta.c.key == key))


async def save_value(connection: AsyncConnection, key: str, value: str) -> None:
    """The same within a transaction."""
    done = await connection.execute(update(meta).where(meta.c.key == key).values(value=value))
    if done.rowcount == 0:
        await connection.execute(insert(meta).values(key=key, value=value))

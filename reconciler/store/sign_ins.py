"""Sign-ins of the operator, as rows of `sync_meta`: `ports.SignIns`.

They are few and short-lived: a row lives as long as its token or its session's cookie. A later sign-in or
sign-out deletes the rows that are over.
"""

from datetime import UTC, datetime
from secrets import token_hex

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.secret import Secret
from reconciler.store.bulk import build_insert
from reconciler.store.schema.database_identity import save_meta_value
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import meta
from reconciler.store.types import column_types

SESSION_KEY = "session_key"
SESSION_KEY_BYTES = 32
OFFER_PREFIX, ENDED_PREFIX = "sign_in:", "ended_session:"


class StoredSignIns:
    """The sign-ins of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read_session_key(self) -> Secret:
        query = select(meta.c.value).where(meta.c.key == SESSION_KEY)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).scalar()
        if found is not None:
            return Secret(str(found))
        values = [(SESSION_KEY, token_hex(SESSION_KEY_BYTES))]
        async with self._database.write() as connection:
            first = build_insert(connection, meta, column_types(meta), values)
            await connection.execute(first.on_conflict_do_nothing())  # another process may have made it
            return Secret(str((await connection.execute(query)).scalar_one()))

    async def offer(self, token_hash: str, now: datetime, expires_at: datetime) -> None:
        await self._save(OFFER_PREFIX + token_hash, now, expires_at)

    async def use_offer(self, token_hash: str, now: datetime) -> bool:
        key = OFFER_PREFIX + token_hash
        query = select(meta.c.value).where(meta.c.key == key)
        async with self._database.read() as connection:  # a wrong token must not cost a write
            if (await connection.execute(query)).first() is None:
                return False
        async with self._database.write() as connection:
            used = await connection.execute(delete(meta).where(meta.c.key == key).returning(meta.c.value))
            until = used.scalar()
        return until is not None and until > _time_text(now)

    async def end_session(self, nonce: str, now: datetime, expires_at: datetime) -> None:
        await self._save(ENDED_PREFIX + nonce, now, expires_at)

    async def is_session_ended(self, nonce: str) -> bool:
        query = select(meta.c.value).where(meta.c.key == ENDED_PREFIX + nonce)
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def _save(self, key: str, now: datetime, expires_at: datetime) -> None:
        async with self._database.write() as connection:
            await _delete_expired(connection, now)
            await save_meta_value(connection, key, _time_text(expires_at))


async def _delete_expired(connection: AsyncConnection, now: datetime) -> None:
    ours = or_(*(meta.c.key.startswith(each, autoescape=True) for each in (OFFER_PREFIX, ENDED_PREFIX)))
    await connection.execute(delete(meta).where(and_(ours, meta.c.value <= _time_text(now))))


def _time_text(moment: datetime) -> str:
    """Return a moment as text that sorts by time: UTC, whole seconds."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")

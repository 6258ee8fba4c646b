"""Housekeeping, and questions about the database itself: `ports.Care`."""

from datetime import datetime, timedelta

from sqlalchemy import Text, cast, select

from reconciler.errors import CredentialError
from reconciler.model.fields import Side
from reconciler.model.ids import ProjectId
from reconciler.ports import Keys
from reconciler.store import bugspark, customers, retention
from reconciler.store.bulk import insertion
from reconciler.store.engine import Database
from reconciler.store.integrations import secrets_in
from reconciler.store.meta import put
from reconciler.store.records import kinds
from reconciler.store.secrets import FERNET_LOOK, Vault
from reconciler.store.tables import changes, meta

THEIRS, ROWS = bugspark.projects, bugspark.integrations
SWEPT = "swept_at"


class StoredCare:
    """The care of one database."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

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

    async def keys(self) -> Keys:
        query = (
            select(THEIRS.c.name, cast(ROWS.c.config, Text).label("config"))
            .join(ROWS, ROWS.c.project_id == THEIRS.c.id)
            .where(ROWS.c.provider == "github", ROWS.c.is_active)
            .order_by(THEIRS.c.name, ROWS.c.created_at)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        found = [(name, value) for name, config in rows for value in secrets_in(config)]
        sealed = [(name, value) for name, value in found if value.startswith(FERNET_LOOK)]
        closed = dict.fromkeys(name for name, value in sealed if not self._opens(name, value))
        return Keys(encrypted=len(sealed), plain=len(found) - len(sealed), unreadable=tuple(closed))

    def _opens(self, project: str, value: str) -> bool:
        try:
            self._vault.read(value, project)
        except CredentialError:
            return False
        return True

    async def wrote_at(self, project_id: ProjectId) -> datetime | None:
        confirmed = (changes.c.side == Side.GITHUB, changes.c.request_id.is_not(None))
        query = select(changes.c.at).where(changes.c.project_id == project_id, *confirmed)
        async with self._database.read() as connection:
            newest = query.order_by(changes.c.id.desc()).limit(1)
            return (await connection.execute(newest)).scalar()

    async def customers_trouble(self) -> str | None:
        async with self._database.read() as connection:
            return await customers.trouble(connection)

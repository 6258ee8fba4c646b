"""Housekeeping, and questions about the database itself: `ports.Care`."""

from datetime import datetime, timedelta

from sqlalchemy import Text, cast, select

from reconciler.errors import CredentialError
from reconciler.model.fields import Side
from reconciler.model.ids import ProjectId
from reconciler.ports import EncryptionStatus
from reconciler.store import retention
from reconciler.store.bugspark import bugspark_tables, outgoing_webhooks
from reconciler.store.bugspark.encryption import FERNET_PREFIX, SecretCipher
from reconciler.store.bugspark.integrations import encrypted_or_plain_secrets
from reconciler.store.bulk import build_insert
from reconciler.store.mappers import column_types
from reconciler.store.schema.engine import Database
from reconciler.store.schema.meta import save_value
from reconciler.store.schema.tables import changes, meta

BUGSPARK_PROJECTS, INTEGRATIONS = bugspark_tables.projects, bugspark_tables.integrations
SWEPT_AT_KEY = "swept_at"


class StoredMaintenance:
    """The care of one database."""

    def __init__(self, database: Database, vault: SecretCipher) -> None:
        self._database = database
        self._vault = vault

    async def try_begin_cleanup(self, at: datetime, every: timedelta) -> bool:
        query = select(meta.c.value).where(meta.c.key == SWEPT_AT_KEY).with_for_update()
        fresh = [(SWEPT_AT_KEY, at.isoformat())]
        async with self._database.write() as connection:
            last = (await connection.execute(query)).scalar()
            if last is None:
                first = build_insert(connection, meta, column_types(meta), fresh).on_conflict_do_nothing()
                return (await connection.execute(first.returning(meta.c.key))).first() is not None
            if at - every < datetime.fromisoformat(last) <= at:
                return False
            await save_value(connection, *fresh[0])
            return True

    async def delete_older_than(self, before: datetime) -> int:
        return await retention.delete_old_rows(self._database, before)

    async def check_encrypted_secrets(self) -> EncryptionStatus:
        query = (
            select(BUGSPARK_PROJECTS.c.name, cast(INTEGRATIONS.c.config, Text).label("config"))
            .join(INTEGRATIONS, INTEGRATIONS.c.project_id == BUGSPARK_PROJECTS.c.id)
            .where(INTEGRATIONS.c.provider == "github", INTEGRATIONS.c.is_active)
            .order_by(BUGSPARK_PROJECTS.c.name, INTEGRATIONS.c.created_at)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        found = [(name, value) for name, config in rows for value in encrypted_or_plain_secrets(config)]
        sealed = [(name, value) for name, value in found if value.startswith(FERNET_PREFIX)]
        closed = dict.fromkeys(name for name, value in sealed if not self._is_decryptable(name, value))
        return EncryptionStatus(
            encrypted_count=len(sealed),
            plain_count=len(found) - len(sealed),
            unreadable_projects=tuple(closed),
        )

    def _is_decryptable(self, project: str, value: str) -> bool:
        try:
            self._vault.decrypt(value, project)
        except CredentialError:
            return False
        return True

    async def last_confirmed_write_at(self, project_id: ProjectId) -> datetime | None:
        confirmed = (changes.c.side == Side.GITHUB, changes.c.request_id.is_not(None))
        query = select(changes.c.at).where(changes.c.project_id == project_id, *confirmed)
        async with self._database.read() as connection:
            newest = query.order_by(changes.c.id.desc()).limit(1)
            return (await connection.execute(newest)).scalar()

    async def outgoing_webhooks_problem(self) -> str | None:
        async with self._database.read() as connection:
            return await outgoing_webhooks.find_problem(connection)

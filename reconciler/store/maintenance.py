"""Housekeeping, and questions about the database itself: `ports.Maintenance`.

What is older than `keep.days` is deleted in small steps: none holds locks for long or reads a whole table.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, Table, and_, delete, exists, not_, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import CredentialError
from reconciler.logs import EventLogger
from reconciler.model.ids import ProjectId
from reconciler.model.kinds import Kind
from reconciler.ports import EncryptionStatus, OtherRoleAccess
from reconciler.store.bugspark.bugspark_tables import projects as bugspark_projects
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.bugspark.encryption import FERNET_PREFIX, SecretCipher
from reconciler.store.bugspark.integrations import active_github_rows, secrets_as_stored
from reconciler.store.bugspark.outgoing_webhooks import OutgoingWebhooks
from reconciler.store.bulk import build_insert
from reconciler.store.schema.database_identity import save_meta_value
from reconciler.store.schema.engine import Database, is_read_only
from reconciler.store.schema.privileges import find_other_roles_with_access
from reconciler.store.schema.tables import (
    accounts,
    audit_entries,
    changes,
    comment_pairs,
    deliveries,
    followers,
    hooks,
    intents,
    links,
    lists,
    meta,
    projects,
    runs,
    settings_versions,
    skipped_reports,
    unannounced,
    withheld,
)
from reconciler.store.sync import history_log
from reconciler.store.sync.missing_rows import are_all_known_projects_missing
from reconciler.store.types import ONE, column_types

ROWS_PER_DELETION_STEP = 500
"""Rows looked at in one transaction."""

MAX_DELETION_STEPS = 200
"""In one cleanup; the next one deletes the rest."""

PROJECT_TABLES = (
    intents, withheld, unannounced, deliveries, hooks, changes, audit_entries, runs, comment_pairs, followers,
    links, lists, accounts, settings_versions, skipped_reports, projects,
)  # fmt: skip
"""The tables with rows of a project. Those of `sync_locks` expire by themselves."""

CLEANUP_AT_KEY = "swept_at"

log = EventLogger(__name__)


class StoredMaintenance:
    """The maintenance of one database."""

    def __init__(self, database: Database, cipher: SecretCipher, outgoing_webhooks: OutgoingWebhooks) -> None:
        self._database = database
        self._cipher = cipher
        self._outgoing_webhooks = outgoing_webhooks

    async def try_begin_cleanup(self, at: datetime, every: timedelta) -> bool:
        query = select(meta.c.value).where(meta.c.key == CLEANUP_AT_KEY).with_for_update()
        values = [(CLEANUP_AT_KEY, at.isoformat())]
        async with self._database.write() as connection:
            last = (await connection.execute(query)).scalar()
            if last is None:
                first = build_insert(connection, meta, column_types(meta), values).on_conflict_do_nothing()
                return (await connection.execute(first.returning(meta.c.key))).first() is not None
            if at - every < datetime.fromisoformat(last) <= at:
                return False
            await save_meta_value(connection, *values[0])
            return True

    async def delete_older_than(self, before: datetime) -> int:
        deleted = await _delete_old_by_id(self._database, runs, before)
        deleted += await _delete_old_by_id(self._database, changes, before)
        deleted += await _delete_old_by_id(self._database, audit_entries, before)
        return deleted + await _delete_old_deliveries(self._database, before)

    async def delete_rows_of_deleted_projects(self, now: datetime, before: datetime) -> int:
        in_bugspark = exists(ONE).where(bugspark_projects.c.id == projects.c.project_id)
        is_marked = projects.c.deleted_at.is_not(None)
        query = select(projects.c.project_id, projects.c.deleted_at, in_bugspark.label("exists"))
        async with self._database.read() as connection:
            rows = (await connection.execute(query.where(or_(is_marked, not_(in_bugspark))))).all()
            if rows and await are_all_known_projects_missing(connection):
                log.warning("no known project is in BugSpark any more; none is taken as deleted")
                return 0
        if not rows:
            return 0
        came_back = [row.project_id for row in rows if row.exists]
        new = [row.project_id for row in rows if not row.exists and row.deleted_at is None]
        async with self._database.write() as connection:
            for ids, at in ((came_back, None), (new, now)):
                if ids:
                    change = update(projects).where(projects.c.project_id.in_(ids)).values(deleted_at=at)
                    await connection.execute(change)
        old = [
            row.project_id for row in rows if not row.exists and row.deleted_at and row.deleted_at < before
        ]
        return sum([await _delete_project_rows(self._database, ProjectId(each)) for each in old])

    async def check_encrypted_secrets(self) -> EncryptionStatus:
        query = (
            select(bugspark_projects.c.id, bugspark_projects.c.name, active_github_rows.c.config)
            .join(active_github_rows, active_github_rows.c.project_id == bugspark_projects.c.id)
            .order_by(bugspark_projects.c.name, active_github_rows.c.created_at)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        found = [(row, value) for row in rows for value in secrets_as_stored(row.config)]
        encrypted = [(row, value) for row, value in found if value.startswith(FERNET_PREFIX)]
        unreadable = dict.fromkeys(
            row.name for row, value in encrypted if not self._is_decryptable(row.id, row.name, value)
        )
        return EncryptionStatus(
            encrypted_count=len(encrypted),
            plain_count=len(found) - len(encrypted),
            unreadable_projects=tuple(unreadable),
        )

    def _is_decryptable(self, project_id: ProjectId, project: str, value: str) -> bool:
        try:
            self._cipher.decrypt(value, project_id, project)
        except CredentialError:
            return False
        return True

    async def last_confirmed_write_at(self, project_id: ProjectId) -> datetime | None:
        async with self._database.read() as connection:
            return await history_log.read_last_confirmed_write_at(connection, project_id)

    async def other_roles_with_access(self) -> tuple[OtherRoleAccess, ...]:
        if self._database.dialect != "postgresql":
            return ()
        async with self._database.read() as connection:
            return await find_other_roles_with_access(connection)

    async def is_read_only(self) -> bool:
        async with self._database.read() as connection:
            return await is_read_only(connection)

    async def outgoing_webhooks_problem(self) -> str | None:
        async with self._database.read() as connection:
            return await self._outgoing_webhooks.find_problem(connection)

    async def has_unsigned_screenshots(self) -> bool:
        async with self._database.read() as connection:
            return await self._outgoing_webhooks.has_unsigned_screenshot_keys(connection)


async def _delete_project_rows(database: Database, project_id: ProjectId) -> int:
    """Delete everything of a project in small steps, its own row last, so that an interrupted one goes on."""
    deleted = 0
    for table in PROJECT_TABLES:
        key: Any = tuple_(*table.primary_key.columns)
        some = select(*table.primary_key.columns).where(table.c.project_id == project_id)
        for _ in range(MAX_DELETION_STEPS):
            async with database.write() as connection:
                step = delete(table).where(key.in_(some.limit(ROWS_PER_DELETION_STEP)))
                done = (await connection.execute(step)).rowcount
            deleted += done
            if done < ROWS_PER_DELETION_STEP:
                break
        else:
            return deleted
    return deleted


async def _delete_old_by_id(database: Database, table: Table, before: datetime) -> int:
    """Delete from the oldest row on. Keys count up with time, so a step without an old row was the last."""
    deleted, after = 0, 0
    for _ in range(MAX_DELETION_STEPS):
        async with database.write() as connection:
            query = select(table).where(table.c.id > after).order_by(table.c.id).limit(ROWS_PER_DELETION_STEP)
            rows = (await connection.execute(query)).mappings().all()
            old = [row for row in rows if row["at"] < before]
            if not old:
                break
            kept = await _conflicts_to_keep(connection, old) if table is changes else frozenset()
            ids = [row["id"] for row in old if row["id"] not in kept]
            await connection.execute(delete(table).where(table.c.id.in_(ids)))
            deleted, after = deleted + len(ids), rows[-1]["id"]
    return deleted


async def _conflicts_to_keep(connection: AsyncConnection, old: Sequence[RowMapping]) -> frozenset[int]:
    """Select conflicts that `resolve` may be asked for: the newest of each field of a report that exists."""
    conflicts = [row["id"] for row in old if row["kind"] == Kind.CONFLICT]
    later = changes.alias("later")
    newer = exists(ONE).where(
        and_(
            later.c.report_id == changes.c.report_id,
            later.c.field == changes.c.field,
            later.c.kind == Kind.CONFLICT,
            later.c.id > changes.c.id,
        )
    )
    has_report = exists(ONE).where(reports.c.id == changes.c.report_id)
    query = select(changes.c.id).where(changes.c.id.in_(conflicts), has_report, ~newer)
    return frozenset((await connection.execute(query)).scalars()) if conflicts else frozenset()


async def _delete_old_deliveries(database: Database, before: datetime) -> int:
    """Delete old deliveries; a project never has many (`MAX_DELIVERIES_PER_PROJECT`)."""
    deleted = 0
    key: Any = tuple_(deliveries.c.project_id, deliveries.c.id)
    old = (
        select(deliveries.c.project_id, deliveries.c.id)
        .where(deliveries.c.at < before)
        .limit(ROWS_PER_DELETION_STEP)
    )
    for _ in range(MAX_DELETION_STEPS):
        async with database.write() as connection:
            done = (await connection.execute(delete(deliveries).where(key.in_(old)))).rowcount
        deleted += done
        if done < ROWS_PER_DELETION_STEP:
            break
    return deleted

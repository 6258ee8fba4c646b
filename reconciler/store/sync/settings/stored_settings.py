"""The versions of projects' own settings: `ports.SettingsVersions`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Update, and_, delete, func, or_, select, update
from sqlalchemy.sql.expression import ColumnElement

from reconciler.fields import BASE_COLUMNS
from reconciler.model.ids import ProjectId, RepositoryId
from reconciler.model.link import LinkState
from reconciler.model.policy import ExportFilter
from reconciler.model.snapshot import KnownPriority, StoredSettings
from reconciler.store.bugspark.bugspark_tables import users
from reconciler.store.bugspark.reports import is_waiting_for_export, record_reports_excluded_by_filter
from reconciler.store.bulk import build_insert
from reconciler.store.mappers import to_known_people
from reconciler.store.schema.database_identity import COMMENT_RULES_KEY, save_meta_value
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import links, meta, projects, settings_versions
from reconciler.store.types import column_types, decode_json

KEPT_VERSIONS = 50
"""So many versions of a project are kept."""

SETTINGS_COLUMN_TYPES = column_types(settings_versions)
NEW_PROJECT_TYPES = column_types(projects, "project_id", "paused", "lock_epoch")
OPERATORS_VALUES = StoredSettings(version=0, author_id=None, at=datetime(1, 1, 1, tzinfo=UTC), content="{}")
_newer = settings_versions.alias("newer")


def is_version_in_force(project_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a row of `sync_settings` is the version in force of this project."""
    newest = select(func.max(_newer.c.version)).where(_newer.c.project_id == project_id).scalar_subquery()
    return and_(settings_versions.c.project_id == project_id, settings_versions.c.version == newest)


def settings_columns() -> tuple[ColumnElement[Any], ...]:
    """The columns that `to_stored_settings` reads, for a query that joins projects and version in force."""
    return (
        *(
            settings_versions.c[name].label(f"settings_{name}")
            for name in ("version", "author_id", "at", "content", "history")
        ),
        projects.c.people.label("settings_people"),
        projects.c.priority.label("settings_priority"),
    )


def to_stored_settings(row: Mapping[Any, Any]) -> StoredSettings | None:
    """Convert the columns; None where the project has no settings.

    Version 0 stands for the operator's values, where something is known beside them.
    """
    priority = to_known_priority(row["settings_priority"])
    if row["settings_version"] is None:
        return None if priority is None else replace(OPERATORS_VALUES, priority=priority)
    return StoredSettings(
        version=row["settings_version"],
        author_id=row["settings_author_id"],
        at=row["settings_at"],
        content=row["settings_content"],
        history=row["settings_history"],
        author_name=row.get("author_name"),
        people=to_known_people(row["settings_people"]),
        priority=priority,
    )


def to_known_priority(text: str | None) -> KnownPriority | None:
    """Convert what a project's row says of the organisation's field *Priority*."""
    return decode_json(text, KnownPriority) if text else None


def forget_choices_statement(project_id: ProjectId) -> Update:
    """Forget GitHub's half of the field that a project's links had before, so that none of it is a change."""
    known = or_(links.c.base_choices.is_not(None), links.c.seen_choices.is_not(None))
    return (
        update(links)
        .where(links.c.project_id == project_id, known)
        .values(base_choices=None, seen_choices=None, revision=links.c.revision + 1)
    )


class StoredSettingsVersions:
    """The versions of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, project_id: ProjectId) -> StoredSettings | None:
        found = await self.history(project_id, 1)
        return found[0] if found else None

    async def history(self, project_id: ProjectId, limit: int) -> Sequence[StoredSettings]:
        query = (
            select(*settings_columns(), users.c.name.label("author_name"))
            .select_from(
                settings_versions.outerjoin(users, users.c.id == settings_versions.c.author_id).outerjoin(
                    projects, projects.c.project_id == settings_versions.c.project_id
                )
            )
            .where(settings_versions.c.project_id == project_id)
            .order_by(settings_versions.c.version.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return tuple(found for row in rows if (found := to_stored_settings(row)) is not None)

    async def save(
        self,
        project_id: ProjectId,
        new: StoredSettings,
        *,
        export: str | None,
        admitted: ExportFilter | None = None,
    ) -> bool:
        mine = settings_versions.c.project_id == project_id
        newest = select(func.coalesce(func.max(settings_versions.c.version), 0)).where(mine)
        row = (project_id, new.version, new.author_id, new.at, new.content, new.history, export)
        async with self._database.write() as connection:
            if (await connection.execute(newest)).scalar_one() != new.version - 1:
                return False
            first = build_insert(connection, settings_versions, SETTINGS_COLUMN_TYPES, [row])
            added = first.on_conflict_do_nothing().returning(settings_versions.c.version)
            if (await connection.execute(added)).first() is None:
                return False
            if admitted is not None:
                await record_reports_excluded_by_filter(
                    connection, project_id, is_waiting_for_export(), admitted, new.at
                )
            # A pass reads the settings with the project's row, which there is none of before the first pass.
            project = build_insert(connection, projects, NEW_PROJECT_TYPES, [(project_id, False, 0)])
            await connection.execute(project.on_conflict_do_nothing())
            old = settings_versions.c.version <= new.version - KEPT_VERSIONS
            await connection.execute(delete(settings_versions).where(mine, old))
        return True

    async def record_operator_history(self, text: str, *, before: str | None) -> None:
        stored = select(meta.c.value).where(meta.c.key == COMMENT_RULES_KEY).with_for_update()
        async with self._database.write() as connection:
            if (await connection.execute(stored)).scalar() == before:
                await save_meta_value(connection, COMMENT_RULES_KEY, text)

    async def adopt_mapping(self, project_id: ProjectId, repository_id: RepositoryId) -> int:
        active = (
            links.c.project_id == project_id,
            links.c.repository_id == repository_id,
            links.c.state == LinkState.ACTIVE,
            links.c.quarantined_until.is_(None),
            links.c[BASE_COLUMNS[0].name].is_not(None),
        )
        adopting = {"adopts_mapping": True, "revision": links.c.revision + 1}
        async with self._database.write() as connection:
            return (await connection.execute(update(links).where(*active).values(adopting))).rowcount

"""Who ran which command (`sync_acts`). A BugSpark user is kept as an id, and named when it is read."""

from datetime import datetime

from sqlalchemy import Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.viewer import Actor, ActorKind, AuditEntry, actor_text
from reconciler.store.bugspark.bugspark_tables import users
from reconciler.store.schema.tables import audit_entries


async def insert_audit_entry(
    connection: AsyncConnection,
    actor: Actor,
    at: datetime,
    project_id: ProjectId,
    report_id: ReportId | None,
    what: str,
    said: str,
) -> None:
    """Add a command to the history."""
    values = {
        "project_id": project_id,
        "report_id": report_id,
        "at": at,
        "actor_kind": actor.kind,
        "user_id": actor.user_id,
        "actor": actor.name,
        "what": what,
        "said": said.replace("\0", ""),
    }
    await connection.execute(insert(audit_entries).values(values))


async def read_audit_entries_of_report(
    connection: AsyncConnection, report_id: ReportId, limit: int
) -> tuple[AuditEntry, ...]:
    """Read the newest commands on a report, newest first."""
    return await _read_entries(
        connection, _entries_query(limit).where(audit_entries.c.report_id == report_id)
    )


async def read_audit_entries_of_project(
    connection: AsyncConnection, project_id: ProjectId, limit: int
) -> tuple[AuditEntry, ...]:
    """Read the newest commands on a project and its reports, newest first."""
    return await _read_entries(
        connection, _entries_query(limit).where(audit_entries.c.project_id == project_id)
    )


def _entries_query(limit: int) -> Select[tuple[object, ...]]:
    query = select(audit_entries, users.c.name.label("user_name"))
    query = query.select_from(audit_entries.outerjoin(users, users.c.id == audit_entries.c.user_id))
    return query.order_by(audit_entries.c.at.desc(), audit_entries.c.id.desc()).limit(limit)


async def _read_entries(
    connection: AsyncConnection, query: Select[tuple[object, ...]]
) -> tuple[AuditEntry, ...]:
    return tuple(
        AuditEntry(
            at=row["at"],
            project_id=row["project_id"],
            report_id=row["report_id"],
            what=row["what"],
            by=actor_text(ActorKind(row["actor_kind"]), row["actor"], row["user_name"]),
            said=row["said"],
        )
        for row in (await connection.execute(query)).mappings()
    )

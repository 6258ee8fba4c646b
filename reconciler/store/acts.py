"""Who ran which command (`sync_acts`). A BugSpark user is kept as an id, and named when it is read."""

from datetime import datetime

from sqlalchemy import Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.viewer import Act, Actor, ActorKind, actor_text
from reconciler.store.bugspark.bugspark_tables import users
from reconciler.store.schema.tables import acts


async def insert_act(
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
    await connection.execute(insert(acts).values(values))


async def read_acts_of_report(
    connection: AsyncConnection, report_id: ReportId, limit: int
) -> tuple[Act, ...]:
    """Read the newest commands on a report, newest first."""
    return await _read_acts(connection, _acts_query(limit).where(acts.c.report_id == report_id))


async def read_acts_of_project(
    connection: AsyncConnection, project_id: ProjectId, limit: int
) -> tuple[Act, ...]:
    """Read the newest commands on a project and its reports, newest first."""
    return await _read_acts(connection, _acts_query(limit).where(acts.c.project_id == project_id))


def _acts_query(limit: int) -> Select[tuple[object, ...]]:
    query = select(acts, users.c.name.label("user_name"))
    query = query.select_from(acts.outerjoin(users, users.c.id == acts.c.user_id))
    return query.order_by(acts.c.at.desc(), acts.c.id.desc()).limit(limit)


async def _read_acts(connection: AsyncConnection, query: Select[tuple[object, ...]]) -> tuple[Act, ...]:
    return tuple(
        Act(
            at=row["at"],
            project_id=row["project_id"],
            report_id=row["report_id"],
            what=row["what"],
            by=actor_text(ActorKind(row["actor_kind"]), row["actor"], row["user_name"]),
            said=row["said"],
        )
        for row in (await connection.execute(query)).mappings()
    )

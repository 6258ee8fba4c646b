"""The users of BugSpark's who may be assigned to reports of a project."""

from collections.abc import Mapping

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.ids import ProjectId
from reconciler.store.bugspark.bugspark_tables import project_members, projects, users


async def read_member_names(connection: AsyncConnection, project_id: ProjectId) -> Mapping[str, str]:
    """Read the names of a project's owner and its accepted members, by their ids without dashes.

    Source: docs/reference/bugspark.md, Tables: a member counts once `invite_accepted_at` is set.
    """
    owner = select(projects.c.owner_id).where(projects.c.id == project_id)
    accepted = select(project_members.c.user_id).where(
        project_members.c.project_id == project_id, project_members.c.invite_accepted_at.is_not(None)
    )
    query = select(users.c.id, users.c.name).where(or_(users.c.id.in_(owner), users.c.id.in_(accepted)))
    return {row.id.hex: row.name for row in await connection.execute(query)}

"""Which of BugSpark's users may see or change which projects."""

from uuid import UUID

from sqlalchemy import Select, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ColumnElement

from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.viewer import Access, Member, Viewer
from reconciler.store.bugspark.bugspark_tables import project_members, reports, users
from reconciler.store.bugspark.bugspark_tables import projects as bugspark_projects

SUPERADMIN = "superadmin"
MAX_MEMBERS = 500
"""As many people as a project's settings may name."""
REFUSED_BETA_STATUSES = ("pending", "rejected")


async def read_viewer(connection: AsyncConnection, user_id: UUID) -> Viewer | None:
    """Read the user; None for one who may not sign in."""
    query = select(users.c.name, users.c.role).where(
        users.c.id == user_id, users.c.is_active, users.c.beta_status.not_in(REFUSED_BETA_STATUSES)
    )
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    return Viewer(user_id=user_id, name=row.name, sees_all_projects=row.role == SUPERADMIN)


async def read_access(
    connection: AsyncConnection, viewer: Viewer, project_id: ProjectId | None = None
) -> dict[ProjectId, Access]:
    """Read what the viewer may do, by active project or in one. Owners change, accepted members see; a member
    is recognised by the user's id, never by an e-mail address. A viewer who may change nothing sees.
    """
    which: ColumnElement[bool] = true() if project_id is None else bugspark_projects.c.id == project_id
    if viewer.sees_all_projects:
        query = select(bugspark_projects.c.id, true().label("owns")).where(
            bugspark_projects.c.is_active, which
        )
    else:
        query = _projects_of_user(viewer.user_id).where(bugspark_projects.c.is_active, which)
    rows = await connection.execute(query)
    return {
        ProjectId(row.id): Access.CHANGE if row.owns and viewer.may_change else Access.SEE for row in rows
    }


def _projects_of_user(user_id: UUID | None) -> Select[tuple[UUID, bool]]:
    mine = project_members.c.user_id == user_id
    accepted = project_members.c.invite_accepted_at.is_not(None)
    member = select(project_members.c.project_id).where(mine, accepted)
    owns = bugspark_projects.c.owner_id == user_id
    return select(bugspark_projects.c.id, owns.label("owns")).where(
        or_(owns, bugspark_projects.c.id.in_(member))
    )


async def read_json_members(connection: AsyncConnection, project_id: ProjectId) -> tuple[Member, ...]:
    """Read the owner and the accepted members who may sign in, by name; MAX_MEMBERS at most."""
    accepted = select(project_members.c.user_id).where(
        project_members.c.project_id == project_id, project_members.c.invite_accepted_at.is_not(None)
    )
    owner = select(bugspark_projects.c.owner_id).where(bugspark_projects.c.id == project_id)
    query = (
        select(users.c.id, users.c.name)
        .where(users.c.is_active, users.c.beta_status.not_in(REFUSED_BETA_STATUSES))
        .where(or_(users.c.id.in_(accepted), users.c.id.in_(owner)))
        .order_by(users.c.name, users.c.id)
        .limit(MAX_MEMBERS)
    )
    return tuple(Member(user_id=row.id, name=row.name) for row in await connection.execute(query))


async def read_project_of_report(connection: AsyncConnection, report_id: ReportId) -> ProjectId | None:
    """Read which project a report belongs to; None when there is no such report."""
    query = select(reports.c.project_id).where(reports.c.id == report_id)
    found: UUID | None = (await connection.execute(query)).scalar()
    return None if found is None else ProjectId(found)

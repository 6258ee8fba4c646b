"""Which of BugSpark's users may see or change which projects."""

from uuid import UUID

from sqlalchemy import Select, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ColumnElement

from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.viewer import Access, Viewer
from reconciler.store.bugspark import bugspark_tables

BUGSPARK_PROJECTS, MEMBERS, USERS, REPORTS = (
    bugspark_tables.projects,
    bugspark_tables.project_members,
    bugspark_tables.users,
    bugspark_tables.reports,
)
SUPERADMIN = "superadmin"
REFUSED_BETA_STATUSES = ("pending", "rejected")


async def read_viewer(connection: AsyncConnection, user_id: UUID) -> Viewer | None:
    """The user, if he may sign in."""
    query = select(USERS.c.name, USERS.c.role).where(
        USERS.c.id == user_id, USERS.c.is_active, USERS.c.beta_status.not_in(REFUSED_BETA_STATUSES)
    )
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    return Viewer(user_id=user_id, name=row.name, sees_all_projects=row.role == SUPERADMIN)


async def read_access(
    connection: AsyncConnection, viewer: Viewer, project_id: ProjectId | None = None
) -> dict[ProjectId, Access]:
    """By active project, or of one: what the viewer may do. Owners change, accepted members see; a member is
    known by the user, never by an e-mail address.
    """
    which: ColumnElement[bool] = true() if project_id is None else BUGSPARK_PROJECTS.c.id == project_id
    if viewer.sees_all_projects:
        query = select(BUGSPARK_PROJECTS.c.id, true().label("owns")).where(
            BUGSPARK_PROJECTS.c.is_active, which
        )
    else:
        query = _projects_of_user(viewer.user_id).where(BUGSPARK_PROJECTS.c.is_active, which)
    rows = await connection.execute(query)
    return {ProjectId(row.id): Access.CHANGE if row.owns else Access.SEE for row in rows}


def _projects_of_user(user_id: UUID | None) -> Select[tuple[UUID, bool]]:
    mine = MEMBERS.c.user_id == user_id
    accepted = MEMBERS.c.invite_accepted_at.is_not(None)
    member = select(MEMBERS.c.project_id).where(mine, accepted)
    owns = BUGSPARK_PROJECTS.c.owner_id == user_id
    return select(BUGSPARK_PROJECTS.c.id, owns.label("owns")).where(
        or_(owns, BUGSPARK_PROJECTS.c.id.in_(member))
    )


async def read_project_of_report(connection: AsyncConnection, report_id: ReportId) -> ProjectId | None:
    """Which project a report belongs to; None when there is no such report."""
    query = select(REPORTS.c.project_id).where(REPORTS.c.id == report_id)
    found: UUID | None = (await connection.execute(query)).scalar()
    return None if found is None else ProjectId(found)

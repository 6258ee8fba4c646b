"""Who may see what, and numbers for pages and probes: `ports.Views`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, and_, or_, select, true
from sqlalchemy.sql.expression import ColumnElement

from reconciler.model.health import Gauges, ProjectGauges
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.viewer import Access, Viewer
from reconciler.ports import Clock
from reconciler.store.bugspark import bugspark_tables
from reconciler.store.connection import AsyncConnection
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import hooks, intents, projects
from reconciler.store.sync import verification_coverage
from reconciler.store.views import counts, project_health

BUGSPARK_PROJECTS, MEMBERS, USERS, REPORTS = (
    bugspark_tables.projects,
    bugspark_tables.project_members,
    bugspark_tables.users,
    bugspark_tables.reports,
)
SUPERADMIN = "superadmin"
REFUSED_BETA_STATUSES = ("pending", "rejected")


class StoredQueries:
    """Views of the database. `verify`: how often every link is to be compared whole."""

    def __init__(self, database: Database, clock: Clock, verify: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._verify = verify

    async def viewer(self, user_id: UUID) -> Viewer | None:
        query = select(USERS.c.name, USERS.c.role).where(
            USERS.c.id == user_id, USERS.c.is_active, USERS.c.beta_status.not_in(REFUSED_BETA_STATUSES)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        return Viewer(user_id=user_id, name=row.name, sees_all_projects=row.role == SUPERADMIN)

    async def access(self, viewer: Viewer, project_id: ProjectId) -> Access:
        async with self._database.read() as connection:
            found = await _read_access(connection, viewer, BUGSPARK_PROJECTS.c.id == project_id)
        return found.get(project_id, Access.NONE)

    async def accessible_projects(self, viewer: Viewer) -> Mapping[ProjectId, Access]:
        async with self._database.read() as connection:
            return await _read_access(connection, viewer, true())

    async def project_of_report(self, report_id: ReportId) -> ProjectId | None:
        async with self._database.read() as connection:
            query = select(REPORTS.c.project_id).where(REPORTS.c.id == report_id)
            found: UUID | None = (await connection.execute(query)).scalar()
        return None if found is None else ProjectId(found)

    async def gauges(self) -> Gauges:
        now = self._clock.now()
        async with self._database.read() as connection:
            return Gauges(
                projects=await _project_gauges(
                    connection, now - self._verify * project_health.VERIFICATION_TOLERANCE
                ),
                limits=await project_health.rate_limits(connection, now),
            )


async def _read_access(
    connection: AsyncConnection, viewer: Viewer, which: ColumnElement[bool]
) -> dict[ProjectId, Access]:
    """Owners change, accepted members see; a member is known by the user, never by an e-mail address."""
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


async def _project_gauges(connection: AsyncConnection, since: datetime) -> tuple[ProjectGauges, ...]:
    """Every project that was ever looked at or announced something."""
    by_state = await verification_coverage.count_links_by_state(connection)
    wishes = await verification_coverage.count_by_project(connection, intents.c.project_id, intents.c.state)
    covered = await verification_coverage.read_coverage(connection, by_state, since)
    oldest = await counts.oldest_open_intents(connection)
    joined = projects.outerjoin(hooks, and_(hooks.c.project_id == projects.c.project_id))
    columns = (
        projects.c.project_id,
        projects.c.last_pass_at,
        projects.c.last_success_at,
        projects.c.next_at,
        hooks.c.last_at,
    )
    rows = await connection.execute(select(*columns).select_from(joined))
    return tuple(
        ProjectGauges(
            project_id=(id_ := ProjectId(row.project_id)),
            links=by_state[id_],
            verified=covered[id_].verified if id_ in covered else 0,
            intents=wishes[id_],
            oldest_intent=oldest.get(id_),
            last_pass_at=row.last_pass_at,
            last_success_at=row.last_success_at,
            next_at=row.next_at,
            last_delivery_at=row.last_at,
        )
        for row in rows
    )

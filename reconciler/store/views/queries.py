"""Everything that is read to be shown: `ports.Queries`. Each method opens one snapshot of the database."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from reconciler.model.alerts import CurrentProblems
from reconciler.model.fields import Field
from reconciler.model.health import CredentialLimits, Gauges, ProjectHealth
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.kinds import Kind
from reconciler.model.passes import PassResult
from reconciler.model.report_detail import ReportDetail, ReportSummary
from reconciler.model.snapshot import Change
from reconciler.model.viewer import Access, AuditEntry, Member, Viewer
from reconciler.model.views import (
    LinkFilter,
    LinkPage,
    ProjectActivity,
    ReportChange,
    ReportFilter,
    ReportPosition,
    SetupView,
    UnlinkedFilter,
    UnlinkedPage,
    WithheldRow,
)
from reconciler.ports import Clock
from reconciler.store.audit_log import read_audit_entries_of_project
from reconciler.store.bugspark.projects import BugSparkProjects
from reconciler.store.schema.engine import Database
from reconciler.store.sync import history_log
from reconciler.store.views import (
    access,
    attention,
    counts,
    link_pages,
    project_detail,
    project_health,
    project_setup,
    report_detail,
    report_list,
    unlinked_reports,
)


class StoredQueries:
    """The queries. `verify`: how often every link is to be verified; `busy_after`: how long a project may be
    at work in another process before that is a problem.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        projects: BugSparkProjects,
        verify: timedelta,
        busy_after: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._projects = projects
        self._verify = verify
        self._busy_after = busy_after

    async def viewer(self, user_id: UUID) -> Viewer | None:
        async with self._database.read() as connection:
            return await access.read_viewer(connection, user_id)

    async def access(self, viewer: Viewer, project_id: ProjectId) -> Access:
        async with self._database.read() as connection:
            found = await access.read_access(connection, viewer, project_id)
        return found.get(project_id, Access.NONE)

    async def accessible_projects(self, viewer: Viewer) -> Mapping[ProjectId, Access]:
        async with self._database.read() as connection:
            return await access.read_access(connection, viewer)

    async def members(self, project_id: ProjectId) -> tuple[Member, ...]:
        async with self._database.read() as connection:
            return await access.read_json_members(connection, project_id)

    async def project_of_report(self, report_id: ReportId) -> ProjectId | None:
        async with self._database.read() as connection:
            return await access.read_project_of_report(connection, report_id)

    async def gauges(self) -> Gauges:
        async with self._database.read() as connection:
            return await project_health.read_gauges(connection, self._clock.now(), self._verify)

    async def health(self, project_id: ProjectId | None = None) -> tuple[ProjectHealth, ...]:
        known = (
            await self._projects.list_active()
            if project_id is None
            else await self._projects.list_one(project_id)
        )
        now = self._clock.now()
        async with self._database.read() as connection:
            found = await project_health.read_health(connection, known, now, self._verify)
        return tuple(
            replace(each, busy_since=None)
            if each.busy_since and now - each.busy_since <= self._busy_after
            else each
            for each in found
        )

    async def current_problems(self, project_id: ProjectId) -> CurrentProblems:
        async with self._database.read() as connection:
            return await attention.read_project_problems(connection, project_id, self._clock.now())

    async def rate_limits(self) -> tuple[CredentialLimits, ...]:
        async with self._database.read() as connection:
            return await project_health.read_rate_limits(connection, self._clock.now())

    async def rate_limits_by_project(self) -> Mapping[ProjectId, CredentialLimits]:
        async with self._database.read() as connection:
            return await project_health.read_rate_limits_by_project(connection, self._clock.now())

    async def last_pass(self, project_id: ProjectId) -> PassResult | None:
        async with self._database.read() as connection:
            return await project_detail.read_last_pass(connection, project_id)

    async def link_page(self, project_id: ProjectId, wanted: LinkFilter, limit: int) -> LinkPage:
        async with self._database.read() as connection:
            return await link_pages.read_page_of_links(
                connection, project_id, wanted, limit, self._clock.now()
            )

    async def unlinked_reports(
        self, project_id: ProjectId, wanted: UnlinkedFilter, limit: int
    ) -> UnlinkedPage:
        async with self._database.read() as connection:
            return await unlinked_reports.read_page_of_unlinked_reports(connection, project_id, wanted, limit)

    async def recent_changes(self, project_id: ProjectId, limit: int) -> tuple[ReportChange, ...]:
        newest = project_detail.newest_changes_query(project_id, limit)
        async with self._database.read() as connection:
            return await project_detail.read_changes(connection, newest)

    async def recent_audit_entries(self, project_id: ProjectId, limit: int) -> tuple[AuditEntry, ...]:
        async with self._database.read() as connection:
            return await read_audit_entries_of_project(connection, project_id, limit)

    async def unresolved_conflicts(self, project_id: ProjectId, limit: int) -> tuple[ReportChange, ...]:
        standing = counts.unresolved_conflicts_query(self._clock.now(), project_id, limit)
        async with self._database.read() as connection:
            return await project_detail.read_changes(connection, standing)

    async def withheld_deletions(
        self, project_id: ProjectId, limit: int, offset: int = 0
    ) -> tuple[WithheldRow, ...]:
        async with self._database.read() as connection:
            return await project_detail.read_withheld_deletions(connection, project_id, limit, offset)

    async def activity_between(
        self, project_id: ProjectId, since: datetime, until: datetime
    ) -> ProjectActivity:
        async with self._database.read() as connection:
            return await project_detail.read_activity(connection, project_id, since, until)

    async def project_setup(self, project_id: ProjectId, deliveries: int) -> SetupView:
        project = await self._projects.find_project(str(project_id))
        async with self._database.read() as connection:
            return await project_setup.read_setup(connection, project, deliveries, self._clock.now())

    async def report_detail(self, report_id: ReportId, lines: int) -> ReportDetail | None:
        async with self._database.read() as connection:
            return await report_detail.read_report_detail(connection, report_id, lines)

    async def report_summaries(self, report_ids: Sequence[ReportId]) -> tuple[ReportSummary, ...]:
        async with self._database.read() as connection:
            return await report_list.read_report_summaries(connection, report_ids, self._clock.now())

    async def report_positions(
        self, wanted: ReportFilter, limit: int
    ) -> tuple[tuple[ReportId, ReportPosition], ...]:
        async with self._database.read() as connection:
            return await report_list.read_report_positions(connection, wanted, limit)

    async def newest_conflict(self, report_id: ReportId, field: Field) -> Change | None:
        async with self._database.read() as connection:
            return await history_log.read_newest_change(connection, report_id, field.value, Kind.CONFLICT)

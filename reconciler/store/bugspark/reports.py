"""BugSpark's reports, for commands and exports: `ports.Reports`."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, String, Text, and_, bindparam, cast, exists, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ColumnElement, Select

from reconciler.errors import UsageError
from reconciler.model.fields import Status
from reconciler.model.formatting import shell_command
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.kinds import Operation
from reconciler.model.link import PAST_STATES
from reconciler.model.policy import OUTSIDE_EXPORT_FILTER, ExportFilter
from reconciler.model.report import MisnamedReport, Project, Report, ReportDetails, report_name
from reconciler.store.bugspark.bugspark_tables import projects as bugspark_projects
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.bugspark.mappers import (
    REPORT_COLUMNS,
    bounded_long_text,
    decode_report_json,
    to_link_columns,
    to_report,
)
from reconciler.store.bugspark.projects import BugSparkProjects
from reconciler.store.bulk import build_insert, ids_subquery
from reconciler.store.foreign_json import bounded_report_text, excerpt
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import followers, intents, links, skipped_reports, withheld
from reconciler.store.schema.tables import projects as synced_projects
from reconciler.store.types import ONE, column_types

DETAIL_COLUMNS = (
    bounded_long_text(reports.c.description).label("description"),
    reports.c.screenshot_url,
    bounded_report_text(reports.c.console_logs).label("console_logs"),
    bounded_report_text(reports.c.metadata).label("metadata"),
    reports.c.reporter_identifier,
)


DETAILS_PER_QUERY = 10
"""Reports whose logs are in memory as stored at a time."""

MAX_MISNAMED_REPORTS = 50
"""So many are named; the others are named once these are corrected."""
DONE_STATUSES = (Status.RESOLVED.value, Status.CLOSED.value)
"""Reports with these get an issue only by name."""


PASSED_OVER_TYPES = column_types(skipped_reports)


class StoredReports:
    """The reports in the database."""

    def __init__(self, database: Database, projects: BugSparkProjects) -> None:
        self._database = database
        self._projects = projects

    async def find_report(self, text: str) -> tuple[Project, ReportId]:
        project, _, tracking = text.rpartition(":")
        if project:
            return await self._find_by_tracking_id(await self._projects.find_project(project), tracking)
        try:
            id_ = UUID(text)
        except ValueError:
            raise UsageError(f"{text} is neither a report's id nor of the form PROJECT:BUG-0001.") from None
        async with self._database.read() as connection:
            query = select(reports.c.project_id).where(reports.c.id == id_)
            owner = (await connection.execute(query)).scalar()
            if owner is None:
                raise UsageError(await _read_missing_report_message(connection, ReportId(id_)))
        return await self._projects.find_project(str(owner)), ReportId(id_)

    async def details(
        self, report_ids: Collection[ReportId]
    ) -> Mapping[ReportId, tuple[Report, ReportDetails]]:
        """Read these reports. One with a value that this program does not know is absent: it can't be
        exported.
        """
        wanted, found = sorted(report_ids), {}
        async with self._database.read() as connection:
            for start in range(0, len(wanted), DETAILS_PER_QUERY):
                some = ids_subquery(self._database.dialect, wanted[start : start + DETAILS_PER_QUERY])
                query = select(*REPORT_COLUMNS, *DETAIL_COLUMNS).where(reports.c.id.in_(some))
                for row in (await connection.execute(query)).mappings():
                    try:
                        found[row["id"]] = (to_report(row), _to_report_details(row))
                    except ValueError:
                        continue
        return found

    async def misnamed_reports(self, project_id: ProjectId, repository: str) -> tuple[MisnamedReport, ...]:
        values = {"project": project_id, "repository": repository.lower()}
        async with self._database.read() as connection:
            found = (await connection.execute(misnamed_reports_query(), values)).mappings().all()
        named = ((row, to_link_columns(row).problem(repository)) for row in found)
        return tuple(
            MisnamedReport(report_id=row["id"], tracking_id=row["tracking_id"], reason=reason)
            for row, reason in named
            if reason is not None
        )

    async def name_of_report(self, report_id: ReportId) -> str:
        async with self._database.read() as connection:
            return await read_report_name(connection, report_id)

    async def tracking_id_of_report(self, report_id: ReportId) -> str:
        query = select(reports.c.tracking_id).where(reports.c.id == report_id)
        async with self._database.read() as connection:
            found: str | None = (await connection.execute(query)).scalar()
        return found or deleted_report_name(report_id)

    async def newest_created_at(self, project_id: ProjectId) -> datetime | None:
        query = select(func.max(reports.c.created_at)).where(reports.c.project_id == project_id)
        async with self._database.read() as connection:
            newest: datetime | None = (await connection.execute(query)).scalar()
            return newest

    async def export_candidates(
        self, project_id: ProjectId, since: datetime, limit: int
    ) -> tuple[ReportId, ...]:
        query = (
            select(reports.c.id)
            .where(reports.c.project_id == project_id, reports.c.created_at >= since, is_waiting_for_export())
            .order_by(reports.c.created_at, reports.c.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return tuple((await connection.execute(query)).scalars())

    async def record_excluded_from_export(
        self, project_id: ProjectId, report_ids: Collection[ReportId], at: datetime
    ) -> None:
        async with self._database.write() as connection:
            await record_excluded_from_export(connection, project_id, report_ids, at)

    async def _find_by_tracking_id(self, project: Project, tracking: str) -> tuple[Project, ReportId]:
        query = select(reports.c.id).where(
            reports.c.project_id == project.id, reports.c.tracking_id == tracking
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).scalar()
        if found is None:
            raise UsageError(f"Project {project.name} has no report {tracking}.")
        return project, ReportId(found)


def is_waiting_for_export() -> ColumnElement[bool]:
    """Whether a report that is not done is neither linked, nor a follower, nor requested, nor passed over."""
    is_linked = exists(ONE).where(links.c.report_id == reports.c.id)
    is_requested = exists(ONE).where(
        intents.c.local_id == reports.c.id, intents.c.operation == Operation.CREATE_ISSUE
    )
    return and_(
        cast(reports.c.status, Text).not_in(DONE_STATUSES),
        reports.c.github_issue_number.is_(None),
        ~is_linked,
        ~is_requested,
        ~is_excluded_from_export(),
        ~exists(ONE).where(followers.c.report_id == reports.c.id),
    )


def is_excluded_from_export() -> ColumnElement[bool]:
    """Whether a report was passed over: it is exported only by name."""
    return exists(ONE).where(skipped_reports.c.report_id == reports.c.id)


async def record_excluded_from_export(
    connection: AsyncConnection, project_id: ProjectId, report_ids: Collection[ReportId], at: datetime
) -> None:
    """Record reports that the filter of exports leaves out. Those that are recorded stay as they are."""
    rows = [(each, project_id, OUTSIDE_EXPORT_FILTER, at) for each in report_ids]
    if rows:
        added = build_insert(connection, skipped_reports, PASSED_OVER_TYPES, rows)
        await connection.execute(added.on_conflict_do_nothing())


async def record_reports_excluded_by_filter(
    connection: AsyncConnection,
    project_id: ProjectId,
    waiting: ColumnElement[bool],
    admitted: ExportFilter,
    at: datetime,
) -> None:
    """Record the reports that wait for their export and that this filter leaves out.

    `waiting`: the condition on a report. Called before another filter takes its place.
    """
    severity, category = cast(reports.c.severity, Text), cast(reports.c.category, Text)
    is_severe = severity.in_(admitted.severity) if admitted.severity else None
    is_of_kind = category.in_(admitted.category) if admitted.category else None
    conditions = [each for each in (is_severe, is_of_kind) if each is not None]
    if not conditions:
        return
    is_admitted = conditions[0] if len(conditions) == 1 else conditions[0] & conditions[1]
    query = (
        select(reports.c.id)
        .select_from(reports.join(synced_projects, synced_projects.c.project_id == reports.c.project_id))
        .where(
            reports.c.project_id == project_id,
            reports.c.created_at >= synced_projects.c.first_seen_at,
            waiting,
            not_(is_admitted),
        )
    )
    found = (await connection.execute(query)).scalars().all()
    await record_excluded_from_export(connection, project_id, [ReportId(each) for each in found], at)


@cache
def misnamed_reports_query() -> Select[Any]:
    """Reports of `project` without a link whose columns name no issue of `repository` (in small letters)."""
    return (
        select(
            reports.c.id,
            reports.c.tracking_id,
            reports.c.github_issue_number,
            reports.c.github_repo,
            reports.c.github_issue_url,
        )
        .where(
            reports.c.project_id == bindparam("project"),
            is_report_misnamed(bindparam("repository", type_=String())),
        )
        .order_by(reports.c.tracking_id, reports.c.id)
        .limit(MAX_MISNAMED_REPORTS)
    )


def is_report_misnamed(repository: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a report without a link has columns that name no issue of `repository` (in small letters)."""
    repo, number = reports.c.github_repo, reports.c.github_issue_number
    filled = or_(number.is_not(None), repo != "", reports.c.github_issue_url != "")
    here = and_(number > 0, func.lower(func.coalesce(repo, "")) == repository)
    linked = exists().where(links.c.report_id == reports.c.id, links.c.state.not_in(PAST_STATES))
    return and_(filled, or_(number.is_(None), not_(here)), not_(linked))


async def read_report_name(connection: AsyncConnection, report_id: ReportId) -> str:
    """Return a report's tracking id and project, as people know it; of a deleted one, its id."""
    query = (
        select(reports.c.tracking_id, bugspark_projects.c.name)
        .join(bugspark_projects, bugspark_projects.c.id == reports.c.project_id)
        .where(reports.c.id == report_id)
    )
    row = (await connection.execute(query)).first()
    return report_name(row.tracking_id, row.name) if row else deleted_report_name(report_id)


def deleted_report_name(report_id: ReportId) -> str:
    """Name a report of which nothing but the id is left."""
    return f"report {report_id}, which was deleted"


async def _read_missing_report_message(connection: AsyncConnection, report_id: ReportId) -> str:
    """Say that there is no such report, and what is withheld because of it."""
    query = (
        select(links.c.repository, links.c.number, bugspark_projects.c.name)
        .join(withheld, withheld.c.entry_id == links.c.id)
        .join(bugspark_projects, bugspark_projects.c.id == links.c.project_id)
        .where(links.c.report_id == report_id)
    )
    row = (await connection.execute(query)).first()
    if row is None:
        return f"There is no report {report_id}."
    command = shell_command("reconcile", "plan", "--project", row.name)
    return (
        f"Report {report_id} is not in BugSpark's table any more. The end of its link to "
        f"{row.repository}#{row.number} is withheld; {command} shows what to do."
    )


def _to_report_details(row: RowMapping) -> ReportDetails:
    return ReportDetails(
        description=row["description"],
        screenshot_url=row["screenshot_url"],
        console_logs=excerpt(decode_report_json(row["console_logs"])),
        metadata=excerpt(decode_report_json(row["metadata"])),
        reporter_identifier=row["reporter_identifier"],
    )

"""BugSpark's reports, for commands and exports: `ports.Reports`."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, Text, cast, exists, func, select

from reconciler.errors import UsageError
from reconciler.model.fields import Status
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.kinds import Operation
from reconciler.model.report import Project, Report, ReportDetails
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.bugspark.mappers import (
    REPORT_COLUMNS,
    bounded_long_text,
    decode_report_json,
    to_report,
)
from reconciler.store.bugspark.projects import BugSparkProjects
from reconciler.store.bulk import select_ids
from reconciler.store.foreign_json import bounded_report_text, excerpt
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import intents, links
from reconciler.store.types import ONE

DETAIL_COLUMNS = (
    bounded_long_text(reports.c.description).label("description"),
    reports.c.screenshot_url,
    bounded_report_text(reports.c.console_logs).label("console_logs"),
    bounded_report_text(reports.c.metadata).label("metadata"),
    reports.c.reporter_identifier,
)


DETAILS_PER_QUERY = 10
"""Reports whose logs are in memory as stored at a time."""

DONE_STATUSES = (Status.RESOLVED.value, Status.CLOSED.value)
"""Reports with these get an issue only by name."""


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
            raise UsageError(f"There is no report {id_}.")
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
                some = select_ids(self._database.dialect, wanted[start : start + DETAILS_PER_QUERY])
                query = select(*REPORT_COLUMNS, *DETAIL_COLUMNS).where(reports.c.id.in_(some))
                for row in (await connection.execute(query)).mappings():
                    try:
                        found[row["id"]] = (to_report(row), _to_report_details(row))
                    except ValueError:
                        continue
        return found

    async def newest_created_at(self, project_id: ProjectId) -> datetime | None:
        query = select(func.max(reports.c.created_at)).where(reports.c.project_id == project_id)
        async with self._database.read() as connection:
            newest: datetime | None = (await connection.execute(query)).scalar()
            return newest

    async def export_candidates(
        self, project_id: ProjectId, since: datetime, limit: int
    ) -> tuple[ReportId, ...]:
        is_linked = exists(ONE).where(links.c.report_id == reports.c.id)
        is_requested = exists(ONE).where(
            intents.c.local_id == reports.c.id, intents.c.operation == Operation.CREATE_ISSUE
        )
        query = (
            select(reports.c.id)
            .where(
                reports.c.project_id == project_id,
                reports.c.created_at >= since,
                cast(reports.c.status, Text).not_in(DONE_STATUSES),
                reports.c.github_issue_number.is_(None),
                ~is_linked,
                ~is_requested,
            )
            .order_by(reports.c.created_at, reports.c.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return tuple((await connection.execute(query)).scalars())

    async def _find_by_tracking_id(self, project: Project, tracking: str) -> tuple[Project, ReportId]:
        query = select(reports.c.id).where(
            reports.c.project_id == project.id, reports.c.tracking_id == tracking
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).scalar()
        if found is None:
            raise UsageError(f"Project {project.name} has no report {tracking}.")
        return project, ReportId(found)


def _to_report_details(row: RowMapping) -> ReportDetails:
    return ReportDetails(
        description=row["description"],
        screenshot_url=row["screenshot_url"],
        console_logs=excerpt(decode_report_json(row["console_logs"])),
        metadata=excerpt(decode_report_json(row["metadata"])),
        reporter_identifier=row["reporter_identifier"],
    )

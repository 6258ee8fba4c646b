"""Reports that the settings pass over: recorded when they are first seen, and before other settings count."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Text, cast, exists, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.policy import OUTSIDE_EXPORT_FILTER, ExportFilter
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.bulk import build_insert
from reconciler.store.schema.tables import projects, skipped_reports
from reconciler.store.types import ONE, column_types

COLUMN_TYPES = column_types(skipped_reports)


def is_passed_over() -> ColumnElement[bool]:
    """Whether a report was passed over: it is exported only by name."""
    return exists(ONE).where(skipped_reports.c.report_id == reports.c.id)


async def record_passed_over(
    connection: AsyncConnection, project_id: ProjectId, report_ids: Collection[ReportId], at: datetime
) -> None:
    """Record reports that the filter of exports leaves out. Those that are recorded stay as they are."""
    rows = [(each, project_id, OUTSIDE_EXPORT_FILTER, at) for each in report_ids]
    if rows:
        added = build_insert(connection, skipped_reports, COLUMN_TYPES, rows)
        await connection.execute(added.on_conflict_do_nothing())


async def record_reports_outside(
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
        .select_from(reports.join(projects, projects.c.project_id == reports.c.project_id))
        .where(
            reports.c.project_id == project_id,
            reports.c.created_at >= projects.c.first_seen_at,
            waiting,
            not_(is_admitted),
        )
    )
    found = (await connection.execute(query)).scalars().all()
    await record_passed_over(connection, project_id, [ReportId(each) for each in found], at)

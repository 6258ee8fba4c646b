"""Conflicts that still stand, as a project's health tells them: how many, and which is the newest."""

from datetime import datetime

from sqlalchemy import func, select

from reconciler.model.ids import ProjectId
from reconciler.store.connection import AsyncConnection
from reconciler.store.sync.difference_queries import reports
from reconciler.store.views import tallies


async def conflict_summary(
    connection: AsyncConnection, now: datetime, only: ProjectId | None = None
) -> dict[ProjectId, tuple[int, str]]:
    """By project: (how many, `severity of BUG-0001`). One walk along the few rows that record conflicts."""
    every = tallies.standing_conflicts(now, only).subquery("every")
    own, newest = every.c.project_id, every.c.id.desc()
    ranked = select(
        every.c.project_id,
        every.c.report_id,
        every.c.field,
        func.count().over(partition_by=own).label("total"),
        func.row_number().over(partition_by=own, order_by=newest).label("place"),
    ).subquery("ranked")
    query = (
        select(ranked, reports.c.tracking_id)
        .select_from(ranked.outerjoin(reports, reports.c.id == ranked.c.report_id))
        .where(ranked.c.place == 1)
    )
    return {
        ProjectId(row.project_id): (row.total, f"{row.field} of {row.tracking_id or row.report_id}")
        for row in await connection.execute(query)
    }

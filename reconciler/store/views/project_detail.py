"""What the page of a project lists: changes, withheld deletions, activity."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.fields import Side
from reconciler.model.ids import ProjectId
from reconciler.model.kinds import PROPAGATING_KINDS, Kind
from reconciler.model.passes import PassResult
from reconciler.model.report_detail import DatedChange
from reconciler.model.views import (
    PassRun,
    ProjectActivity,
    PropagatedChange,
    ReportChange,
    WithheldRow,
)
from reconciler.store.bugspark.bugspark_tables import comments as bugspark_comments
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.schema.tables import changes, comment_pairs, links, projects, runs, withheld
from reconciler.store.sync import history_log
from reconciler.store.types import decode_json
from reconciler.store.views.link_pages import readable_row_title

EXCERPT_LENGTH = 200
"""Characters of a comment that is to be deleted."""
MAX_PLOT_POINTS = 2000
"""The newest passes and changes of a day: more do not make a plot clearer."""
ZERO_DURATION = timedelta(0)


async def read_last_pass(connection: AsyncConnection, project_id: ProjectId) -> PassResult | None:
    """Read what the last pass over a project reported."""
    query = select(projects.c.result).where(projects.c.project_id == project_id)
    result = (await connection.execute(query)).scalar()
    return decode_json(result, PassResult) if result else None


def newest_changes_query(project_id: ProjectId, limit: int) -> Select[Any]:
    """Query the newest lines of a project's history, newest first."""
    return (
        select(changes)
        .where(changes.c.project_id == project_id)
        .order_by(changes.c.at.desc(), changes.c.id.desc())
        .limit(limit)
    )


async def read_changes(connection: AsyncConnection, lines: Select[Any]) -> tuple[ReportChange, ...]:
    """Read these lines of history with report and issue, which are looked up for the few that are shown."""
    line = lines.subquery("line")
    query = (
        select(
            line,
            reports.c.tracking_id,
            reports.c.title,
            links.c.base_title,
            links.c.base_remote_title,
            links.c.repository,
            links.c.number,
        )
        .select_from(
            line.outerjoin(reports, reports.c.id == line.c.report_id).outerjoin(
                links, links.c.id == line.c.link_id
            )
        )
        .order_by(line.c.at.desc(), line.c.id.desc())
    )
    return tuple(_to_report_change(row) for row in (await connection.execute(query)).mappings())


async def read_withheld_deletions(
    connection: AsyncConnection, project_id: ProjectId, limit: int, offset: int = 0
) -> tuple[WithheldRow, ...]:
    """Read the withheld deletions, by issue."""
    query = (
        select(
            withheld.c.report_id,
            withheld.c.kind,
            links.c.repository,
            links.c.number,
            comment_pairs.c.author,
            comment_pairs.c.remote_id,
            reports.c.tracking_id,
            func.substr(bugspark_comments.c.body, 1, EXCERPT_LENGTH).label("text"),
        )
        .select_from(
            withheld.outerjoin(links, links.c.id == withheld.c.link_id)
            .outerjoin(comment_pairs, comment_pairs.c.id == withheld.c.entry_id)
            .outerjoin(bugspark_comments, bugspark_comments.c.id == comment_pairs.c.local_id)
            .outerjoin(reports, reports.c.id == withheld.c.report_id)
        )
        .where(withheld.c.project_id == project_id)
        .order_by(links.c.number, withheld.c.entry_id)
        .limit(limit)
        .offset(offset)
    )
    return tuple(_to_withheld_row(row) for row in (await connection.execute(query)).mappings())


async def read_activity(
    connection: AsyncConnection, project_id: ProjectId, since: datetime, until: datetime
) -> ProjectActivity:
    """Read what happened between these times."""
    return ProjectActivity(
        since=since,
        until=until,
        runs=await _read_pass_runs(connection, project_id, since, until),
        writes=await _read_propagated_changes(connection, project_id, since, until),
    )


async def _read_pass_runs(
    connection: AsyncConnection, project_id: ProjectId, since: datetime, until: datetime
) -> tuple[PassRun, ...]:
    query = (
        select(runs.c.at, runs.c.outcome)
        .where(runs.c.project_id == project_id, runs.c.at >= since, runs.c.at <= until)
        .order_by(runs.c.at.desc())
        .limit(MAX_PLOT_POINTS)
    )
    return tuple(PassRun(at=at, outcome=outcome) for at, outcome in await connection.execute(query))


async def _read_propagated_changes(
    connection: AsyncConnection, project_id: ProjectId, since: datetime, until: datetime
) -> tuple[PropagatedChange, ...]:
    query = (
        select(changes.c.at, changes.c.side, changes.c.since)
        .where(
            changes.c.project_id == project_id,
            changes.c.at >= since,
            changes.c.at <= until,
            changes.c.kind.in_([kind.value for kind in PROPAGATING_KINDS]),
        )
        .order_by(changes.c.at.desc())
        .limit(MAX_PLOT_POINTS)
    )
    return tuple(
        PropagatedChange(
            at=at, side=Side(side), waited=None if began is None else max(ZERO_DURATION, at - began)
        )
        for at, side, began in await connection.execute(query)
    )


def _to_report_change(row: RowMapping) -> ReportChange:
    return ReportChange(
        dated_change=DatedChange(at=row["at"], change=history_log.to_change(row)),
        tracking_id=row["tracking_id"],
        title=readable_row_title(row),
        issue=_issue_reference_of(row),
    )


def _to_withheld_row(row: RowMapping) -> WithheldRow:
    return WithheldRow(
        report_id=row["report_id"],
        tracking_id=row["tracking_id"],
        repository=row["repository"],
        number=row["number"],
        kind=Kind(row["kind"]),
        author=row["author"],
        text=row["text"],
        remote_id=row["remote_id"],
    )


def _issue_reference_of(row: RowMapping) -> str | None:
    return f"{row['repository']}#{row['number']}" if row["number"] else None

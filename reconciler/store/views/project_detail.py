"""Lists for the pages: `ports.Listings`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, Select, func, select

from reconciler.model.fields import Side
from reconciler.model.ids import ProjectId
from reconciler.model.kinds import CROSS_SIDE_KINDS, Kind
from reconciler.model.passes import PassResult
from reconciler.model.report_detail import DatedChange
from reconciler.model.snapshot import CredentialLimits
from reconciler.model.views import (
    CrossSideWrite,
    LinkFilter,
    LinkPage,
    PassRun,
    ProjectActivity,
    ReportChange,
    WithheldRow,
)
from reconciler.ports import Clock
from reconciler.store.connection import AsyncConnection
from reconciler.store.mappers import from_json
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import changes, comments, projects, runs, withheld
from reconciler.store.sync import history_log
from reconciler.store.sync.difference_queries import comments as bugspark_comments
from reconciler.store.sync.difference_queries import links, reports
from reconciler.store.views import counts, link_pages, project_health

EXCERPT_LENGTH = 200
"""Characters of a comment that is to be deleted."""
MAX_PLOT_POINTS = 2000
"""Passes and changes of a day, the newest: more are no clearer in a plot."""
ZERO_DURATION = timedelta(0)
SIDES = {side.value: side for side in Side}


class StoredListings:
    """Lists out of the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def rate_limits_by_project(self) -> Mapping[ProjectId, CredentialLimits]:
        query = select(projects.c.project_id, projects.c.account_credential)
        async with self._database.read() as connection:
            known = {
                each.credential: each
                for each in await project_health.rate_limits(connection, self._clock.now())
            }
            rows = (await connection.execute(query)).all()
        return {ProjectId(id_): known[credential] for id_, credential in rows if credential in known}

    async def last_pass(self, project_id: ProjectId) -> PassResult | None:
        query = select(projects.c.result).where(projects.c.project_id == project_id)
        async with self._database.read() as connection:
            result = (await connection.execute(query)).scalar()
        return from_json(result, PassResult) if result else None

    async def link_page(self, project_id: ProjectId, wanted: LinkFilter, limit: int) -> LinkPage:
        async with self._database.read() as connection:
            return await link_pages.read_link_page(connection, project_id, wanted, limit, self._clock.now())

    async def recent_changes(self, project_id: ProjectId, limit: int) -> tuple[ReportChange, ...]:
        newest = (
            select(changes)
            .where(changes.c.project_id == project_id)
            .order_by(changes.c.at.desc(), changes.c.id.desc())
            .limit(limit)
        )
        return await self._read_changes(newest)

    async def standing_conflicts(self, project_id: ProjectId, limit: int) -> tuple[ReportChange, ...]:
        return await self._read_changes(counts.standing_conflicts(self._clock.now(), project_id, limit))

    async def withheld_deletions(self, project_id: ProjectId, limit: int) -> tuple[WithheldRow, ...]:
        query = (
            select(
                withheld.c.report_id,
                withheld.c.kind,
                links.c.repository,
                links.c.number,
                comments.c.author,
                reports.c.tracking_id,
                func.substr(bugspark_comments.c.body, 1, EXCERPT_LENGTH).label("text"),
            )
            .select_from(
                withheld.outerjoin(links, links.c.id == withheld.c.link_id)
                .outerjoin(comments, comments.c.id == withheld.c.entry_id)
                .outerjoin(bugspark_comments, bugspark_comments.c.id == comments.c.local_id)
                .outerjoin(reports, reports.c.id == withheld.c.report_id)
            )
            .where(withheld.c.project_id == project_id)
            .order_by(links.c.number, withheld.c.entry_id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return tuple(_to_withheld_line(row) for row in (await connection.execute(query)).mappings())

    async def activity_between(
        self, project_id: ProjectId, since: datetime, until: datetime
    ) -> ProjectActivity:
        async with self._database.read() as connection:
            return ProjectActivity(
                since=since,
                until=until,
                runs=await _runs(connection, project_id, since, until),
                writes=await _crossings(connection, project_id, since, until),
            )

    async def _read_changes(self, lines: Select[Any]) -> tuple[ReportChange, ...]:
        """The report and issue are looked up for the few lines that are shown."""
        line = lines.subquery("line")
        query = (
            select(line, reports.c.tracking_id, reports.c.title, links.c.repository, links.c.number)
            .select_from(
                line.outerjoin(reports, reports.c.id == line.c.report_id).outerjoin(
                    links, links.c.id == line.c.link_id
                )
            )
            .order_by(line.c.at.desc(), line.c.id.desc())
        )
        async with self._database.read() as connection:
            return tuple(_to_change_line(row) for row in (await connection.execute(query)).mappings())


async def _runs(
    connection: AsyncConnection, project_id: ProjectId, since: datetime, until: datetime
) -> tuple[PassRun, ...]:
    query = (
        select(runs.c.at, runs.c.outcome)
        .where(runs.c.project_id == project_id, runs.c.at >= since, runs.c.at <= until)
        .order_by(runs.c.at.desc())
        .limit(MAX_PLOT_POINTS)
    )
    return tuple(PassRun(at=at, outcome=outcome) for at, outcome in await connection.execute(query))


async def _crossings(
    connection: AsyncConnection, project_id: ProjectId, since: datetime, until: datetime
) -> tuple[CrossSideWrite, ...]:
    query = (
        select(changes.c.at, changes.c.side, changes.c.since)
        .where(
            changes.c.project_id == project_id,
            changes.c.at >= since,
            changes.c.at <= until,
            changes.c.kind.in_([kind.value for kind in CROSS_SIDE_KINDS]),
        )
        .order_by(changes.c.at.desc())
        .limit(MAX_PLOT_POINTS)
    )
    return tuple(
        CrossSideWrite(
            at=at, side=SIDES[side], waited=None if began is None else max(ZERO_DURATION, at - began)
        )
        for at, side, began in await connection.execute(query)
    )


def _to_change_line(row: RowMapping) -> ReportChange:
    return ReportChange(
        dated_change=DatedChange(at=row["at"], change=history_log.to_change(row)),
        tracking_id=row["tracking_id"],
        title=row["title"],
        issue=_issue_label(row),
    )


def _to_withheld_line(row: RowMapping) -> WithheldRow:
    return WithheldRow(
        report_id=row["report_id"],
        tracking_id=row["tracking_id"],
        issue=_issue_label(row),
        kind=Kind(row["kind"]),
        author=row["author"],
        text=row["text"],
    )


def _issue_label(row: RowMapping) -> str | None:
    return f"{row['repository']}#{row['number']}" if row["number"] else None

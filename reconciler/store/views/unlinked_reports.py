"""Pages of a project's reports without a live link, and of those whose issue is to be created.

The first walk the unique key of project and tracking id and look each report up among the links; the second
are as many as there are open writes, which are few.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, Text, and_, case, cast, exists, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ColumnElement

from reconciler.model.ids import ProjectId
from reconciler.model.kinds import Operation
from reconciler.model.link import LIVE_STATES
from reconciler.model.views import UnlinkedFilter, UnlinkedPage, UnlinkedRow, Urgency
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.schema.tables import intents, links
from reconciler.store.sync.intents import INTENT_NEEDS_PERSON
from reconciler.store.views.link_pages import TRACKING_ID_PATTERN, title_condition

NOT_STARTED = "the next pass creates its issue"
# NULL where the reason is: it counts as no.
URGENCY_OF_INTENT = case((INTENT_NEEDS_PERSON, int(Urgency.ATTENTION)), else_=int(Urgency.PENDING))


async def read_page_of_unlinked_reports(
    connection: AsyncConnection, project_id: ProjectId, wanted: UnlinkedFilter, limit: int
) -> UnlinkedPage:
    """Read at most `limit` reports."""
    query = unlinked_reports_query(connection.dialect.name, project_id, wanted, limit + 1)
    found = (await connection.execute(query)).mappings().all()
    return UnlinkedPage(
        rows=tuple(
            UnlinkedRow(
                report_id=row["id"],
                tracking_id=row["tracking_id"],
                title=row["title"],
                status=row["status"],
                severity=row["severity"],
                urgency=Urgency(row["urgency"]) if row["state"] else None,
                waiting=(row["reason"] or NOT_STARTED) if row["state"] else None,
            )
            for row in found[:limit]
        ),
        more_after=len(found) > limit,
    )


def unlinked_reports_query(
    dialect: str, project_id: ProjectId, wanted: UnlinkedFilter, limit: int
) -> Select[Any]:
    """Query reports with the write that is to create their issue, if one is open."""
    creation = (intents.c.report_id == reports.c.id, intents.c.operation == Operation.CREATE_ISSUE)
    mine = (intents.c.project_id == project_id, *creation)
    joined = (
        reports.outerjoin(intents, and_(*mine))
        if wanted.waiting is None
        else reports.join(intents, and_(*mine))
    )
    query = (
        select(
            reports.c.id,
            reports.c.tracking_id,
            reports.c.title,
            cast(reports.c.status, Text).label("status"),
            cast(reports.c.severity, Text).label("severity"),
            intents.c.state,
            intents.c.reason,
            URGENCY_OF_INTENT.label("urgency"),
        )
        .select_from(joined)
        .where(reports.c.project_id == project_id, _has_no_live_link(), *_conditions(dialect, wanted))
    )
    return query.order_by(reports.c.tracking_id.desc()).limit(limit)


def _has_no_live_link() -> ColumnElement[bool]:
    live = (links.c.report_id == reports.c.id, links.c.state.in_(LIVE_STATES))
    return ~exists(select(literal(1)).where(*live))


def _conditions(dialect: str, wanted: UnlinkedFilter) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.waiting is not None:
        found.append(URGENCY_OF_INTENT.in_([int(wanted.waiting)]))
    if wanted.after:
        found.append(reports.c.tracking_id < wanted.after)
    if wanted.status:
        found.append(cast(reports.c.status, Text) == wanted.status)
    if wanted.severity:
        found.append(cast(reports.c.severity, Text) == wanted.severity)
    if text := wanted.text.strip():
        is_id = TRACKING_ID_PATTERN.fullmatch(text)
        found.append(reports.c.tracking_id == text.upper() if is_id else title_condition(dialect, text))
    return found

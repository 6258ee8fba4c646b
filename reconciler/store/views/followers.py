"""What reports follow, and which reports follow them, for pages and the API."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Text, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.fields import IssueState
from reconciler.model.ids import LinkId, ReportId
from reconciler.model.report_detail import FollowedReport, FollowerSummary
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.bulk import ids_subquery
from reconciler.store.mappers import to_link
from reconciler.store.schema.tables import followers, links
from reconciler.store.sync.followers.follower_queries import is_present


async def read_followed_reports(
    connection: AsyncConnection, wanted: Sequence[UUID]
) -> Mapping[UUID, FollowedReport]:
    """Read, by report, what each of these follows."""
    if not wanted:
        return {}
    lead = reports.alias("lead")
    query = (
        select(
            links,
            followers.c.report_id.label("follower_id"),
            followers.c.state.label("taken_over"),
            lead.c.tracking_id.label("lead_name"),
        )
        .join(followers, followers.c.link_id == links.c.id)
        .outerjoin(lead, lead.c.id == links.c.report_id)
        .where(followers.c.report_id.in_(ids_subquery(connection.dialect.name, wanted)))
    )
    return {
        row["follower_id"]: FollowedReport(
            report_id=row["report_id"],
            tracking_id=row["lead_name"] or "a report that was deleted",
            link=to_link(row),
            state=IssueState(row["taken_over"]),
        )
        for row in (await connection.execute(query)).mappings()
    }


async def read_followers(connection: AsyncConnection, link_id: LinkId) -> tuple[FollowerSummary, ...]:
    """Read the reports that follow the one of a link, the oldest first."""
    query = (
        select(
            followers.c.report_id,
            followers.c.state,
            reports.c.tracking_id,
            cast(reports.c.status, Text).label("status"),
        )
        .join(reports, reports.c.id == followers.c.report_id)
        .where(followers.c.link_id == link_id, is_present())
        .order_by(followers.c.followed_at, followers.c.report_id)
    )
    return tuple(
        FollowerSummary(
            report_id=ReportId(row.report_id),
            tracking_id=row.tracking_id,
            status=row.status,
            state=IssueState(row.state),
        )
        for row in await connection.execute(query)
    )

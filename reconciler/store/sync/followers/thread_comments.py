"""The comments of complete threads: of a linked report, and of those that follow it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ColumnElement, FromClause

from reconciler.model.ids import ReportId
from reconciler.model.link import CommentPair
from reconciler.store.bugspark.bugspark_tables import comments, reports
from reconciler.store.bugspark.mappers import local_comments_query
from reconciler.store.bulk import ids_subquery
from reconciler.store.schema.tables import followers, links


def thread_comments(of_reports: Select[Any], of_links: Select[Any]) -> Select[Any]:
    """Query the comments of these reports, whose links are `of_links`, and of those that follow them.

    A follower's comments come with `lead_id` and `tracking_id`. One statement, with and without followers.
    """
    following = followers.alias("following")
    led = (
        select(following.c.report_id)
        .join(reports, _is_report_of(following))
        .where(following.c.link_id.in_(of_links), reports.c.github_issue_number.is_(None))
    )
    is_led = and_(followers.c.report_id == comments.c.report_id, followers.c.link_id.in_(of_links))
    return (
        local_comments_query()
        .add_columns(links.c.report_id.label("lead_id"), reports.c.tracking_id)
        .outerjoin(followers, is_led)
        .outerjoin(links, links.c.id == followers.c.link_id)
        .outerjoin(reports, reports.c.id == followers.c.report_id)
        .where(comments.c.report_id.in_(union_all(of_reports, led)))
    )


async def read_present_followers(
    connection: AsyncConnection, pairs: Sequence[CommentPair]
) -> frozenset[ReportId]:
    """Read which of the reports named by these rows follow their link. Without such rows nothing is asked."""
    named = {pair.follower_id for pair in pairs if pair.follower_id is not None}
    if not named:
        return frozenset()
    dialect = connection.dialect.name
    query = (
        select(followers.c.report_id)
        .join(reports, _is_report_of(followers))
        .where(
            followers.c.report_id.in_(ids_subquery(dialect, named)),
            followers.c.link_id.in_(ids_subquery(dialect, {pair.link_id for pair in pairs}, "of_links")),
        )
    )
    return frozenset((await connection.execute(query)).scalars())


def _is_report_of(following: FromClause) -> ColumnElement[bool]:
    return and_(reports.c.id == following.c.report_id, reports.c.project_id == following.c.project_id)

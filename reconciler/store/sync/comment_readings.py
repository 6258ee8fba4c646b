"""Comments that a reading of GitHub showed otherwise than the ledger has them: a second one is to decide.

Source: docs/design.md, Comments.
"""

from datetime import datetime
from functools import cache

from sqlalchemy import Integer, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import Select

from reconciler.model.ids import ProjectId, RepositoryId
from reconciler.model.link import CommentPair, CommentPairState, Link, LinkState, Presence
from reconciler.store.mappers import to_comment_pair, to_link
from reconciler.store.schema.tables import comment_pairs, links
from reconciler.store.sync.difference_queries import (
    NOW_PARAMETER,
    PROJECT_PARAMETER,
    SECOND_READING_CONDITION,
)


@cache
def due_links_query() -> Select[tuple[object, ...]]:
    """ACTIVE links, not at rest, with a comment whose second reading is due, the longest overdue first.

    Of `project` and `repository_id`, due by `now`, at most `rows`.
    """
    due = (
        select(comment_pairs.c.link_id, func.min(comment_pairs.c.second_reading_due).label("due"))
        .where(
            comment_pairs.c.project_id == PROJECT_PARAMETER,
            SECOND_READING_CONDITION,
            comment_pairs.c.second_reading_due <= NOW_PARAMETER,
        )
        .group_by(comment_pairs.c.link_id)
        .subquery()
    )
    return (
        select(links)
        .join(due, due.c.link_id == links.c.id)
        .where(
            links.c.repository_id == bindparam("repository_id"),
            links.c.state == LinkState.ACTIVE,
            links.c.quarantined_until.is_(None),
        )
        .order_by(due.c.due, links.c.id)
        .limit(bindparam("rows", type_=Integer()))
    )


async def read_due_links(
    connection: AsyncConnection, project: ProjectId, repository: RepositoryId, at: datetime, limit: int
) -> tuple[Link, ...]:
    """Read the links that `due_links_query` is about."""
    wanted = {"project": project, "repository_id": repository, "now": at, "rows": limit}
    rows = await connection.execute(due_links_query(), wanted)
    return tuple(to_link(row) for row in rows.mappings())


async def read_missing_comments(connection: AsyncConnection, project: ProjectId) -> tuple[CommentPair, ...]:
    """Read the LIVE rows of ACTIVE links whose comment the first reading did not show."""
    query = (
        select(comment_pairs)
        .join(links, links.c.id == comment_pairs.c.link_id)
        .where(
            comment_pairs.c.project_id == project,
            SECOND_READING_CONDITION,
            comment_pairs.c.first_reading == Presence.ABSENT,
            comment_pairs.c.state == CommentPairState.LIVE,
            links.c.state == LinkState.ACTIVE,
        )
        .order_by(comment_pairs.c.id)
    )
    return tuple(to_comment_pair(row) for row in (await connection.execute(query)).mappings())

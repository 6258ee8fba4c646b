"""Comments that a reading of GitHub showed otherwise than the ledger has them: a second one is to decide.

Source: docs/design.md, Comments.
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import Select

from reconciler.model.ids import ProjectId, RepositoryId
from reconciler.model.link import CommentPair, CommentPairState, Link, LinkState, Presence
from reconciler.store.mappers import to_comment_pair, to_link
from reconciler.store.schema.tables import comment_pairs, links
from reconciler.store.sync.difference_queries import SECOND_READING_CONDITION


def due_links_query(
    project: ProjectId, repository: RepositoryId, at: datetime, limit: int
) -> Select[tuple[object, ...]]:
    """ACTIVE links, not at rest, with a comment whose second reading is due, the longest overdue first."""
    due = (
        select(comment_pairs.c.link_id, func.min(comment_pairs.c.second_reading_due).label("due"))
        .where(
            comment_pairs.c.project_id == project,
            SECOND_READING_CONDITION,
            comment_pairs.c.second_reading_due <= at,
        )
        .group_by(comment_pairs.c.link_id)
        .subquery()
    )
    return (
        select(links)
        .join(due, due.c.link_id == links.c.id)
        .where(
            links.c.repository_id == repository,
            links.c.state == LinkState.ACTIVE,
            links.c.quarantined_until.is_(None),
        )
        .order_by(due.c.due, links.c.id)
        .limit(limit)
    )


async def read_due_links(
    connection: AsyncConnection, project: ProjectId, repository: RepositoryId, at: datetime, limit: int
) -> tuple[Link, ...]:
    """Read the links that `due_links_query` is about."""
    rows = await connection.execute(due_links_query(project, repository, at, limit))
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

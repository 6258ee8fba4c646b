"""Whether a read of BugSpark's tables returns anything that this program knows.

Rows that are hidden, or in another database than the one this program knows, look like deleted ones. Two
known rows or more of a table that all seem to be gone, in the whole database, are not believed to be (one row
that is hidden can't be told from one that was deleted).

Source: docs/design.md, Invariants, 10; docs/decisions/0075-reads-without-known-rows.md.
"""

from typing import Any

from sqlalchemy import Column, Select, exists, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ColumnElement

from reconciler.store.bugspark.bugspark_tables import comments, reports
from reconciler.store.bugspark.bugspark_tables import projects as bugspark_projects
from reconciler.store.schema.tables import comment_pairs, links, projects
from reconciler.store.sync.difference_queries import COPIED_COMMENT_CONDITION, LIVE_LINK_CONDITION

MIN_KNOWN_ROWS = 2


async def are_all_known_comments_missing(connection: AsyncConnection) -> bool:
    """Whether the ledger knows comments of BugSpark's, and a read returns none of them."""
    return await _are_all_missing(
        connection,
        comment_pairs.c.local_id,
        comments.c.id,
        COPIED_COMMENT_CONDITION,
        comment_pairs.c.local_id != comment_pairs.c.link_id,
    )


async def are_all_known_reports_missing(connection: AsyncConnection) -> bool:
    """Whether there are live links, and a read returns none of their reports."""
    return await _are_all_missing(connection, links.c.report_id, reports.c.id, LIVE_LINK_CONDITION)


async def are_all_known_projects_missing(connection: AsyncConnection) -> bool:
    """Whether passes ran over projects, and a read returns none of them."""
    return await _are_all_missing(connection, projects.c.project_id, bugspark_projects.c.id)


async def _are_all_missing(
    connection: AsyncConnection, known: Column[Any], theirs: Column[Any], *conditions: Any
) -> bool:
    """In one statement. The first row that both have ends the search for them."""
    some: Select[Any] = select(known).where(*conditions).limit(MIN_KNOWN_ROWS)
    count = select(func.count()).select_from(some.subquery("some")).scalar_subquery()
    is_seen: ColumnElement[bool] = exists(
        select(literal(1)).select_from(known.table.join(theirs.table, theirs == known)).where(*conditions)
    )
    known_count, seen = (await connection.execute(select(count, is_seen))).one()
    return bool(known_count >= MIN_KNOWN_ROWS and not seen)

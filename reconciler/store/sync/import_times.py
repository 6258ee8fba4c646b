"""The times of imported comments: GitHub's seconds, and microseconds in the order of GitHub's ids.

GitHub's times have no fractions, so comments of one second would be shown in any order
(docs/reference/github.md, Lists).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.ids import CommentId, LinkId, RemoteCommentId
from reconciler.model.plan import ImportComment, LinkPlan
from reconciler.store.bugspark.bugspark_tables import comments
from reconciler.store.bulk import ids_subquery, update_by_id
from reconciler.store.schema.tables import comment_pairs
from reconciler.store.types import column_types

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)

Imported = tuple[RemoteCommentId, UUID, datetime]
"""An imported comment: its id on GitHub, its id and its time in BugSpark."""


async def assign_import_times(
    connection: AsyncConnection, plans: Iterable[LinkPlan]
) -> Mapping[CommentId, datetime]:
    """Return the time of each comment that these plans import, by its id in BugSpark.

    A comment of the same second that was imported before with a higher id moves on by microseconds.
    """
    new = {plan.link.id: rows for plan in plans if (rows := _imported_comment_times(plan))}
    if not new:
        return {}
    known = await _read_imports_of_same_seconds(connection, new)
    times: dict[CommentId, datetime] = {}
    moved = []
    for link_id, rows in new.items():
        assigned = distinct_times([*rows, *known[link_id]])
        moved += [(local, assigned[local]) for _, local, at in known[link_id] if assigned[local] != at]
        times |= {CommentId(local): assigned[local] for _, local, _ in rows}
    await update_by_id(connection, comments, column_types(comments, "id", "created_at"), moved)
    return times


def distinct_times(rows: Iterable[Imported]) -> Mapping[UUID, datetime]:
    """Return a time for each comment, within its second increasing with the id on GitHub."""
    assigned: dict[UUID, datetime] = {}
    last: dict[datetime, datetime] = {}
    for _, local, at in sorted(rows):
        second = at.replace(microsecond=0)
        before = last.get(second)
        assigned[local] = last[second] = at if before is None else max(at, before + MICROSECOND)
    return assigned


def _imported_comment_times(plan: LinkPlan) -> Sequence[Imported]:
    local = {pair.remote_id: pair.local_id for pair in plan.pairs}
    found = (each.comment for each in plan.actions if isinstance(each, ImportComment))
    return [
        (comment.id, local_id, comment.created_at)
        for comment in found
        if (local_id := local[comment.id]) is not None
    ]


async def _read_imports_of_same_seconds(
    connection: AsyncConnection, new: Mapping[LinkId, Sequence[Imported]]
) -> Mapping[LinkId, list[Imported]]:
    times = [at for rows in new.values() for _, _, at in rows]
    query = (
        select(comment_pairs.c.link_id, comment_pairs.c.remote_id, comments.c.id, comments.c.created_at)
        .join(comments, comments.c.id == comment_pairs.c.local_id)
        .where(
            comment_pairs.c.link_id.in_(ids_subquery(connection.dialect.name, new)),
            comment_pairs.c.remote_id.is_not(None),
            comments.c.source == "github",
            comments.c.created_at >= min(times).replace(microsecond=0),
            comments.c.created_at < max(times).replace(microsecond=0) + SECOND,
        )
    )
    known: defaultdict[LinkId, list[Imported]] = defaultdict(list)
    for row in await connection.execute(query):
        known[row.link_id].append((row.remote_id, row.id, row.created_at))
    return known

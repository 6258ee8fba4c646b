"""What a transferred issue's new link takes over from its old one: comments of BugSpark that never left.

Those that left went along with the issue, and first contact finds them there by author and text. The rest is
neither older than the tie between the two nor kept back by anybody (docs/design.md, Invariants, 2).
"""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import exists, select, update

from reconciler.model.fields import Side
from reconciler.model.link import UNLINKED_BEFORE_SENDING, CommentPairState, Link
from reconciler.store.bulk import insert_new
from reconciler.store.connection import AsyncConnection
from reconciler.store.mappers import column_types
from reconciler.store.sync.difference_queries import comment_pairs, comments, links

CARRIED_COLUMNS = ("id", "link_id", "project_id", "repository_id", "origin", "state", "local_id", "reason")


async def carry_over_unsent_comments(
    connection: AsyncConnection, link: Link, new_id: Callable[[], UUID]
) -> None:
    """Give the link, stored by now, the rows of comments that are to be sent at its first contact."""
    followed = select(links.c.id, links.c.created_at).where(
        links.c.report_id == link.report_id,
        links.c.successor_repository_id == link.repository_id,
        links.c.successor_number == link.number,
    )
    for past in (await connection.execute(followed)).all():
        unsent = (
            comment_pairs.c.link_id == past.id,
            comment_pairs.c.origin == Side.BUGSPARK,
            comment_pairs.c.remote_id.is_(None),
            comment_pairs.c.state.in_([CommentPairState.PENDING, CommentPairState.ENDED]),
        )
        place = {"link_id": link.id, "repository_id": link.repository_id}
        await connection.execute(update(comment_pairs).where(*unsent).values(place))
        since = select(comments.c.id).where(
            comments.c.report_id == link.report_id,
            comments.c.source.is_(None),
            comments.c.created_at >= past.created_at,
            ~exists().where(comment_pairs.c.local_id == comments.c.id),
        )
        said = (await connection.execute(since)).scalars().all()
        tie = (link.id, link.project_id, link.repository_id)
        rows = [
            (new_id(), *tie, Side.BUGSPARK, CommentPairState.ENDED, id_, UNLINKED_BEFORE_SENDING)
            for id_ in said
        ]
        await insert_new(connection, comment_pairs, column_types(comment_pairs, *CARRIED_COLUMNS), rows)

"""What the guard withholds until the operator accepts exactly that (docs/design.md, Guard).

Deletions of comments, and the ends of links whose reports are missing.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.ids import LinkId, ProjectId
from reconciler.model.kinds import Kind
from reconciler.model.link import CommentPairState, Link, LinkState, Presence
from reconciler.model.plan import EndLink, RemoveLocalComment, Why, WithheldItem
from reconciler.model.snapshot import WithheldDeletions
from reconciler.store.bulk import insert_all, upsert_row
from reconciler.store.mappers import to_comment_pair, to_link
from reconciler.store.schema.tables import comment_pairs, links, projects, withheld
from reconciler.store.types import column_types, decode_json, encode_json

WITHHELD_COLUMN_TYPES = column_types(withheld)


async def read_withheld_digest(connection: AsyncConnection, project: ProjectId) -> str | None:
    """Read the hash of the deletions that are withheld now."""
    query = select(projects.c.withheld).where(projects.c.project_id == project)
    return (await connection.execute(query)).scalar()


async def replace_withheld(
    connection: AsyncConnection,
    project: ProjectId,
    digest: str | None,
    items: Sequence[tuple[Link, WithheldItem]],
) -> None:
    """Replace what is withheld. With None there is nothing left to accept, either."""
    await connection.execute(delete(withheld).where(withheld.c.project_id == project))
    rows = [
        (
            project,
            each.link_id if isinstance(each, EndLink) else each.pair.id,
            link.id,
            link.report_id,
            each.kind,
            encode_json(each.why),
        )
        for link, each in items
    ]
    await insert_all(connection, withheld, WITHHELD_COLUMN_TYPES, rows)
    if digest is None:
        cleared = update(projects).where(projects.c.project_id == project)
        await connection.execute(cleared.values(withheld=None, accepted=None))
        return
    await upsert_row(connection, projects, {"project_id": project}, {"withheld": digest}, {"paused": False})


async def read_withheld(connection: AsyncConnection, project: ProjectId) -> WithheldDeletions:
    """Read the withheld deletions, with the links as they are now."""
    query = select(projects.c.withheld, projects.c.accepted).where(projects.c.project_id == project)
    row = (await connection.execute(query)).first()
    if row is None or row.withheld is None:
        return WithheldDeletions()
    entry_ids = select(withheld.c.entry_id).where(withheld.c.project_id == project)
    is_link = withheld.c.kind == Kind.END_LINK
    of_comments = select(withheld.c.link_id).where(withheld.c.project_id == project, not_(is_link))
    link_query = select(links).where(links.c.id.in_(of_comments))
    found = (await connection.execute(link_query.order_by(links.c.number, links.c.id))).mappings()
    concerned_links = tuple(to_link(each) for each in found)
    return WithheldDeletions(
        digest=row.withheld,
        is_accepted=row.accepted == row.withheld,
        links=concerned_links,
        pair_ids=frozenset((await connection.execute(entry_ids.where(not_(is_link)))).scalars()),
        ending_link_ids=frozenset((await connection.execute(entry_ids.where(is_link))).scalars()),
        removals=await _read_removals(connection, project, {link.id: link for link in concerned_links}),
    )


async def _read_removals(
    connection: AsyncConnection, project: ProjectId, found: Mapping[LinkId, Link]
) -> tuple[tuple[Link, RemoveLocalComment], ...]:
    """Read those that still apply: the link is ACTIVE, the comment LIVE and not shown by a reading since."""
    query = (
        select(comment_pairs, withheld.c.why)
        .join(withheld, withheld.c.entry_id == comment_pairs.c.id)
        .where(
            withheld.c.project_id == project,
            withheld.c.kind == Kind.REMOVE_COMMENT,
            comment_pairs.c.state == CommentPairState.LIVE,
            comment_pairs.c.first_reading == Presence.ABSENT,
        )
        .order_by(comment_pairs.c.id)
    )
    rows = (await connection.execute(query)).mappings()
    removals = (
        RemoveLocalComment(pair=to_comment_pair(row), why=decode_json(row["why"], Why)) for row in rows
    )
    pairs = ((found[each.pair.link_id], each) for each in removals)
    return tuple(pair for pair in pairs if pair[0].state is LinkState.ACTIVE)


async def accept_withheld(connection: AsyncConnection, project: ProjectId, digest: str) -> bool:
    """Accept the withheld deletions with this hash; False when they are others by now."""
    done = await connection.execute(
        update(projects)
        .where(projects.c.project_id == project, projects.c.withheld == digest)
        .values(accepted=digest)
    )
    return done.rowcount == 1

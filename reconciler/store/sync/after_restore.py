"""Projects that are read again after a restore, and links held by other databases: `ports.Restores`."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import BigInteger, select, update

from reconciler.model.ids import CommentId, LinkId, ProjectId, RemoteCommentId
from reconciler.model.link import LinkState
from reconciler.store.bulk import ids_subquery, select_values
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import comment_pairs, links, projects


class StoredRestores:
    """Restores as recorded in `sync_projects`, `sync_links` and the ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def filter_unrecorded_copies(
        self, copies: Mapping[RemoteCommentId, CommentId]
    ) -> frozenset[RemoteCommentId]:
        if not copies:
            return frozenset()
        async with self._database.read() as connection:
            dialect = connection.dialect.name
            remote = select_values(dialect, "remote", BigInteger(), copies.keys())
            by_remote = select(comment_pairs.c.remote_id).where(comment_pairs.c.remote_id.in_(remote))
            local = ids_subquery(dialect, copies.values(), "local")
            by_local = select(comment_pairs.c.local_id).where(comment_pairs.c.local_id.in_(local))
            known = set((await connection.execute(by_remote)).scalars())
            originals = set((await connection.execute(by_local)).scalars())
        return frozenset(
            each for each, original in copies.items() if each not in known and original not in originals
        )

    async def begin_reread(self, project_id: ProjectId, at: datetime) -> None:
        own_row = update(projects).where(projects.c.project_id == project_id)
        quarantined = update(links).where(
            links.c.project_id == project_id,
            links.c.state == LinkState.ACTIVE,
            links.c.quarantined_until.is_not(None),
        )
        async with self._database.write() as connection:
            await connection.execute(own_row.values(recovering=True, restored_at=at))
            await connection.execute(
                quarantined.values(quarantined_until=None, checked_at=None, revision=links.c.revision + 1)
            )

    async def end_reread(self, project_id: ProjectId) -> None:
        own_row = update(projects).where(projects.c.project_id == project_id)
        async with self._database.write() as connection:
            await connection.execute(own_row.values(recovering=False))

    async def links_held_by_other_databases(self, project_id: ProjectId) -> frozenset[LinkId]:
        query = select(links.c.id).where(links.c.project_id == project_id, links.c.held_by.is_not(None))
        async with self._database.read() as connection:
            return frozenset(LinkId(each) for each in (await connection.execute(query)).scalars())

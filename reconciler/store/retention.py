"""What is older than `keep.days` goes, in small steps: none holds locks for long or reads a whole table."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Table, and_, delete, exists, select, tuple_

from reconciler.model.kinds import Kind
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.connection import AsyncConnection
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import changes, deliveries, runs

ROWS_PER_STEP = 500
"""Rows looked at in one transaction."""

MAX_STEPS = 200
"""In one sweep; what is left goes with the next."""


async def delete_old_rows(database: Database, before: datetime) -> int:
    """Remove runs, lines of stories and deliveries older than that; how many rows. Raises DatabaseError."""
    gone = await _delete_old_by_id(database, runs, before)
    gone += await _delete_old_by_id(database, changes, before)
    return gone + await _delete_old_deliveries(database, before)


async def _delete_old_by_id(database: Database, table: Table, before: datetime) -> int:
    """From the oldest row on. Keys count up with time, so a step without an old row was the last."""
    gone, after = 0, 0
    for _ in range(MAX_STEPS):
        async with database.write() as connection:
            query = select(table).where(table.c.id > after).order_by(table.c.id).limit(ROWS_PER_STEP)
            rows = (await connection.execute(query)).mappings().all()
            old = [row for row in rows if row["at"] < before]
            if not old:
                break
            kept = await _conflicts_to_keep(connection, old) if table is changes else frozenset()
            ids = [row["id"] for row in old if row["id"] not in kept]
            await connection.execute(delete(table).where(table.c.id.in_(ids)))
            gone, after = gone + len(ids), rows[-1]["id"]
    return gone


async def _conflicts_to_keep(connection: AsyncConnection, old: Sequence[RowMapping]) -> frozenset[int]:
    """Conflicts that `resolve` may be asked for: the newest of each field of a report that exists."""
    conflicts = [row["id"] for row in old if row["kind"] == Kind.CONFLICT]
    later = changes.alias("later")
    newer = exists().where(
        and_(
            later.c.report_id == changes.c.report_id,
            later.c.field == changes.c.field,
            later.c.kind == Kind.CONFLICT,
            later.c.id > changes.c.id,
        )
    )
    there = exists().where(reports.c.id == changes.c.report_id)
    query = select(changes.c.id).where(changes.c.id.in_(conflicts), there, ~newer)
    return frozenset((await connection.execute(query)).scalars()) if conflicts else frozenset()


async def _delete_old_deliveries(database: Database, before: datetime) -> int:
    """There are never many of a project (`webhooks.KEPT`)."""
    gone = 0
    key: Any = tuple_(deliveries.c.project_id, deliveries.c.id)
    old = (
        select(deliveries.c.project_id, deliveries.c.id).where(deliveries.c.at < before).limit(ROWS_PER_STEP)
    )
    for _ in range(MAX_STEPS):
        async with database.write() as connection:
            done = (await connection.execute(delete(deliveries).where(key.in_(old)))).rowcount
        gone += done
        if done < ROWS_PER_STEP:
            break
    return gone

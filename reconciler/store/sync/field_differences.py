"""Since when each field of BugSpark differs from its base, as the local scan saw it.

For a conflict under `newest`: the report's `updated_at` moves with every change of the report, also of its
assignee (docs/design.md, Deciding).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.fields import SYNCED_FIELDS
from reconciler.model.fields import Field
from reconciler.model.ids import LinkId
from reconciler.model.link import LinkState, UnsyncedFieldChange
from reconciler.store.bugspark.bugspark_tables import reports
from reconciler.store.bugspark.mappers import field_as_text
from reconciler.store.bulk import upsert
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import differences, links
from reconciler.store.types import column_types

MAX_DIFFERENCES_PER_SCAN = 5_000
"""So many links are recorded at once; those that a scan leaves out are recorded by the next one."""

DIFFERENCE_COLUMN_TYPES = column_types(differences)
DELETE_DIFFERENCE = differences.delete().where(
    differences.c.link_id == bindparam("link"), differences.c.field == bindparam("name")
)
_Key = tuple[LinkId, str]


async def record_differences(
    database: Database, now: datetime, *, equal_at: datetime | None, since: datetime | None
) -> None:
    """Record fields that were found to differ, and delete the records of those that are equal again.

    `now`, `equal_at`: this machine's time of this scan and of the last one that compared every link, which
    would have found an earlier difference; `since`: an incremental scan's limit, which deletes nothing.
    """
    async with database.read() as connection:
        found = await _read_fields_differing_from_base(connection, since)
        recorded = await _read_recorded_differences(connection)
    new = [
        (*key, base, value, now, equal_at)
        for key, (base, value) in found.items()
        if recorded.get(key) != (base, value)
    ]
    is_everything = since is None and len(found) < MAX_DIFFERENCES_PER_SCAN
    ended = [key for key in recorded if key not in found] if is_everything else []
    if not new and not ended:
        return
    async with database.write() as connection:
        if ended:  # one statement, run for each key: an IN list of them has no bound
            await connection.execute(
                DELETE_DIFFERENCE, [{"link": link, "name": name} for link, name in ended]
            )
        await upsert(connection, differences, DIFFERENCE_COLUMN_TYPES, new, ["link_id", "field"])


async def has_recorded_differences(connection: AsyncConnection) -> bool:
    """Whether any difference is recorded."""
    return (await connection.execute(select(differences.c.link_id).limit(1))).first() is not None


async def read_differences(
    connection: AsyncConnection, link_id: LinkId
) -> Mapping[Field, UnsyncedFieldChange]:
    """Read what is recorded of one link's fields."""
    rows = await connection.execute(select(differences).where(differences.c.link_id == link_id))
    return {
        Field(row.field): UnsyncedFieldChange(
            base=row.base, value=row.value, seen_at=row.seen_at, equal_at=row.equal_at
        )
        for row in rows
    }


async def _read_fields_differing_from_base(
    connection: AsyncConnection, since: datetime | None
) -> Mapping[_Key, tuple[str, str]]:
    pairs = {
        name: (links.c[field.base_columns[0].name], field_as_text(reports, field))
        for name, field in SYNCED_FIELDS.items()
    }
    columns: list[Any] = [
        column.label(f"{side}_{name.value}")
        for name, sides in pairs.items()
        for side, column in zip(("base", "value"), sides, strict=True)
    ]
    query = (
        select(links.c.id, *columns)
        .select_from(links.join(reports, reports.c.id == links.c.report_id))
        .where(links.c.state == LinkState.ACTIVE, or_(*(base != value for base, value in pairs.values())))
        .limit(MAX_DIFFERENCES_PER_SCAN)
    )
    if since is not None:
        query = query.where(reports.c.updated_at >= since)
    found: dict[_Key, tuple[str, str]] = {}
    for row in (await connection.execute(query)).mappings():
        for name in pairs:
            base, value = row[f"base_{name.value}"], row[f"value_{name.value}"]
            if base is not None and base != value:
                found[(LinkId(row["id"]), name.value)] = (base, value)
    return found


async def _read_recorded_differences(connection: AsyncConnection) -> Mapping[_Key, tuple[str, str]]:
    columns = (differences.c.link_id, differences.c.field, differences.c.base, differences.c.value)
    rows = await connection.execute(select(*columns))
    return {(LinkId(row.link_id), row.field): (row.base, row.value) for row in rows}

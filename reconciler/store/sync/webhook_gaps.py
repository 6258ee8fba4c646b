"""Whether a webhook announces changes: those that the lists showed and that no delivery named.

A delivery may lag, so a change is written down first and counted only when it is still unannounced a while
later. Times are of this machine's clock, as the deliveries' are.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, exists, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.expression import ColumnElement

from reconciler.model.ids import IssueNumber, ProjectId
from reconciler.model.webhook import WebhookHealth
from reconciler.store.bulk import build_insert
from reconciler.store.schema.tables import deliveries, hooks, unannounced
from reconciler.store.types import Instant, column_types

CLOCK_SKEW = timedelta(seconds=30)
"""How much earlier than its change a delivery may seem to arrive: no two clocks agree."""

MAX_DELIVERY_DELAY = timedelta(minutes=2) + CLOCK_SKEW
"""How much later it may arrive. GitHub promises nothing (docs/reference/github.md, Webhooks)."""

MAX_CHANGES_PER_PASS = 100
"""Changes that one pass writes down: enough to know that a hook is silent."""

GAP_COLUMN_TYPES = column_types(unannounced)


def has_unannounced_changes(project_id: UUID | ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a change waits for its delivery, or one was missed, as a column of another query."""
    waiting = exists(select(literal(1)).where(unannounced.c.project_id == project_id))
    missed = exists(select(literal(1)).where(hooks.c.project_id == project_id, hooks.c.silent > 0))
    return or_(waiting, missed)


async def record_listed_changes(
    connection: AsyncConnection, project_id: ProjectId, changes: Mapping[IssueNumber, datetime]
) -> None:
    """Write down the changes that a hook which is known to work should announce, or should have."""
    query = select(hooks.c.known_at).where(hooks.c.project_id == project_id)
    known: datetime | None = (await connection.execute(query)).scalar()
    if known is None:
        return
    rows = [(project_id, number, at - CLOCK_SKEW) for number, at in changes.items() if at > known][
        :MAX_CHANGES_PER_PASS
    ]
    if rows:
        await connection.execute(
            build_insert(connection, unannounced, GAP_COLUMN_TYPES, rows).on_conflict_do_nothing()
        )
    await connection.execute(
        delete(unannounced).where(unannounced.c.project_id == project_id, _is_announced())
    )


async def count_missed_deliveries(connection: AsyncConnection, project_id: ProjectId, now: datetime) -> None:
    """Count changes that were not announced in time, and delete them."""
    found = (await find_missed_deliveries(connection, now, project_id)).get(project_id)
    overdue = and_(unannounced.c.project_id == project_id, unannounced.c.at <= now - MAX_DELIVERY_DELAY)
    await connection.execute(delete(unannounced).where(overdue))
    if found is None or not found.missed:
        return
    mine = update(hooks).where(hooks.c.project_id == project_id)
    counted = {"missed": hooks.c.missed + found.missed, "silent": hooks.c.silent + found.silent}
    since = func.coalesce(hooks.c.silent_since, literal(found.silent_since, Instant()))
    await connection.execute(mine.values(counted | {"silent_since": since}))


async def find_missed_deliveries(
    connection: AsyncConnection, now: datetime, project_id: ProjectId | None = None
) -> dict[ProjectId, WebhookHealth]:
    """Find, by project, what was not announced in time and is not counted yet."""
    after_last = or_(hooks.c.last_at.is_(None), unannounced.c.at > hooks.c.last_at)
    query = (
        select(
            unannounced.c.project_id,
            func.count().label("missed"),
            func.count().filter(after_last).label("silent"),
            func.min(unannounced.c.at).filter(after_last).label("since"),
        )
        .join(hooks, hooks.c.project_id == unannounced.c.project_id)
        .where(unannounced.c.at <= now - MAX_DELIVERY_DELAY, ~_is_announced())
        .group_by(unannounced.c.project_id)
    )
    if project_id is not None:
        query = query.where(unannounced.c.project_id == project_id)
    return {
        ProjectId(id_): WebhookHealth(missed=count, silent=silent, silent_since=since)
        for id_, count, silent, since in await connection.execute(query)
    }


async def read_webhook_health(
    connection: AsyncConnection, now: datetime, project_id: ProjectId | None = None
) -> dict[ProjectId, WebhookHealth]:
    """Read what the hooks of all projects, or of one, have announced and what not."""
    uncounted = await find_missed_deliveries(connection, now, project_id)
    none = WebhookHealth()
    query = select(hooks) if project_id is None else select(hooks).where(hooks.c.project_id == project_id)
    return {
        ProjectId(row.project_id): WebhookHealth(
            known_at=row.known_at,
            last_at=row.last_at,
            last_event=row.last_event,
            received=row.received,
            missed=row.missed + (more := uncounted.get(row.project_id, none)).missed,
            silent=row.silent + more.silent,
            silent_since=row.silent_since or more.silent_since,
        )
        for row in await connection.execute(query)
    }


def _is_announced() -> ColumnElement[bool]:
    """Whether a delivery since then named the issue, or was about a label that any issue may carry."""
    named = or_(deliveries.c.number == unannounced.c.number, deliveries.c.event == "label")
    return exists(
        select(literal(1)).where(
            deliveries.c.project_id == unannounced.c.project_id,
            named,
            deliveries.c.at >= unannounced.c.at,
        )
    )

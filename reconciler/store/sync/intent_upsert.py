"""Intents as rows: how a wish meets the one that is there already (docs/design.md, Writing to GitHub, 1)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, null, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.model.intent import UNSENT_STATES, Intent, IntentState
from reconciler.model.kinds import Operation
from reconciler.store.bulk import build_insert
from reconciler.store.mappers import INTENT_COLUMN_TYPES, intent_row
from reconciler.store.schema.tables import intents

RENEWED_COLUMNS = ("report_id", "link_id", "entry_id", "repository_id", "number", "wish", "asked", "why")


async def upsert_intents(connection: AsyncConnection, wishes: Sequence[Intent], at: datetime) -> None:
    """Store wishes; a row that is there keeps its id.

    Creates are frozen: the first one stands, unless it was for another issue or repository and has not been
    sent; nobody will ever look up what became of a comment in another repository. Any other wish takes the
    place of one that has not been sent; a quarantined one rests on until its time has come. One on its way,
    or of unknown outcome, is left alone.
    """
    await _upsert_creates(connection, [intent_row(each) for each in wishes if each.operation.is_create])
    rows = [intent_row(each) for each in wishes if not each.operation.is_create]
    if not rows:
        return
    statement = build_insert(connection, intents, INTENT_COLUMN_TYPES, rows)
    renewed = {name: statement.excluded[name] for name in RENEWED_COLUMNS}
    due = and_(intents.c.state == IntentState.QUARANTINED, intents.c.not_before <= at)
    again = {
        "state": case((due, IntentState.PLANNED.value), else_=intents.c.state),
        "reason": case((due, null()), else_=intents.c.reason),
    }
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["local_id", "operation"],
            set_=renewed | again,
            where=intents.c.state.in_(UNSENT_STATES),
        )
    )


async def _upsert_creates(connection: AsyncConnection, rows: Sequence[Sequence[Any]]) -> None:
    if not rows:
        return
    statement = build_insert(connection, intents, INTENT_COLUMN_TYPES, rows)
    new = statement.excluded
    far = intents.c.repository_id != new.repository_id
    unsent = and_(or_(intents.c.link_id != new.link_id, far), intents.c.state.in_(UNSENT_STATES))
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["local_id", "operation"],
            set_={
                name: new[name] for name in INTENT_COLUMN_TYPES
            },  # its id, too: a late confirmation is not this one's
            where=or_(unsent, and_(far, intents.c.operation == Operation.CREATE_COMMENT)),
        )
    )

"""Intents as rows: how a wish meets the one that is there already (DESIGN.md, Writing to GitHub, 1)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, case, null

from reconciler.model.intent import Intent, IntentState
from reconciler.store.bulk import insert_new, insertion
from reconciler.store.connection import AsyncConnection
from reconciler.store.records import INTENT_KINDS, intent_row
from reconciler.store.tables import intents

RENEWED = ("report_id", "link_id", "entry_id", "repository_id", "number", "wish", "asked", "why")


async def put(connection: AsyncConnection, wishes: Sequence[Intent], at: datetime) -> None:
    """Store wishes; a row that is there keeps its id.

    Creates are frozen: the first one stands. Any other wish takes the place of one that has not been sent; a
    quarantined one rests on until its time has come. One on its way, or of unknown outcome, is left alone.
    """
    await insert_new(
        connection, intents, INTENT_KINDS, [intent_row(each) for each in wishes if each.operation.creates]
    )
    rows = [intent_row(each) for each in wishes if not each.operation.creates]
    if not rows:
        return
    statement = insertion(connection, intents, INTENT_KINDS, rows)
    renewed = {name: statement.excluded[name] for name in RENEWED}
    due = and_(intents.c.state == IntentState.QUARANTINED, intents.c.not_before <= at)
    again = {
        "state": case((due, IntentState.PLANNED.value), else_=intents.c.state),
        "reason": case((due, null()), else_=intents.c.reason),
    }
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["local_id", "operation"],
            set_=renewed | again,
            where=intents.c.state.in_([IntentState.PLANNED, IntentState.QUARANTINED]),
        )
    )

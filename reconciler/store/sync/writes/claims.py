"""The claim of a write: what is checked in its transaction, and the attempt that is stored."""

from dataclasses import replace
from datetime import datetime
from typing import cast

from sqlalchemy import RowMapping, Table, bindparam, exists, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import PausedError
from reconciler.model.intent import UNSENT_STATES, Intent
from reconciler.model.kinds import Operation
from reconciler.model.link import CommentPairState, LinkState
from reconciler.ports import Claim
from reconciler.store.bugspark.bugspark_tables import comments, reports
from reconciler.store.mappers import to_comment_pair, to_intent, to_link
from reconciler.store.schema.tables import comment_pairs, intents, links, projects
from reconciler.store.sync.difference_queries import is_link_ended_in_bugspark
from reconciler.store.types import ONE

COMMENT_OPERATIONS = (Operation.CREATE_COMMENT, Operation.EDIT_COMMENT)

SELECT_PROJECT_PAUSED = (
    select(projects.c.paused).where(projects.c.project_id == intents.c.project_id).scalar_subquery()
)
SELECT_INTENT_TO_CLAIM = (
    select(
        intents,
        SELECT_PROJECT_PAUSED.label("paused"),
        exists(ONE).where(comments.c.id == intents.c.local_id).label("has_comment"),
        exists(ONE).where(reports.c.id == intents.c.local_id).label("has_report"),
        *(each.label(f"{each.table.name}.{each.name}") for each in (*links.c, *comment_pairs.c)),
    )
    .select_from(
        intents.outerjoin(links, links.c.id == intents.c.link_id).outerjoin(
            comment_pairs, comment_pairs.c.id == intents.c.entry_id
        )
    )
    .where(intents.c.id == bindparam("wanted"), intents.c.state.in_(UNSENT_STATES))
    .with_for_update(of=intents)
)
"""What a claim checks, in one round trip: a write is sent between two commits, so each round trip counts."""

# Built once, because every write to GitHub waits for these; what is set comes with the parameters.
UPDATE_IF_UNCHANGED = update(intents).where(
    intents.c.id == bindparam("wanted"), intents.c.attempts == bindparam("was")
)


async def find_claimable(connection: AsyncConnection, intent: Intent) -> Claim | None:
    """Lock the intent and read what it is about; None unless it is planned or in quarantine.

    Raises PausedError.
    """
    row = (await connection.execute(SELECT_INTENT_TO_CLAIM, {"wanted": intent.id})).mappings().first()
    if row is None:
        return None
    if row["paused"]:
        raise PausedError(
            "It was paused while this pass was at work: nothing more is written; reconcile resume goes on."
        )
    link, pair = _table_row_from_join(row, links), _table_row_from_join(row, comment_pairs)
    found = Claim(
        intent=to_intent(row),
        link=to_link(link) if link else None,
        pair=to_comment_pair(pair) if pair else None,
    )
    if found.intent.operation is Operation.CREATE_ISSUE:
        return replace(found, cause_gone=not await _is_report_unlinked(connection, found.intent))
    still_exists = row["has_comment" if found.intent.operation in COMMENT_OPERATIONS else "has_report"]
    return replace(found, cause_gone=_is_cause_gone(found, still_exists=still_exists))


async def mark_sending(connection: AsyncConnection, found: Claim, at: datetime) -> Claim:
    """Store the next attempt of an intent that was locked."""
    claimed = found.intent.claimed(at)
    await update_if_unchanged(connection, claimed, was=found.intent.attempts)
    return replace(found, intent=claimed)


async def update_if_unchanged(connection: AsyncConnection, intent: Intent, *, was: int) -> None:
    """Store what sending changes of an intent, if it is still at attempt `was`."""
    values = {
        "state": intent.state,
        "attempts": intent.attempts,
        "claimed_at": intent.claimed_at,
        "ended_at": intent.ended_at,
        "not_before": intent.not_before,
        "empty_looks": intent.empty_searches,
        "reason": intent.reason,
    }
    await connection.execute(UPDATE_IF_UNCHANGED, {"wanted": intent.id, "was": was, **values})


def _table_row_from_join(row: RowMapping, table: Table) -> RowMapping | None:
    """One table's columns of a joined row, None where nothing was joined."""
    found = {column.name: row[f"{table.name}.{column.name}"] for column in table.c}
    return cast("RowMapping", found) if found["id"] is not None else None


def _is_cause_gone(found: Claim, *, still_exists: bool) -> bool:
    """Whether what the intent is about was deleted or unlinked. `still_exists`: its comment or report."""
    intent = found.intent
    if found.link is None or found.link.state is not LinkState.ACTIVE:
        return True
    if intent.operation is Operation.DELETE_COMMENT:
        return False
    if intent.operation is Operation.CREATE_COMMENT and (
        found.pair is None or found.pair.state is not CommentPairState.PENDING
    ):
        return True
    return intent.local_id != intent.link_id and not still_exists  # equal: the comment about the link itself


async def _is_report_unlinked(connection: AsyncConnection, intent: Intent) -> bool:
    """Whether the report exists, without columns and without a link."""
    is_linked = exists(ONE).where(links.c.report_id == reports.c.id, not_(is_link_ended_in_bugspark()))
    query = select(reports.c.id).where(
        reports.c.id == intent.report_id, reports.c.github_issue_number.is_(None), ~is_linked
    )
    return (await connection.execute(query)).first() is not None

"""One batch, one transaction: links, reports, comments, ledger, intents, story, list positions.

A plan whose ground has moved is left out whole and told as stale; everything else goes in. No statement is
sent once per row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, Uuid, and_, case, delete, null, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.fields import SYNCED_FIELDS
from reconciler.model.fields import Field, Side
from reconciler.model.ids import ReportId
from reconciler.model.intent import UNSENT_STATES, Intent, IntentState
from reconciler.model.kinds import Operation
from reconciler.model.plan import EditLocal, ImportComment, LinkPlan, RemoveLocal, SetField
from reconciler.model.snapshot import LocalBatch, StoreResult
from reconciler.store.bugspark.bugspark_tables import comments, reports
from reconciler.store.bugspark.mappers import field_as_stored, field_as_text
from reconciler.store.bugspark.outgoing_webhooks import OutgoingWebhooks
from reconciler.store.bulk import (
    bind_rows,
    build_insert,
    delete_by_id,
    insert_new,
    select_ids,
    update_by_id,
    upsert,
)
from reconciler.store.mappers import (
    COMMENT_PAIR_COLUMN_TYPES,
    INTENT_COLUMN_TYPES,
    LINK_COLUMN_TYPES,
    comment_pair_row,
    intent_row,
    link_row,
    list_state_row,
)
from reconciler.store.schema.tables import comment_pairs, intents, links, lists
from reconciler.store.sync import history_log
from reconciler.store.sync.stale_plans import Digest, find_stale_reports
from reconciler.store.types import column_types

FIELD_NAMES = tuple(field.value for field in SYNCED_FIELDS)
LIST_COLUMN_TYPES = column_types(lists)
RENEWED_COLUMNS = ("report_id", "link_id", "entry_id", "repository_id", "number", "wish", "asked", "why")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreContext:
    """What the store is told about the world it stores."""

    comment_digest: Digest  # of a comment's body, as the ledger holds it
    web_url: str  # where people read issues: https://github.com
    outgoing_webhooks: OutgoingWebhooks  # who is told when a report changes


async def apply_batch(connection: AsyncConnection, batch: LocalBatch, ways: StoreContext) -> StoreResult:
    """Carry out the local half of a batch within the connection's transaction."""
    plans = [plan for plan in batch.plans if not plan.is_idle]
    left = await find_stale_reports(connection, plans, ways.comment_digest)
    plans = _without(plans, left)
    inserted = await _insert_links(connection, plans)
    outrun = {plan.link.report_id for plan in plans if not plan.link.revision} - inserted
    outrun |= await _set_fields(connection, _without(plans, outrun), batch)
    await delete_by_id(connection, links, _new_link_ids(plans, outrun & inserted))
    plans = _without(plans, outrun)
    await update_by_id(
        connection, links, LINK_COLUMN_TYPES, _link_rows([p for p in plans if p.link.revision])
    )
    await _write_comments(connection, plans)
    rows = [comment_pair_row(entry, plan.after) for plan in plans for entry in plan.pairs]
    await upsert(connection, comment_pairs, COMMENT_PAIR_COLUMN_TYPES, rows, ["id"])
    await _delete_answered_intents(connection, plans)
    left |= outrun
    await upsert_intents(
        connection, [intent for intent in batch.intents if intent.report_id not in left], batch.at
    )
    await history_log.append_changes(
        connection, batch.project_id, batch.at, history_log.changes_of_plans(plans)
    )
    changed = [
        plan.link.report_id for plan in plans if any(isinstance(each, SetField) for each in plan.actions)
    ]
    await ways.outgoing_webhooks.enqueue_deliveries(connection, batch.project_id, changed, batch.at)
    if not left:  # a position saved without all of its rows would hide the ones left out
        await _save_list_states(connection, batch)
    return StoreResult(stale_reports=left)


def _without(plans: Sequence[LinkPlan], left: set[ReportId] | frozenset[ReportId]) -> list[LinkPlan]:
    return [plan for plan in plans if plan.link.report_id not in left]


def _new_link_ids(plans: Sequence[LinkPlan], wanted: set[ReportId]) -> list[Any]:
    return [plan.link.id for plan in plans if plan.link.report_id in wanted and not plan.link.revision]


def _link_rows(plans: Sequence[LinkPlan]) -> list[tuple[Any, ...]]:
    return [tuple(link_row(plan.after, plan.link.revision + 1).values()) for plan in plans]


async def _insert_links(connection: AsyncConnection, plans: Sequence[LinkPlan]) -> set[ReportId]:
    """The reports whose new links went in; an issue or report that a live link holds keeps a new one out."""
    new = [plan for plan in plans if not plan.link.revision]
    done = await insert_new(connection, links, LINK_COLUMN_TYPES, _link_rows(new))
    return {plan.link.report_id for plan in new if plan.link.id in done}


async def _set_fields(
    connection: AsyncConnection, plans: Sequence[LinkPlan], batch: LocalBatch
) -> set[ReportId]:
    """Write the fields that still have the value each plan was decided on; the reports that have another."""
    rows = {plan.link.report_id: row for plan in plans if (row := _set_field_row(plan))}
    if not rows:
        return set()
    names = ["id", *FIELD_NAMES, *(f"to_{name}" for name in FIELD_NAMES)]
    given = bind_rows(connection, {name: Uuid() if name == "id" else Text() for name in names}, rows.values())
    statement = (
        update(reports)
        .where(
            reports.c.id == given.c.id,
            *(field_as_text(reports, each) == given.c[name] for name, each in SYNCED_FIELDS.items()),
        )
        .values(
            {
                each.column: field_as_stored(each, given.c[f"to_{name}"])
                for name, each in SYNCED_FIELDS.items()
            }
            | {"updated_at": batch.at}
        )
    )
    return rows.keys() - set((await connection.execute(statement.returning(reports.c.id))).scalars())


def _set_field_row(plan: LinkPlan) -> tuple[Any, ...] | None:
    wanted = {each.field: each.to for each in plan.actions if isinstance(each, SetField)}
    if not wanted or plan.report is None:
        return None
    seen = tuple(field.local_value(plan.report) for field in SYNCED_FIELDS.values())
    return (
        plan.link.report_id,
        *seen,
        *(wanted.get(Field(name), was) for name, was in zip(FIELD_NAMES, seen, strict=True)),
    )


async def _write_comments(connection: AsyncConnection, plans: Sequence[LinkPlan]) -> None:
    """BugSpark's copies: made, edited, removed."""
    made = [row for plan in plans for row in _imported_comment_rows(plan)]
    await insert_new(
        connection, comments, column_types(comments, "id", "report_id", "body", "created_at", "source"), made
    )
    actions = [each for plan in plans for each in plan.actions]
    edits = [(each.pair.local_id, each.body) for each in actions if isinstance(each, EditLocal)]
    await update_by_id(connection, comments, column_types(comments, "id", "body"), edits)
    removals = (each.pair.local_id for each in actions if isinstance(each, RemoveLocal))
    await delete_by_id(connection, comments, [id_ for id_ in removals if id_ is not None])


def _imported_comment_rows(plan: LinkPlan) -> list[tuple[Any, ...]]:
    """As GitHub has them: no author here, its own time. Their ids come from the plan's ledger rows."""
    made = {entry.remote_id: entry.local_id for entry in plan.pairs}
    return [
        (made[each.comment.id], plan.link.report_id, each.body, each.comment.created_at, "github")
        for each in plan.actions
        if isinstance(each, ImportComment)
    ]


async def _delete_answered_intents(connection: AsyncConnection, plans: Sequence[LinkPlan]) -> None:
    """A copy that was recognised by its marker is the answer its intent has been waiting for."""
    found = [
        entry.id
        for plan in plans
        for entry in plan.pairs
        if entry.origin is Side.BUGSPARK and entry.remote_id is not None
    ]
    if found:
        wanted = select_ids(connection.dialect.name, found)
        create = intents.c.operation == Operation.CREATE_COMMENT
        await connection.execute(delete(intents).where(intents.c.entry_id.in_(wanted), create))


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


async def _save_list_states(connection: AsyncConnection, batch: LocalBatch) -> None:
    """Last, and in the same transaction: a position saved before its rows would hide them forever."""
    states = {"issues": batch.issues, "comments": batch.comments, "contacts": batch.initial_sync}
    rows = [
        tuple(({"project_id": batch.project_id, "kind": kind} | list_state_row(state)).values())
        for kind, state in states.items()
        if state is not None
    ]
    await upsert(connection, lists, LIST_COLUMN_TYPES, rows, ["project_id", "kind"])

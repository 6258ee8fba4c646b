"""Apply one batch in one transaction: links, reports, comments, ledger, intents, history, list positions.

A plan whose preconditions no longer hold is left out whole and reported as stale; everything else is stored.
No statement is sent once per row.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, Uuid, and_, case, delete, null, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.fields import COLUMN_FIELDS, SYNCED_FIELDS
from reconciler.model.fields import Side
from reconciler.model.ids import CommentId, ProjectId, ReportId
from reconciler.model.intent import NEVER, UNSENT_STATES, Intent, IntentState
from reconciler.model.kinds import Operation
from reconciler.model.plan import (
    EditLocalComment,
    ImportComment,
    LinkPlan,
    RemoveLocalComment,
    SetReportField,
    WriteLocalComment,
)
from reconciler.model.snapshot import StoreResult, TransactionBatch
from reconciler.store.bugspark.bugspark_tables import comments, reports
from reconciler.store.bugspark.mappers import field_as_stored, field_as_text
from reconciler.store.bugspark.outgoing_webhooks import OutgoingWebhooks
from reconciler.store.bulk import (
    build_insert,
    delete_by_id,
    ids_subquery,
    insert_new,
    rows_as_table,
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
from reconciler.store.sync.import_times import assign_import_times
from reconciler.store.sync.stale_plans import Digest, find_stale_reports
from reconciler.store.types import column_types

FIELD_NAMES = tuple(field.value for field in COLUMN_FIELDS)
LIST_STATE_COLUMN_TYPES = column_types(lists)
RENEWED_INTENT_COLUMNS = (
    "report_id",
    "link_id",
    "entry_id",
    "repository_id",
    "number",
    "wish",
    "asked",
    "why",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreDependencies:
    """What storing a batch needs to know of configuration and surroundings."""

    comment_digest: Digest  # of a comment's body, as the ledger holds it
    web_url: str  # where people read issues: https://github.com
    outgoing_webhooks: OutgoingWebhooks  # for reports that change
    require_fence: Callable[[AsyncConnection, ProjectId], Awaitable[None]]
    """Raises ProjectLockLostError when another process took the project's lock since this one did."""


async def apply_batch(
    connection: AsyncConnection, batch: TransactionBatch, context: StoreDependencies
) -> StoreResult:
    """Carry out the local half of a batch within the connection's transaction.

    Raises ProjectLockLostError before anything is stored.
    """
    await context.require_fence(connection, batch.project_id)
    plans = [plan for plan in batch.plans if not plan.is_idle]
    stale = await find_stale_reports(connection, plans, context.comment_digest)
    plans = _plans_excluding_reports(plans, stale)
    inserted = await _insert_links(connection, plans)
    outdated = {plan.link.report_id for plan in plans if not plan.link.revision} - inserted
    outdated |= await _update_report_fields(connection, _plans_excluding_reports(plans, outdated), batch)
    await delete_by_id(connection, links, _new_link_ids(plans, outdated & inserted))
    plans = _plans_excluding_reports(plans, outdated)
    await update_by_id(
        connection, links, LINK_COLUMN_TYPES, _link_rows([p for p in plans if p.link.revision])
    )
    await _write_bugspark_comments(connection, plans)
    rows = [comment_pair_row(pair, plan.after) for plan in plans for pair in plan.pairs]
    await upsert(connection, comment_pairs, COMMENT_PAIR_COLUMN_TYPES, rows, ["id"])
    await _delete_intents_of_found_copies(connection, plans)
    stale |= outdated
    await upsert_intents(
        connection, [intent for intent in batch.intents if intent.report_id not in stale], batch.at
    )
    await history_log.append_changes(
        connection, batch.project_id, batch.at, history_log.changes_of_plans(plans)
    )
    changed = [
        plan.link.report_id
        for plan in plans
        if any(isinstance(each, SetReportField) for each in plan.actions)
    ]
    await context.outgoing_webhooks.enqueue_deliveries(connection, batch.project_id, changed, batch.at)
    if not stale:  # a position saved without all of its rows would hide the ones left out
        await _save_list_states(connection, batch)
    return StoreResult(stale_reports=stale)


def _plans_excluding_reports(
    plans: Sequence[LinkPlan], reports_left_out: set[ReportId] | frozenset[ReportId]
) -> list[LinkPlan]:
    return [plan for plan in plans if plan.link.report_id not in reports_left_out]


def _new_link_ids(plans: Sequence[LinkPlan], wanted: set[ReportId]) -> list[Any]:
    return [plan.link.id for plan in plans if plan.link.report_id in wanted and not plan.link.revision]


def _link_rows(plans: Sequence[LinkPlan]) -> list[tuple[Any, ...]]:
    return [tuple(link_row(plan.after, plan.link.revision + 1).values()) for plan in plans]


async def _insert_links(connection: AsyncConnection, plans: Sequence[LinkPlan]) -> set[ReportId]:
    """Insert new links unless a live one holds report or issue; return the reports of those inserted."""
    new = [plan for plan in plans if not plan.link.revision]
    inserted = await insert_new(connection, links, LINK_COLUMN_TYPES, _link_rows(new))
    return {plan.link.report_id for plan in new if plan.link.id in inserted}


async def _update_report_fields(
    connection: AsyncConnection, plans: Sequence[LinkPlan], batch: TransactionBatch
) -> set[ReportId]:
    """Write fields that have the values their plans were decided on; return the reports with other values."""
    rows = {plan.link.report_id: row for plan in plans if (row := _field_update_row(plan))}
    if not rows:
        return set()
    names = ["id", *FIELD_NAMES, *(f"to_{name}" for name in FIELD_NAMES)]
    given = rows_as_table(
        connection, {name: Uuid() if name == "id" else Text() for name in names}, rows.values()
    )
    statement = (
        update(reports)
        .where(
            reports.c.id == given.c.id,
            *(field_as_text(reports, each) == given.c[name] for name, each in COLUMN_FIELDS.items()),
        )
        .values(
            {
                each.column: field_as_stored(each, given.c[f"to_{name}"])
                for name, each in COLUMN_FIELDS.items()
            }
            | {"updated_at": batch.at}
        )
    )
    return rows.keys() - set((await connection.execute(statement.returning(reports.c.id))).scalars())


def _field_update_row(plan: LinkPlan) -> tuple[Any, ...] | None:
    writes = (each for each in plan.actions if isinstance(each, SetReportField))
    wanted = {SYNCED_FIELDS[each.field].storage_field.value: each.to for each in writes}
    if not wanted or plan.report is None:
        return None
    seen = tuple(field.local_value(plan.report) for field in COLUMN_FIELDS.values())
    return (
        plan.link.report_id,
        *seen,
        *(wanted.get(name, was) for name, was in zip(FIELD_NAMES, seen, strict=True)),
    )


async def _write_bugspark_comments(connection: AsyncConnection, plans: Sequence[LinkPlan]) -> None:
    """Insert, edit and delete copies in BugSpark."""
    times = await assign_import_times(connection, plans) if any(plan.pairs for plan in plans) else {}
    made = [row for plan in plans for row in _imported_comment_rows(plan, times)]
    await insert_new(
        connection, comments, column_types(comments, "id", "report_id", "body", "created_at", "source"), made
    )
    actions = [each for plan in plans for each in plan.actions]
    edits = [(each.pair.local_id, each.body) for each in actions if isinstance(each, EditLocalComment)]
    await update_by_id(connection, comments, column_types(comments, "id", "body"), edits)
    removals = (each.pair.local_id for each in actions if isinstance(each, RemoveLocalComment))
    await delete_by_id(connection, comments, [id_ for id_ in removals if id_ is not None])


def _imported_comment_rows(plan: LinkPlan, times: Mapping[CommentId, datetime]) -> list[tuple[Any, ...]]:
    """Rows of new comments: without an author, with GitHub's time, under the ids of the plan's pairs."""
    made = {pair.remote_id: pair.local_id for pair in plan.pairs}
    imports = [each for each in plan.actions if isinstance(each, ImportComment)]
    own = [each for each in plan.actions if isinstance(each, WriteLocalComment)]
    return [
        *(
            (local_id, plan.link.report_id, each.body, times[local_id], "github")
            for each in imports
            if (local_id := made[each.comment.id]) is not None
        ),
        *((each.pair.local_id, plan.link.report_id, each.body, each.at, "github") for each in own),
    ]


async def _delete_intents_of_found_copies(connection: AsyncConnection, plans: Sequence[LinkPlan]) -> None:
    """Delete intents to send comments that were recognised on GitHub by their markers."""
    found = [
        pair.id
        for plan in plans
        for pair in plan.pairs
        if pair.origin is Side.BUGSPARK and pair.remote_id is not None
    ]
    if found:
        wanted = ids_subquery(connection.dialect.name, found)
        create = intents.c.operation == Operation.CREATE_COMMENT
        await connection.execute(delete(intents).where(intents.c.entry_id.in_(wanted), create))


async def upsert_intents(connection: AsyncConnection, desired: Sequence[Intent], at: datetime) -> None:
    """Store intents. A row of the same local id and operation keeps its id, unless a create is replaced.

    A create that is there stands, unless it is for another issue or repository and was not sent; one for a
    comment in another repository is replaced in any state, because its outcome is never looked up there.
    Other operations replace what was not sent; a quarantined one stays so until its time has come, and one
    that is never sent again until something else is wanted. An intent that is being sent, or whose outcome is
    unknown, is left alone.
    """
    await _upsert_create_intents(
        connection, [intent_row(each) for each in desired if each.operation.is_create]
    )
    rows = [intent_row(each) for each in desired if not each.operation.is_create]
    if not rows:
        return
    statement = build_insert(connection, intents, INTENT_COLUMN_TYPES, rows)
    renewed = {name: statement.excluded[name] for name in RENEWED_INTENT_COLUMNS}
    is_other = and_(intents.c.not_before == NEVER, intents.c.wish != statement.excluded.wish)
    due = and_(intents.c.state == IntentState.QUARANTINED, or_(intents.c.not_before <= at, is_other))
    again = {
        "state": case((due, IntentState.PLANNED.value), else_=intents.c.state),
        "reason": case((due, null()), else_=intents.c.reason),
        "not_before": case((is_other, null()), else_=intents.c.not_before),
    }
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["local_id", "operation"],
            set_=renewed | again,
            where=intents.c.state.in_(UNSENT_STATES),
        )
    )


async def _upsert_create_intents(connection: AsyncConnection, rows: Sequence[Sequence[Any]]) -> None:
    if not rows:
        return
    statement = build_insert(connection, intents, INTENT_COLUMN_TYPES, rows)
    new = statement.excluded
    is_elsewhere = intents.c.repository_id != new.repository_id
    unsent = and_(or_(intents.c.link_id != new.link_id, is_elsewhere), intents.c.state.in_(UNSENT_STATES))
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["local_id", "operation"],
            # Its id, too: a late confirmation of the replaced one must not find this one.
            set_={name: new[name] for name in INTENT_COLUMN_TYPES},
            where=or_(unsent, and_(is_elsewhere, intents.c.operation == Operation.CREATE_COMMENT)),
        )
    )


async def _save_list_states(connection: AsyncConnection, batch: TransactionBatch) -> None:
    """Save list positions, last in the transaction: one saved before its rows would hide them."""
    states = {"issues": batch.issues, "comments": batch.comments, "contacts": batch.initial_sync}
    rows = [
        tuple(({"project_id": batch.project_id, "kind": kind} | list_state_row(state)).values())
        for kind, state in states.items()
        if state is not None
    ]
    await upsert(connection, lists, LIST_STATE_COLUMN_TYPES, rows, ["project_id", "kind"])

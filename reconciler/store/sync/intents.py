"""Intents, the recorded writes to GitHub: `ports.Intents` (docs/design.md, Writing to GitHub)."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import RowMapping, Table, and_, bindparam, case, delete, exists, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import PausedError
from reconciler.model.fields import Side
from reconciler.model.ids import ProjectId
from reconciler.model.intent import DOUBTFUL_ANSWER, UNSENT_STATES, Intent, IntentState
from reconciler.model.kinds import Kind, Operation
from reconciler.model.link import UNLINKED_BEFORE_SENDING, CommentPair, CommentPairState, Link, LinkState
from reconciler.model.report import IssueColumns
from reconciler.model.snapshot import Change
from reconciler.ports import Claim
from reconciler.store.bugspark.bugspark_tables import comments, reports
from reconciler.store.bulk import ids_subquery, rows_as_table
from reconciler.store.mappers import (
    COMMENT_PAIR_COLUMN_TYPES,
    comment_pair_row,
    to_comment_pair,
    to_intent,
    to_link,
)
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import comment_pairs, intents, links, projects
from reconciler.store.sync import history_log, link_writes
from reconciler.store.sync.apply_batch import StoreDependencies, upsert_intents
from reconciler.store.sync.difference_queries import is_link_ended_in_bugspark
from reconciler.store.types import ONE, column_types

INTENT_NEEDS_PERSON = or_(
    intents.c.state == IntentState.QUARANTINED,
    and_(intents.c.state == IntentState.UNKNOWN, intents.c.reason.like(f"{DOUBTFUL_ANSWER}%")),
)
"""Writes that wait for a person: GitHub refused them, or shows an answer that can't be told apart."""

COMMENT_OPERATIONS = (Operation.CREATE_COMMENT, Operation.EDIT_COMMENT)

SELECT_PROJECT_PAUSED = (
    select(projects.c.paused).where(projects.c.project_id == intents.c.project_id).scalar_subquery()
)
SELECT_INTENT_TO_CLAIM = (
    select(
        intents,
        SELECT_PROJECT_PAUSED.label("paused"),
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

SELECT_OPEN_INTENTS = (
    select(intents)
    .where(intents.c.project_id == bindparam("project"))
    .order_by(intents.c.created_at, intents.c.id)
)

# Built once, because every write to GitHub waits for these; what is set comes with the parameters.
UPDATE_IF_UNCHANGED = update(intents).where(
    intents.c.id == bindparam("wanted"), intents.c.attempts == bindparam("was")
)
DELETE_INTENT = delete(intents).where(intents.c.id == bindparam("wanted"))
UPDATE_COMMENT_PAIR = update(comment_pairs).where(comment_pairs.c.id == bindparam("wanted"))
SELECT_COMMENT_EXISTS = select(exists(ONE).where(comments.c.id == bindparam("wanted")))
SELECT_REPORT_EXISTS = select(exists(ONE).where(reports.c.id == bindparam("wanted")))


class StoredIntents:
    """The intents in the database."""

    def __init__(self, database: Database, context: StoreDependencies) -> None:
        self._database = database
        self._context = context

    async def list_open(self, project_id: ProjectId) -> tuple[Intent, ...]:
        async with self._database.read() as connection:
            rows = await connection.execute(SELECT_OPEN_INTENTS, {"project": project_id})
            return tuple(to_intent(row) for row in rows.mappings())

    async def add(self, new: Sequence[Intent]) -> None:
        """Store intents as a batch does: a create that is there already stands."""
        if not new:
            return
        async with self._database.write() as connection:
            await upsert_intents(connection, new, at=min(each.created_at for each in new))

    async def claim(self, intent: Intent, at: datetime) -> Claim | None:
        async with self._database.write() as connection:
            await self._context.require_fence(connection, intent.project_id)
            found = await _lock_intent_to_claim(connection, intent)
            if found is None:
                return None
            present = found.intent
            if await _is_cause_gone(connection, present, found.link, found.pair):
                return replace(found, cause_gone=True)
            claimed = present.claimed(at)
            await _update_if_unchanged(connection, claimed, was=present.attempts)
            return replace(found, intent=claimed)

    async def release_claim(self, intent: Intent) -> None:
        async with self._database.write() as connection:
            await connection.execute(
                update(intents)
                .where(
                    intents.c.id == intent.id,
                    intents.c.state == IntentState.SENDING,
                    intents.c.attempts == intent.attempts,
                )
                .values(state=IntentState.PLANNED.value)
            )

    async def confirm(
        self,
        intent: Intent,
        *,
        link: Link | None,
        pair: CommentPair | None,
        changes: Sequence[Change],
        at: datetime,
    ) -> None:
        """Raises ProjectLockLostError when the link was changed since it was read: then nothing is stored."""
        async with self._database.write() as connection:
            await connection.execute(DELETE_INTENT, {"wanted": intent.id})
            if link is not None:
                await self._create_or_update_link(connection, link)
            if pair is not None:
                values = dict(zip(COMMENT_PAIR_COLUMN_TYPES, comment_pair_row(pair, intent), strict=True))
                await connection.execute(UPDATE_COMMENT_PAIR, {"wanted": pair.id, **values})
            await history_log.append_changes(connection, intent.project_id, at, changes)

    async def save_unconfirmed(self, intent: Intent) -> None:
        """Store the intent; if it is in quarantine now, add a line of history with the reason."""
        async with self._database.write() as connection:
            await _update_if_unchanged(connection, intent, was=intent.attempts)
            if intent.state is IntentState.QUARANTINED:
                await history_log.append_quarantine(connection, intent)

    async def cancel(self, cancelled: Collection[Intent]) -> None:
        """Delete intents that are as they were read; one that has been claimed since stays."""
        if cancelled:
            async with self._database.write() as connection:
                await _delete_cancelled_intents(connection, cancelled)

    async def discard_by_command(self, cancelled: Collection[Intent], rule: str, at: datetime) -> None:
        """Cancel intents, with a line of history for each that was deleted."""
        if not cancelled:
            return
        async with self._database.write() as connection:
            deleted = await _delete_cancelled_intents(connection, cancelled)
            for intent in cancelled:
                if intent.id in deleted:
                    change = _given_up_change(intent, rule)
                    await history_log.append_changes(connection, intent.project_id, at, [change])

    async def _create_or_update_link(self, connection: AsyncConnection, link: Link) -> None:
        if link.revision == 0:
            url = f"{self._context.web_url}/{link.repository}/issues/{link.number}"
            columns = IssueColumns(repository=link.repository, number=link.number, url=url)
            await link_writes.create_exported_link(connection, link, columns)
        else:
            await link_writes.update_link(connection, link)


async def _delete_cancelled_intents(connection: AsyncConnection, cancelled: Collection[Intent]) -> set[UUID]:
    """Delete the intents that are as they were read, and end their pending pairs; return the deleted ids."""
    rows = [(each.id, each.state, each.attempts) for each in cancelled]
    given = rows_as_table(connection, column_types(intents, "id", "state", "attempts"), rows)
    same = select(given.c.id).where(
        intents.c.id == given.c.id,
        intents.c.state == given.c.state,
        intents.c.attempts == given.c.attempts,
    )
    query = delete(intents).where(same.exists()).returning(intents.c.id, intents.c.entry_id)
    deleted = (await connection.execute(query)).all()
    await _end_pending_pairs(connection, [row.entry_id for row in deleted if row.entry_id is not None])
    return {row.id for row in deleted}


def _given_up_change(intent: Intent, rule: str) -> Change:
    """Build the line about a write that a person gave up."""
    return Change(
        report_id=intent.report_id,
        link_id=intent.link_id,
        side=Side.GITHUB,
        kind=Kind.RETRY,
        field=intent.operation.field_name,
        base=None,
        local=intent.why.local if intent.why else None,
        remote=None,
        to=None,
        rule=rule,
    )


async def _end_pending_pairs(connection: AsyncConnection, wanted: Collection[UUID]) -> None:
    """End comment pairs whose intents were deleted.

    A comment has one intent: where another link waits for the same comment, the deleted intent kept its own
    out, and the link is due for verification now.
    """
    if not wanted:
        return
    pending = and_(
        comment_pairs.c.id.in_(ids_subquery(connection.dialect.name, wanted)),
        comment_pairs.c.state == CommentPairState.PENDING,
    )
    has_comment = exists(ONE).where(comments.c.id == comment_pairs.c.local_id)
    reason = case((has_comment, UNLINKED_BEFORE_SENDING), else_="deleted in BugSpark")
    ended = update(comment_pairs).where(pending).values(state=CommentPairState.ENDED.value, reason=reason)
    ended_comments = [
        id_ for id_ in (await connection.execute(ended.returning(comment_pairs.c.local_id))).scalars() if id_
    ]
    waiting = select(comment_pairs.c.link_id).where(
        comment_pairs.c.local_id.in_(ids_subquery(connection.dialect.name, ended_comments)),
        comment_pairs.c.state == CommentPairState.PENDING,
    )
    await connection.execute(
        update(links)
        .where(links.c.id.in_(waiting), links.c.state == LinkState.ACTIVE)
        .values(check_due=links.c.checked_at, etag_issue=None, revision=links.c.revision + 1)
    )


async def _lock_intent_to_claim(connection: AsyncConnection, intent: Intent) -> Claim | None:
    """Lock the intent and read what it is about; None unless it is planned or in quarantine. Raises
    PausedError.
    """
    row = (await connection.execute(SELECT_INTENT_TO_CLAIM, {"wanted": intent.id})).mappings().first()
    if row is None:
        return None
    if row["paused"]:
        raise PausedError(
            "It was paused while this pass was at work: nothing more is written; reconcile resume goes on."
        )
    link, pair = _table_row_from_join(row, links), _table_row_from_join(row, comment_pairs)
    return Claim(
        intent=to_intent(row),
        link=to_link(link) if link else None,
        pair=to_comment_pair(pair) if pair else None,
    )


def _table_row_from_join(row: RowMapping, table: Table) -> RowMapping | None:
    """One table's columns of a joined row, None where nothing was joined."""
    found = {column.name: row[f"{table.name}.{column.name}"] for column in table.c}
    return cast("RowMapping", found) if found["id"] is not None else None


async def _is_cause_gone(
    connection: AsyncConnection, intent: Intent, link: Link | None, pair: CommentPair | None
) -> bool:
    """Whether what the intent is about was deleted, unlinked, or has been linked since."""
    if intent.operation is Operation.CREATE_ISSUE:
        return not await _is_report_unlinked(connection, intent)
    if link is None or link.state is not LinkState.ACTIVE:
        return True
    if intent.operation is Operation.DELETE_COMMENT:
        return False
    if intent.operation is Operation.CREATE_COMMENT and (
        pair is None or pair.state is not CommentPairState.PENDING
    ):
        return True
    if intent.local_id == intent.link_id:  # the comment about the link itself
        return False
    still_exists = SELECT_COMMENT_EXISTS if intent.operation in COMMENT_OPERATIONS else SELECT_REPORT_EXISTS
    return not (await connection.execute(still_exists, {"wanted": intent.local_id})).scalar_one()


async def _is_report_unlinked(connection: AsyncConnection, intent: Intent) -> bool:
    """Whether the report exists, without columns and without a link."""
    is_linked = exists(ONE).where(links.c.report_id == reports.c.id, not_(is_link_ended_in_bugspark()))
    query = select(reports.c.id).where(
        reports.c.id == intent.report_id, reports.c.github_issue_number.is_(None), ~is_linked
    )
    return (await connection.execute(query)).first() is not None


async def _update_if_unchanged(connection: AsyncConnection, intent: Intent, *, was: int) -> None:
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

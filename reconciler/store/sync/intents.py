"""Intents, the recorded writes to GitHub: `ports.Intents` (docs/design.md, Writing to GitHub)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, bindparam, case, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from reconciler.errors import PausedError, ProjectLockLostError
from reconciler.model.fields import Side
from reconciler.model.ids import Fingerprint, ProjectId
from reconciler.model.intent import DOUBTFUL_ANSWER, Intent, IntentState
from reconciler.model.kinds import Kind
from reconciler.model.link import UNLINKED_BEFORE_SENDING, CommentPairState, Link, LinkState
from reconciler.model.report import IssueColumns
from reconciler.model.snapshot import Change
from reconciler.ports import Claim, Confirmation, NoWriteSlot
from reconciler.store.bugspark.bugspark_tables import comments
from reconciler.store.bulk import ids_subquery, rows_as_table
from reconciler.store.mappers import (
    COMMENT_PAIR_COLUMN_TYPES,
    comment_pair_row,
    to_intent,
)
from reconciler.store.schema.engine import Database
from reconciler.store.schema.tables import comment_pairs, intents, links
from reconciler.store.sync import history_log, link_writes
from reconciler.store.sync.apply_batch import StoreDependencies, upsert_intents
from reconciler.store.sync.rate_limiter import StoredRateLimiter, WriteSlot
from reconciler.store.sync.writes.claims import find_claimable, mark_sending, update_if_unchanged
from reconciler.store.types import ONE, column_types

INTENT_NEEDS_PERSON = or_(
    intents.c.state == IntentState.QUARANTINED,
    and_(intents.c.state == IntentState.UNKNOWN, intents.c.reason.like(f"{DOUBTFUL_ANSWER}%")),
)
"""Writes that wait for a person: GitHub refused them, or shows an answer that can't be told apart."""

SELECT_OPEN_INTENTS = (
    select(intents)
    .where(intents.c.project_id == bindparam("project"))
    .order_by(intents.c.created_at, intents.c.id)
)

DELETE_INTENT = delete(intents).where(intents.c.id == bindparam("wanted"))
UPDATE_COMMENT_PAIR = update(comment_pairs).where(comment_pairs.c.id == bindparam("wanted"))


class StoredIntents:
    """The intents in the database."""

    def __init__(self, database: Database, context: StoreDependencies, limiter: StoredRateLimiter) -> None:
        self._database = database
        self._context = context
        self._limiter = limiter

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
            found = await self._find_claimable(connection, intent)
            if found is None or found.cause_gone:
                return found
            return await mark_sending(connection, found, at)

    async def claim_if_slot_free(
        self,
        intent: Intent,
        at: datetime,
        *,
        credential: Fingerprint,
        points: int,
        confirmed: Confirmation | None = None,
    ) -> Claim | NoWriteSlot | None:
        """A refusal is raised after the commit, which stores `confirmed` (docs/decisions/0097)."""
        slot = await self._limiter.find_slot_now(credential, points)
        if slot is None and confirmed is None:
            return NoWriteSlot()
        claim: Claim | NoWriteSlot | None = NoWriteSlot()
        refusal: PausedError | ProjectLockLostError | None = None
        async with self._database.write() as connection:
            if confirmed is not None:
                await self._store_confirmation(connection, confirmed)
            if slot is not None:
                try:
                    claim = await self._claim_with_slot(connection, intent, at, slot)
                except (PausedError, ProjectLockLostError) as error:
                    refusal = error
        if refusal is not None:
            raise refusal
        if slot is not None and isinstance(claim, Claim) and not claim.cause_gone:
            self._limiter.record_taken_slot(slot)
        return claim

    async def _find_claimable(self, connection: AsyncConnection, intent: Intent) -> Claim | None:
        await self._context.require_fence(connection, intent.project_id)
        return await find_claimable(connection, intent)

    async def _claim_with_slot(
        self, connection: AsyncConnection, intent: Intent, at: datetime, slot: WriteSlot
    ) -> Claim | NoWriteSlot | None:
        """Claim, and take the slot last of what others may have locked: a process that waits for the budget
        waits for nothing else.
        """
        found = await self._find_claimable(connection, intent)
        if found is None or found.cause_gone:
            return found
        if not await self._limiter.take(connection, slot):
            return NoWriteSlot()
        return await mark_sending(connection, found, at)

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

    async def confirm(self, confirmed: Confirmation) -> None:
        """Raises ProjectLockLostError when the link was changed since it was read: then nothing is stored."""
        async with self._database.write() as connection:
            await self._store_confirmation(connection, confirmed)

    async def save_unconfirmed(self, intent: Intent) -> None:
        """Store the intent; if it is in quarantine now, add a line of history with the reason."""
        async with self._database.write() as connection:
            await update_if_unchanged(connection, intent, was=intent.attempts)
            if intent.state is IntentState.QUARANTINED:
                await history_log.append_quarantine(connection, intent)

    async def cancel(self, cancelled: Collection[Intent]) -> None:
        """Delete intents that are as they were read; one that has been claimed since stays."""
        if cancelled:
            async with self._database.write() as connection:
                await _delete_cancelled_intents(connection, cancelled)

    async def discard_manually(self, cancelled: Collection[Intent], rule: str, at: datetime) -> None:
        """Cancel intents, with a line of history for each that was deleted."""
        if not cancelled:
            return
        async with self._database.write() as connection:
            deleted = await _delete_cancelled_intents(connection, cancelled)
            for intent in cancelled:
                if intent.id in deleted:
                    change = _build_discard_change(intent, rule)
                    await history_log.append_changes(connection, intent.project_id, at, [change])

    async def _store_confirmation(self, connection: AsyncConnection, confirmed: Confirmation) -> None:
        intent, pair = confirmed.intent, confirmed.pair
        await connection.execute(DELETE_INTENT, {"wanted": intent.id})
        if confirmed.link is not None:
            await self._create_or_update_link(connection, confirmed.link)
        if pair is not None:
            values = dict(zip(COMMENT_PAIR_COLUMN_TYPES, comment_pair_row(pair, intent), strict=True))
            await connection.execute(UPDATE_COMMENT_PAIR, {"wanted": pair.id, **values})
        await history_log.append_changes(connection, intent.project_id, confirmed.at, confirmed.changes)

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


def _build_discard_change(intent: Intent, rule: str) -> Change:
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

"""Recorded writes of a dry run: those in the database, and what becomes of them when every write succeeds."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.model.fields import Side
from reconciler.model.ids import CommentPairId, Fingerprint, IntentId, ProjectId
from reconciler.model.intent import NEVER, UNSENT_STATES, Intent, IntentKey, IntentState
from reconciler.model.kinds import Operation
from reconciler.model.link import UNLINKED_BEFORE_SENDING, CommentPair, CommentPairState, Link, LinkState
from reconciler.model.plan import LinkPlan
from reconciler.model.report import IssueColumns
from reconciler.model.snapshot import LocalThread
from reconciler.ports import Claim, Confirmation, NoWriteSlot, Stores
from reconciler.sync.dry_run.state import DryRunState, ReadOnlyPort

COMMENT_OPERATIONS = (Operation.CREATE_COMMENT, Operation.EDIT_COMMENT)


class DryIntents(ReadOnlyPort):
    """`ports.Intents` of a dry run: the project's rows, read once and changed in memory."""

    def __init__(self, stores: Stores, state: DryRunState) -> None:
        super().__init__(stores.intents)
        self._ledger = stores.ledger
        self._reports = stores.reports
        self._state = state
        self._rows: dict[IntentKey, Intent] | None = None
        self._claimed: set[IntentId] = set()
        self.sent: list[Intent] = []
        self.added: set[IntentId] = set()  # of this pass, without a plan: exports

    async def load_open_intents(self, project_id: ProjectId) -> None:
        """Read the project's rows, once."""
        if self._rows is None:
            self._rows = {row.key: row for row in await self._stored.list_open(project_id)}

    @property
    def _open_rows(self) -> dict[IntentKey, Intent]:
        assert self._rows is not None
        return self._rows

    def _current_row(self, intent: Intent) -> Intent | None:
        """The row of an intent as it is now, None when it is gone."""
        found = self._open_rows.get(intent.key)
        return found if found is not None and found.id == intent.id else None

    async def list_open(self, project_id: ProjectId) -> tuple[Intent, ...]:
        await self.load_open_intents(project_id)
        return tuple(sorted(self._open_rows.values(), key=lambda row: (row.created_at, row.id)))

    async def add(self, intents: Sequence[Intent]) -> None:
        for intent in intents:
            await self.load_open_intents(intent.project_id)
            self.upsert_intent(intent, intent.created_at)
            self.added.add(intent.id)

    def upsert_intent(self, intent: Intent, at: datetime) -> None:
        """Add a row as `upsert_intents` of the store does: a create stands, another unsent one is renewed."""
        there = self._open_rows.get(intent.key)
        if there is None:
            self._open_rows[intent.key] = intent
        elif intent.operation.is_create:
            is_elsewhere = there.repository_id != intent.repository_id
            is_unsent = there.state in UNSENT_STATES and (is_elsewhere or there.link_id != intent.link_id)
            if is_unsent or (is_elsewhere and intent.operation is Operation.CREATE_COMMENT):
                self._open_rows[intent.key] = intent
        elif there.state in UNSENT_STATES:
            is_other = there.not_before == NEVER and there.desired != intent.desired
            has_rested = there.state is IntentState.QUARANTINED and (
                is_other or (there.not_before is not None and there.not_before <= at)
            )
            self._open_rows[intent.key] = replace(
                there,
                report_id=intent.report_id,
                link_id=intent.link_id,
                pair_id=intent.pair_id,
                repository_id=intent.repository_id,
                number=intent.number,
                desired=intent.desired,
                is_requested=intent.is_requested,
                why=intent.why,
                state=IntentState.PLANNED if has_rested else there.state,
                reason=None if has_rested else there.reason,
                not_before=None if is_other else there.not_before,
            )

    def drop_intents_of_found_copies(self, plan: LinkPlan) -> None:
        """Remove the intents of copies that were recognised by their markers: those are their answers."""
        copies = [pair for pair in plan.pairs if pair.origin is Side.BUGSPARK and pair.remote_id is not None]
        found = {pair.id for pair in copies}
        for pair in copies:
            row = self._open_rows.get((pair.local_id, Operation.CREATE_COMMENT)) if pair.local_id else None
            if row is not None and row.pair_id in found:
                del self._open_rows[row.key]

    async def claim(self, intent: Intent, at: datetime) -> Claim | None:
        present = self._current_row(intent)
        if present is None or present.state not in UNSENT_STATES:
            return None
        link = await self._link_of(present)
        thread = await self._thread_of_link(link) if link else None
        pair = next((each for each in thread.pairs if each.id == present.pair_id), None) if thread else None
        if await self._is_cause_gone(present, link, pair, thread):
            return Claim(intent=present, link=link, pair=pair, cause_gone=True)
        claimed = present.claimed(at)
        self._open_rows[claimed.key] = claimed
        self._claimed.add(claimed.id)
        return Claim(intent=claimed, link=link, pair=pair)

    async def claim_if_slot_free(
        self,
        intent: Intent,
        at: datetime,
        *,
        credential: Fingerprint,
        points: int,
        confirmed: Confirmation | None = None,
    ) -> Claim | NoWriteSlot | None:
        """Nothing is sent: no write has to wait."""
        if confirmed is not None:
            await self.confirm(confirmed)
        return await self.claim(intent, at)

    async def _link_of(self, intent: Intent) -> Link | None:
        if intent.link_id is None:
            return None
        if intent.link_id in self._state.links:
            return self._state.links[intent.link_id]
        found = await self._ledger.find_link_of_report(intent.report_id)
        return found if found is not None and found.id == intent.link_id else None

    async def _thread_of_link(self, link: Link) -> LocalThread:
        asked = self._state.predecessors.get(link.id, link)
        return self._state.current_thread(link, (await self._ledger.local_threads((asked,)))[link.report_id])

    async def _is_cause_gone(
        self, intent: Intent, link: Link | None, pair: CommentPair | None, thread: LocalThread | None
    ) -> bool:
        """Whether the cause of an intent is gone, as the store decides it."""
        if intent.operation is Operation.CREATE_ISSUE:
            return not await self._is_report_unlinked(intent)
        if link is None or thread is None or link.state is not LinkState.ACTIVE:
            return True
        if intent.operation is Operation.DELETE_COMMENT:
            return False
        if intent.operation is Operation.CREATE_COMMENT and (
            pair is None or pair.state is not CommentPairState.PENDING
        ):
            return True
        if intent.local_id == intent.link_id:  # the comment about the link itself
            return False
        if intent.operation in COMMENT_OPERATIONS:
            return intent.local_id not in {row.id for row in thread.comments}
        return thread.report is None

    async def _is_report_unlinked(self, intent: Intent) -> bool:
        found = (await self._reports.details([intent.report_id])).get(intent.report_id)
        if found is None or self._state.current_report(found[0]).columns is not None:
            return False
        stored = await self._ledger.find_link_of_report(intent.report_id)
        links = [link for link in self._state.links.values() if link.report_id == intent.report_id]
        links += [self._state.current_link(stored)] if stored is not None else []
        return all(link.is_past for link in links)

    async def release_claim(self, intent: Intent) -> None:
        present = self._current_row(intent)
        if present is not None and present.state is IntentState.SENDING:
            self._open_rows[intent.key] = replace(present, state=IntentState.PLANNED)

    async def confirm(self, confirmed: Confirmation) -> None:
        intent, link, pair = confirmed.intent, confirmed.link, confirmed.pair
        await self.load_open_intents(intent.project_id)
        if self._current_row(intent) is not None:
            del self._open_rows[intent.key]
        if link is not None:
            await self._create_or_update_link(link)
        if pair is not None:
            self._state.pairs[pair.id] = pair
        if intent.id in self._claimed:
            self.sent.append(intent)

    async def _create_or_update_link(self, link: Link) -> None:
        if link.revision:
            self._state.links[link.id] = replace(link, revision=link.revision + 1)
            return
        stored = await self._ledger.find_link_of_report(link.report_id)
        of_report = [each for each in self._state.links.values() if each.report_id == link.report_id]
        of_report += [self._state.current_link(stored)] if stored is not None else []
        if any(each.is_live for each in of_report) and link.is_live:
            self._state.links[link.id] = replace(link, state=LinkState.CONTESTED, revision=1)
            return
        self._state.links[link.id] = replace(link, revision=1)
        found = (await self._reports.details([link.report_id])).get(link.report_id)
        if found is not None and found[0].columns is None:
            columns = IssueColumns(repository=link.repository, number=link.number)
            self._state.columns.setdefault(link.report_id, columns)

    async def save_unconfirmed(self, intent: Intent) -> None:
        await self.load_open_intents(intent.project_id)
        if self._current_row(intent) is not None:
            self._open_rows[intent.key] = intent

    async def cancel(self, intents: Collection[Intent]) -> None:
        for intent in intents:
            present = self._current_row(intent)
            if present is None or (present.state, present.attempts) != (intent.state, intent.attempts):
                continue
            del self._open_rows[intent.key]
            if present.pair_id is not None:
                await self._end_waiting_pair(present, present.pair_id)

    async def _end_waiting_pair(self, intent: Intent, pair_id: CommentPairId) -> None:
        link = await self._link_of(intent)
        thread = await self._thread_of_link(link) if link else None
        for pair in thread.pairs if thread else ():
            if pair.id == pair_id and pair.state is CommentPairState.PENDING:
                there = thread is not None and pair.local_id in {row.id for row in thread.comments}
                reason = UNLINKED_BEFORE_SENDING if there else "deleted in BugSpark"
                self._state.pairs[pair.id] = replace(pair, state=CommentPairState.ENDED, reason=reason)

"""Links, bases and the comment ledger of a dry run: the stored ones, changed by the steps so far."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler.errors import UsageError
from reconciler.model.fields import Side
from reconciler.model.ids import (
    CommentId,
    CommentPairId,
    IssueNumber,
    LinkId,
    ProjectId,
    RemoteCommentId,
    ReportId,
    RepositoryId,
)
from reconciler.model.link import (
    CommentPair,
    CommentPairState,
    Link,
    LinkOrigin,
    LinkState,
)
from reconciler.model.plan import Deletion, EditLocal, ImportComment, RemoveLocal, SetField
from reconciler.model.report import IssueColumns
from reconciler.model.snapshot import LocalBatch, LocalThread, Snapshot, StoreResult, UnlinkedReport
from reconciler.sync.context import Context
from reconciler.sync.dry_run.intents import DryIntents
from reconciler.sync.dry_run.reads_only import ReadsOnly
from reconciler.sync.dry_run.snapshot import Asked, ChangedLink, with_changed_links
from reconciler.sync.dry_run.state import LIVE_LINK_STATES, DryRunState, Step, unsent_pair

LOCAL_ACTIONS = (SetField, ImportComment, EditLocal, RemoveLocal)
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


class DryLedger(ReadsOnly):
    """`ports.Ledger` of a dry run."""

    reads = frozenset({"withheld_deletions", "field_history", "verification_coverage"})

    def __init__(self, context: Context, state: DryRunState, intents: DryIntents) -> None:
        stores = context.stores
        super().__init__(stores.ledger)
        self._restores = stores.restores
        self._state = state
        self._intents = intents
        self._local_now = context.clock.now
        self._new_id = context.new_id

    # --- the snapshot and threads ---------------------------------------------------------------------

    async def snapshot(
        self,
        project_id: ProjectId,
        repository_id: RepositoryId,
        repository: str,
        *,
        numbers: Collection[IssueNumber] = (),
        comments: Collection[RemoteCommentId] = (),
        copies: Collection[CommentId] = (),
        local: bool = True,
        by_hand: bool = False,
    ) -> Snapshot:
        stored: Snapshot = await self._stored.snapshot(
            project_id,
            repository_id,
            repository,
            numbers=numbers,
            comments=comments,
            copies=copies,
            local=local,
            by_hand=by_hand,
        )
        self._state.note_live_pairs((*stored.pairs, *stored.vanished_pairs))
        if not self._state.links:
            return stored
        asked = Asked(
            project_id=project_id,
            repository_id=repository_id,
            numbers=frozenset(numbers),
            comments=frozenset(comments),
            copies=frozenset(copies),
            local=local,
            by_hand=by_hand,
            now=self._local_now(),
        )
        pairs = self._requested_pairs(stored, asked)
        changed = await self._changed_links(asked, {pair.link_id for pair in pairs})
        return with_changed_links(replace(stored, pairs=pairs), self._state, asked, changed)

    def _requested_pairs(self, stored: Snapshot, asked: Asked) -> tuple[CommentPair, ...]:
        found = {pair.id: self._state.pair(pair) for pair in stored.pairs}
        for pair in self._state.pairs.values():
            if pair.remote_id in asked.comments or pair.local_id in asked.copies:
                found[pair.id] = pair
        return tuple(found.values())

    async def _changed_links(self, asked: Asked, by_pair: set[LinkId]) -> list[ChangedLink]:
        """The links of earlier steps that this snapshot may be about, with what is known of each."""
        links = [
            link
            for link in self._state.links.values()
            if link.state in LIVE_LINK_STATES
            and link.project_id == asked.project_id
            and (asked.local or link.number in asked.numbers or link.id in by_pair)
        ]
        threads = await self.threads(links)
        rows = [(link, threads[link.report_id]) for link in links]
        unknown = await self._unknown_comments(thread for _, thread in rows) if asked.local else frozenset()
        return [
            ChangedLink(
                link=link,
                thread=thread,
                requested=link.number in asked.numbers or link.id in by_pair,
                unknown=tuple(row for row in thread.comments if row.id in unknown),
            )
            for link, thread in rows
        ]

    async def _unknown_comments(self, threads: Iterable[LocalThread]) -> frozenset[CommentId]:
        """Comments in BugSpark that no ledger row names, of any link: neither a stored one nor a new one."""
        known = {pair.local_id for pair in self._state.pairs.values()}
        rows = [row.id for thread in threads for row in thread.comments if row.id not in known]
        numbered = {RemoteCommentId(-1 - place): id_ for place, id_ in enumerate(rows)}
        found = await self._restores.unknown_copies(numbered)
        return frozenset(numbered[key] for key in found)

    async def threads(self, links: Sequence[Link]) -> Mapping[ReportId, LocalThread]:
        stored = await self._stored.threads(links)
        return {link.report_id: self._state.thread(link, stored[link.report_id]) for link in links}

    async def live_comment_counts(self, project_id: ProjectId) -> Mapping[Side, int]:
        stored = await self._stored.live_comment_counts(project_id)
        return {side: stored.get(side, 0) + self._state.live_count_change(side) for side in Side}

    # --- single links ---------------------------------------------------------------------------------

    async def due_links(
        self, project_id: ProjectId, repository_id: RepositoryId, at: datetime, limit: int
    ) -> tuple[Link, ...]:
        more = limit + len(self._state.links)
        if self._state.all_due_at is not None and self._state.all_due_at < at:
            end = datetime.max.replace(tzinfo=UTC)
            stored = await self._stored.unverified_links(project_id, repository_id, end, more)
        else:
            stored = await self._stored.due_links(project_id, repository_id, at, more)
        return self._oldest(stored, repository_id, at, limit, lambda link: link.verification.due)

    async def unverified_links(
        self, project_id: ProjectId, repository_id: RepositoryId, since: datetime, limit: int
    ) -> tuple[Link, ...]:
        more = limit + len(self._state.links)
        stored = await self._stored.unverified_links(project_id, repository_id, since, more)
        return self._oldest(stored, repository_id, since, limit, lambda link: link.verification.at)

    def _oldest(
        self,
        stored: Sequence[Link],
        repository_id: RepositoryId,
        by: datetime,
        limit: int,
        when: Callable[[Any], datetime],
    ) -> tuple[Link, ...]:
        """The stored links that no step changed, in their order, and those that one did and that wait."""

        def at(link: Link) -> datetime:
            return BEGINNING if link.verification is None else when(link)

        waiting = [
            link
            for link in self._state.links.values()
            if link.state is LinkState.ACTIVE
            and link.repository_id == repository_id
            and link.quarantined_until is None
            and at(link) < by
        ]
        rest = [link for link in stored if link.id not in self._state.links]
        return tuple(sorted([*rest, *waiting], key=lambda link: (at(link), link.id))[:limit])

    async def transferred_links(self, project_id: ProjectId, repository_id: RepositoryId) -> tuple[Link, ...]:
        stored = await self._stored.transferred_links(project_id, repository_id)
        return tuple(link for link in stored if link.id not in self._state.links)

    async def find_link_of_report(self, report_id: ReportId) -> Link | None:
        stored = await self._stored.find_link_of_report(report_id)
        found = self._with_stored(stored, lambda link: link.report_id == report_id)
        return min(found, key=_rank_of_report_link, default=None)

    async def find_link_between(
        self, report_id: ReportId, repository_id: RepositoryId, number: IssueNumber
    ) -> Link | None:
        stored = await self._stored.find_link_between(report_id, repository_id, number)
        place = (report_id, repository_id, number)
        found = self._with_stored(
            stored, lambda link: (link.report_id, link.repository_id, link.number) == place
        )
        return next(iter(found), None)

    async def find_live_link_of_issue(self, repository_id: RepositoryId, number: IssueNumber) -> Link | None:
        stored = await self._stored.find_live_link_of_issue(repository_id, number)
        found = self._with_stored(
            stored, lambda link: (link.repository_id, link.number) == (repository_id, number)
        )
        return next((link for link in found if link.state in LIVE_LINK_STATES), None)

    def _with_stored(self, stored: Link | None, match: Callable[[Link], bool]) -> list[Link]:
        found = {link.id: link for link in self._state.links.values() if match(link)}
        if stored is not None:
            found.setdefault(stored.id, self._state.link(stored))
        return list(found.values())

    async def find_unlinked_by_tracking_ids(
        self, tracking_ids: Collection[str]
    ) -> tuple[UnlinkedReport, ...]:
        stored = await self._stored.find_unlinked_by_tracking_ids(tracking_ids)
        held = {link.report_id for link in self._state.links.values() if link.state in LIVE_LINK_STATES}
        return tuple(row for row in stored if row.report_id not in held | self._state.columns.keys())

    # --- what would be written ------------------------------------------------------------------------

    async def apply_batch(self, batch: LocalBatch) -> StoreResult:
        await self._intents.load(batch.project_id)
        intents = iter(batch.intents)
        for plan in batch.plans:
            if plan.is_idle:
                continue
            self._state.store_plan(plan, batch.at)
            self._intents.drop_answered(plan)
            for action in plan.actions:
                if isinstance(action, LOCAL_ACTIONS):
                    self._state.steps.append(Step(plan=plan, action=action))
                else:
                    intent = next(intents)
                    self._state.steps.append(
                        Step(plan=plan, action=action, intent=(intent.local_id, intent.operation))
                    )
        for intent in batch.intents:
            self._intents.store(intent, batch.at)
        return StoreResult()

    async def save_withheld_deletions(
        self, project_id: ProjectId, digest: str | None, deletions: Sequence[tuple[Link, Deletion]]
    ) -> None:
        """They are in the plan: nobody reads them from here."""

    async def mark_all_due_for_verification(
        self, project_id: ProjectId, repository_id: RepositoryId, at: datetime
    ) -> None:
        self._state.all_due_at = at

    async def create_link(self, link: Link, columns: IssueColumns) -> None:
        """As the store does it: other links of the report end, one to the same issue is taken up again."""
        holder = await self.find_live_link_of_issue(link.repository_id, link.number)
        past = await self.find_link_of_report(link.report_id)
        if holder is not None or (past is not None and past.state in LIVE_LINK_STATES):
            raise UsageError(f"{link.repository}#{link.number} or the report is linked already.")
        same = await self.find_link_between(link.report_id, link.repository_id, link.number)
        if past is not None and (same is None or past.id != same.id) and not _is_past(past):
            self._state.links[past.id] = replace(past, state=LinkState.UNLINKED, revision=past.revision + 1)
        id_, revision = (same.id, same.revision) if same else (link.id, 0)
        self._state.links[id_] = replace(link, id=id_, revision=revision + 1)
        self._state.columns[link.report_id] = columns
        if link.origin is LinkOrigin.TRANSFER and past is not None:
            await self._carry_over_unsent_comments(past, self._state.links[id_])

    async def _carry_over_unsent_comments(self, past: Link, link: Link) -> None:
        """As the store does it: comments that never left go out at the new link's first contact."""
        thread = (await self.threads((past,)))[past.report_id]
        for pair in thread.pairs:
            unsent = pair.state in (CommentPairState.PENDING, CommentPairState.ENDED)
            if pair.origin is Side.BUGSPARK and pair.remote_id is None and unsent:
                self._state.pairs[pair.id] = replace(pair, link_id=link.id)
        unknown = await self._unknown_comments([thread])
        for comment in thread.comments:
            if comment.id in unknown and comment.source is None and comment.created_at >= past.created_at:
                pair = unsent_pair(CommentPairId(self._new_id()), link, comment.id)
                self._state.pairs[pair.id] = pair


def _rank_of_report_link(link: Link) -> tuple[int, float, LinkId]:
    """Live ones first, then ended ones, then cut ones; of each the newest."""
    rank = 0 if link.state in LIVE_LINK_STATES else 2 if link.state is LinkState.UNLINKED else 1
    return rank, -link.created_at.timestamp(), link.id


def _is_past(link: Link) -> bool:
    return link.state in (LinkState.UNLINKED, LinkState.REPORT_DELETED)

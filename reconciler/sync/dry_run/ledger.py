"""Links, bases and the comment ledger of a dry run: the stored ones, changed by the steps so far."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler.errors import RefusedError
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
    link_from_report_columns,
)
from reconciler.model.plan import (
    EditLocalComment,
    ImportComment,
    LinkPlan,
    RemoveLocalComment,
    SetReportField,
    WithheldItem,
    WriteLocalComment,
)
from reconciler.model.report import IssueColumns, Report
from reconciler.model.snapshot import LocalThread, ReportIdentity, Snapshot, StoreResult, TransactionBatch
from reconciler.sync.context import Context
from reconciler.sync.dry_run.intents import DryIntents
from reconciler.sync.dry_run.snapshot import ChangedLink, SnapshotParameters, with_changed_links
from reconciler.sync.dry_run.state import DryRunState, ReadOnlyPort, Step, build_unsent_pair
from reconciler.text import text_digest

LOCAL_ACTIONS = (SetReportField, ImportComment, WriteLocalComment, EditLocalComment, RemoveLocalComment)
END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)


class DryLedger(ReadOnlyPort):
    """`ports.Ledger` of a dry run."""

    reads = frozenset({
        "withheld_deletions", "field_differences", "field_history", "verification_coverage",
        "are_all_known_comments_missing", "are_all_known_reports_missing", "numbers_contested_by_others",
    })  # fmt: skip

    def __init__(self, context: Context, state: DryRunState, intents: DryIntents) -> None:
        super().__init__(context.stores.ledger)
        self._context = context
        self._state = state
        self._intents = intents

    async def snapshot(
        self, project_id: ProjectId, repository_id: RepositoryId, repository: str, **query: Any
    ) -> Snapshot:
        stored: Snapshot = await self._stored.snapshot(project_id, repository_id, repository, **query)
        self._state.note_live_comment_pairs((*stored.pairs, *stored.vanished_pairs))
        if not self._state.has_changes:
            return stored
        asked = SnapshotParameters(
            project_id=project_id,
            repository_id=repository_id,
            repository=repository,
            now=self._context.clock.now(),
            **query,
        )
        pairs = self._state.known_pairs(stored.pairs, asked.comments, asked.copies)
        changed = await self._changed_links(asked, {pair.link_id for pair in pairs})
        claims = await self._links_from_report_columns(asked) if asked.local else []
        return with_changed_links(replace(stored, pairs=pairs), self._state, asked, changed, claims)

    async def _changed_links(self, query: SnapshotParameters, by_pair: set[LinkId]) -> list[ChangedLink]:
        """The links of earlier steps that this snapshot may be about, with what is known of each."""

        def is_requested(link: Link) -> bool:
            return link.number in query.numbers or link.id in by_pair

        links = [
            link
            for link in self._state.links.values()
            if not link.is_past
            and link.project_id == query.project_id
            and (query.local or is_requested(link))
        ]
        links += await self._contested_links_of_freed_issues(query) if query.local else []
        threads = await self.local_threads(links)
        rows = [(link, threads[link.report_id]) for link in links]
        unknown = await self._unknown_comments(thread for _, thread in rows) if query.local else frozenset()
        return [
            ChangedLink(
                link=link,
                thread=thread,
                is_requested=is_requested(link),
                is_issue_free=await self.find_live_link_of_issue(link.repository_id, link.number) is None
                if link.state is LinkState.CONTESTED
                else False,
                unknown_comments=tuple(row for row in thread.comments if row.id in unknown),
            )
            for link, thread in rows
        ]

    async def _contested_links_of_freed_issues(self, query: SnapshotParameters) -> list[Link]:
        """Stored links whose issue was held by a link that ended in an earlier step."""
        freed = {link.number for link in self._state.links.values() if not link.is_live}
        if not freed:
            return []
        stored = await self._stored.contested_links(query.project_id, query.repository_id)
        return [link for link in stored if link.number in freed and link.id not in self._state.links]

    async def _links_from_report_columns(self, query: SnapshotParameters) -> list[tuple[Link, Report]]:
        """The links that columns ask for, of reports whose link ended in an earlier step; oldest first."""
        ended = {link.report_id: link for link in self._state.links.values() if link.is_past}
        threads = await self.local_threads(list(ended.values()))
        found: list[Report] = []
        for report_id in ended:
            last, report = await self.find_link_of_report(report_id), threads[report_id].report
            if last is None or not last.is_past or report is None or report.columns is None:
                continue
            named = report.columns.repository.lower() == query.repository.lower()
            if named and report.project_id == query.project_id:
                found.append(report)
        return [
            (await self._link_from_report_columns(query, report), report)
            for report in sorted(found, key=lambda report: (report.created_at, report.id))
        ]

    async def _link_from_report_columns(self, query: SnapshotParameters, report: Report) -> Link:
        assert report.columns is not None
        place = (query.repository_id, IssueNumber(report.columns.number))
        holder = await self.find_live_link_of_issue(*place)
        past = await self.find_link_between(report.id, *place)
        return link_from_report_columns(
            report.id,
            report.columns,
            new_id=LinkId(self._context.new_id()),
            project_id=query.project_id,
            repository_id=query.repository_id,
            state=LinkState.NEW if holder is None else LinkState.CONTESTED,
            at=query.now,
            previous_link=past if past is not None and past.state is LinkState.UNLINKED else None,
        )

    async def _unknown_comments(self, threads: Iterable[LocalThread]) -> frozenset[CommentId]:
        """Comments in BugSpark that no ledger row names, of any link: neither a stored one nor a new one."""
        known = {pair.local_id for pair in self._state.pairs.values()}
        rows = [row.id for thread in threads for row in thread.comments if row.id not in known]
        numbered = {RemoteCommentId(-1 - place): id_ for place, id_ in enumerate(rows)}
        found = await self._context.stores.restores.filter_unrecorded_copies(numbered)
        return frozenset(numbered[key] for key in found)

    async def local_threads(self, links: Sequence[Link]) -> Mapping[ReportId, LocalThread]:
        asked = [self._state.predecessors.get(link.id, link) for link in links]
        stored = await self._stored.local_threads(asked)
        return {link.report_id: self._state.current_thread(link, stored[link.report_id]) for link in links}

    async def live_comment_counts_by_origin(self, project_id: ProjectId) -> Mapping[Side, int]:
        stored = await self._stored.live_comment_counts_by_origin(project_id)
        return {side: stored.get(side, 0) + self._state.live_pair_count_change(side) for side in Side}

    async def request_linking_right_check(
        self,
        project_id: ProjectId,
        repository_id: RepositoryId,
        numbers: Collection[IssueNumber],
        at: datetime,
    ) -> None:
        """Only links of other projects are meant, and this is the dry run of one."""

    async def comments_missing_on_github(self, project_id: ProjectId) -> tuple[CommentPair, ...]:
        stored = await self._stored.comments_missing_on_github(project_id)
        return self._state.comments_missing_on_github(stored)

    async def links_with_due_second_readings(
        self, project_id: ProjectId, repository_id: RepositoryId, at: datetime, limit: int
    ) -> tuple[Link, ...]:
        stored = await self._stored.links_with_due_second_readings(
            project_id, repository_id, at, limit + len(self._state.links)
        )
        current = (*map(self._state.current_link, stored), *self._state.links.values())
        links = {link.id: link for link in current}
        threads = await self.local_threads(list(links.values()))
        return self._state.links_with_due_second_readings(links.values(), threads, repository_id, at, limit)

    async def links_due_for_verification(
        self, project_id: ProjectId, repository_id: RepositoryId, at: datetime, limit: int
    ) -> tuple[Link, ...]:
        more = limit + len(self._state.links)
        if self._state.all_due is None:
            stored = await self._stored.links_due_for_verification(project_id, repository_id, at, more)
        else:
            stored = await self._stored.unverified_links(project_id, repository_id, END_OF_TIME, more)
        return self._state.longest_unverified_links(stored, repository_id, at, limit, lambda each: each.due)

    async def unverified_links(
        self, project_id: ProjectId, repository_id: RepositoryId, since: datetime, limit: int
    ) -> tuple[Link, ...]:
        more = limit + len(self._state.links)
        stored = await self._stored.unverified_links(project_id, repository_id, since, more)
        return self._state.longest_unverified_links(stored, repository_id, since, limit, lambda each: each.at)

    async def links_moved_to(self, project_id: ProjectId, repository_id: RepositoryId) -> tuple[Link, ...]:
        stored = await self._stored.links_moved_to(project_id, repository_id)
        return tuple(link for link in stored if link.id not in self._state.links)

    async def find_link_of_report(self, report_id: ReportId) -> Link | None:
        stored = await self._stored.find_link_of_report(report_id)
        found = self._matching_links(stored, lambda link: link.report_id == report_id)
        return min(found, key=_rank_of_report_link, default=None)

    async def find_link_between(
        self, report_id: ReportId, repository_id: RepositoryId, number: IssueNumber
    ) -> Link | None:
        stored = await self._stored.find_link_between(report_id, repository_id, number)
        place = (report_id, repository_id, number)
        found = self._matching_links(
            stored, lambda link: (link.report_id, link.repository_id, link.number) == place
        )
        return next(iter(found), None)

    async def find_live_link_of_issue(self, repository_id: RepositoryId, number: IssueNumber) -> Link | None:
        stored = await self._stored.find_live_link_of_issue(repository_id, number)
        found = self._matching_links(
            stored, lambda link: (link.repository_id, link.number) == (repository_id, number)
        )
        return next((link for link in found if link.is_live), None)

    def _matching_links(self, stored: Link | None, match: Callable[[Link], bool]) -> list[Link]:
        found = {link.id: link for link in self._state.links.values() if match(link)}
        if stored is not None:
            found.setdefault(stored.id, self._state.current_link(stored))
        return list(found.values())

    async def find_unlinked_by_tracking_ids(
        self, tracking_ids: Collection[str]
    ) -> tuple[ReportIdentity, ...]:
        stored = await self._stored.find_unlinked_by_tracking_ids(tracking_ids)
        held = {link.report_id for link in self._state.links.values() if link.is_live}
        return tuple(row for row in stored if row.report_id not in held | self._state.columns.keys())

    async def find_linked_or_following(
        self, project_id: ProjectId, tracking_ids: Collection[str]
    ) -> tuple[ReportIdentity, ...]:
        stored = await self._stored.find_linked_or_following(project_id, tracking_ids)
        unlinked = await self._stored.find_unlinked_by_tracking_ids(tracking_ids)
        held = {link.report_id for link in self._state.links.values() if link.is_live}
        made = [row for row in unlinked if row.project_id == project_id and row.report_id in held]
        return (*stored, *made)

    async def apply_batch(self, batch: TransactionBatch) -> StoreResult:
        """Keep the batch in memory. As in the store, a plan that was decided on something else than what is
        there now is left out whole, and its report is returned.
        """
        await self._intents.load_open_intents(batch.project_id)
        plans = [plan for plan in batch.plans if not plan.is_idle]
        stale = await self._stale_reports(plans)
        intents = iter(batch.intents)
        for plan in plans:
            steps = [
                Step(
                    plan=plan, action=each, intent=None if isinstance(each, LOCAL_ACTIONS) else next(intents)
                )
                for each in plan.actions
            ]
            if plan.link.report_id not in stale:
                self._state.apply_plan(plan, batch.at)
                self._intents.drop_intents_of_found_copies(plan)
                self._state.steps.extend(steps)
        for intent in batch.intents:
            if intent.report_id not in stale:
                self._intents.upsert_intent(intent, batch.at)
        return StoreResult(stale_reports=stale)

    async def _stale_reports(self, plans: Sequence[LinkPlan]) -> frozenset[ReportId]:
        stale = self._state.reports_with_outdated_plans(plans)
        edits = {
            plan.link: [each.pair for each in plan.actions if isinstance(each, EditLocalComment)]
            for plan in plans
            if plan.link.report_id not in stale
        }
        threads = await self.local_threads([link for link, pairs in edits.items() if pairs])
        for link, pairs in edits.items():
            thread = threads.get(link.report_id)
            said = {row.id: text_digest(row.body) for row in thread.comments} if thread else {}
            if any(pair.local_id and said.get(pair.local_id) != pair.local_digest for pair in pairs):
                stale.add(link.report_id)
        return frozenset(stale)

    async def save_withheld_deletions(
        self, project_id: ProjectId, digest: str | None, items: Sequence[tuple[Link, WithheldItem]]
    ) -> None:
        """Do nothing: the plan shows them, and no later step reads them."""

    async def quarantined_link_ids(self, project_id: ProjectId, at: datetime) -> frozenset[LinkId]:
        stored: frozenset[LinkId] = await self._stored.quarantined_link_ids(project_id, at)
        return self._state.quarantined_link_ids(stored, at)

    async def mark_all_due_for_verification(
        self,
        project_id: ProjectId,
        repository_id: RepositoryId,
        at: datetime,
        *,
        compared_before: datetime | None = None,
    ) -> None:
        self._state.all_due = (repository_id, at)

    async def create_link(self, link: Link, columns: IssueColumns) -> None:
        """Make the link as the store does: the report's other links end, one to the issue is used again."""
        holder = await self.find_live_link_of_issue(link.repository_id, link.number)
        past = await self.find_link_of_report(link.report_id)
        if holder is not None or (past is not None and past.is_live):
            raise RefusedError(f"{link.repository}#{link.number} or the report is linked already.")
        same = await self.find_link_between(link.report_id, link.repository_id, link.number)
        if past is not None and (same is None or past.id != same.id) and not past.is_past:
            self._state.links[past.id] = replace(past, state=LinkState.UNLINKED, revision=past.revision + 1)
        id_, revision = (same.id, same.revision) if same else (link.id, 0)
        self._state.links[id_] = replace(link, id=id_, revision=revision + 1)
        self._state.columns[link.report_id] = columns
        if link.origin is LinkOrigin.TRANSFER and past is not None:
            self._state.predecessors |= {} if same else {id_: past}
            await self._carry_over_unsent_comments(past, self._state.links[id_])

    async def _carry_over_unsent_comments(self, past: Link, link: Link) -> None:
        """Give the link the comments that were never sent, as the store does: its initial sync sends them."""
        thread = (await self.local_threads((past,)))[past.report_id]
        for pair in thread.pairs:
            unsent = pair.state in (CommentPairState.PENDING, CommentPairState.ENDED)
            if pair.origin is Side.BUGSPARK and pair.remote_id is None and unsent:
                self._state.pairs[pair.id] = replace(pair, link_id=link.id)
        unknown = await self._unknown_comments([thread])
        for comment in thread.comments:
            if comment.id in unknown and comment.source is None and comment.created_at >= past.created_at:
                pair = build_unsent_pair(CommentPairId(self._context.new_id()), link, comment)
                self._state.pairs[pair.id] = pair


def _rank_of_report_link(link: Link) -> tuple[int, float, LinkId]:
    """Rank live links first, then ended ones, then cut ones; of each kind the newest."""
    rank = 0 if link.is_live else 2 if link.state is LinkState.UNLINKED else 1
    return rank, -link.created_at.timestamp(), link.id

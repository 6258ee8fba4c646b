"""The stores of a dry run: what a pass would store is kept in memory, and everything else is refused.

Each class stands for the port of the same name and takes what that takes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from reconciler.errors import UsageError
from reconciler.model.fields import Side
from reconciler.model.ids import (
    AccountId,
    CommentId,
    CommentPairId,
    Fingerprint,
    IssueNumber,
    LinkId,
    ProjectId,
    RemoteCommentId,
    ReportId,
    RepositoryId,
)
from reconciler.model.issue import RateLimit
from reconciler.model.kinds import Operation
from reconciler.model.link import CommentPairState, Link, LinkOrigin, LinkState
from reconciler.model.plan import Deletion, EditLocal, ImportComment, LinkPlan, RemoveLocal, SetField
from reconciler.model.report import IssueColumns, Report, ReportDetails
from reconciler.model.snapshot import LocalBatch, ProjectState, StoreResult
from reconciler.ports import Clock, Stores
from reconciler.sync.context import Context
from reconciler.sync.dry_run.intents import DryIntents
from reconciler.sync.dry_run.ledger_reads import DryLedgerReads
from reconciler.sync.dry_run.state import DryRunState, ReadsOnly, Step, unsent_pair
from reconciler.text import text_digest

LOCAL_ACTIONS = (SetField, ImportComment, EditLocal, RemoveLocal)


class DryLedger(DryLedgerReads):
    """`ports.Ledger` of a dry run."""

    def __init__(self, context: Context, state: DryRunState, intents: DryIntents) -> None:
        super().__init__(context, state)
        self._intents = intents

    async def apply_batch(self, batch: LocalBatch) -> StoreResult:
        """Keep the batch in memory. As in the store, a plan that was decided on something else than what is
        there now is left out whole, and its report is returned.
        """
        await self._intents.load(batch.project_id)
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
                self._state.store_plan(plan, batch.at)
                self._intents.drop_answered(plan)
                self._state.steps.extend(steps)
        for intent in batch.intents:
            if intent.report_id not in stale:
                self._intents.store(intent, batch.at)
        return StoreResult(stale_reports=stale)

    async def _stale_reports(self, plans: Sequence[LinkPlan]) -> frozenset[ReportId]:
        live = [link for link in self._state.links.values() if link.is_live]
        issues = {(link.repository_id, link.number): link.id for link in live}
        reports = {link.report_id: link.id for link in live}
        stale = set()
        for plan in plans:
            link, now = plan.link, self._state.link(plan.link)
            is_waking = plan.after.is_live and not (link.revision and link.is_live)
            place = (link.repository_id, link.number)
            holders = {issues.get(place, link.id), reports.get(link.report_id, link.id)} - {link.id}
            if now.revision != link.revision or (is_waking and holders):
                stale.add(link.report_id)
            elif any(isinstance(each, EditLocal) for each in plan.actions):
                stale |= await self._reports_with_edited_copies(plan)
        return frozenset(stale)

    async def _reports_with_edited_copies(self, plan: LinkPlan) -> set[ReportId]:
        """The plan's report, if a copy that is to be edited is gone or was edited by somebody else."""
        thread = (await self.threads((plan.link,)))[plan.link.report_id]
        said = {row.id: text_digest(row.body) for row in thread.comments}
        edits = [each.pair for each in plan.actions if isinstance(each, EditLocal)]
        is_edited = any(pair.local_id and said.get(pair.local_id) != pair.local_digest for pair in edits)
        return {plan.link.report_id} if is_edited else set()

    async def save_withheld_deletions(
        self, project_id: ProjectId, digest: str | None, deletions: Sequence[tuple[Link, Deletion]]
    ) -> None:
        """They are in the plan: nobody reads them from here."""

    async def mark_all_due_for_verification(
        self, project_id: ProjectId, repository_id: RepositoryId, at: datetime
    ) -> None:
        self._state.all_due = (repository_id, at)

    async def create_link(self, link: Link, columns: IssueColumns) -> None:
        """As the store does it: other links of the report end, one to the same issue is taken up again."""
        holder = await self.find_live_link_of_issue(link.repository_id, link.number)
        past = await self.find_link_of_report(link.report_id)
        if holder is not None or (past is not None and past.is_live):
            raise UsageError(f"{link.repository}#{link.number} or the report is linked already.")
        same = await self.find_link_between(link.report_id, link.repository_id, link.number)
        if past is not None and (same is None or past.id != same.id) and not past.is_past:
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
                pair = unsent_pair(CommentPairId(self._context.new_id()), link, comment.id)
                self._state.pairs[pair.id] = pair


class DryProjects(ReadsOnly):
    """`ports.Projects` of a dry run."""

    def __init__(self, stores: Stores, state: DryRunState) -> None:
        super().__init__(stores.projects)
        self._state = state

    async def get_state(self, project_id: ProjectId) -> ProjectState:
        found: ProjectState = self._state.project or await self._stored.get_state(project_id)
        return found

    async def save_state(self, memory: ProjectState) -> None:
        self._state.project = memory

    async def own_accounts(self, project_id: ProjectId) -> frozenset[AccountId]:
        stored: frozenset[AccountId] = await self._stored.own_accounts(project_id)
        saved = self._state.project
        return stored | {saved.account} if saved is not None and saved.account is not None else stored


class DryReports(ReadsOnly):
    """`ports.Reports` of a dry run."""

    def __init__(self, stores: Stores, state: DryRunState, intents: DryIntents) -> None:
        super().__init__(stores.reports)
        self._state = state
        self._intents = intents

    async def details(
        self, report_ids: Collection[ReportId]
    ) -> Mapping[ReportId, tuple[Report, ReportDetails]]:
        stored = await self._stored.details(report_ids)
        return {key: (self._state.report(report), details) for key, (report, details) in stored.items()}

    async def export_candidates(
        self, project_id: ProjectId, since: datetime, limit: int
    ) -> tuple[ReportId, ...]:
        rows = await self._intents.list_open(project_id)
        taken = {link.report_id for link in self._state.links.values()} | self._state.columns.keys()
        taken |= {row.report_id for row in rows if row.operation is Operation.CREATE_ISSUE}
        stored = await self._stored.export_candidates(project_id, since, limit + len(taken))
        return tuple(key for key in stored if key not in taken)[:limit]


class DryRestores(ReadsOnly):
    """`ports.Restores` of a dry run."""

    def __init__(self, stores: Stores, state: DryRunState, context: Context) -> None:
        super().__init__(stores.restores)
        self._ledger = stores.ledger
        self._state = state
        self._context = context

    async def unknown_copies(self, copies: Mapping[RemoteCommentId, CommentId]) -> frozenset[RemoteCommentId]:
        stored: frozenset[RemoteCommentId] = await self._stored.unknown_copies(copies)
        pairs = self._state.pairs.values()
        remote, local = {pair.remote_id for pair in pairs}, {pair.local_id for pair in pairs}
        return frozenset(key for key in stored if key not in remote and copies[key] not in local)

    async def begin_reread(self, project_id: ProjectId, at: datetime) -> None:
        """Links that rest wake, to be read as well."""
        saved = self._state.project or await self._context.stores.projects.get_state(project_id)
        self._state.project = replace(saved, is_recovering=True, restored_at=at)
        found = await self._ledger.snapshot(project_id, saved.repository_id, saved.repository, by_hand=True)
        for link in found.released:
            self._state.links.setdefault(link.id, link)
        for link in list(self._state.links.values()):
            if link.state is LinkState.ACTIVE and link.quarantined_until is not None:
                self._state.links[link.id] = replace(
                    link, quarantined_until=None, verification=None, revision=link.revision + 1
                )

    async def end_reread(self, project_id: ProjectId) -> None:
        if self._state.project is not None:
            self._state.project = replace(self._state.project, is_recovering=False)

    async def links_held_by_other_databases(self, project_id: ProjectId) -> frozenset[LinkId]:
        stored: frozenset[LinkId] = await self._stored.links_held_by_other_databases(project_id)
        changed = self._state.links.values()
        held = {link.id for link in changed if link.owner_instance is not None}
        return (stored - self._state.links.keys()) | held


class DryIdentity(ReadsOnly):
    """`ports.DatabaseIdentity` of a dry run."""

    async def record_duplicate_instance(self, where: str) -> None:
        """The plan says so itself."""


class DryRateLimiter(ReadsOnly):
    """`ports.RateLimiter` of a dry run: reads count as ever, writes need no slot."""

    reads = frozenset({"reserve_reads", "grant_verification_points", "block"})

    def __init__(self, stores: Stores, clock: Clock) -> None:
        super().__init__(stores.rate_limiter)
        self._clock = clock

    async def reserve_write(
        self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None
    ) -> datetime:
        return self._clock.now()


class DryWebhooks(ReadsOnly):
    """`ports.Webhooks` of a dry run."""

    reads = frozenset({"pending_hints"})

    async def mark_handled(self, project_id: ProjectId, deliveries: Sequence[Any], at: datetime) -> None:
        """The pass still has to read them."""

    async def record_listed_changes(
        self, project_id: ProjectId, changes: Mapping[IssueNumber, datetime], at: datetime
    ) -> None:
        """The pass will see them, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DryStores:
    """`ports.Stores` of a dry run, as far as a pass uses them."""

    projects: DryProjects
    reports: DryReports
    ledger: DryLedger
    intents: DryIntents
    identity: DryIdentity
    restores: DryRestores
    rate_limiter: DryRateLimiter
    webhooks: DryWebhooks


def build_dry_stores(context: Context, state: DryRunState) -> DryStores:
    """The stores of one dry run."""
    stores = context.stores
    intents = DryIntents(stores, state)
    return DryStores(
        projects=DryProjects(stores, state),
        reports=DryReports(stores, state, intents),
        ledger=DryLedger(context, state, intents),
        intents=intents,
        identity=DryIdentity(stores.identity),
        restores=DryRestores(stores, state, context),
        rate_limiter=DryRateLimiter(stores, context.clock),
        webhooks=DryWebhooks(stores.webhooks),
    )

"""The context of a dry run: as a pass's, but nothing that it is given can write."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from reconciler.model.ids import (
    AccountId,
    CommentId,
    Fingerprint,
    IssueNumber,
    LinkId,
    ProjectId,
    RemoteCommentId,
    ReportId,
)
from reconciler.model.kinds import Operation
from reconciler.model.report import Report, ReportDetails
from reconciler.model.snapshot import ProjectState, RateLimit
from reconciler.ports import Clock, GitHub, Stores
from reconciler.sync.context import Context
from reconciler.sync.dry_run.github import DryGitHub
from reconciler.sync.dry_run.intents import DryIntents
from reconciler.sync.dry_run.ledger import DryLedger
from reconciler.sync.dry_run.reads_only import ReadsOnly
from reconciler.sync.dry_run.state import DryRunState
from reconciler.sync.send import CredentialLocks


@dataclass(frozen=True, slots=True, kw_only=True)
class DryStores:
    """`ports.Stores` of a dry run, as far as a pass uses them."""

    projects: "DryProjects"
    reports: "DryReports"
    ledger: DryLedger
    intents: DryIntents
    identity: "DryIdentity"
    restores: "DryRestores"
    rate_limiter: "DryRateLimiter"
    webhooks: "DryWebhooks"


def build_dry_context(context: Context, state: DryRunState) -> tuple[Context, DryIntents]:
    """The context for one dry run, and its writes."""
    stores = context.stores
    intents = DryIntents(stores, state)
    dry = DryStores(
        projects=DryProjects(stores, state),
        reports=DryReports(stores, state, intents),
        ledger=DryLedger(context, state, intents),
        intents=intents,
        identity=DryIdentity(stores.identity),
        restores=DryRestores(stores, state, context),
        rate_limiter=DryRateLimiter(stores, context.clock),
        webhooks=DryWebhooks(stores.webhooks),
    )
    made = replace(
        context,
        stores=cast("Stores", dry),
        github=cast("GitHub", DryGitHub(context.github, state)),
        credential_locks=CredentialLocks(),
        alert_channel=None,
    )
    return made, intents


class HeldLock:
    """`ports.ProjectLock` of a dry run: nothing is written, so nobody has to be kept out."""

    async def ensure_held(self) -> None:
        """It always is."""


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
            if link.quarantined_until is not None:
                self._state.links[link.id] = replace(link, quarantined_until=None, verification=None)

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

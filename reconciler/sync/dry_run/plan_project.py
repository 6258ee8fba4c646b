"""`plan`: one dry run of a project, the stores that it is given, and what it would have done.

Each class stands for the port of the same name and takes what that takes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from reconciler.decide.plan_view import (
    KeyedAction,
    action_hash_input,
    action_view,
    export_hash_input,
    intent_hash_input,
    intent_view,
    new_issue_view,
    plan_view,
    withheld_view,
)
from reconciler.errors import ReconcilerError
from reconciler.model.fields import RenamedLabel
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
from reconciler.model.intent import Intent, IntentKey
from reconciler.model.issue import RateLimit
from reconciler.model.kinds import Operation
from reconciler.model.link import Link, LinkState
from reconciler.model.passes import Failure
from reconciler.model.plan import DeleteRemoteComment, EndLink, Rule, WithheldItem
from reconciler.model.report import Report, ReportDetails
from reconciler.model.snapshot import KnownPeople, KnownPriority, ProjectState, StoredSettings
from reconciler.model.views import PlanView, WithheldDeletion
from reconciler.ports import Clock, GitHub, Stores
from reconciler.sync.comments.withheld_comments import read_comments_of_issues
from reconciler.sync.context import Context, CredentialLocks
from reconciler.sync.dry_run.followers import DryFollowers
from reconciler.sync.dry_run.github import DryGitHub
from reconciler.sync.dry_run.intents import DryIntents
from reconciler.sync.dry_run.ledger import END_OF_TIME, DryLedger
from reconciler.sync.dry_run.state import DryRunState, ReadOnlyPort, Step
from reconciler.sync.result import PassStats
from reconciler.sync.run import run_steps

ALL_LINKS = 1_000_000


async def plan_project(context: Context) -> PlanView:
    """Return what a pass would do now. A project's own trouble is shown, never raised."""
    return await _plan(context, DryRunState(), await context.stores.projects.get_state(context.project.id))


async def plan_applied_settings(context: Context, settings: StoredSettings | None) -> PlanView:
    """Return what a pass would do if these settings were in force, and all bases adopted their mapping.

    None: the project has none, and the operator's values count. Nothing is stored.
    """
    stored = await context.stores.projects.get_state(context.project.id)
    before = replace(stored, settings=settings)
    state = DryRunState(project=before)
    links = await context.stores.ledger.unverified_links(
        context.project.id, before.repository_id, END_OF_TIME, ALL_LINKS
    )
    for link in links:
        if link.base is not None:
            state.links[link.id] = replace(link, base=replace(link.base, adopts_mapping=True))
    return await _plan(context, state, before)


async def _plan(context: Context, state: DryRunState, before: ProjectState) -> PlanView:
    project = context.project
    stores = _build_dry_stores(context, state)
    dry = replace(
        context,
        stores=cast("Stores", stores),
        github=cast("GitHub", DryGitHub(context.github, state)),
        credential_locks=CredentialLocks(),
        alert_channel=None,
    )
    try:
        applier = await run_steps(dry, DryProjectLock(), before, PassStats(), context.clock.monotonic())
        actions = await _planned_actions(stores.intents, context, state)
        deletions = await _withheld_views(context, applier.withheld_items)
    except ReconcilerError as error:
        return plan_view(project, (), failure=Failure(kind=error.kind, message=str(error)))
    return plan_view(project, actions, withheld=applier.withheld_digest, deletions=deletions)


async def _planned_actions(intents: DryIntents, context: Context, state: DryRunState) -> list[KeyedAction]:
    """Every action, in the order of the decisions; then exports, then what earlier passes recorded."""
    sent = {intent.key: intent for intent in intents.sent}
    last = {step.intent.key: step for step in state.steps if step.intent is not None}
    done = [step for step in state.steps if step.intent is None or _is_sent(step, sent, last)]
    found = [_action_of_step(step) for step in done]
    rest = [intent for key, intent in sent.items() if key not in last]
    exports = [intent for intent in rest if intent.id in intents.added]
    reports = await context.stores.reports.details([intent.report_id for intent in exports])
    for intent in exports:
        report = reports[intent.report_id][0]
        rule = intent.why.rule if intent.why else Rule.EXPORT_ALL
        found.append((export_hash_input(report), new_issue_view(report, rule)))
    recorded = (intent for intent in rest if intent.id not in intents.added)
    return found + [
        (intent_hash_input(each), intent_view(each, _issue_name_of(each, context))) for each in recorded
    ]


def _is_sent(step: Step, sent: Mapping[IntentKey, Intent], last: Mapping[IntentKey, Step]) -> bool:
    """A write that was decided more than once is sent once, as it was decided last."""
    return step.intent is not None and step.intent.key in sent and last[step.intent.key] is step


def _action_of_step(step: Step) -> KeyedAction:
    return action_hash_input(step.plan, step.action), action_view(step.plan, step.action)


def _issue_name_of(intent: Intent, context: Context) -> str | None:
    number = intent.number
    return f"{context.project.repository}#{number}" if number is not None and number > 0 else None


async def _withheld_views(
    context: Context, withheld: Sequence[tuple[Link, WithheldItem]]
) -> tuple[WithheldDeletion, ...]:
    # The originals of comments on GitHub, with their text, are gone already.
    numbers = (link.number for link, item in withheld if isinstance(item, DeleteRemoteComment))
    copies = await read_comments_of_issues(context.github, numbers)
    reports = await context.stores.reports.details({link.report_id for link, _ in withheld})
    return tuple(
        withheld_view(
            link,
            item,
            reports[link.report_id][0] if link.report_id in reports else None,
            None if isinstance(item, EndLink) else copies.get(item.pair.remote_id),
            context.dashboard_url,
        )
        for link, item in withheld
    )


# --- the stores -------------------------------------------------------------------------------------------


class DryProjectLock:
    """`ports.ProjectLock` of a dry run: nothing is written, so nobody has to be kept out."""

    async def ensure_held(self) -> None:
        """Do nothing."""


class DryProjects(ReadOnlyPort):
    """`ports.Projects` of a dry run."""

    reads = frozenset({"member_names"})

    def __init__(self, stores: Stores, state: DryRunState) -> None:
        super().__init__(stores.projects)
        self._state = state

    async def get_state(self, project_id: ProjectId) -> ProjectState:
        found: ProjectState = self._state.project or await self._stored.get_state(project_id)
        return found

    async def save_state(self, state: ProjectState) -> None:
        self._state.project = state

    async def save_people(self, project_id: ProjectId, people: KnownPeople, *, begins: bool) -> None:
        """Store nothing: a base without an assignee is decided as one with BugSpark's present one."""

    async def save_priority(self, project_id: ProjectId, known: KnownPriority | None, *, ends: bool) -> None:
        """Store nothing: without the field nothing depends on what a link knew of it."""

    async def save_renamed_labels(self, project_id: ProjectId, renamed: Sequence[RenamedLabel]) -> None:
        """Store nothing: no decision depends on it."""

    async def add_renamed_labels(self, project_id: ProjectId, renamed: Sequence[RenamedLabel]) -> None:
        """Store nothing: no decision depends on it."""

    async def own_accounts(self, project_id: ProjectId) -> frozenset[AccountId]:
        stored: frozenset[AccountId] = await self._stored.own_accounts(project_id)
        saved = self._state.project
        return stored | {saved.account} if saved is not None and saved.account is not None else stored


class DryReports(ReadOnlyPort):
    """`ports.Reports` of a dry run."""

    reads = frozenset({"newest_created_at", "find_report"})

    def __init__(self, stores: Stores, state: DryRunState, intents: DryIntents) -> None:
        super().__init__(stores.reports)
        self._state = state
        self._intents = intents

    async def details(
        self, report_ids: Collection[ReportId]
    ) -> Mapping[ReportId, tuple[Report, ReportDetails]]:
        stored = await self._stored.details(report_ids)
        return {
            key: (self._state.current_report(report), details) for key, (report, details) in stored.items()
        }

    async def record_excluded_from_export(
        self, project_id: ProjectId, report_ids: Collection[ReportId], at: datetime
    ) -> None:
        """Store nothing: the reports that are left out are found again."""

    async def export_candidates(
        self, project_id: ProjectId, since: datetime, limit: int
    ) -> tuple[ReportId, ...]:
        rows = await self._intents.list_open(project_id)
        taken = {link.report_id for link in self._state.links.values()} | self._state.columns.keys()
        taken |= {row.report_id for row in rows if row.operation is Operation.CREATE_ISSUE}
        stored = await self._stored.export_candidates(project_id, since, limit + len(taken))
        return tuple(key for key in stored if key not in taken)[:limit]


class DryRestores(ReadOnlyPort):
    """`ports.Restores` of a dry run."""

    def __init__(self, stores: Stores, state: DryRunState, context: Context) -> None:
        super().__init__(stores.restores)
        self._ledger = stores.ledger
        self._state = state
        self._context = context

    async def filter_unrecorded_copies(
        self, copies: Mapping[RemoteCommentId, CommentId]
    ) -> frozenset[RemoteCommentId]:
        stored: frozenset[RemoteCommentId] = await self._stored.filter_unrecorded_copies(copies)
        pairs = self._state.pairs.values()
        remote, local = {pair.remote_id for pair in pairs}, {pair.local_id for pair in pairs}
        return frozenset(key for key in stored if key not in remote and copies[key] not in local)

    async def begin_reread(self, project_id: ProjectId, at: datetime) -> None:
        """Begin, and end the quarantine of links, which are read as well."""
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


class DryDatabaseIdentity(ReadOnlyPort):
    """`ports.DatabaseIdentity` of a dry run."""

    async def record_duplicate_instance(self, where: str) -> None:
        """Do nothing: the plan shows the error."""


class DryRateLimiter(ReadOnlyPort):
    """`ports.RateLimiter` of a dry run: reads are counted, writes need no slot."""

    reads = frozenset({"reserve_reads", "grant_verification_points", "block"})

    def __init__(self, stores: Stores, clock: Clock) -> None:
        super().__init__(stores.rate_limiter)
        self._clock = clock

    async def reserve_write(
        self, credential: Fingerprint, points: int, *, seen: RateLimit | None = None
    ) -> datetime:
        return self._clock.now()


class DryWebhooks(ReadOnlyPort):
    """`ports.Webhooks` of a dry run."""

    reads = frozenset({"pending_hints"})

    async def mark_handled(self, project_id: ProjectId, deliveries: Sequence[Any], at: datetime) -> None:
        """Do nothing: the pass still has to read them."""

    async def record_listed_changes(
        self, project_id: ProjectId, changes: Mapping[IssueNumber, datetime], at: datetime
    ) -> None:
        """Do nothing: the pass will see them, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DryStores:
    """`ports.Stores` of a dry run, as far as a pass uses them."""

    projects: DryProjects
    reports: DryReports
    ledger: DryLedger
    followers: DryFollowers
    intents: DryIntents
    identity: DryDatabaseIdentity
    restores: DryRestores
    rate_limiter: DryRateLimiter
    webhooks: DryWebhooks


def _build_dry_stores(context: Context, state: DryRunState) -> DryStores:
    """The stores of one dry run."""
    stores = context.stores
    intents = DryIntents(stores, state)
    return DryStores(
        projects=DryProjects(stores, state),
        reports=DryReports(stores, state, intents),
        ledger=DryLedger(context, state, intents),
        followers=DryFollowers(stores, state),
        intents=intents,
        identity=DryDatabaseIdentity(stores.identity),
        restores=DryRestores(stores, state, context),
        rate_limiter=DryRateLimiter(stores, context.clock),
        webhooks=DryWebhooks(stores.webhooks),
    )

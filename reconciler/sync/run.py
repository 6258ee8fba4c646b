"""The pass: recover, observe, decide, apply, write, record. Read it from the top.

async with the project's lock:
    identify      who writes, to which repository (stored: an idle pass asks for neither)
    recover       writes of unknown outcome → searched on GitHub before anything is sent again
    reread        after a restore: everything, before anything is written
    hints         issues that webhook deliveries named → plans → stored, before anything else is read
    observe       GitHub's two lists, BugSpark's snapshot → plans → guarded → stored
    initial sync  links without a base are read in full → plans → stored
    read again    comments that a first reading showed otherwise than the ledger has them → plans → stored
    verify        links that are due are read in full → plans → stored
    exports       reports that are to become issues → intents
    followers     take over the state of their issue, before and after writing → stored
    write         every intent: claim, send once, confirm
    record        one row
    alert         problems that began or ended
"""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace

from reconciler.errors import RestoredError
from reconciler.logs import EventLogger
from reconciler.model.ids import IssueNumber, ReportId
from reconciler.model.issue import Issue, ListState, RemoteComment
from reconciler.model.link import Link
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import UNKNOWN_REPOSITORY, PendingWork, ProjectState, WithheldDeletions
from reconciler.ports import ProjectLock
from reconciler.sync import webhook_hints
from reconciler.sync.after_restore import raise_if_restored, reread_project
from reconciler.sync.apply import PlanApplier
from reconciler.sync.comments.second_readings import plan_second_readings
from reconciler.sync.context import Context
from reconciler.sync.decide_links import end_renamed_label_problems
from reconciler.sync.decide_observation import decide_observation
from reconciler.sync.exports.second_issues import record_automatic_exports, record_second_issues
from reconciler.sync.followers.pass_steps import promote_oldest_followers, update_outdated_followers
from reconciler.sync.full_read import link_transferred_issues, read_links_in_full
from reconciler.sync.initial_sync import plan_initial_sync_of_links
from reconciler.sync.intents import record_export_intents
from reconciler.sync.linking import link_issues_exported_by_bugspark
from reconciler.sync.observe import GitHubObservation, observe_lists
from reconciler.sync.own_issues import adopt_and_close_duplicates, classify_unlinked_issues
from reconciler.sync.preflight import (
    check_linking_rights,
    request_linking_right_checks,
    resolve_repository_and_account,
    turned_public_message,
)
from reconciler.sync.recover import RecoveryFindings, conclude_recovery, recover_unknown_writes
from reconciler.sync.result import (
    PassStats,
)
from reconciler.sync.settings.in_force import with_settings_in_force
from reconciler.sync.settings.people import look_up_people, people_problems
from reconciler.sync.settings.priority import with_priority_field
from reconciler.sync.verify import schedule_verification_for_hidden_rows, verify_all_links, verify_due_links
from reconciler.sync.write import IntentWriter

IDLE_PASS_REQUESTS = 2
"""What an idle pass asks of GitHub, reserved in one go."""

log = EventLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Pass:
    """One running pass."""

    context: Context
    project_state: ProjectState
    project_lock: ProjectLock
    stats: PassStats
    applier: PlanApplier
    started_monotonic: float
    verify_all: bool  # every link, not only those that are due
    compares: bool  # BugSpark with the bases of all links: see `reconciler.daemon.comparison_schedule`
    known_pending: PendingWork | None  # as long as the pass has stored nothing
    accepted_links: Sequence[Link]  # to be read in full, because deletions of theirs were accepted

    async def run(self, *, first: bool = False) -> None:
        """Run all steps; in a restored database only after everything has been read.

        `first`: the restore has just been noticed. Raises RestoredError if one is noticed on the way.
        """
        if first or self.project_state.is_recovering:
            self.compares, self.known_pending = True, None
            self.project_state = await reread_project(
                self.context, self.project_state, self.applier, self.stats
            )
        await self._run_steps()
        await self.applier.store_withheld()

    async def _run_steps(self) -> None:
        """Recover, observe and apply, write; observe and write once more if issues were created.

        An issue that was created gives older comments a place to go.
        """
        await end_renamed_label_problems(self.context, self.project_state)
        recovery = (
            RecoveryFindings()
            if self.known_pending is not None and not self.known_pending.has_open_intents
            else await recover_unknown_writes(self.context, self.project_state, self.stats)
        )
        hints = await webhook_hints.load_hints(self.context, self.project_state)
        await self.context.github.reserve_reads(IDLE_PASS_REQUESTS + hints.request_count)
        await webhook_hints.read_named_issues(self.context, self.project_state, hints)
        await self.applier.apply_plans(hints.missing_issue_plans)
        undecided = await self._apply_hints(hints)
        in_full: Sequence[Link] = (*self.accepted_links, *recovery.links_to_read_in_full)
        lists = observe_lists(self.context, self.project_state, undecided, compares=self.compares)
        async for observation in lists:
            if self._is_idle(observation):
                self.stats.is_idle = True
            else:
                await self._apply_observation(observation, in_full)
                self.known_pending, in_full = None, ()
        if self.stats.is_idle:
            return
        await webhook_hints.mark_hints_read(self.context, hints)
        await conclude_recovery(self.context, recovery, self.applier.stale_reports)
        async for plans in plan_second_readings(
            self.context, self.project_state, self.accepted_links, self.applier.accepted_entries
        ):
            await self._apply_plans(plans)
        async for plans in self._verification_batches():
            await self._apply_plans(plans)
        if self.context.policy.export_all:
            await record_automatic_exports(self.context, self.project_state)
        await self._update_outdated_followers()
        await self._write_intents()
        if self.stats.counts["issues_created"]:
            await self._apply_observation(GitHubObservation())
            await self._write_intents()
        await self._update_outdated_followers()
        await promote_oldest_followers(self.context, self.project_state, self.project_lock)

    def _is_idle(self, observation: GitHubObservation) -> bool:
        """Whether a due pass has nothing to do: no list shows anything, and nothing waits in our tables."""
        state, pending = self.project_state, self.known_pending
        waits = state.has_unread_hints or state.exposed or state.initial_sync is not None or self.verify_all
        # The scan asks for reports without an issue only where the operator wants them exported.
        waits |= self.context.policy.export_all and not self.context.operator.policy.export_all
        return (
            pending is not None
            and not self.compares
            and observation.is_empty
            and not waits
            and not pending.is_due(self.context.github.now())
        )

    async def _apply_hints(self, hints: webhook_hints.WebhookHints) -> dict[IssueNumber, Issue]:
        """Apply what the named issues show; returns those to be decided again with the lists."""
        if not hints.issues:
            return {}
        decision = await webhook_hints.decide_hints(self.context, self.project_state, hints)
        await self._require_no_restore(decision.unrecorded_copies)
        undecided = decision.undecided | await self.applier.apply_before_lists(decision.plans)
        return {number: issue for number, issue in hints.issues.items() if number in undecided}

    def _verification_batches(self) -> AsyncIterator[list[LinkPlan]]:
        if self.verify_all:
            return verify_all_links(self.context, self.project_state, self.stats)
        return verify_due_links(self.context, self.project_state)

    async def _update_outdated_followers(self) -> None:
        await update_outdated_followers(self.context, self.project_state, self.project_lock, self.stats)

    async def _apply_observation(
        self, observation: GitHubObservation, links_in_full: Sequence[Link] = ()
    ) -> None:
        decision = await decide_observation(self.context, self.project_state, observation, links_in_full)
        await self._require_no_restore(decision.unrecorded_copies, decision.unlinked_issues)
        self.stats.poisoned.extend(decision.poisoned)
        self.applier.has_unread_pages = observation.has_more_pages
        others = await self._adopt_own_issues(decision.unlinked_issues)
        await self.applier.apply_observation(observation, decision.plans)
        await request_linking_right_checks(self.context, self.project_state, decision.plans)
        await schedule_verification_for_hidden_rows(self.context, self.project_state, decision.poisoned)
        await webhook_hints.record_expected_deliveries(
            self.context, self.project_state, observation, decision.plans
        )
        await self._run_initial_sync([*decision.new_links, *await self._link_exported_issues(others)])

    async def _require_no_restore(
        self, copies: Sequence[RemoteComment], issues: Sequence[Issue] = ()
    ) -> None:
        """Raises RestoredError if our tables do not know one of these copies and issues of ours."""
        if copies or issues:
            await raise_if_restored(self.context, self.project_state, copies, issues)

    async def _adopt_own_issues(self, unlinked: Sequence[Issue]) -> Sequence[Issue]:
        """Adopt the issues among these that this program made, close its duplicates; return the others."""
        if not unlinked:
            return ()
        sorted_issues = await classify_unlinked_issues(self.context, self.project_state, unlinked)
        await adopt_and_close_duplicates(self.context, sorted_issues, self.stats)
        return sorted_issues.others

    async def _link_exported_issues(self, issues: Sequence[Issue]) -> Sequence[Link]:
        """Link the issues that BugSpark's button made among these; record the second ones of a report."""
        if not issues:
            return ()
        found = await link_issues_exported_by_bugspark(self.context, self.project_state, issues)
        await record_second_issues(self.context, self.project_state, issues)
        return found

    async def _run_initial_sync(self, links: Sequence[Link]) -> None:
        if not links and self.project_state.initial_sync is None:
            return
        claims = await check_linking_rights(self.context, self.project_state, links)
        await self.applier.apply_plans(claims.refusals)
        async for batch in plan_initial_sync_of_links(self.context, self.project_state, claims.links):
            await self._apply_plans(batch.plans, batch.scan_position)

    async def _apply_plans(self, plans: Sequence[LinkPlan], scan_position: ListState | None = None) -> None:
        """Apply what full reads led to; they may show what the lists, which lag, have not shown yet."""
        unrecorded = [row for plan in plans for row in plan.unrecorded_copies]
        await self._require_no_restore(unrecorded)
        await self.applier.apply_plans(plans, scan_position)

    async def _write_intents(self) -> None:
        writer = IntentWriter(
            context=self.context,
            project_state=self.project_state,
            project_lock=self.project_lock,
            stats=self.stats,
            derived_keys=self.applier.derived_keys,
            decide_again=self._decide_issue_again,
            handle_issue_not_found=self._handle_issue_not_found,
            observed_monotonic=self.started_monotonic,
            put_to_rest=set(self.applier.links_with_withheld_ends),
        )
        try:
            await writer.send_due_intents()
        finally:
            self.project_state = writer.project_state
            self.stats.turned_public_message = (
                turned_public_message(self.context, self.project_state)
                if self.project_state.exposed
                else None
            )

    async def _handle_issue_not_found(self, link: Link) -> bool:
        """Read a link whose issue a write did not meet; returns whether it is put to rest or has ended."""
        full = await read_links_in_full(self.context, self.project_state, [link])
        await self.applier.apply_plans(full.missing_issue_plans)
        return bool(full.missing_issue_plans)

    async def _decide_issue_again(self, issue: Issue) -> None:
        observation = GitHubObservation(issues={issue.number: issue}, includes_local=False)
        decision = await decide_observation(self.context, self.project_state, observation)
        await self.applier.apply_observation(observation, decision.plans)


async def run_steps(
    context: Context,
    lock: ProjectLock,
    before: ProjectState,
    stats: PassStats,
    started_monotonic: float,
    *,
    exports: Collection[ReportId] = (),
    verify: bool = False,
) -> PlanApplier:
    """Run every step of a pass, or of its dry run.

    The stores and the repository of `context` make the difference. Returns what applied the plans. Raises
    what ends a pass.
    """
    context = with_settings_in_force(context, before)
    if exports:  # before GitHub is asked anything: a limit must not lose what a person ordered
        await record_export_intents(context, before, exports, asked=True)
        before = replace(before, pending=None)
    state = await _resolve_and_store_repository(context, before)
    context = with_settings_in_force(
        context, state
    )  # now it is known whether anybody may read the repository
    context = await look_up_people(context, state)
    stats.problems += people_problems(context.policy.people)
    context = await with_priority_field(context, state)
    steps = await _build_pass(context, state, lock, stats, started_monotonic, verify=verify)
    try:
        await steps.run()
    except RestoredError as sign:
        log.warning("restored", project=str(context.project.id), sign=str(sign))
        steps = await _build_pass(context, state, lock, stats, started_monotonic, verify=verify)
        await steps.run(first=True)
    return steps.applier


async def _build_pass(
    context: Context,
    state: ProjectState,
    project_lock: ProjectLock,
    stats: PassStats,
    started_monotonic: float,
    *,
    verify: bool,
) -> _Pass:
    known = state.pending
    withheld = (
        WithheldDeletions()
        if known is not None and not known.has_withheld_deletions
        else await context.stores.ledger.withheld_deletions(context.project.id)
    )
    return _Pass(
        context=context,
        project_state=state,
        project_lock=project_lock,
        stats=stats,
        applier=PlanApplier(context, state, project_lock, stats, withheld),
        accepted_links=withheld.links if withheld.is_accepted else (),
        started_monotonic=started_monotonic,
        verify_all=verify,
        compares=stats.compares,
        known_pending=known,
    )


async def _resolve_and_store_repository(context: Context, before: ProjectState) -> ProjectState:
    state = await resolve_repository_and_account(context, before)
    if state.repository_id != before.repository_id != UNKNOWN_REPOSITORY:
        # Before the new repository is stored: a pass that is interrupted here does all of it again.
        await context.stores.ledger.mark_all_due_for_verification(
            context.project.id, state.repository_id, context.github.now()
        )
        await link_transferred_issues(context, state)
    if state == before:
        return state
    await context.stores.projects.save_state(state)
    return replace(state, pending=None)

"""Apply plans: one transaction for each page of changes, the list positions with the last of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from reconciler.decide.guard import (
    deletion_key,
    deletions_digest,
    deletions_in_plans,
    is_link_end_for_missing_report,
    withhold_link_ends,
    withhold_suspicious_deletions,
    without_unaccepted_deletions,
)
from reconciler.model.ids import IssueNumber, LinkId, ReportId
from reconciler.model.issue import ListState
from reconciler.model.kinds import Operation
from reconciler.model.link import Link
from reconciler.model.plan import Deletion, EditLocalComment, EndLink, LinkPlan, WithheldItem
from reconciler.model.snapshot import ProjectState, TransactionBatch, WithheldDeletions
from reconciler.ports import ProjectLock
from reconciler.sync.context import Context
from reconciler.sync.decide_observation import decide_observation
from reconciler.sync.intents import build_intents, with_increasing_created_at
from reconciler.sync.observe import GitHubObservation
from reconciler.sync.result import PassStats

PLANS_PER_TRANSACTION = 500
"""Link plans in one transaction."""

MAX_STALE_ATTEMPTS = 3
"""So often one pass decides again what a person changed in between; after that, the next one does."""

DerivedIntentKeys = set[tuple[UUID, Operation]]


class PlanApplier:
    """Applies the plans of one pass; remembers the intents that it derived and the deletions it withheld."""

    def __init__(
        self,
        context: Context,
        state: ProjectState,
        project_lock: ProjectLock,
        stats: PassStats,
        withheld: WithheldDeletions,
    ) -> None:
        self._context = context
        self._project_state = state
        self._project_lock = project_lock
        self._stats = stats
        self.accepted_entries = withheld.pair_ids if withheld.is_accepted else frozenset()
        self._accepted_ends = withheld.ending_link_ids if withheld.is_accepted else frozenset()
        self._stored_digest = withheld.digest
        self._applied_deletions: list[Deletion] = []
        self._withheld_deletions: tuple[Deletion, ...] = tuple(
            item for _, item in withheld.unaccepted_removals
        )
        self._withheld_ends: dict[LinkId, EndLink] = {}
        self._links_by_withheld = {deletion_key(item): link for link, item in withheld.unaccepted_removals}
        stats.withheld_digest = self.withheld_digest
        self.derived_keys: DerivedIntentKeys = set()
        self._last_intent_created_at: datetime | None = None
        self.has_unread_pages = False  # the lists have not been read to their ends
        self.stale_reports: set[ReportId] = set()  # a person changed them in between, at least once

    async def apply_observation(self, observation: GitHubObservation, plans: Sequence[LinkPlan]) -> None:
        """Store the plans of an observation, then its list positions, never the other way round.

        Source: docs/reference/github.md, List rules, 4.
        """
        plans = await self.guard_plans(plans)
        for _ in range(MAX_STALE_ATTEMPTS):
            stale = await self._store_in_pages(plans, observation)
            if not stale:
                return
            narrowed = observation.restricted_to(stale, frozenset(_issues_with_planned_comment_edits(plans)))
            decided = await decide_observation(self._context, self._project_state, narrowed)
            plans = await self.guard_plans(decided.plans)
        # Still stale: the positions stay where they are and the next pass reads the same rows again.

    async def apply_before_lists(self, plans: Sequence[LinkPlan]) -> frozenset[IssueNumber]:
        """Store what was decided before the lists were read; returns the issues that are still to be decided.

        A deletion is judged together with all others of its pass, none of which are known yet: a plan with
        one waits. So does a plan whose report a person changed in between.
        """
        safe = [plan for plan in plans if not deletions_in_plans([plan])]
        waiting = frozenset(plan.link.number for plan in plans if deletions_in_plans([plan]))
        return waiting | await self._store_in_pages(safe, GitHubObservation(includes_local=False))

    async def apply_plans(self, plans: Sequence[LinkPlan], scan_position: ListState | None = None) -> None:
        """Store plans that belong to neither list. The next pass finds stale ones again.

        `scan_position`: where a scan for the initial sync goes on behind them.
        """
        await self._store_in_pages(
            await self.guard_plans(plans),
            GitHubObservation(includes_local=False, initial_sync_position=scan_position),
        )

    async def guard_plans(self, plans: Sequence[LinkPlan]) -> tuple[LinkPlan, ...]:
        """Return the plans without what is suspicious, which is remembered for `store_withheld`."""
        plans = await self._withhold_link_ends(plans)
        if not deletions_in_plans(plans):
            return tuple(plans)
        if self.has_unread_pages:
            return tuple(without_unaccepted_deletions(plan, self.accepted_entries) for plan in plans)
        ledger = self._context.stores.ledger
        result = withhold_suspicious_deletions(
            plans,
            now=self._context.github.now(),
            live_counts=await ledger.live_comment_counts_by_origin(self._context.project.id),
            missing=await ledger.comments_missing_on_github(self._context.project.id),
            local_unseen=await ledger.are_all_known_comments_missing(),
            accepted=self.accepted_entries,
            policy=self._context.guard,
            applied=self._applied_deletions,
            withheld=self._withheld_deletions,
        )
        self._applied_deletions.extend(deletions_in_plans(result.plans))
        self._withheld_deletions = result.withheld or self._withheld_deletions
        self._remember_withheld(result.plans)
        return result.plans

    async def _withhold_link_ends(self, plans: Sequence[LinkPlan]) -> Sequence[LinkPlan]:
        """Withhold the ends of links whose reports may only be hidden: none of the known ones is shown.

        Source: docs/decisions/0075-reads-without-known-rows.md.
        """
        if not any(map(is_link_end_for_missing_report, plans)):
            return plans
        if not await self._context.stores.ledger.are_all_known_reports_missing():
            return plans
        kept = withhold_link_ends(plans, self._accepted_ends)
        ends = [item for plan in kept for item in plan.withheld if isinstance(item, EndLink)]
        self._withheld_ends |= {item.link_id: item for item in ends}
        self._stats.missing_reports = len(self._withheld_ends)
        self._remember_withheld(kept)
        return kept

    def _remember_withheld(self, plans: Sequence[LinkPlan]) -> None:
        self._links_by_withheld |= {deletion_key(item): plan.link for plan in plans for item in plan.withheld}
        self._stats.withheld_digest = self.withheld_digest

    async def store_withheld(self) -> None:
        """Store what this pass withheld, if that is new. Called once, at the end of the pass."""
        now = self.withheld_digest
        if now != self._stored_digest or self.accepted_entries or self._accepted_ends:
            items = self.withheld_items
            await self._context.stores.ledger.save_withheld_deletions(self._context.project.id, now, items)

    @property
    def withheld_digest(self) -> str | None:
        """The hash of all that waits for the operator."""
        return deletions_digest((*self._withheld_deletions, *self._withheld_ends.values()))

    @property
    def withheld_items(self) -> list[tuple[Link, WithheldItem]]:
        """The deletions, and the ends of links, that wait for the operator, each with its link."""
        items = (*self._withheld_deletions, *self._withheld_ends.values())
        return [(self._links_by_withheld[deletion_key(item)], item) for item in items]

    @property
    def links_with_withheld_ends(self) -> frozenset[LinkId]:
        """Links whose reports are missing: nothing of them is sent."""
        return frozenset(self._withheld_ends)

    async def _store_in_pages(
        self, plans: Sequence[LinkPlan], observation: GitHubObservation
    ) -> frozenset[IssueNumber]:
        stale: set[ReportId] = set()
        pages = [
            plans[start : start + PLANS_PER_TRANSACTION]
            for start in range(0, len(plans), PLANS_PER_TRANSACTION)
        ] or [()]
        for index, page in enumerate(pages):
            last = index == len(pages) - 1 and not stale
            stale |= await self._store_page(page, observation if last else None)
        return frozenset(plan.link.number for plan in plans if plan.link.report_id in stale)

    async def _store_page(
        self, plans: Sequence[LinkPlan], observation: GitHubObservation | None
    ) -> frozenset[ReportId]:
        intents = with_increasing_created_at(
            (intent for plan in plans for intent in build_intents(self._context, plan)),
            after=self._last_intent_created_at,
        )
        if intents:
            self._last_intent_created_at = intents[-1].created_at
        positions = (
            (observation.issue_list, observation.comment_list, observation.initial_sync_position)
            if observation
            else (None, None, None)
        )
        if not plans and not any(positions):
            return frozenset()
        await self._project_lock.ensure_held()
        stored = await self._context.stores.ledger.apply_batch(
            TransactionBatch(
                project_id=self._context.project.id,
                at=self._context.github.now(),
                plans=tuple(plans),
                intents=intents,
                issues=positions[0],
                comments=positions[1],
                initial_sync=positions[2],
            )
        )
        self.stale_reports |= stored.stale_reports
        done = [plan for plan in plans if plan.link.report_id not in stored.stale_reports]
        self._stats.count_stored_plans(done)
        if renamed := [label for plan in done for label in plan.renamed_labels]:
            await self._context.stores.projects.add_renamed_labels(self._context.project.id, renamed)
        self.derived_keys |= {
            (i.local_id, i.operation) for i in intents if i.report_id not in stored.stale_reports
        }
        return stored.stale_reports


def _issues_with_planned_comment_edits(plans: Sequence[LinkPlan]) -> Iterator[IssueNumber]:
    """Issues with copies to be edited in BugSpark: only a full read shows one that is not as we made it."""
    return (p.link.number for p in plans if any(isinstance(action, EditLocalComment) for action in p.actions))

"""`plan`: the pass without its last step. Nothing is written on either side, nor any position."""

from dataclasses import dataclass

from reconciler.decide.guard import GuardResult, deletions, deletions_digest, withhold_suspicious
from reconciler.decide.plan_view import (
    action_key,
    action_view,
    export_key,
    export_view,
    intent_key,
    intent_view,
    plan_hash,
)
from reconciler.errors import ReconcilerError
from reconciler.model.intent import Intent, IntentState
from reconciler.model.issue import Issue
from reconciler.model.link import Link, LinkOrigin
from reconciler.model.passes import Failure
from reconciler.model.plan import CreateIssue, LinkPlan
from reconciler.model.snapshot import ProjectState
from reconciler.model.views import ActionView, PlanView
from reconciler.sync import webhook_hints
from reconciler.sync.context import Context
from reconciler.sync.decide_observation import decide_observation
from reconciler.sync.initial_sync import plan_initial_sync
from reconciler.sync.intents import read_due_exports
from reconciler.sync.linking import build_link, match_exported_issues, tracking_id_in_title
from reconciler.sync.observe import observe_lists
from reconciler.sync.own_issues import classify_unlinked_issues
from reconciler.sync.preflight import resolve_repository_and_account
from reconciler.sync.verify import verify_due_links

UNLIMITED_ROWS = 10**9
"""A plan is shown whole: no look is applied before the next one is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _DryRun:
    """What the pass would do."""

    guarded: GuardResult
    exports: tuple[CreateIssue, ...]
    recorded_creates: tuple[Intent, ...]


async def plan_project(context: Context) -> PlanView:
    """What a pass would do now. A project's own trouble is shown, never raised."""
    try:
        planned = await _collect_plans(context)
    except ReconcilerError as error:
        return _build_plan_view(context, (), "", failure=Failure(kind=error.kind, message=str(error)))
    actions = [action_view(plan, action) for plan in planned.guarded.plans for action in plan.actions]
    keys = [action_key(plan, action) for plan in planned.guarded.plans for action in plan.actions]
    actions += [export_view(export.report, export.why.rule) for export in planned.exports]
    keys += [export_key(export.report) for export in planned.exports]
    actions += [intent_view(intent, _issue_reference(intent, context)) for intent in planned.recorded_creates]
    keys += [intent_key(intent) for intent in planned.recorded_creates]
    held = len(planned.guarded.withheld)
    return _build_plan_view(
        context,
        tuple(actions),
        plan_hash(keys),
        withheld=deletions_digest(planned.guarded.withheld),
        held=held,
    )


async def _collect_plans(context: Context) -> _DryRun:
    memory = await resolve_repository_and_account(
        context, await context.stores.projects.get_state(context.project.id)
    )
    withheld = await context.stores.ledger.withheld_deletions(context.project.id)
    again = withheld.links if withheld.is_accepted else ()
    plans: list[LinkPlan] = []
    hints = await webhook_hints.load_hints(context, memory)
    await webhook_hints.read_named_issues(context, memory, hints)
    plans.extend(hints.missing_issue_plans)
    async for look in observe_lists(context, memory, hints.issues, rows=UNLIMITED_ROWS):
        segment = await decide_observation(context, memory, look, again)
        plans.extend(segment.plans)
        strangers = await classify_unlinked_issues(context, memory, segment.unlinked_issues)
        found = await _plan_discovery(context, memory, strangers.others)
        async for contacts in plan_initial_sync(context, memory, [*segment.new_links, *found]):
            plans.extend(contacts.plans)
    async for batch in verify_due_links(context, memory):
        plans.extend(batch)
    known = await context.stores.ledger.live_comment_counts(context.project.id) if deletions(plans) else {}
    accepted = withheld.pair_ids if withheld.is_accepted else frozenset()
    waiting = [item for _, item in withheld.unaccepted_removals]
    return _DryRun(
        guarded=withhold_suspicious(
            plans, known=known, accepted=accepted, policy=context.guard, held=waiting
        ),
        exports=await read_due_exports(context, memory),
        recorded_creates=await _read_recorded_creates(context, memory),
    )


async def _plan_discovery(context: Context, memory: ProjectState, strangers: tuple[Issue, ...]) -> list[Link]:
    if not context.policy.discover or not any(tracking_id_in_title(issue) for issue in strangers):
        return []
    found = await match_exported_issues(context, memory, strangers)
    origin = LinkOrigin.DISCOVERY
    return [
        build_link(context, memory, pair.report.report_id, pair.issue, origin, backfill=False)
        for pair in found.matches
    ]


async def _read_recorded_creates(context: Context, memory: ProjectState) -> tuple[Intent, ...]:
    """Creates of earlier passes that are still to be sent; everything else is derived again."""
    rows = await context.stores.intents.list_open(context.project.id)
    ready = (IntentState.PLANNED, IntentState.QUARANTINED) if context.manual else (IntentState.PLANNED,)
    return tuple(
        row
        for row in rows
        if row.operation.is_create and row.state in ready and row.repository_id == memory.repository_id
    )


def _issue_reference(intent: Intent, context: Context) -> str | None:
    return f"{context.project.repository}#{intent.number}" if intent.number else None


def _build_plan_view(
    context: Context,
    actions: tuple[ActionView, ...],
    digest: str,
    *,
    failure: Failure | None = None,
    withheld: str | None = None,
    held: int = 0,
) -> PlanView:
    return PlanView(
        project_id=context.project.id,
        project_name=context.project.name,
        repository=context.project.repository,
        hash=digest,
        actions=actions,
        error=failure,
        withheld=withheld,
        withheld_count=held,
    )

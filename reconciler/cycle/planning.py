"""`plan`: the pass without its last step. Nothing is written on either side, nor any position."""

from reconciler.cycle import named
from reconciler.cycle.contacts import first_contacts
from reconciler.cycle.context import Context
from reconciler.cycle.discover import match, new_link, tracking_id
from reconciler.cycle.export import exports_due
from reconciler.cycle.identify import identify
from reconciler.cycle.observe import looks
from reconciler.cycle.ours import tell_apart
from reconciler.cycle.segment import decide_look
from reconciler.cycle.verify import verifications
from reconciler.decide.guard import Guarded, deletions, digest, guard
from reconciler.decide.show import export_key, intent_key, key_of, plan_hash, show, show_export, show_intent
from reconciler.errors import ReconcilerError
from reconciler.model.intent import Intent, IntentState
from reconciler.model.issue import Issue
from reconciler.model.link import Link, LinkOrigin
from reconciler.model.passes import Failure
from reconciler.model.plan import CreateIssue, LinkPlan
from reconciler.model.shown import PlanShown, ShownAction
from reconciler.model.snapshot import Memory
from reconciler.model.values import dataclass

EVERYTHING = 10**9
"""A plan is shown whole: no look is applied before the next one is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """What the pass would do."""

    guarded: Guarded
    exports: tuple[CreateIssue, ...]
    recorded: tuple[Intent, ...]


async def plan_pass(context: Context) -> PlanShown:
    """What a pass would do now. A project's own trouble is shown, never raised."""
    try:
        planned = await _plan(context)
    except ReconcilerError as error:
        return _shown(context, (), "", failure=Failure(kind=error.kind, message=str(error)))
    actions = [show(plan, action) for plan in planned.guarded.plans for action in plan.actions]
    keys = [key_of(plan, action) for plan in planned.guarded.plans for action in plan.actions]
    actions += [show_export(export.report, export.why.rule) for export in planned.exports]
    keys += [export_key(export.report) for export in planned.exports]
    actions += [show_intent(intent, _issue(intent, context)) for intent in planned.recorded]
    keys += [intent_key(intent) for intent in planned.recorded]
    held = len(planned.guarded.held)
    return _shown(context, tuple(actions), plan_hash(keys), withheld=digest(planned.guarded.held), held=held)


async def _plan(context: Context) -> _Planned:
    memory = await identify(context, await context.stores.projects.memory(context.project.id))
    withheld = await context.stores.ledger.withheld(context.project.id)
    again = withheld.links if withheld.accepted else ()
    plans: list[LinkPlan] = []
    hints = await named.hints(context, memory)
    await named.follow(context, memory, hints)
    plans.extend(hints.plans)
    async for look in looks(context, memory, hints.issues, rows=EVERYTHING):
        segment = await decide_look(context, memory, look, again)
        plans.extend(segment.plans)
        strangers = await tell_apart(context, memory, segment.strangers)
        found = await _would_discover(context, memory, strangers.others)
        async for contacts in first_contacts(context, memory, [*segment.new, *found]):
            plans.extend(contacts.plans)
    async for batch in verifications(context, memory):
        plans.extend(batch)
    known = await context.stores.ledger.known(context.project.id) if deletions(plans) else {}
    accepted = withheld.entries if withheld.accepted else frozenset()
    waiting = [item for _, item in withheld.waiting]
    return _Planned(
        guarded=guard(plans, known=known, accepted=accepted, policy=context.guard, held=waiting),
        exports=await exports_due(context, memory),
        recorded=await _recorded(context, memory),
    )


async def _would_discover(context: Context, memory: Memory, strangers: tuple[Issue, ...]) -> list[Link]:
    if not context.policy.discover or not any(tracking_id(issue) for issue in strangers):
        return []
    found = await match(context, memory, strangers)
    origin = LinkOrigin.DISCOVERY
    return [
        new_link(context, memory, pair.report.report_id, pair.issue, origin, backfill=False)
        for pair in found.matches
    ]


async def _recorded(context: Context, memory: Memory) -> tuple[Intent, ...]:
    """Creates of earlier passes that are still to be sent; everything else is derived anew."""
    rows = await context.stores.intents.open(context.project.id)
    ready = (IntentState.PLANNED, IntentState.QUARANTINED) if context.by_hand else (IntentState.PLANNED,)
    return tuple(
        row
        for row in rows
        if row.operation.creates and row.state in ready and row.repository_id == memory.repository_id
    )


def _issue(intent: Intent, context: Context) -> str | None:
    return f"{context.project.repository}#{intent.number}" if intent.number else None


def _shown(
    context: Context,
    actions: tuple[ShownAction, ...],
    digest: str,
    *,
    failure: Failure | None = None,
    withheld: str | None = None,
    held: int = 0,
) -> PlanShown:
    return PlanShown(
        project_id=context.project.id,
        project_name=context.project.name,
        repository=context.project.repository,
        hash=digest,
        actions=actions,
        error=failure,
        withheld=withheld,
        withheld_count=held,
    )

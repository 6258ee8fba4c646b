"""`reconcile verify`: every link of a project compared whole now, in as many passes as the limits ask for."""

from collections.abc import AsyncIterator
from datetime import timedelta

from reconciler.cycle.context import Context
from reconciler.cycle.tally import Tally
from reconciler.cycle.verify import verifications
from reconciler.model.passes import Verified
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import Memory


async def whole_round(context: Context, memory: Memory, tally: Tally) -> AsyncIterator[list[LinkPlan]]:
    """Plans for every link that was not compared since the round began, batch by batch.

    A round that a limit cut short goes on where it stopped, unless it began longer than `poll.verify_seconds`
    ago. Raises what reading raises: what was yielded stays valid.
    """
    now = context.github.now()
    patience = timedelta(seconds=context.timing.verify)
    began = await context.stores.projects.begin_round(context.project.id, now, patience)
    tally.round = began
    cover = await context.stores.ledger.coverage(context.project.id, began)
    context.progress.start(f"{context.project.name}: comparing links", cover.links - cover.verified)
    async for plans in verifications(context, memory, until=began):
        tally.differed += sum(map(_differs, plans))
        yield plans
    context.progress.done()
    await context.stores.projects.end_round(context.project.id)


def _differs(plan: LinkPlan) -> bool:
    return bool(plan.actions or plan.entries or plan.conflicts or plan.after.state is not plan.link.state)


async def verified(context: Context, tally: Tally) -> Verified | None:
    """How far the round came, if this pass was one."""
    if tally.round is None:
        return None
    cover = await context.stores.ledger.coverage(context.project.id, tally.round)
    return Verified(compared=cover.verified, links=cover.links, differed=tally.differed)

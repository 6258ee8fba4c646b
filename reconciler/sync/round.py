"""`reconcile verify`: every link of a project compared whole now, in as many passes as the limits ask for."""

from collections.abc import AsyncIterator
from datetime import timedelta

from reconciler.model.passes import VerificationProgress
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import ProjectState
from reconciler.sync.context import Context
from reconciler.sync.tally import PassStats
from reconciler.sync.verify import verify_due_links


async def verify_all_links(
    context: Context, memory: ProjectState, tally: PassStats
) -> AsyncIterator[list[LinkPlan]]:
    """Plans for every link that was not compared since the round began, batch by batch.

    A round that a limit cut short goes on where it stopped, unless it began longer than `poll.verify_seconds`
    ago. Raises what reading raises: what was yielded stays valid.
    """
    now = context.github.now()
    patience = timedelta(seconds=context.timing.verify_seconds)
    began = await context.stores.projects.begin_full_verification(context.project.id, now, patience)
    tally.verification_round_started_at = began
    cover = await context.stores.ledger.verification_coverage(context.project.id, began)
    context.progress.start(f"{context.project.name}: comparing links", cover.links - cover.verified)
    async for plans in verify_due_links(context, memory, until=began):
        tally.unequal_links += sum(map(_has_difference, plans))
        yield plans
    context.progress.finish()
    await context.stores.projects.end_full_verification(context.project.id)


def _has_difference(plan: LinkPlan) -> bool:
    return bool(plan.actions or plan.pairs or plan.conflicts or plan.after.state is not plan.link.state)


async def read_verification_progress(context: Context, tally: PassStats) -> VerificationProgress | None:
    """How far the round came, if this pass was one."""
    if tally.verification_round_started_at is None:
        return None
    cover = await context.stores.ledger.verification_coverage(
        context.project.id, tally.verification_round_started_at
    )
    return VerificationProgress(compared=cover.verified, links=cover.links, differed=tally.unequal_links)

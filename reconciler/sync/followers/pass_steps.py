"""The steps of a pass about followers: they take over their issue's state, and lead it when nobody does.

Without followers neither step asks the database anything (`ProjectState.has_followers`).
"""

from reconciler.decide.followers import decide_follower
from reconciler.model.snapshot import ProjectState
from reconciler.ports import ProjectLock
from reconciler.sync.context import Context
from reconciler.sync.result import PassStats

MAX_STALE_ATTEMPTS = 3
"""So often one pass decides again what a person changed in between; after that, the next one does."""


async def update_outdated_followers(
    context: Context, state: ProjectState, lock: ProjectLock, stats: PassStats
) -> None:
    """Give the state of its issue to each follower that has not taken it over.

    Raises ProjectLockLostError.
    """
    if not state.has_followers:
        return
    attempts = MAX_STALE_ATTEMPTS
    while attempts:
        views = await context.stores.followers.outdated(context.project.id, state.repository_id)
        plans = [plan for view in views if (plan := decide_follower(view, context.policy)) is not None]
        if not plans:
            return
        await lock.ensure_held()
        stale = await context.stores.followers.apply(context.project.id, plans, context.github.now())
        stats.counts["reports_updated"] += sum(
            plan.action is not None and plan.report.id not in stale for plan in plans
        )
        attempts -= bool(stale)


async def promote_oldest_followers(context: Context, state: ProjectState, lock: ProjectLock) -> None:
    """Let the oldest follower lead where the report before it was unlinked or deleted.

    The next pass does the initial sync of the new links. Raises ProjectLockLostError.
    """
    if not state.has_followers:
        return
    await lock.ensure_held()
    now = context.github.now()
    await context.stores.followers.end_linked_followers(context.project.id, now)
    for ended in await context.stores.followers.ended_links_with_followers(context.project.id):
        await context.stores.followers.promote_oldest_follower(ended, now)

"""Who closed an issue: its events are read once, within the budget of verification, and kept with the link.

Where the budget or a limit does not allow it, the issue's row has the first word, and verification reads the
events later: who closed an issue must not keep back that it is closed.
"""

from collections.abc import Collection, Mapping, MutableSequence, Sequence
from dataclasses import replace

from reconciler.decide.resolution import (
    may_be_closed_by_own_write,
    resolution_of_events,
    resolution_of_row,
    was_closed,
    with_resolution,
    without_resolution,
)
from reconciler.errors import (
    GitHubNotFoundError,
    IssueTransferredError,
    IssueUnreadableError,
    LimitedError,
    ReconcilerError,
    RepositoryInaccessibleError,
)
from reconciler.model.ids import AccountId, LinkId
from reconciler.model.issue import FieldEvent, Resolution
from reconciler.model.link import LinkObservation
from reconciler.model.plan import LinkPlan
from reconciler.sync.context import Context

Events = tuple[FieldEvent, ...]

POINTS_PER_READ = 1
MAX_READS_AT_ONCE = 20
"""Of the links that are decided together: their states are stored after these reads."""


async def keep_resolutions(
    context: Context,
    views: Sequence[LinkObservation],
    plans: MutableSequence[LinkPlan],
    known: Mapping[LinkId, Events],
) -> None:
    """Add to the plans who closed their issues, and end the resolutions of those that are open again.

    `known`: events that were read already, for a conflict. Raises DatabaseError.
    """
    for place, view in enumerate(views):
        if view.link.resolution is not None:
            plans[place] = without_resolution(view, plans[place], context.policy, context.new_id)
    closed = [place for place, view in enumerate(views) if was_closed(view, plans[place])]
    if not closed:
        return
    readable = await _indexes_within_budget(context, views, closed, known)
    own = await _own_accounts(context, [views[place] for place in closed])
    for place in closed:
        view = views[place]
        accounts = own if may_be_closed_by_own_write(view) else None
        resolution = _unread(resolution_of_row(view, accounts))
        if place in readable:
            try:
                resolution = await _read_issue_resolution(context, view, known, accounts)
            except LimitedError:  # the closings are stored; the next request, of whichever pass, waits
                readable = frozenset()
            except ReconcilerError:  # the next request says what is wrong; a second attempt is the last one
                resolution = resolution_of_row(view, accounts) if view.is_complete else resolution
        plans[place] = with_resolution(view, plans[place], resolution, context.policy, context.new_id)


async def _indexes_within_budget(
    context: Context,
    views: Sequence[LinkObservation],
    closed: Sequence[int],
    known: Mapping[LinkId, Events],
) -> frozenset[int]:
    """Return the places whose events may be read. A verification has been granted its points already."""
    unpaid = [p for p in closed if not views[p].is_complete and views[p].link.id not in known]
    if not unpaid:
        return frozenset(closed)
    granted = await context.stores.rate_limiter.grant_verification_points(
        context.github.credential, POINTS_PER_READ * min(len(unpaid), MAX_READS_AT_ONCE)
    )
    return frozenset(closed) - frozenset(unpaid[min(granted // POINTS_PER_READ, MAX_READS_AT_ONCE) :])


async def _own_accounts(context: Context, views: Sequence[LinkObservation]) -> frozenset[AccountId]:
    """Return the accounts that this project has ever written as, if one of them may have closed an issue."""
    if not any(map(may_be_closed_by_own_write, views)):
        return frozenset()
    return await context.stores.projects.own_accounts(context.project.id)


async def _read_issue_resolution(
    context: Context,
    view: LinkObservation,
    known: Mapping[LinkId, Events],
    own: Collection[AccountId] | None,
) -> Resolution | None:
    """Return what the events say; where GitHub does not show them, what the issue's row says."""
    events = known.get(view.link.id)
    try:
        if events is None:
            events = await context.field_events(view.link.number)
    except (
        GitHubNotFoundError,
        IssueTransferredError,
        IssueUnreadableError,
        RepositoryInaccessibleError,
    ):  # what concerns more than these events is found by the next request
        return resolution_of_row(view, own)
    return resolution_of_events(view, events, own)


def _unread(resolution: Resolution | None) -> Resolution | None:
    return replace(resolution, is_read=False) if resolution else None

"""Freezing a field in which our writes are undone again and again; the rule is in `decide.flap`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from reconciler.cycle.context import Context
from reconciler.decide.flap import flapping, moved_remotely
from reconciler.errors import MovedError, NotThereError
from reconciler.model.fields import Field
from reconciler.model.ids import AccountId
from reconciler.model.link import Frozen, Link
from reconciler.model.plan import LinkPlan, LinkView

STORY = timedelta(days=1)
"""So far back a write of ours is looked for that has just been undone."""


async def frozen(context: Context, views: Sequence[LinkView], plans: Sequence[LinkPlan]) -> dict[int, Link]:
    """By place: the links in which a field is frozen now, for deciding those views again.

    Our own story is read only when GitHub moved a field, GitHub's events only when one is to be frozen.
    """
    moved = {
        place: plan for place, plan in enumerate(plans) if plan.link.base is not None and moved_remotely(plan)
    }
    if not moved:
        return {}
    now = context.github.now()
    reports = [plan.link.report_id for plan in moved.values()]
    steps = await context.stores.ledger.steps(reports, now - STORY)
    found = {}
    for place, plan in moved.items():
        fields = flapping(plan, steps.get(plan.link.report_id, ()), now)
        if fields:
            found[place] = await _freeze(context, views[place], fields)
    return found


def thawed(link: Link, field: Field) -> Link:
    """The link with this field synced again (`reconcile resolve`): for storing, at its revision."""
    return replace(link, frozen=tuple(each for each in link.frozen if each.field is not field))


async def _freeze(context: Context, view: LinkView, fields: frozenset[Field]) -> Link:
    now = context.github.now()
    stopped = []
    for field in sorted(fields):
        who = await _actor(context, view, field)
        reason = (
            f"{who} undid what we wrote three times within an hour: nothing is written in this field until "
            "both sides say the same"
        )
        stopped.append(Frozen(field=field, since=now, reason=reason))
    return replace(view.link, frozen=(*view.link.frozen, *stopped))


async def _actor(context: Context, view: LinkView, field: Field) -> str:
    """Who changed the field last on GitHub."""
    try:
        events = await context.github.field_events(view.link.number)
    except (NotThereError, MovedError):
        return "somebody"
    actors = [event.actor for event in events if event.field is field and event.actor]
    others = [actor for actor in actors if not _ours(actor.id, view)]
    last = (others or actors)[-1:]
    return last[0].login if last else "somebody"


def _ours(account: AccountId, view: LinkView) -> bool:
    return account in view.accounts

"""Freezing a field in which our writes are undone again and again; the rule is in `decide.flap`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from reconciler.decide.flap_breaker import flapping_fields, remote_values_moved
from reconciler.errors import MovedError, NotThereError
from reconciler.model.fields import Field
from reconciler.model.ids import AccountId
from reconciler.model.link import FrozenField, Link
from reconciler.model.plan import LinkObservation, LinkPlan
from reconciler.sync.context import Context

HISTORY_WINDOW = timedelta(days=1)
"""So far back a write of ours is looked for that has just been undone."""


async def find_flapping_links(
    context: Context, views: Sequence[LinkObservation], plans: Sequence[LinkPlan]
) -> dict[int, Link]:
    """By place: the links in which a field is frozen now, for deciding those views again.

    Our own story is read only when GitHub moved a field, GitHub's events only when one is to be frozen.
    """
    moved = {
        place: plan
        for place, plan in enumerate(plans)
        if plan.link.base is not None and remote_values_moved(plan)
    }
    if not moved:
        return {}
    now = context.github.now()
    reports = [plan.link.report_id for plan in moved.values()]
    steps = await context.stores.ledger.field_history(reports, now - HISTORY_WINDOW)
    found = {}
    for place, plan in moved.items():
        fields = flapping_fields(plan, steps.get(plan.link.report_id, ()), now)
        if fields:
            found[place] = await _freeze_fields(context, views[place], fields)
    return found


def without_frozen_field(link: Link, field: Field) -> Link:
    """The link with this field synced again (`reconcile resolve`): for storing, at its revision."""
    return replace(link, frozen_fields=tuple(each for each in link.frozen_fields if each.field is not field))


async def _freeze_fields(context: Context, view: LinkObservation, fields: frozenset[Field]) -> Link:
    now = context.github.now()
    stopped = []
    for field in sorted(fields):
        who = await _last_actor(context, view, field)
        reason = (
            f"{who} undid what we wrote three times within an hour: nothing is written in this field until "
            "both sides say the same"
        )
        stopped.append(FrozenField(field=field, since=now, reason=reason))
    return replace(view.link, frozen_fields=(*view.link.frozen_fields, *stopped))


async def _last_actor(context: Context, view: LinkObservation, field: Field) -> str:
    """Who changed the field last on GitHub."""
    try:
        events = await context.github.field_events(view.link.number)
    except (NotThereError, MovedError):
        return "somebody"
    actors = [event.actor for event in events if event.field is field and event.actor]
    others = [actor for actor in actors if not _is_own_account(actor.id, view)]
    last = (others or actors)[-1:]
    return last[0].login if last else "somebody"


def _is_own_account(account: AccountId, view: LinkObservation) -> bool:
    return account in view.own_accounts

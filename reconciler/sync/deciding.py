"""Deciding many links: the events of a conflict are read only then, and one poisoned link stops no other."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.decide.conflicts import FieldTimes
from reconciler.decide.link import decide_link
from reconciler.errors import MovedError, NotThereError, ReconcilerError
from reconciler.logs import EventLogger
from reconciler.model.fields import Field
from reconciler.model.issue import FieldEvent
from reconciler.model.plan import LinkObservation, LinkPlan
from reconciler.sync.context import Context
from reconciler.sync.flap import find_flapping_links
from reconciler.sync.unsettled import find_fields_with_unknown_writes

QUARANTINE_DURATION = timedelta(hours=1)
"""How long a link that can't be decided rests before it is looked at again, whole."""

log = EventLogger(__name__)


async def decide_links(context: Context, views: Iterable[LinkObservation]) -> list[LinkPlan]:
    """A plan for each view. Raises only what concerns the whole project (limits, unreadable repository)."""
    views = list(views)
    plans = [await _decide_or_quarantine(context, view) for view in views]
    for place, fields in (await find_fields_with_unknown_writes(context, plans)).items():
        views[place] = replace(views[place], unconfirmed_fields=fields)
        plans[place] = await _decide_or_quarantine(context, views[place])
    for place, link in (await find_flapping_links(context, views, plans)).items():
        again = await _decide_or_quarantine(context, replace(views[place], link=link))
        plans[place] = replace(again, link=views[place].link)  # so that it is stored as a change
    return plans


async def _decide_or_quarantine(context: Context, view: LinkObservation) -> LinkPlan:
    try:
        plan = decide_link(view, context.policy, {}, context.new_id)
        if isinstance(plan, LinkPlan):
            return plan
        times = await _read_change_times(context, view, plan)
        decided = decide_link(view, context.policy, times, context.new_id)
        if isinstance(decided, LinkPlan):
            return decided
        raise ValueError(f"fields {sorted(decided)} stayed undecided although their events were read")
    except (NotThereError, MovedError) as error:
        return quarantine_plan(context, view, str(error))
    except ReconcilerError:
        raise
    except Exception as error:  # a link whose data breaks the deciding code must not stop the others
        log.exception("link can't be decided", link=str(view.link.id), report=str(view.report.id))
        return quarantine_plan(context, view, f"can't be decided: {type(error).__name__}: {error}")


def quarantine_plan(context: Context, view: LinkObservation, reason: str) -> LinkPlan:
    """The link rests, with its reason, and is looked at whole when the rest is over."""
    until = context.github.now() + QUARANTINE_DURATION
    after = replace(view.link, reason=reason, quarantined_until=until)
    return LinkPlan(link=view.link, report=view.report, after=after)


async def _read_change_times(
    context: Context, view: LinkObservation, fields: frozenset[Field]
) -> Mapping[Field, FieldTimes]:
    events = await context.github.field_events(view.link.number)
    local = _local_change_time(context, view)
    return {
        field: FieldTimes(local=local, remote=_remote_change_time(view, field, events)) for field in fields
    }


def _local_change_time(context: Context, view: LinkObservation) -> datetime:
    """No later than now: a row stamped in the future by a wrong clock must not win for ever. Both clocks are
    brought to GitHub's, and to its whole seconds, or a tie could never go to it.
    """
    ahead = context.github.now() - context.clock.now()
    at = min(view.report.updated_at, context.clock.now()) + ahead
    return at.replace(microsecond=0)


def _remote_change_time(view: LinkObservation, field: Field, events: tuple[FieldEvent, ...]) -> datetime:
    """The field's last event; without one the value is as old as the issue."""
    at = [event.at for event in events if event.field is field]
    if at:
        return max(at)
    return view.issue.created_at if view.issue else view.link.created_at

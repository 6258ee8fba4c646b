"""Fields whose last write is of unknown outcome: what GitHub says of them may be our own word.

A person who has meanwhile undone in BugSpark what was sent would otherwise be overruled by the echo of it:
base and report say the same, so only GitHub seems to have moved. Such a field waits until recovery knows
what became of the write, and has the link looked at whole (docs/design.md, Writing to GitHub, 5).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from reconciler.model.fields import Field
from reconciler.model.ids import ReportId
from reconciler.model.intent import MAYBE_SENT_STATES
from reconciler.model.plan import LinkPlan, SetField
from reconciler.sync.context import Context


async def find_fields_with_unknown_writes(
    context: Context, plans: Sequence[LinkPlan]
) -> Mapping[int, frozenset[Field]]:
    """By place: fields that a plan takes from GitHub, or has a conflict about, before it may.

    The intents are read only when GitHub moved a field.
    """
    moved = {
        place: _fields_moved_on_github(plan)
        for place, plan in enumerate(plans)
        if _fields_moved_on_github(plan)
    }
    if not moved:
        return {}
    waiting = await _fields_awaiting_recovery(context)
    found = {place: fields & waiting[plans[place].link.report_id] for place, fields in moved.items()}
    return {place: fields for place, fields in found.items() if fields}


def _fields_moved_on_github(plan: LinkPlan) -> frozenset[Field]:
    taken = {action.field for action in plan.actions if isinstance(action, SetField)}
    return frozenset(taken | {conflict.field for conflict in plan.conflicts})


async def _fields_awaiting_recovery(context: Context) -> Mapping[ReportId, frozenset[Field]]:
    by_operation = {field.value: field for field in Field}
    found: defaultdict[ReportId, frozenset[Field]] = defaultdict(frozenset)
    for intent in await context.stores.intents.list_open(context.project.id):
        field = by_operation.get(intent.operation.value)
        if field is not None and intent.state in MAYBE_SENT_STATES:
            found[intent.report_id] |= {field}
    return found

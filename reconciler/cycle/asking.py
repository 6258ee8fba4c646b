"""What people ask for on a page, written down for the pass that follows: a page does not wait for a pass."""

from reconciler.cycle.context import Context
from reconciler.cycle.export import record
from reconciler.cycle.identify import identify
from reconciler.cycle.linking import LIVE, take_up_again
from reconciler.cycle.standing import certain
from reconciler.errors import ProjectError
from reconciler.model.ids import ReportId


async def export(context: Context, report_id: ReportId) -> str:
    """A report is to become an issue. Returns what was done, in a sentence.

    Raises ProjectError for a report that has an issue, IdentityError, BusyError, and what reading raises.
    """
    if await take_up_again(context, report_id):
        return "The issue that was made for it before is linked again; the next pass makes first contact."
    async with context.stores.fences.hold(context.project.id):
        await certain(context)
        present = await context.stores.ledger.link_of(report_id)
        if present is not None and present.state in LIVE:
            raise ProjectError(f"It is linked to {present.repository}#{present.number} already.")
        # Not remembered: what follows from another repository is the pass's to do.
        memory = await identify(context, await context.stores.projects.memory(context.project.id))
        await record(context, memory, [report_id], asked=True)
    return f"Its issue is made in {memory.repository} by the next pass."


async def verify(context: Context) -> str:
    """Every link is due for a whole comparison. Returns that in a sentence. Raises BusyError."""
    async with context.stores.fences.hold(context.project.id):
        memory = await context.stores.projects.memory(context.project.id)
        now = context.github.now()
        await context.stores.ledger.recheck(context.project.id, memory.repository_id, now)
    return "Every link is compared whole by the next passes, the longest unseen first, within the limits."

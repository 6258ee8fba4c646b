"""What people ask for on a page, written down for the pass that follows: a page does not wait for a pass."""

from reconciler.errors import ProjectError
from reconciler.model.ids import ReportId
from reconciler.sync.context import Context
from reconciler.sync.export import record_export_intents
from reconciler.sync.identify import resolve_repository_and_account
from reconciler.sync.linking import LIVE_LINK_STATES, relink_exported_issue
from reconciler.sync.standing import bind_database


async def request_export(context: Context, report_id: ReportId) -> str:
    """A report is to become an issue. Returns what was done, in a sentence.

    Raises ProjectError for a report that has an issue, IdentityError, BusyError, and what reading raises.
    """
    if await relink_exported_issue(context, report_id):
        return "The issue that was made for it before is linked again; the next pass makes first contact."
    async with context.stores.project_locks.acquire(context.project.id):
        await bind_database(context)
        present = await context.stores.ledger.find_link_of_report(report_id)
        if present is not None and present.state in LIVE_LINK_STATES:
            raise ProjectError(f"It is linked to {present.repository}#{present.number} already.")
        # Not remembered: what follows from another repository is the pass's to do.
        memory = await resolve_repository_and_account(
            context, await context.stores.projects.get_state(context.project.id)
        )
        await record_export_intents(context, memory, [report_id], asked=True)
    return f"Its issue is made in {memory.repository} by the next pass."


async def request_verification(context: Context) -> str:
    """Every link is due for a whole comparison. Returns that in a sentence. Raises BusyError."""
    async with context.stores.project_locks.acquire(context.project.id):
        memory = await context.stores.projects.get_state(context.project.id)
        now = context.github.now()
        await context.stores.ledger.mark_all_due_for_verification(
            context.project.id, memory.repository_id, now
        )
    return "Every link is compared whole by the next passes, the longest unseen first, within the limits."

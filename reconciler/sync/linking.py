"""`link` and `unlink`: a person ties a report to an issue, or cuts the tie. Nothing is written to GitHub."""

from reconciler.errors import MovedError, NotThereError, UsageError
from reconciler.model.ids import IssueNumber, ReportId
from reconciler.model.link import Link, LinkOrigin, LinkState
from reconciler.model.report import IssueColumns
from reconciler.sync.context import Context
from reconciler.sync.discover import build_link
from reconciler.sync.identify import resolve_repository_and_account

LIVE_LINK_STATES = (LinkState.NEW, LinkState.ACTIVE)


async def link_report(
    context: Context,
    report: ReportId,
    number: IssueNumber,
    *,
    backfill: bool,
    origin: LinkOrigin = LinkOrigin.COMMAND,
) -> Link:
    """A NEW link; the next pass makes first contact. `backfill`: older BugSpark comments go out too.

    Raises UsageError when the report or the issue is taken, or the issue is not there.
    """
    async with context.stores.project_locks.acquire(context.project.id):
        memory = await resolve_repository_and_account(
            context, await context.stores.projects.get_state(context.project.id)
        )
        await context.stores.projects.save_state(memory)
        present = await context.stores.ledger.find_link_of_report(report)
        if present is not None and present.state in LIVE_LINK_STATES:
            raise UsageError(
                f"report {report} is already linked to {present.repository}#{present.number}; unlink it first"
            )
        holder = await context.stores.ledger.find_live_link_of_issue(memory.repository_id, number)
        if holder is not None:
            raise UsageError(
                f"{memory.repository}#{number} belongs to report {holder.report_id}; unlink that first"
            )
        try:
            issue = await context.github.issue(number)
        except (NotThereError, MovedError) as error:
            raise UsageError(f"{memory.repository}#{number} can't be linked: {error}") from error
        made = build_link(context, memory, report, issue, origin, backfill=backfill)
        columns = IssueColumns(repository=made.repository, number=issue.number, url=issue.url)
        await context.stores.ledger.create_link(made, columns)
        return made


async def relink_exported_issue(context: Context, report: ReportId) -> bool:
    """An export of a report that was exported before and then unlinked: its issue is linked again while it is
    there, for a second one would be the same report twice. False: there is none to take up.
    """
    past = await context.stores.ledger.find_link_of_report(report)
    if past is None or past.state is not LinkState.UNLINKED or past.origin is not LinkOrigin.EXPORT:
        return False
    if past.repository != context.project.repository:
        return False
    try:
        await link_report(context, report, past.number, backfill=True, origin=LinkOrigin.EXPORT)
    except UsageError:  # the issue is gone, or somebody else's by now
        return False
    return True


async def unlink_report(context: Context, report: ReportId) -> Link:
    """The link is cut and its remote ids are kept. Raises UsageError when there is none."""
    async with context.stores.project_locks.acquire(context.project.id):
        present = await context.stores.ledger.find_link_of_report(report)
        if present is None or present.state is LinkState.UNLINKED:
            raise UsageError(f"report {report} is not linked to an issue")
        await context.stores.ledger.unlink(present)
        return present

"""`link` and `unlink`: a person ties a report to an issue, or cuts the tie. Nothing is written to GitHub."""

from reconciler.cycle.context import Context
from reconciler.cycle.discover import new_link
from reconciler.cycle.identify import identify
from reconciler.errors import MovedError, NotThereError, UsageError
from reconciler.model.ids import IssueNumber, ReportId
from reconciler.model.link import Link, LinkOrigin, LinkState
from reconciler.model.report import Columns

LIVE = (LinkState.NEW, LinkState.ACTIVE)


async def link(
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
    async with context.stores.fences.hold(context.project.id):
        memory = await identify(context, await context.stores.projects.memory(context.project.id))
        await context.stores.projects.remember(memory)
        present = await context.stores.ledger.link_of(report)
        if present is not None and present.state in LIVE:
            raise UsageError(
                f"report {report} is already linked to {present.repository}#{present.number}; unlink it first"
            )
        holder = await context.stores.ledger.link_at(memory.repository_id, number)
        if holder is not None:
            raise UsageError(
                f"{memory.repository}#{number} belongs to report {holder.report_id}; unlink that first"
            )
        try:
            issue = await context.github.issue(number)
        except (NotThereError, MovedError) as error:
            raise UsageError(f"{memory.repository}#{number} can't be linked: {error}") from error
        made = new_link(context, memory, report, issue, origin, backfill=backfill)
        columns = Columns(repository=made.repository, number=issue.number, url=issue.url)
        await context.stores.ledger.make_link(made, columns)
        return made


async def take_up_again(context: Context, report: ReportId) -> bool:
    """An export of a report that was exported before and then unlinked: its issue is linked again while it is
    there, for a second one would be the same report twice. False: there is none to take up.
    """
    past = await context.stores.ledger.link_of(report)
    if past is None or past.state is not LinkState.UNLINKED or past.origin is not LinkOrigin.EXPORT:
        return False
    if past.repository != context.project.repository:
        return False
    try:
        await link(context, report, past.number, backfill=True, origin=LinkOrigin.EXPORT)
    except UsageError:  # the issue is gone, or somebody else's by now
        return False
    return True


async def unlink(context: Context, report: ReportId) -> Link:
    """The link is cut and its remote ids are kept. Raises UsageError when there is none."""
    async with context.stores.fences.hold(context.project.id):
        present = await context.stores.ledger.link_of(report)
        if present is None or present.state is LinkState.UNLINKED:
            raise UsageError(f"report {report} is not linked to an issue")
        await context.stores.ledger.unlink(present)
        return present

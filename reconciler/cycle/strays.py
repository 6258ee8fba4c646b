"""Issues of ours that our tables do not know, because they were made after the copy that was restored."""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.cycle.confirm import adopted
from reconciler.cycle.context import Context
from reconciler.cycle.discover import new_link
from reconciler.cycle.linking import LIVE
from reconciler.cycle.observe import accounts_of
from reconciler.cycle.ours import report_of
from reconciler.cycle.tally import Tally
from reconciler.model.ids import ReportId
from reconciler.model.intent import Intent, Operation
from reconciler.model.issue import Issue
from reconciler.model.link import LinkOrigin, LinkState
from reconciler.model.plan import LinkPlan
from reconciler.model.report import Columns
from reconciler.model.snapshot import Batch, Memory


async def take_issues(context: Context, memory: Memory, tally: Tally) -> None:
    """Each is tied to its report again, or remembered with the reason why it can't be. Nothing is written to
    GitHub. Raises what reading raises.
    """
    rows = await context.stores.intents.open(context.project.id)
    waiting = {row.report_id: row for row in rows if row.operation is Operation.CREATE_ISSUE}
    found = await _unknown(context, memory)
    for issue in sorted(found, key=lambda row: row.number):
        await _take(context, memory, found[issue], issue, waiting, tally)


async def _unknown(context: Context, memory: Memory) -> dict[Issue, ReportId]:
    """Issues changed since the restored position that carry our marker and no link row."""
    accounts = await accounts_of(context, memory)
    found: dict[Issue, ReportId] = {}
    async for page in context.github.all_issues(memory.issues.anchor if memory.issues else None):
        for issue in page.rows:
            report = report_of(context, memory, accounts, issue)
            if report is None:
                continue
            if not await _is_known(context, memory, report, issue):
                found[issue] = report
    return found


async def _is_known(context: Context, memory: Memory, report: ReportId, issue: Issue) -> bool:
    ledger, place = context.stores.ledger, (memory.repository_id, issue.number)
    return await ledger.was_linked(report, *place) is not None or await ledger.link_at(*place) is not None


async def _take(
    context: Context,
    memory: Memory,
    report_id: ReportId,
    issue: Issue,
    waiting: Mapping[ReportId, Intent],
    tally: Tally,
) -> None:
    details = (await context.stores.reports.details([report_id])).get(report_id)
    report = details[0] if details else None
    if report is not None and report.project_id != context.project.id:
        return
    present = await context.stores.ledger.link_of(report_id)
    taken = present is not None and present.state in LIVE
    if report is None:
        reason = "the issue was made for a report that is not in BugSpark any more"
        await _remember(context, memory, report_id, issue, LinkState.REPORT_DELETED, reason)
    elif taken or (report.columns is not None and report.columns.number != issue.number):
        reason = "the issue was made for this report, which has another one now"
        await _remember(context, memory, report_id, issue, LinkState.UNLINKED, reason)
    elif report_id in waiting:
        await adopted(context, waiting[report_id], issue, tally)
    else:
        link = new_link(context, memory, report_id, issue, LinkOrigin.EXPORT, backfill=True)
        columns = Columns(repository=link.repository, number=issue.number, url=issue.url)
        await context.stores.ledger.make_link(link, columns)


async def _remember(
    context: Context, memory: Memory, report: ReportId, issue: Issue, state: LinkState, reason: str
) -> None:
    made = new_link(context, memory, report, issue, LinkOrigin.EXPORT, backfill=True)
    link = replace(made, state=state, reason=reason)
    plan = LinkPlan(link=link, report=None, after=link)
    batch = Batch(project_id=context.project.id, at=context.github.now(), plans=(plan,))
    await context.stores.ledger.store(batch)

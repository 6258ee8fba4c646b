"""Issues of ours that our tables do not know, because they were made after the copy that was restored."""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.ids import ReportId
from reconciler.model.intent import Intent, Operation
from reconciler.model.issue import Issue
from reconciler.model.link import LinkOrigin, LinkState
from reconciler.model.plan import LinkPlan
from reconciler.model.report import IssueColumns
from reconciler.model.snapshot import LocalBatch, ProjectState
from reconciler.sync.confirm import adopt_issue
from reconciler.sync.context import Context
from reconciler.sync.discover import build_link
from reconciler.sync.linking import LIVE_LINK_STATES
from reconciler.sync.observe import read_own_accounts
from reconciler.sync.ours import report_of_own_issue
from reconciler.sync.tally import PassStats


async def adopt_unrecorded_issues(context: Context, memory: ProjectState, tally: PassStats) -> None:
    """Each is tied to its report again, or remembered with the reason why it can't be. Nothing is written to
    GitHub. Raises what reading raises.
    """
    rows = await context.stores.intents.list_open(context.project.id)
    waiting = {row.report_id: row for row in rows if row.operation is Operation.CREATE_ISSUE}
    found = await _read_unrecorded_issues(context, memory)
    for issue in sorted(found, key=lambda row: row.number):
        await _adopt_unrecorded_issue(context, memory, found[issue], issue, waiting, tally)


async def _read_unrecorded_issues(context: Context, memory: ProjectState) -> dict[Issue, ReportId]:
    """Issues changed since the restored position that carry our marker and no link row."""
    accounts = await read_own_accounts(context, memory)
    found: dict[Issue, ReportId] = {}
    async for page in context.github.all_issues(memory.issues.anchor if memory.issues else None):
        for issue in page.rows:
            report = report_of_own_issue(context, memory, accounts, issue)
            if report is None:
                continue
            if not await _is_recorded(context, memory, report, issue):
                found[issue] = report
    return found


async def _is_recorded(context: Context, memory: ProjectState, report: ReportId, issue: Issue) -> bool:
    ledger, place = context.stores.ledger, (memory.repository_id, issue.number)
    return (
        await ledger.find_link_between(report, *place) is not None
        or await ledger.find_live_link_of_issue(*place) is not None
    )


async def _adopt_unrecorded_issue(
    context: Context,
    memory: ProjectState,
    report_id: ReportId,
    issue: Issue,
    waiting: Mapping[ReportId, Intent],
    tally: PassStats,
) -> None:
    details = (await context.stores.reports.details([report_id])).get(report_id)
    report = details[0] if details else None
    if report is not None and report.project_id != context.project.id:
        return
    present = await context.stores.ledger.find_link_of_report(report_id)
    taken = present is not None and present.state in LIVE_LINK_STATES
    if report is None:
        reason = "the issue was made for a report that is not in BugSpark any more"
        await _store_ended_link(context, memory, report_id, issue, LinkState.REPORT_DELETED, reason)
    elif taken or (report.columns is not None and report.columns.number != issue.number):
        reason = "the issue was made for this report, which has another one now"
        await _store_ended_link(context, memory, report_id, issue, LinkState.UNLINKED, reason)
    elif report_id in waiting:
        await adopt_issue(context, waiting[report_id], issue, tally)
    else:
        link = build_link(context, memory, report_id, issue, LinkOrigin.EXPORT, backfill=True)
        columns = IssueColumns(repository=link.repository, number=issue.number, url=issue.url)
        await context.stores.ledger.create_link(link, columns)


async def _store_ended_link(
    context: Context, memory: ProjectState, report: ReportId, issue: Issue, state: LinkState, reason: str
) -> None:
    made = build_link(context, memory, report, issue, LinkOrigin.EXPORT, backfill=True)
    link = replace(made, state=state, reason=reason)
    plan = LinkPlan(link=link, report=None, after=link)
    batch = LocalBatch(project_id=context.project.id, at=context.github.now(), plans=(plan,))
    await context.stores.ledger.apply_batch(batch)

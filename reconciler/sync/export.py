"""Reports that are to become issues: by command, or every new one (sync.export). Bodies are frozen here."""

from collections.abc import Collection

from reconciler.decide.copies import excerpt
from reconciler.decide.mapping import category_label, severity_label
from reconciler.decide.text import ExportedReport, issue_body, title_to_github
from reconciler.model.ids import IntentId, IssueNumber, ReportId, RepositoryId
from reconciler.model.intent import Intent, IntentState, NewIssue, Operation
from reconciler.model.plan import CreateIssue, Rule, Why
from reconciler.model.report import Report, ReportDetails
from reconciler.model.snapshot import ProjectState
from reconciler.sync.context import Context
from reconciler.sync.wishes import with_increasing_created_at

EXPORT_LABEL = "bug"
"""On every exported issue, by BugSpark's own button too: it says nothing about a category.

Source: docs/reference/bugspark.md.
"""

NO_ISSUE_NUMBER = IssueNumber(0)


async def read_due_exports(context: Context, memory: ProjectState) -> tuple[CreateIssue, ...]:
    """With `sync.export = all`: reports filed since the project was first seen. Together with those that an
    earlier pass recorded and could not send they are at most `max_new_issues`.
    """
    if not context.policy.export_all or memory.first_seen_at is None:
        return ()
    rows = await context.stores.intents.list_open(context.project.id)
    waiting = sum(is_automatic_export(row) and row.state is not IntentState.QUARANTINED for row in rows)
    room = max(0, context.guard.max_new_issues - waiting)
    ids = await context.stores.reports.export_candidates(context.project.id, memory.first_seen_at, room)
    found = await context.stores.reports.details(ids) if ids else {}
    why = Why(rule=Rule.EXPORT_ALL)
    return tuple(CreateIssue(report=found[key][0], why=why) for key in ids if key in found)


def is_automatic_export(intent: Intent) -> bool:
    """A new issue that no person named: `guard.max_new_issues` is about these."""
    return intent.operation is Operation.CREATE_ISSUE and not intent.is_requested


async def record_automatic_exports(context: Context, memory: ProjectState) -> None:
    """Write down the wish for each automatic export."""
    due = await read_due_exports(context, memory)
    if due:
        await record_export_intents(context, memory, [action.report.id for action in due], asked=False)


async def record_export_intents(
    context: Context, memory: ProjectState, reports: Collection[ReportId], *, asked: bool
) -> None:
    """Intents for these reports, frozen. One that exists already stays as it is."""
    assert memory.repository_id is not None
    found = await context.stores.reports.details(reports)
    intents = with_increasing_created_at(
        _build_create_issue_intent(context, memory.repository_id, *found[key], asked=asked)
        for key in reports  # in the order asked for, so that the issues' numbers follow it
        if key in found
    )
    await context.stores.intents.add(intents)


def _build_create_issue_intent(
    context: Context, repository_id: RepositoryId, report: Report, details: ReportDetails, *, asked: bool
) -> Intent:
    marker = context.markers.sign("issue", repository_id, NO_ISSUE_NUMBER, report.id)
    return Intent(
        id=IntentId(context.new_id()),
        project_id=report.project_id,
        report_id=report.id,
        link_id=None,
        pair_id=None,
        local_id=report.id,
        operation=Operation.CREATE_ISSUE,
        repository_id=repository_id,
        number=None,
        desired=NewIssue(
            title=title_to_github(report.tracking_id, report.title),
            body=_issue_body(context, report, details, marker),
            labels=export_labels(context, report),
        ),
        state=IntentState.PLANNED,
        attempts=0,
        created_at=context.github.now(),
        is_requested=asked,
        why=Why(rule=Rule.EXPORT_ASKED if asked else Rule.EXPORT_ALL, local=excerpt(report.title)),
    )


def export_labels(context: Context, report: Report) -> tuple[str, ...]:
    """`bug`, the canonical severity label, the category's label where it has one."""
    severity = severity_label(report.severity, context.policy.labels)
    category = category_label(report.category, context.policy.labels)
    return (EXPORT_LABEL, severity) if category is None else (EXPORT_LABEL, severity, category)


def _issue_body(context: Context, report: Report, details: ReportDetails, marker: str) -> str:
    url = f"{context.dashboard_url.rstrip('/')}/reports/{report.id}" if context.dashboard_url else None
    return issue_body(
        ExportedReport(
            tracking_id=report.tracking_id,
            title=report.title,
            description=details.description,
            severity=report.severity,
            category=report.category,
            status=report.status,
            screenshot_url=details.screenshot_url,
            console_logs=details.console_logs,
            metadata=details.metadata,
            reporter_identifier=details.reporter_identifier,
            report_url=url,
        ),
        marker,
        hosts=context.image_hosts,
        dashboard_url=context.dashboard_url,
    )

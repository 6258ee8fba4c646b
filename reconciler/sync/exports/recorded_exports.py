"""The end of requested exports and of writes in a repository that the project has left.

A request is recorded before GitHub is asked anything, and each has an end: it is sent, moved to the
repository that the project is connected to now, or cancelled in a person's words.
"""

from collections.abc import Collection
from dataclasses import replace

from reconciler.errors import UsageError
from reconciler.model.ids import ReportId
from reconciler.model.intent import MAYBE_SENT_STATES, UNSENT_STATES, Intent, IntentState
from reconciler.model.kinds import Operation
from reconciler.model.snapshot import UNKNOWN_REPOSITORY, ProjectState
from reconciler.sync.context import Context
from reconciler.sync.intents import record_export_intents


async def retarget_exports(context: Context, state: ProjectState, rows: Collection[Intent]) -> None:
    """Record unsent exports again, for the repository that the project is connected to; cancel those whose
    report is gone.

    They were recorded before the repository was known, or before the integration was moved.
    """
    stray = [
        row
        for row in rows
        if row.operation is Operation.CREATE_ISSUE
        and row.repository_id != state.repository_id
        and row.state in UNSENT_STATES
    ]
    for asked in (True, False):
        reports = [row.report_id for row in stray if row.is_requested is asked]
        if reports:
            await record_export_intents(context, state, reports, asked=asked)
    await context.stores.intents.cancel(
        [row for row in stray if not await _has_report(context, row.report_id)]
    )


def unknown_writes_to_old_repository(
    state: ProjectState, rows: Collection[Intent], report: ReportId
) -> list[Intent]:
    """Return a report's writes of unknown outcome in a repository that the project has left: nobody can ask
    it what became of them.
    """
    return [
        row
        for row in rows
        if row.report_id == report
        and row.state in MAYBE_SENT_STATES
        and row.repository_id not in (state.repository_id, UNKNOWN_REPOSITORY)
    ]


async def end_unknown_writes_to_old_repository(
    context: Context, report: ReportId, *, again: bool, rule: str
) -> tuple[Intent, ...]:
    """End a report's stranded writes by order of a person; return them.

    `again`: its issue is made in the present repository, if it was to be made. Other writes belong to a link
    to an issue of the old repository: they end. A comment is sent when its report is linked once more.
    """
    state = await context.stores.projects.get_state(context.project.id)
    rows = await context.stores.intents.list_open(context.project.id)
    stranded = unknown_writes_to_old_repository(state, rows, report)
    now = context.github.now()
    kept = [row for row in stranded if again and row.operation is Operation.CREATE_ISSUE]
    await context.stores.intents.discard_manually([row for row in stranded if row not in kept], rule, now)
    for row in kept:
        planned = replace(row, state=IntentState.PLANNED, not_before=None, empty_searches=0, reason=None)
        await context.stores.intents.save_unconfirmed(planned)
    return tuple(stranded)


async def cancel_export(context: Context, report: ReportId) -> bool:
    """Cancel a recorded export that was not sent. False if there is none."""
    rows = await context.stores.intents.list_open(context.project.id)
    found = [
        row
        for row in rows
        if row.report_id == report and row.operation is Operation.CREATE_ISSUE and row.state in UNSENT_STATES
    ]
    rule = "its export was cancelled by a person (reconcile unlink)"
    await context.stores.intents.discard_manually(found, rule, context.github.now())
    return bool(found)


async def _has_report(context: Context, report: ReportId) -> bool:
    try:
        await context.stores.reports.find_report(str(report))
    except UsageError:
        return False
    return True

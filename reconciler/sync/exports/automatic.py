"""With `sync.export = "all"`: issues for reports that were filed since the project was first seen.

BugSpark's own button may be faster, and GitHub's lists may not show its issue yet: a report waits for
`settle_seconds`, and then its issue is looked for before another is made.
"""

from datetime import datetime, timedelta

from reconciler.model.intent import IntentState
from reconciler.model.report import Report
from reconciler.model.snapshot import ProjectState
from reconciler.sync.context import Context
from reconciler.sync.exports.second_issues import link_button_exports
from reconciler.sync.intents import is_automatic_export, record_export_intents


async def record_automatic_exports(context: Context, state: ProjectState) -> None:
    """Record an intent for each automatic export that is due; link what the button has exported."""
    due = await _read_due_exports(context, state)
    if not due:
        return
    since = min(context.github.now(), *(report.created_at for report in due))
    exported = await link_button_exports(context, state, due, since)
    new = [report.id for report in due if report.id not in exported]
    await record_export_intents(context, state, new, asked=False)


async def _read_due_exports(context: Context, state: ProjectState) -> list[Report]:
    """Return the reports, oldest first.

    Together with exports that an earlier pass recorded and could not send they are at most `max_new_issues`.
    """
    if not context.policy.export_all or state.first_seen_at is None:
        return []
    rows = await context.stores.intents.list_open(context.project.id)
    waiting = sum(is_automatic_export(row) and row.state is not IntentState.QUARANTINED for row in rows)
    room = max(0, context.guard.max_new_issues - waiting)
    ids = await context.stores.reports.export_candidates(context.project.id, state.first_seen_at, room)
    found = await context.stores.reports.details(ids) if ids else {}
    return [found[key][0] for key in ids if key in found and _is_settled(context, found[key][0].created_at)]


def _is_settled(context: Context, filed_at: datetime) -> bool:
    """Whether a report was filed `settle_seconds` ago. One dated later than now is by a clock that is ahead:
    it does not wait, because it might have to wait for days.
    """
    settle = timedelta(seconds=context.timing.settle_seconds)
    return not -settle < context.clock.now() - filed_at < settle

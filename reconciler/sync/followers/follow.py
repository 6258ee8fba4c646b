"""Let a report follow the one that leads an issue, by command, and end that. Nothing is written to GitHub."""

from reconciler.decide.comment_copies import OLDER_THAN_LINK
from reconciler.errors import GitHubNotFoundError, IssueTransferredError, RefusedError
from reconciler.model.fields import IssueState
from reconciler.model.ids import IssueNumber, ReportId
from reconciler.model.kinds import Operation
from reconciler.model.link import ENDED_STATES, LIVE_STATES, Link, LinkState
from reconciler.model.snapshot import Follower, ProjectState
from reconciler.sync.context import Context
from reconciler.sync.exports.recorded_exports import cancel_export
from reconciler.sync.followers.following import (
    promote_follower,
    request_link_comment_update,
    require_not_following,
)
from reconciler.sync.linking import require_unlinked_issue
from reconciler.sync.preflight import resolve_repository_and_account

MAX_FOLLOWERS = 200
"""Of one issue (docs/reference/contract.md, The command)."""


async def follow_report(context: Context, report: ReportId, number: IssueNumber) -> str:
    """Let a report follow the one that is linked to an issue. Returns what was done, in a sentence.

    The next pass gives it the state of a closed issue. Raises RefusedError where the report is linked or
    follows one already, where there is no such issue, where no report of its project leads it, or too many
    follow that.
    """
    async with context.stores.project_locks.acquire(context.project.id):
        state = await resolve_repository_and_account(
            context, await context.stores.projects.get_state(context.project.id)
        )
        await context.stores.projects.save_state(state)
        name = await context.stores.reports.tracking_id_of_report(report)
        await _require_unlinked_report(context, report, name)
        lead = await _find_followed_link(context, state, number)
        if await context.stores.followers.count(lead.id) >= MAX_FOLLOWERS:
            raise RefusedError(
                f"{MAX_FOLLOWERS} reports follow {lead.repository}#{number} already, which is the most"
            )
        await _cancel_export(context, report, name)
        await _end_unsynced_link(context, report, name)
        leader = await context.stores.reports.tracking_id_of_report(lead.report_id)
        follower = Follower(
            report_id=report,
            project_id=context.project.id,
            link_id=lead.id,
            state=IssueState.OPEN,  # as a new report is: one that was closed by hand stays closed
            followed_at=context.github.now(),
        )
        rule = f"follows {leader}, by command"
        await context.stores.followers.add(follower, OLDER_THAN_LINK, rule)
        await request_link_comment_update(context, lead.id)
        return (
            f"{name} follows {leader}: it is closed and reopened with {lead.repository}#{number}, and its "
            "new comments go there"
        )


async def _require_unlinked_report(context: Context, report: ReportId, name: str) -> None:
    present = await context.stores.ledger.find_link_of_report(report)
    if present is not None and present.state in LIVE_STATES:
        raise RefusedError(
            f"{name} is already linked to {present.repository}#{present.number}; unlink it first"
        )
    await require_not_following(context, report)


async def _cancel_export(context: Context, report: ReportId, name: str) -> None:
    """Cancel an export that waits. Raises RefusedError for one that was sent, or may have been."""
    await cancel_export(context, report)
    rows = await context.stores.intents.list_open(context.project.id)
    if any(row.report_id == report and row.operation is Operation.CREATE_ISSUE for row in rows):
        raise RefusedError(f"an issue is being made for {name}: once it is there, unlink it and try again")


async def _end_unsynced_link(context: Context, report: ReportId, name: str) -> None:
    """End a link that is not synced, whose issue the report's columns name: of a second claim, or gone.

    Raises RefusedError where they name another issue: then the report is not what it seems to be.
    """
    past = await context.stores.ledger.find_link_of_report(report)
    if past is not None and past.state in (LinkState.CONTESTED, *ENDED_STATES):
        await context.stores.ledger.unlink(past)
        await promote_follower(context, past)
    found = (await context.stores.reports.details([report])).get(report)
    columns = found[0].columns if found else None
    if columns is not None:
        raise RefusedError(
            f"{name} names {columns.repository}#{columns.number} in BugSpark: empty its link columns first"
        )


async def _find_followed_link(context: Context, state: ProjectState, number: IssueNumber) -> Link:
    lead = await context.stores.ledger.find_live_link_of_issue(state.repository_id, number)
    if lead is None:
        name = f"{state.repository}#{number}"
        try:
            await context.github.issue(number)
        except (GitHubNotFoundError, IssueTransferredError) as error:
            raise RefusedError(f"nothing can follow {name}: {error}") from error
        raise RefusedError(f"no report is linked to {name}: link this one, without --follow")
    if lead.project_id != context.project.id:
        await require_unlinked_issue(context, state, number)  # says whose it is
    return lead

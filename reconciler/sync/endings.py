"""What became of an issue that is not where it was.

One answer proves nothing. A look that misses the issue makes its link rest for `settle_seconds`; a second
look that says the same ends it, in a state that people see. Both count only while the repository itself
answers with the id we know (the caller has asked). Nothing on either side is deleted, closed or changed
because of it, and no comment is taken for deleted.

Source: docs/design.md, Limits and failure; docs/reference/github.md, Writes.
"""

from dataclasses import replace
from datetime import timedelta

from reconciler.errors import MovedError, NotThereError, UnreadableError
from reconciler.model.ids import IssueNumber, RepositoryId
from reconciler.model.link import Link, LinkOrigin, LinkState, MissingIssue, TransferTarget
from reconciler.model.plan import LinkPlan
from reconciler.model.report import IssueColumns
from reconciler.model.snapshot import ProjectState
from reconciler.sync.context import Context
from reconciler.sync.deciding import QUARANTINE_DURATION
from reconciler.sync.discover import build_link

ISSUE_NOT_SHOWN_ERRORS = (NotThereError, MovedError, UnreadableError)
"""What reading a single issue raises when it is not shown where it was."""


def plan_missing_issue(
    context: Context, link: Link, error: NotThereError | MovedError | UnreadableError
) -> LinkPlan:
    """The plan for a link whose issue was not shown, of a repository that was."""
    now = context.github.now()
    fate = _link_state_for_error(error)
    if fate is None:  # this one issue is kept from us; the others are not
        after = replace(link, reason=str(error), quarantined_until=now + QUARANTINE_DURATION)
        return LinkPlan(link=link, report=None, after=after)
    first = link.missing_issue
    if first is None or first.state is not fate:
        first = MissingIssue(state=fate, since=now)
    until = first.since + timedelta(seconds=context.timing.settle_seconds)
    if until > now:
        after = replace(link, reason=str(error), missing_issue=first, quarantined_until=until)
        return LinkPlan(link=link, report=None, after=after)
    reason = f"{error} Nothing in BugSpark was changed for it."
    after = replace(
        link,
        state=fate,
        reason=reason,
        missing_issue=None,
        quarantined_until=None,
        transfer_target=_successor(error),
    )
    return LinkPlan(link=link, report=None, after=after)


def _link_state_for_error(error: NotThereError | MovedError | UnreadableError) -> LinkState | None:
    match error:
        case MovedError():
            return LinkState.TRANSFERRED
        case NotThereError(status=200):
            return LinkState.CONVERTED
        case NotThereError():
            return LinkState.GONE
        case UnreadableError():
            return None


def _successor(error: Exception) -> TransferTarget | None:
    if not isinstance(error, MovedError) or error.repository is None or error.number is None:
        return None
    return TransferTarget(repository_id=RepositoryId(error.repository), number=IssueNumber(error.number))


async def link_transferred_issues(context: Context, memory: ProjectState) -> None:
    """Take up the issues that were transferred to the repository the project has just been connected to.

    The thread is compared anew, as with every new link; the report's columns name the new place.
    """
    for past in await context.stores.ledger.transferred_links(context.project.id, memory.repository_id):
        assert past.transfer_target is not None
        if (
            await context.stores.ledger.find_live_link_of_issue(
                memory.repository_id, past.transfer_target.number
            )
            is not None
        ):
            continue
        try:
            issue = await context.github.issue(past.transfer_target.number)
        except ISSUE_NOT_SHOWN_ERRORS:
            continue  # it has moved on: the old link still says that it was transferred
        made = build_link(context, memory, past.report_id, issue, LinkOrigin.TRANSFER, backfill=past.backfill)
        columns = IssueColumns(repository=made.repository, number=made.number, url=issue.url)
        await context.stores.ledger.create_link(made, columns)

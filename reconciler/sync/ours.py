"""Issues of ours that no link names: the answer to a lost create, or a late double of it (docs/design.md,
Writing to GitHub, 5 and 6). They are recognised by a valid marker and an author this project has ever written
as.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import assert_never

from reconciler.errors import GitHubError
from reconciler.model.fields import IssueState
from reconciler.model.ids import AccountId, ReportId
from reconciler.model.intent import Confirmed, Intent, NotSent, Operation, OutcomeUnknown, Refused
from reconciler.model.issue import Issue
from reconciler.model.snapshot import ProjectState
from reconciler.model.values import dataclass
from reconciler.sync.confirm import adopt_issue
from reconciler.sync.context import Context
from reconciler.sync.linking import LIVE_LINK_STATES
from reconciler.sync.observe import MARKER_NAME, is_own_account, read_own_accounts
from reconciler.sync.tally import PassStats
from reconciler.sync.write import WRITE_POINTS

DUPLICATE_CLOSE_REASON = "duplicate"
"""GitHub's reason for closing a second copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkedIssues:
    """Issues without a link, told apart."""

    lost_creates: tuple[tuple[Intent, Issue], ...] = ()  # a create waits for exactly this answer
    duplicates: tuple[Issue, ...] = ()  # the report has another issue
    others: tuple[Issue, ...] = ()  # people's, and what discovery may find


async def classify_unlinked_issues(
    context: Context, memory: ProjectState, issues: Sequence[Issue]
) -> UnlinkedIssues:
    """Only reads our own tables. Of several answers to one create the oldest counts."""
    if not any(MARKER_NAME in row.body for row in issues):
        return UnlinkedIssues(others=tuple(issues))
    accounts = await read_own_accounts(context, memory)
    rows = await context.stores.intents.list_open(context.project.id)
    waiting = {row.report_id: row for row in rows if row.operation is Operation.CREATE_ISSUE}
    lost: dict[ReportId, tuple[Intent, Issue]] = {}
    doubles, others = [], []
    for issue in sorted(issues, key=lambda row: row.number):
        report = report_of_own_issue(context, memory, accounts, issue)
        if report is None:
            others.append(issue)
        elif report in lost or await _has_another_issue(context, memory, report, issue):
            doubles.append(issue)
        elif report in waiting:
            lost[report] = (waiting[report], issue)
        else:
            others.append(issue)
    return UnlinkedIssues(lost_creates=tuple(lost.values()), duplicates=tuple(doubles), others=tuple(others))


async def adopt_and_close_duplicates(context: Context, strangers: UnlinkedIssues, tally: PassStats) -> None:
    """Adopt what was lost, close what is double. Raises GitHubError while a double can't be closed for sure:
    the rows that showed it must come again.
    """
    for intent, issue in strangers.lost_creates:
        await adopt_issue(context, intent, issue, tally)
    await close_duplicates(context, strangers.duplicates)


async def close_duplicates(context: Context, issues: Iterable[Issue]) -> None:
    """An issue is never deleted: a second one is closed as a duplicate. What GitHub refuses stays."""
    for issue in issues:
        if issue.state is IssueState.CLOSED:
            continue
        async with context.credential_locks.hold(context.github.credential):
            await _close_duplicate(context, issue)


async def _close_duplicate(context: Context, issue: Issue) -> None:
    slot = await context.stores.rate_limiter.reserve_write(context.github.credential, WRITE_POINTS)
    await context.clock.sleep((slot - context.clock.now()).total_seconds())
    answer = await context.github.set_state(issue.number, IssueState.CLOSED, DUPLICATE_CLOSE_REASON)
    match answer:
        case Confirmed() | Refused():
            return
        case NotSent(reason=reason) | OutcomeUnknown(reason=reason):
            raise GitHubError(f"{context.project.name}: a second copy could not be closed: {reason}")
    assert_never(answer)


def report_of_own_issue(
    context: Context, memory: ProjectState, accounts: Collection[AccountId], issue: Issue
) -> ReportId | None:
    """The report this issue was made for by us, beyond doubt."""
    if not is_own_account(issue.author, accounts):
        return None
    found = context.markers.read(issue.body, "issue", memory.repository_id, 0)
    return None if found is None else ReportId(found)


async def _has_another_issue(context: Context, memory: ProjectState, report: ReportId, issue: Issue) -> bool:
    """The report has an issue that is not this one, and never had this one: a person who cut a link and made
    another keeps both issues."""
    link = await context.stores.ledger.find_link_of_report(report)
    if link is None or link.state not in LIVE_LINK_STATES or link.number == issue.number:
        return False
    return await context.stores.ledger.find_link_between(report, memory.repository_id, issue.number) is None

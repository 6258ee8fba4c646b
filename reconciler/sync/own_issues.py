"""Issues of ours without a link: the answer to a lost create, or a late duplicate of it.

They are recognised by a valid marker and an author this project has ever written as (docs/design.md, Writing
to GitHub, 5 and 6). After a restore there are also issues that our tables do not know, because they were made
after the copy that was restored.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from reconciler.errors import GitHubError
from reconciler.fields.status import state_update
from reconciler.model.database_identity import MARKER_NAME
from reconciler.model.fields import IssueState
from reconciler.model.ids import AccountId, ReportId
from reconciler.model.intent import Confirmed, Intent, NotSent, OutcomeUnknown, Refused
from reconciler.model.issue import Issue
from reconciler.model.kinds import Operation
from reconciler.model.link import LinkOrigin, LinkState
from reconciler.model.plan import LinkPlan
from reconciler.model.report import IssueColumns
from reconciler.model.snapshot import ProjectState, TransactionBatch
from reconciler.sync.confirmed_writes import store_recovered_issue
from reconciler.sync.context import Context, wait_for_write_slot
from reconciler.sync.edited_copies import find_issue_candidates, hold_back_ambiguous_write
from reconciler.sync.linking import LIVE_LINK_STATES, build_link
from reconciler.sync.observe import is_own_account, read_own_accounts
from reconciler.sync.result import PassStats

EXPORT_WORDS = "Exported from BugSpark"
"""In the footer of every exported issue, ours or the button's."""

DUPLICATE_CLOSE_REASON = "duplicate"
"""GitHub's reason for closing a second copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkedIssues:
    """Issues without a link, by what they are."""

    lost_creates: tuple[tuple[Intent, Issue], ...] = ()  # the answer that a create waits for
    duplicates: tuple[Issue, ...] = ()  # the report has another issue
    others: tuple[Issue, ...] = ()  # people's, and what discovery may find


async def classify_unlinked_issues(
    context: Context, project_state: ProjectState, issues: Sequence[Issue]
) -> UnlinkedIssues:
    """Tell issues without a link apart, by our own tables.

    Of several answers to one create the oldest counts.
    """
    if not any(MARKER_NAME in row.body or EXPORT_WORDS in row.body for row in issues):
        return UnlinkedIssues(others=tuple(issues))
    accounts = await read_own_accounts(context, project_state)
    rows = await context.stores.intents.list_open(context.project.id)
    waiting = {row.report_id: row for row in rows if row.operation is Operation.CREATE_ISSUE}
    lost: dict[ReportId, tuple[Intent, Issue]] = {}
    duplicates, others = [], []
    for issue in sorted(issues, key=lambda row: row.number):
        report = report_of_own_issue(context, project_state, accounts, issue)
        if report is None:
            others.append(issue)
        elif report in lost or await _has_another_issue(context, project_state, report, issue):
            duplicates.append(issue)
        elif report in waiting:
            lost[report] = (waiting[report], issue)
        else:
            others.append(issue)
    edited = await _find_edited_issue_copies(
        context, accounts, [row for key, row in waiting.items() if key not in lost], others
    )
    return UnlinkedIssues(
        lost_creates=(*lost.values(), *edited.answers),
        duplicates=tuple(duplicates),
        others=tuple(row for row in others if row.number not in edited.numbers),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _EditedIssueCopies:
    """Issues that answer a create and were edited before they were read, and the numbers of all that may."""

    answers: tuple[tuple[Intent, Issue], ...] = ()
    numbers: frozenset[int] = frozenset()


async def _find_edited_issue_copies(
    context: Context, accounts: Collection[AccountId], waiting: Sequence[Intent], issues: Sequence[Issue]
) -> _EditedIssueCopies:
    """Find the answers to creates that may have been sent. Stored: the doubt, where several issues fit."""
    answers: list[tuple[Intent, Issue]] = []
    numbers: set[int] = set()
    for intent in waiting:
        if intent.claimed_at is None:
            continue
        found = find_issue_candidates(context, accounts, intent, issues)
        numbers.update(row.number for row in found)
        if len(found) == 1:
            answers.append((intent, found[0]))
        elif found:
            await hold_back_ambiguous_write(context, intent, [row.url for row in found])
    return _EditedIssueCopies(answers=tuple(answers), numbers=frozenset(numbers))


async def adopt_and_close_duplicates(context: Context, unlinked: UnlinkedIssues, stats: PassStats) -> None:
    """Adopt the issues of lost creates, close duplicates.

    Raises GitHubError if a duplicate was not closed for sure: the rows that showed it must be read again.
    """
    for intent, issue in unlinked.lost_creates:
        await store_recovered_issue(context, intent, issue, stats)
    await close_duplicates(context, unlinked.duplicates)


async def close_duplicates(context: Context, issues: Iterable[Issue]) -> None:
    """Close second issues of a report as duplicates; none is ever deleted. What GitHub refuses stays."""
    for issue in issues:
        if issue.state is IssueState.CLOSED:
            continue
        async with context.credential_locks.hold(context.github.credential):
            await _close_duplicate(context, issue)


async def _close_duplicate(context: Context, issue: Issue) -> None:
    await wait_for_write_slot(context)
    answer = await context.github.update_issue(
        issue.number, state_update(IssueState.CLOSED, DUPLICATE_CLOSE_REASON)
    )
    match answer:
        case Confirmed() | Refused():
            return
        case NotSent(reason=reason) | OutcomeUnknown(reason=reason):
            raise GitHubError(f"{context.project.name}: a second copy could not be closed: {reason}")
    assert_never(answer)


def report_of_own_issue(
    context: Context, project_state: ProjectState, accounts: Collection[AccountId], issue: Issue
) -> ReportId | None:
    """The report this issue was made for by us, beyond doubt."""
    if not is_own_account(issue.author, accounts):
        return None
    found = context.markers.local_id_of_marker(issue.body, "issue", project_state.repository_id, 0)
    return None if found is None else ReportId(found)


async def _has_another_issue(
    context: Context, project_state: ProjectState, report: ReportId, issue: Issue
) -> bool:
    """Whether the report has an issue that is not this one, and never had this one.

    A person who cut a link and made another keeps both issues.
    """
    link = await context.stores.ledger.find_link_of_report(report)
    if link is None or link.state not in LIVE_LINK_STATES or link.number == issue.number:
        return False
    return (
        await context.stores.ledger.find_link_between(report, project_state.repository_id, issue.number)
        is None
    )


async def adopt_unrecorded_issues(context: Context, project_state: ProjectState, stats: PassStats) -> None:
    """Link each such issue to its report again, or record why that can't be.

    Nothing is written to GitHub. Raises what reading raises.
    """
    rows = await context.stores.intents.list_open(context.project.id)
    waiting = {row.report_id: row for row in rows if row.operation is Operation.CREATE_ISSUE}
    found = await _read_unrecorded_issues(context, project_state, stats)
    for issue in sorted(found, key=lambda row: row.number):
        await _adopt_unrecorded_issue(context, project_state, found[issue], issue, waiting, stats)


async def _read_unrecorded_issues(
    context: Context, project_state: ProjectState, stats: PassStats
) -> dict[Issue, ReportId]:
    """Issues changed since the restored position that carry our marker and no link row.

    A row that can't be read is told as such: it may be one of them.
    """
    accounts = await read_own_accounts(context, project_state)
    found: dict[Issue, ReportId] = {}
    async for page in context.github.all_issues(
        project_state.issues.anchor if project_state.issues else None
    ):
        for issue in page.rows:
            report = report_of_own_issue(context, project_state, accounts, issue)
            if report is None:
                continue
            if not await _is_recorded(context, project_state, report, issue):
                found[issue] = report
        stats.poisoned.extend(page.poisoned)
    return found


async def _is_recorded(context: Context, project_state: ProjectState, report: ReportId, issue: Issue) -> bool:
    ledger, place = context.stores.ledger, (project_state.repository_id, issue.number)
    return (
        await ledger.find_link_between(report, *place) is not None
        or await ledger.find_live_link_of_issue(*place) is not None
    )


async def _adopt_unrecorded_issue(
    context: Context,
    project_state: ProjectState,
    report_id: ReportId,
    issue: Issue,
    waiting: Mapping[ReportId, Intent],
    stats: PassStats,
) -> None:
    details = (await context.stores.reports.details([report_id])).get(report_id)
    report = details[0] if details else None
    if report is not None and report.project_id != context.project.id:
        return
    present = await context.stores.ledger.find_link_of_report(report_id)
    taken = present is not None and present.state in LIVE_LINK_STATES
    if report is None:
        reason = "the issue was made for a report that is not in BugSpark any more"
        await _store_ended_link(context, project_state, report_id, issue, LinkState.REPORT_DELETED, reason)
    elif taken or (report.columns is not None and report.columns.number != issue.number):
        reason = "the issue was made for this report, which has another one now"
        await _store_ended_link(context, project_state, report_id, issue, LinkState.UNLINKED, reason)
    elif report_id in waiting:
        await store_recovered_issue(context, waiting[report_id], issue, stats)
    else:
        link = build_link(context, project_state, report_id, issue, LinkOrigin.EXPORT, backfill=True)
        columns = IssueColumns(repository=link.repository, number=issue.number, url=issue.url)
        await context.stores.ledger.create_link(link, columns)


async def _store_ended_link(
    context: Context,
    project_state: ProjectState,
    report: ReportId,
    issue: Issue,
    state: LinkState,
    reason: str,
) -> None:
    link = build_link(context, project_state, report, issue, LinkOrigin.EXPORT, backfill=True)
    plan = LinkPlan(link=link, report=None, after=replace(link, state=state, reason=reason))
    batch = TransactionBatch(project_id=context.project.id, at=context.github.now(), plans=(plan,))
    await context.stores.ledger.apply_batch(batch)

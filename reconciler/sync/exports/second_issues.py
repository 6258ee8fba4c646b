"""Second issues of one report: BugSpark's export button does not know of a link.

Pressed on a report that is linked or follows another one, or twice, or while our own export is on its way, it
makes one more issue, and comments and closings on it would reach nobody. It is recognised by title, footer
and an account of ours, and stored as a SECOND link: people see it, and say what it is to be
(docs/reference/bugspark.md). Issues with our own marker are not meant here: they are late copies, and are
closed (`own_issues`).

With `sync.export = "all"` a report therefore waits for `settle_seconds`, and its issue is looked for before
another is made. One that is perhaps the report's is stored as a SECOND link too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from shlex import quote
from typing import assert_never

from reconciler.errors import (
    GitHubError,
    GitHubNotFoundError,
    IssueTransferredError,
    ProjectError,
    RefusedError,
)
from reconciler.fields.status import state_update
from reconciler.model.fields import IssueState
from reconciler.model.ids import IssueNumber, ReportId
from reconciler.model.intent import Confirmed, IntentState, NotSent, OutcomeUnknown, Refused
from reconciler.model.issue import Issue
from reconciler.model.link import Link, LinkOrigin, LinkState
from reconciler.model.plan import LinkPlan
from reconciler.model.report import IssueColumns, Report
from reconciler.model.snapshot import ProjectState, ReportIdentity, TransactionBatch
from reconciler.sync.context import Context, wait_for_write_slot
from reconciler.sync.followers.following import unfollow_report
from reconciler.sync.intents import is_automatic_export, record_export_intents
from reconciler.sync.linking import (
    LIVE_LINK_STATES,
    DiscoveryMatches,
    build_link,
    is_export_of,
    is_issue_unlinked,
    looks_like_export,
    match_exported_issues,
    require_unlinked_issue,
    store_link,
)
from reconciler.sync.observe import read_own_accounts
from reconciler.sync.own_issues import DUPLICATE_CLOSE_REASON
from reconciler.sync.preflight import (
    bind_database,
    require_unarchived_repository,
    resolve_repository_and_account,
)
from reconciler.text import tracking_id_in_footer, tracking_id_in_title

BUTTON_SEARCH_MARGIN = timedelta(minutes=10)
"""The search for the button's issue begins so long before the report was filed: two clocks are compared."""


# --- seen by a pass ---------------------------------------------------------------------------------------


async def record_second_issues(context: Context, state: ProjectState, issues: Sequence[Issue]) -> None:
    """Store the second issues among these, and end those that were closed. Nothing is written to GitHub."""
    exported = [row for row in issues if looks_like_export(row)]
    if not exported:
        return
    accounts = await read_own_accounts(context, state)
    ours = [row for row in exported if row.author and row.author.id in accounts]
    names = {name for row in ours if (name := tracking_id_in_title(row.title))}
    attached = await context.stores.ledger.find_linked_or_following(context.project.id, names)
    pairs = [(report, row) for row in ours for report in attached if is_export_of(report, row)]
    doubtful = (await match_exported_issues(context, state, ours)).several_issues
    pairs += [(pair.report, pair.issue) for pair in doubtful]
    for report, issue in pairs:
        await _record_second_issue(context, state, report, issue)


async def _record_second_issue(
    context: Context, state: ProjectState, report: ReportIdentity, issue: Issue
) -> None:
    past = await context.stores.ledger.find_link_between(report.report_id, state.repository_id, issue.number)
    if past is None and issue.state is IssueState.OPEN:
        follows = await context.stores.followers.find(report.report_id) is not None
        name = f"{state.repository}#{issue.number}"
        reason = second_issue_reason(context, report.tracking_id, name, follows=follows)
        made = build_link(context, state, report.report_id, issue, LinkOrigin.DISCOVERY, backfill=False)
        await _store_link(context, made, replace(made, state=LinkState.SECOND, reason=reason))
    elif past is not None and past.state is LinkState.SECOND and issue.state is IssueState.CLOSED:
        await _store_link(
            context, past, replace(past, state=LinkState.UNLINKED, reason="it was closed on GitHub")
        )


def second_issue_reason(context: Context, tracking_id: str, issue: str, *, follows: bool) -> str:
    """Say for people what is wrong, and what they can do. `follows`: the report follows another one."""
    report = quote(f"{context.project.name}:{tracking_id}")
    exported = f"{tracking_id}, which follows another report" if follows else f"{tracking_id} once more"
    return (
        f"{issue} was made by exporting {exported}, and nothing of it is synced: "
        f"`reconcile link {report} {issue} --instead` links it instead, "
        f"`reconcile duplicate {report} {issue}` closes it as a duplicate, "
        f"`reconcile dismiss {report}` leaves it as it is"
    )


async def _store_link(context: Context, link: Link, after: Link) -> None:
    plan = LinkPlan(link=link, report=None, after=after)
    batch = TransactionBatch(project_id=context.project.id, at=context.github.now(), plans=(plan,))
    await context.stores.ledger.apply_batch(batch)


async def link_button_exports(
    context: Context, state: ProjectState, reports: Iterable[Report], since: datetime
) -> frozenset[ReportId]:
    """Link those of these reports, about to be exported, that the button has exported in between.

    GitHub's newest issues are read for it, whatever the change list has shown: it lags. An issue that is not
    linked by itself is shown to people. Returns the reports of which there is, or may be, an issue.
    """
    by_id = {report.id: report for report in reports}
    by_name: dict[str | None, Report] = {report.tracking_id: report for report in by_id.values()}
    rows: list[Issue] = []
    async for page in context.github.all_issues(since - BUTTON_SEARCH_MARGIN):
        rows.extend(row for row in page.rows if _named_report(row) in by_name)
    if not rows:
        return frozenset()
    accounts = await read_own_accounts(context, state)
    ours = [row for row in rows if row.author and row.author.id in accounts]
    found = await match_exported_issues(context, state, ours)
    there: set[ReportId] = {pair.report.report_id for pair in found.several_issues} & by_id.keys()
    for pair in found.matches:
        report = by_id.get(pair.report.report_id)
        if report is None:
            continue
        there.add(report.id)
        if context.policy.discover:
            await store_link(context, state, pair)
        else:
            await _record_found_export(context, state, report, pair.issue, "and sync.discover is manual")
    for issue in ours:
        report = by_name[_named_report(issue)]
        why = None if report.id in there else await _find_doubt(context, state, report, issue, found)
        if why is not None:
            there.add(report.id)
            await _record_found_export(context, state, report, issue, why)
    return frozenset(there)


def _named_report(issue: Issue) -> str | None:
    """The tracking id in an issue's export footer or, where that was removed, in its title."""
    return tracking_id_in_footer(issue.body) or tracking_id_in_title(issue.title)


async def _find_doubt(
    context: Context, state: ProjectState, report: Report, issue: Issue, found: DiscoveryMatches
) -> str | None:
    """Return why an issue of ours that names the report is perhaps its export but is not linked to it by
    itself; None where it is surely another report's, or older than this one.
    """
    if issue.created_at < report.created_at - BUTTON_SEARCH_MARGIN:
        return None
    if not await is_issue_unlinked(context, state, issue):
        return None
    fitting = found.reports_by_issue.get(issue.number, frozenset())
    if report.id in fitting:
        return "but fits another report as well"
    return None if fitting else "but its title or text was changed"


async def _record_found_export(
    context: Context, state: ProjectState, report: Report, issue: Issue, why: str
) -> None:
    """Store an issue that is or may be the report's, and is not linked by itself for the reason `why`.

    A person decides; to make a second issue would be worse.
    """
    named, name = quote(f"{context.project.name}:{report.tracking_id}"), f"{state.repository}#{issue.number}"
    reason = (
        f"{name} seems to be the export of {report.tracking_id}, {why}: "
        f"`reconcile link {named} {name}` links it, `reconcile dismiss {named}` leaves it unlinked"
    )
    made = build_link(context, state, report.id, issue, LinkOrigin.DISCOVERY, backfill=False)
    await _store_link(context, made, replace(made, state=LinkState.SECOND, reason=reason))


# --- automatic exports ------------------------------------------------------------------------------------


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
    """Return the reports, oldest first. Those that the filter leaves out are recorded as passed over.

    Together with exports that an earlier pass recorded and could not send they are at most `max_new_issues`.
    """
    if not context.policy.export_all or state.first_seen_at is None:
        return []
    rows = await context.stores.intents.list_open(context.project.id)
    waiting = sum(is_automatic_export(row) and row.state is not IntentState.QUARANTINED for row in rows)
    room = max(0, context.guard.max_new_issues - waiting)
    ids = await context.stores.reports.export_candidates(context.project.id, state.first_seen_at, room)
    details = await context.stores.reports.details(ids) if ids else {}
    found = [details[key][0] for key in ids if key in details]
    admits = context.policy.export_only.admits
    outside = [each.id for each in found if not admits(each.severity, each.category)]
    if outside:
        now = context.clock.now()
        await context.stores.reports.record_excluded_from_export(context.project.id, outside, now)
    return [
        each for each in found if each.id not in outside and _is_past_settle_time(context, each.created_at)
    ]


def _is_past_settle_time(context: Context, filed_at: datetime) -> bool:
    """Whether a report was filed `settle_seconds` ago. One dated later than now is by a clock that is ahead:
    it does not wait, because it might have to wait for days.
    """
    settle = timedelta(seconds=context.timing.settle_seconds)
    return not -settle < context.clock.now() - filed_at < settle


# --- ordered by a person ----------------------------------------------------------------------------------


async def move_link_to_second_issue(
    context: Context, report: ReportId, number: IssueNumber, *, backfill: bool
) -> Link:
    """Move a report's link to a second issue of its own. The first stays as it is on GitHub.

    A report that follows another one does so no more: it leads its own issue.
    Raises RefusedError for an issue that is not an export of this report, or belongs to another report.
    """
    async with context.stores.project_locks.acquire(context.project.id):
        state = await resolve_repository_and_account(
            context, await context.stores.projects.get_state(context.project.id)
        )
        await context.stores.projects.save_state(state)
        known = await _read_report(context, report)
        issue = await _read_exported_issue(context, state, known, number)
        present = await context.stores.ledger.find_link_of_report(report)
        if present is not None and present.number == number and present.is_live:
            raise RefusedError(f"{known.tracking_id} is linked to {state.repository}#{number} already")
        await require_unlinked_issue(context, state, number)
        if present is not None and present.state in LIVE_LINK_STATES:
            await context.stores.ledger.unlink(present)
        await unfollow_report(context, report)
        made = build_link(context, state, report, issue, LinkOrigin.DISCOVERY, backfill=backfill)
        columns = IssueColumns(repository=made.repository, number=issue.number, url=issue.url)
        await context.stores.ledger.create_link(made, columns)
        await context.stores.followers.move_followers_to_live_link(report)
        return made


async def close_as_duplicate(context: Context, report_id: ReportId, number: IssueNumber) -> str:
    """Close a second issue of a report as a duplicate of the linked one, or of that of the report it follows.

    Returns what was done.

    Raises RefusedError for an issue that is not an export of this report, or is the linked one itself;
    ProjectError where GitHub refuses, GitHubError where it does not answer.
    """
    async with context.stores.project_locks.acquire(context.project.id):
        await bind_database(context)
        state = await resolve_repository_and_account(
            context, await context.stores.projects.get_state(context.project.id)
        )
        report = await _read_report(context, report_id)
        present = await _find_link_that_stays(context, report_id)
        name = f"{state.repository}#{number}"
        if present is None or not present.is_live:
            raise RefusedError(f"{report.tracking_id} is not linked: link the issue that is to stay first")
        if (present.repository_id, present.number) == (state.repository_id, number):
            raise RefusedError(f"{report.tracking_id} is linked to {name}: that is the one that stays")
        await require_unlinked_issue(context, state, number)
        issue = await _read_exported_issue(context, state, report, number)
        if issue.state is IssueState.OPEN:
            await require_unarchived_repository(context, state)
            await _close(context, issue, name)
        past = await context.stores.ledger.find_link_between(report_id, state.repository_id, number)
        if past is not None and past.state is LinkState.SECOND:
            reason = "it was closed as a duplicate by a person"
            await _store_link(context, past, replace(past, state=LinkState.UNLINKED, reason=reason))
        return f"{name} is closed as a duplicate of {present.repository}#{present.number}"


async def leave_second_issues(context: Context, second_issues: Iterable[Link]) -> None:
    """Show these issues no more: a person has seen them. Nothing on GitHub is changed."""
    for each in second_issues:
        await _store_link(context, each, replace(each, state=LinkState.UNLINKED, reason="left by a person"))


async def _find_link_that_stays(context: Context, report_id: ReportId) -> Link | None:
    """Find the link of a report, or of the report that it follows."""
    follows = await context.stores.followers.find(report_id)
    if follows is not None:
        return await context.stores.followers.find_followed_link(follows)
    return await context.stores.ledger.find_link_of_report(report_id)


async def _close(context: Context, issue: Issue, name: str) -> None:
    async with context.credential_locks.hold(context.github.credential):
        await wait_for_write_slot(context)
        answer = await context.github.update_issue(
            issue.number, state_update(IssueState.CLOSED, DUPLICATE_CLOSE_REASON)
        )
    match answer:
        case Confirmed():
            return
        case Refused(reason=reason):
            raise ProjectError(f"{name} could not be closed: {reason}")
        case NotSent(reason=reason) | OutcomeUnknown(reason=reason):
            raise GitHubError(f"whether {name} was closed is not known: {reason}; run the command again")
    assert_never(answer)


async def _read_report(context: Context, report_id: ReportId) -> Report:
    found = (await context.stores.reports.details([report_id])).get(report_id)
    if found is None:
        raise RefusedError(f"report {report_id} was deleted, or has a value that is not known")
    return found[0]


async def _read_exported_issue(
    context: Context, state: ProjectState, report: Report, number: IssueNumber
) -> Issue:
    """Read an issue that carries this report's export footer by an account of ours. Raises RefusedError."""
    try:
        issue = await context.github.issue(number)
    except (GitHubNotFoundError, IssueTransferredError) as error:
        raise RefusedError(f"{state.repository}#{number} can't be used: {error}") from error
    accounts = await read_own_accounts(context, state)
    is_ours = issue.author is not None and issue.author.id in accounts
    if not is_ours or tracking_id_in_footer(issue.body) != report.tracking_id:
        raise RefusedError(
            f"{state.repository}#{number} is not an issue that BugSpark exported for {report.tracking_id}: "
            "footer or author differ"
        )
    return issue

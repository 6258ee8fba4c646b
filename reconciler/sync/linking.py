"""Make, cut and discover links. Nothing is written to GitHub.

Discovery finds the issues that BugSpark's own button exported without storing the link. All of this must fit:
the `[BUG-0001]` prefix, the title, the footer, an author that this project has written as; both sides without
a link; and exactly one candidate on either side, over all projects, for two projects may share a repository
and both have a BUG-0001 (docs/reference/bugspark.md).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from shlex import quote

from reconciler.errors import (
    GitHubNotFoundError,
    IssueLinkedElsewhereError,
    IssueTransferredError,
    RefusedError,
)
from reconciler.model.ids import IssueNumber, LinkId, ReportId
from reconciler.model.issue import Issue
from reconciler.model.link import Link, LinkOrigin, LinkState
from reconciler.model.report import OTHER_PROJECTS_REPORT, IssueColumns
from reconciler.model.snapshot import ProjectState, ReportIdentity
from reconciler.model.views import DiscoveryResult, LinkCandidate
from reconciler.sync.context import Context
from reconciler.sync.exports.recorded_exports import cancel_export, end_unknown_writes_to_old_repository
from reconciler.sync.followers.following import promote_follower, require_not_following, unfollow_report
from reconciler.sync.observe import read_own_accounts
from reconciler.sync.preflight import (
    find_linking_problem,
    require_linking_right,
    resolve_repository_and_account,
)
from reconciler.text import has_export_footer, is_button_export_title, tracking_id_in_title

LIVE_LINK_STATES = (LinkState.NEW, LinkState.ACTIVE)


async def link_report(
    context: Context,
    report: ReportId,
    number: IssueNumber,
    *,
    backfill: bool,
    origin: LinkOrigin = LinkOrigin.COMMAND,
) -> Link:
    """Make a NEW link by command; the next pass does its initial sync.

    `backfill`: older BugSpark comments are sent, too. Raises RefusedError if one has a link, or is not there.
    """
    async with context.stores.project_locks.acquire(context.project.id):
        state = await resolve_repository_and_account(
            context, await context.stores.projects.get_state(context.project.id)
        )
        await context.stores.projects.save_state(state)
        if origin is not LinkOrigin.EXPORT:
            await require_linking_right(context, state)
        present = await context.stores.ledger.find_link_of_report(report)
        if present is not None and present.state in LIVE_LINK_STATES:
            name = await context.stores.reports.tracking_id_of_report(report)
            raise RefusedError(
                f"{name} is already linked to {present.repository}#{present.number}; unlink it first"
            )
        await require_not_following(context, report)
        await require_unlinked_issue(context, state, number, follower=report)
        try:
            issue = await context.github.issue(number)
        except (GitHubNotFoundError, IssueTransferredError) as error:
            raise RefusedError(f"{state.repository}#{number} can't be linked: {error}") from error
        made = build_link(context, state, report, issue, origin, backfill=backfill)
        columns = IssueColumns(repository=made.repository, number=issue.number, url=issue.url)
        await context.stores.ledger.create_link(made, columns)
        return made


async def require_unlinked_issue(
    context: Context, state: ProjectState, number: IssueNumber, *, follower: ReportId | None = None
) -> None:
    """Raise RefusedError if a report has the issue; IssueLinkedElsewhereError for one of another project.

    `follower`: a report that may follow the linked one.
    """
    holder = await context.stores.ledger.find_live_link_of_issue(state.repository_id, number)
    if holder is None:
        return
    issue, name = (
        f"{holder.repository}#{holder.number}",
        await context.stores.reports.name_of_report(holder.report_id),
    )
    in_full = f"{issue} belongs to {name}; unlink that first"
    if holder.project_id == context.project.id:
        raise RefusedError(in_full + (await _follow_advice(context, follower, issue) if follower else ""))
    raise IssueLinkedElsewhereError(
        f"{issue} is linked to {OTHER_PROJECTS_REPORT} of this BugSpark; it can be linked here once that"
        " link is cut there: ask that project's owner, or the operator",
        holder=holder.project_id,
        in_full=in_full,
    )


async def _follow_advice(context: Context, report: ReportId, issue: str) -> str:
    """Return how a report that is the same bug can follow the one that is linked to the issue."""
    name = await context.stores.reports.tracking_id_of_report(report)
    command = f"reconcile link {quote(f'{context.project.name}:{name}')} {issue} --follow"
    return f"; or, for the same bug, let {name} follow it: {command}"


async def relink_exported_issue(context: Context, report: ReportId) -> bool:
    """Link a report to the issue that an earlier export made for it, if it is there and was only unlinked.

    A second issue would be the same report twice. False if there is none to link.
    """
    past = await context.stores.ledger.find_link_of_report(report)
    if past is None or past.state is not LinkState.UNLINKED or past.origin is not LinkOrigin.EXPORT:
        return False
    if past.repository != context.project.repository:
        return False
    try:
        await link_report(context, report, past.number, backfill=True, origin=LinkOrigin.EXPORT)
    except RefusedError:  # the issue is gone, or somebody else's by now
        return False
    return True


async def unlink_report(context: Context, report: ReportId) -> str:
    """Cut the link and keep its remote ids; or end what the report follows, or an export that waits.

    The oldest report that follows it leads its issue then. Writes of unknown outcome in a repository that the
    project has left end with it. Returns what was done. Raises RefusedError if there is nothing to end.
    """
    async with context.stores.project_locks.acquire(context.project.id):
        rule = "given up by a person (reconcile unlink)"
        stranded = await end_unknown_writes_to_old_repository(context, report, again=False, rule=rule)
        if (done := await unfollow_report(context, report)) is not None:
            return done
        present = await context.stores.ledger.find_link_of_report(report)
        if present is not None and present.state is not LinkState.UNLINKED:
            await context.stores.ledger.unlink(present)
            issue = f"{present.repository}#{present.number}"
            led = await promote_follower(context, present)
            return f"is no longer linked to {issue}; nothing on GitHub was changed{led}"
        if await cancel_export(context, report):
            return "gets no issue: its export is cancelled"
        if stranded:
            return (
                "waits no more for what was written in the repository that its project was connected to "
                "before; nothing on GitHub was changed"
            )
        name = await context.stores.reports.tracking_id_of_report(report)
        raise RefusedError(f"{name} is not linked to an issue, and none is to be made for it")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportMatch:
    """A report and an issue that belong together beyond doubt."""

    report: ReportIdentity
    issue: Issue


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryMatches:
    """The matches of this project; in sentences, what was not linked."""

    matches: tuple[ExportMatch, ...]
    skipped: tuple[str, ...]
    several_issues: tuple[ExportMatch, ...]  # of one report of this project: a person has to choose
    reports_by_issue: Mapping[IssueNumber, frozenset[ReportId]]  # of any project: those that an issue fits


async def link_issues_exported_by_bugspark(
    context: Context, state: ProjectState, issues_without_link: Sequence[Issue]
) -> list[Link]:
    """Store links for the exported ones among these issues, if `sync.discover` says so."""
    if not context.policy.discover or not any(map(looks_like_export, issues_without_link)):
        return []
    found = await match_exported_issues(context, state, issues_without_link)
    if found.matches and await find_linking_problem(context, state):
        return []  # `reconcile check` and `reconcile discover` say why
    return [await store_link(context, state, item) for item in found.matches]


async def match_exported_issues(
    context: Context, state: ProjectState, issues_without_link: Iterable[Issue]
) -> DiscoveryMatches:
    """Compare unlinked issues with the unlinked reports of every project."""
    accounts = await read_own_accounts(context, state)
    issues = [
        row
        for row in issues_without_link
        if row.author and row.author.id in accounts and looks_like_export(row)
    ]
    names = {name for row in issues if (name := tracking_id_in_title(row.title))}
    reports = await context.stores.ledger.find_unlinked_by_tracking_ids(names) if names else ()
    pairs = [
        ExportMatch(report=report, issue=row)
        for row in issues
        for report in reports
        if is_export_of(report, row)
    ]
    reports_by_issue = {
        row.number: frozenset(pair.report.report_id for pair in pairs if pair.issue.number == row.number)
        for row in issues
    }
    per_report = Counter(pair.report.report_id for pair in pairs)
    ours = [pair for pair in pairs if pair.report.project_id == context.project.id]
    of_one_report = [pair for pair in ours if len(reports_by_issue[pair.issue.number]) == 1]
    unambiguous = [pair for pair in of_one_report if per_report[pair.report.report_id] == 1]
    free = [p for p in unambiguous if await is_issue_unlinked(context, state, p.issue)]
    unlinked_before = [p for p in free if await _has_been_unlinked(context, p.report)]
    return DiscoveryMatches(
        matches=tuple(pair for pair in free if pair not in unlinked_before),
        skipped=(
            *(_ambiguity_message(state, pair) for pair in ours if pair not in unambiguous),
            *(_unlinked_once_message(state, pair) for pair in unlinked_before),
        ),
        several_issues=tuple(pair for pair in of_one_report if pair not in unambiguous),
        reports_by_issue=reports_by_issue,
    )


async def is_issue_unlinked(context: Context, state: ProjectState, issue: Issue) -> bool:
    """Whether no report of any project holds this issue."""
    return await context.stores.ledger.find_live_link_of_issue(state.repository_id, issue.number) is None


async def _has_been_unlinked(context: Context, report: ReportIdentity) -> bool:
    """Whether a person removed its link, or has to choose one: then only a person makes another."""
    last = await context.stores.ledger.find_link_of_report(report.report_id)
    return last is not None and last.state in (LinkState.UNLINKED, LinkState.SECOND)


def looks_like_export(issue: Issue) -> bool:
    """Whether an issue has the prefix and the footer of an export of the same report."""
    name = tracking_id_in_title(issue.title)
    return name is not None and has_export_footer(issue.body, name)


def is_export_of(report: ReportIdentity, issue: Issue) -> bool:
    """Whether an issue has the title that BugSpark's button gives to this report's."""
    return report.tracking_id == tracking_id_in_title(issue.title) and is_button_export_title(
        issue.title, report.tracking_id, report.title
    )


def _ambiguity_message(state: ProjectState, pair: ExportMatch) -> str:
    return (
        f"{pair.report.tracking_id} and {state.repository}#{pair.issue.number} fit, but not only they: "
        "link the right pair with `reconcile link`"
    )


def _unlinked_once_message(state: ProjectState, pair: ExportMatch) -> str:
    return (
        f"{pair.report.tracking_id} and {state.repository}#{pair.issue.number} fit, but the report was "
        "unlinked once: link it again with `reconcile link`"
    )


async def store_link(context: Context, state: ProjectState, pair: ExportMatch) -> Link:
    """Store a NEW link for a match and fill the report's columns."""
    link = build_link(context, state, pair.report.report_id, pair.issue, LinkOrigin.DISCOVERY, backfill=False)
    columns = IssueColumns(repository=link.repository, number=pair.issue.number, url=pair.issue.url)
    await context.stores.ledger.create_link(link, columns)
    stored = await context.stores.ledger.find_link_of_report(pair.report.report_id)
    return stored or link


def build_link(
    context: Context,
    state: ProjectState,
    report: ReportId,
    issue: Issue,
    origin: LinkOrigin,
    *,
    backfill: bool,
) -> Link:
    """Build a link that awaits its initial sync."""
    return Link(
        id=LinkId(context.new_id()),
        project_id=context.project.id,
        report_id=report,
        repository_id=state.repository_id,
        repository=state.repository,
        number=issue.number,
        origin=origin,
        backfill=backfill,
        state=LinkState.NEW,
        reason=None,
        base=None,
        seen=None,
        created_at=context.github.now(),
        revision=0,
    )


async def estimate_discovery_requests(context: Context) -> int:
    """About how many requests it takes to read all issues of the repository (one to find out)."""
    return ceil(await context.github.newest_number() / 100)


async def discover_links(context: Context, *, apply: bool) -> DiscoveryResult:
    """Read every issue of the repository and find exported ones without a link; `apply` links them."""
    async with context.stores.project_locks.acquire(context.project.id):
        state = await resolve_repository_and_account(
            context, await context.stores.projects.get_state(context.project.id)
        )
        issues_without_link = await _read_exported_issues(context)
        found = await match_exported_issues(context, state, issues_without_link)
        if apply:
            await context.stores.projects.save_state(state)
            if found.matches:
                await require_linking_right(context, state)
            for pair in found.matches:
                await store_link(context, state, pair)
        return DiscoveryResult(
            candidates=tuple(_build_link_candidate(state, pair) for pair in found.matches),
            linked=len(found.matches) if apply else 0,
            requests=context.github.cost().requests,
            skipped=found.skipped,
        )


async def _read_exported_issues(context: Context) -> list[Issue]:
    context.progress.start(f"{context.project.name}: looking for exported issues", None)
    rows: list[Issue] = []
    async for page in context.github.all_issues():
        rows.extend(row for row in page.rows if looks_like_export(row))
        context.progress.advance(len(page.rows))
    context.progress.finish()
    return rows


def _build_link_candidate(state: ProjectState, pair: ExportMatch) -> LinkCandidate:
    return LinkCandidate(
        report_tracking_id=pair.report.tracking_id,
        report_id=str(pair.report.report_id),
        issue=f"{state.repository}#{pair.issue.number}",
        title=pair.issue.title,
    )

"""After the restore of an older copy of the database: read everything before anything is written.

A restore is noticed by a marker of ours that the ledger does not know: what we write is in the ledger before
it is sent, so the ledger has lost it. If that happens again after everything has been read, another database
writes in our name.

Source: docs/design.md, Marker; docs/decisions/0032-after-a-restore.md.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.decide.comment_copies import adopt_copies
from reconciler.errors import DatabaseIdentityError, ProjectError, RestoredError
from reconciler.logs import EventLogger
from reconciler.model.database_identity import MARKER_NAME
from reconciler.model.issue import Issue, RemoteComment
from reconciler.model.kinds import Operation
from reconciler.model.link import Link
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import ProjectState
from reconciler.sync.apply import PlanApplier
from reconciler.sync.context import Context
from reconciler.sync.full_read import build_verification, read_links_in_full
from reconciler.sync.linking import LIVE_LINK_STATES
from reconciler.sync.observe import read_own_accounts
from reconciler.sync.own_issues import adopt_unrecorded_issues, report_of_own_issue
from reconciler.sync.preflight import require_same_repository
from reconciler.sync.result import PassStats
from reconciler.sync.verify import LINKS_PER_UNBUDGETED_BATCH, is_unchanged_on_github, plan_unchanged_link

LATE_COPY_WINDOW = timedelta(hours=1)
"""A second issue of a report that is linked may be a late copy only if it came this soon."""

log = EventLogger(__name__)


async def raise_if_restored(
    context: Context, state: ProjectState, comments: Sequence[RemoteComment], issues: Sequence[Issue]
) -> None:
    """Look for signs of a restore: comments and issues of ours that our tables do not know.

    `comments`: those with a marker. `issues`: those without a link. Raises RestoredError if our tables do not
    know one of them: nothing of this observation may be applied. Raises DatabaseIdentityError if it was
    written after everything had been read.
    """
    copies = {row.id: row.marker_comment_id for row in comments if row.marker_comment_id is not None}
    unknown = await context.stores.restores.filter_unrecorded_copies(copies)
    repository = context.project.repository
    signs = [(row.created_at, f"{repository}#{row.issue_number}") for row in comments if row.id in unknown]
    issues_of_ours = await _find_unrecorded_issues(context, state, issues)
    signs += [(row.created_at, f"{repository}#{row.number}") for row in issues_of_ours]
    since = state.restored_at
    for at, where in sorted(signs):
        if since is None:
            raise RestoredError(f"{where} has a marker of ours that is in none of our tables")
        if at > since:
            seen = f"{where}, {at:%Y-%m-%d %H:%M} UTC"
            await context.stores.identity.record_duplicate_instance(seen)
            known = replace(context.identity, twin=seen)
            raise DatabaseIdentityError(f"{context.project.name}: {known.reason_not_to_write}")


async def _find_unrecorded_issues(
    context: Context, state: ProjectState, issues: Sequence[Issue]
) -> list[Issue]:
    """Find issues that we made for a report of this project that exists, and that are not in our tables."""
    if not any(MARKER_NAME in row.body for row in issues):
        return []
    accounts = await read_own_accounts(context, state)
    rows = await context.stores.intents.list_open(context.project.id)
    waiting = {row.report_id for row in rows if row.operation is Operation.CREATE_ISSUE}
    found = []
    for issue in issues:
        report = report_of_own_issue(context, state, accounts, issue)
        if report is None or report in waiting:
            continue
        if await context.stores.ledger.find_link_between(report, state.repository_id, issue.number):
            continue
        details = (await context.stores.reports.details([report])).get(report)
        if details is None or details[0].project_id != context.project.id:
            continue
        link = await context.stores.ledger.find_link_of_report(report)
        if (
            link is None
            or link.state not in LIVE_LINK_STATES
            or issue.created_at > link.created_at + LATE_COPY_WINDOW
        ):
            found.append(issue)
    return found


async def reread_project(
    context: Context, state: ProjectState, applier: PlanApplier, stats: PassStats
) -> ProjectState:
    """Read every link in full, and every issue that changed since the copy was made; record what is ours.

    A limit ends it, and the next pass goes on where it stopped. Raises what reading raises.
    """
    await require_same_repository(context, state)  # and from here on the time is GitHub's
    since = state.restored_at if state.is_recovering else None
    if since is None:
        since = context.github.now()
        await context.stores.restores.begin_reread(context.project.id, since)
        log.warning("restored from an older copy: everything is read first", project=str(context.project.id))
    state = replace(state, is_recovering=True, restored_at=since)
    await _reread_links(context, state, applier, since)
    await adopt_unrecorded_issues(context, state, stats)
    await context.stores.restores.end_reread(context.project.id)
    return replace(state, is_recovering=False)


async def _reread_links(context: Context, state: ProjectState, applier: PlanApplier, since: datetime) -> None:
    ledger = context.stores.ledger
    coverage = await ledger.verification_coverage(context.project.id, since)
    what = f"{context.project.name}: recovering after a restore"
    context.progress.start(what, coverage.links - coverage.verified)
    previous: Sequence[Link] = ()
    while links := await ledger.unverified_links(
        context.project.id, state.repository_id, since, LINKS_PER_UNBUDGETED_BATCH
    ):
        if links == previous:
            raise ProjectError(f"{context.project.name}: it is changed while it is read; run it again")
        await applier.apply_plans(await _plan_reread_links(context, state, links))
        context.progress.advance(len(links))
        previous = links
    context.progress.finish()


async def _plan_reread_links(context: Context, state: ProjectState, links: Sequence[Link]) -> list[LinkPlan]:
    unchanged = [link for link in links if await is_unchanged_on_github(context, link)]
    full = await read_links_in_full(context, state, [link for link in links if link not in unchanged])
    for view in full.views:
        known = {pair.remote_id for pair in view.pairs}
        await raise_if_restored(context, state, [row for row in view.comments if row.id not in known], ())
    plans = [
        *(plan_unchanged_link(context, link) for link in unchanged),
        *(adopt_copies(view, context.policy, context.new_id) for view in full.views),
        *full.missing_issue_plans,
    ]
    planned = {plan.link.id for plan in plans}
    gone = (
        link for link in links if link.id not in planned
    )  # their reports were deleted: the next snapshot says so
    return [*plans, *(_plan_skipped_link(context, link) for link in gone)]


def _plan_skipped_link(context: Context, link: Link) -> LinkPlan:
    return LinkPlan(
        link=link, report=None, after=replace(link, verification=build_verification(context, link, None))
    )

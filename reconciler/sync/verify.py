"""Verification: compare every link in full every `verify_seconds`, within a budget.

It finds what no list shows: deleted comments, edits that changed no timestamp, drift of any origin, late
copies. An unchanged link costs two conditional requests, both answered 304, and no primary limit. `reconcile
verify` compares every link of a project now, in as many passes as the limits ask for.

Source: docs/reference/github.md, List rules, 9.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.decide.edited_originals import edited_originals
from reconciler.model.ids import ReportId
from reconciler.model.link import Link, LinkState
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import LocalThread, PoisonedItem, ProjectState
from reconciler.sync.context import Context
from reconciler.sync.decide_links import decide_links
from reconciler.sync.full_read import (
    ISSUE_NOT_SHOWN_ERRORS,
    build_verification,
    plan_unreadable_reports,
    read_links_in_full,
)
from reconciler.sync.preflight import check_contested_links
from reconciler.sync.result import PassStats

REPORT_MOVED_REASON = "the report belongs to another project now"

POINTS_PER_UNCHANGED_LINK = 2
"""What one unchanged link costs: its issue and its thread."""

LINKS_PER_BATCH = 50
"""So many links are compared and stored at once."""

LINKS_PER_UNBUDGETED_BATCH = 10
"""The same if no budget was granted beforehand: a limit in the middle loses what was not stored yet."""


async def verify_due_links(
    context: Context, state: ProjectState, *, until: datetime | None = None
) -> AsyncIterator[list[LinkPlan]]:
    """Plans for links that are due, the longest overdue first, batch by batch.

    Without `until` as many as the budget of this minute allows; with it (`reconcile verify`) all that were
    not compared since then. Raises what reading raises: what was yielded stays valid.
    """
    batch = LINKS_PER_BATCH if until is None else LINKS_PER_UNBUDGETED_BATCH
    previous: Sequence[Link] = ()
    while links := await _read_links_due_for_verification(context, state, until, batch):
        if links == previous:  # there is nothing to compare them with: their reports are missing
            return
        previous = links
        yield await _compare_links(context, state, links)
        context.progress.advance(len(links))
        if len(links) < batch:
            return


async def _read_links_due_for_verification(
    context: Context, state: ProjectState, until: datetime | None, batch: int
) -> Sequence[Link]:
    ledger = context.stores.ledger
    if until is not None:
        return await ledger.unverified_links(context.project.id, state.repository_id, until, batch)
    links = await ledger.links_due_for_verification(
        context.project.id, state.repository_id, context.github.now(), batch
    )
    if not links:
        return ()
    granted = await context.stores.rate_limiter.grant_verification_points(
        context.github.credential, POINTS_PER_UNCHANGED_LINK * len(links)
    )
    return links[: granted // POINTS_PER_UNCHANGED_LINK]


async def _compare_links(context: Context, state: ProjectState, links: Sequence[Link]) -> list[LinkPlan]:
    unchanged: list[Link] = []
    changed: list[Link] = []
    claims = await check_contested_links(context, state, links)
    links = claims.links
    local_threads = await context.stores.ledger.local_threads(links)
    unreadable = {link.id for link in links if local_threads[link.report_id].unreadable}
    plans = await plan_unreadable_reports(context, [link for link in links if link.id in unreadable])
    links = [link for link in links if link.id not in unreadable]
    moved = [link for link in links if _is_report_in_other_project(link, local_threads[link.report_id])]
    missing = [link for link in links if local_threads[link.report_id].report is None]
    to_read = _links_with_edited_comments(links, local_threads) | _links_closed_by_unknown(links)
    to_read |= _links_with_unread_priority(context, links)
    for link in (each for each in links if each not in moved and each not in missing):
        same_here = link not in to_read
        (unchanged if same_here and await is_unchanged_on_github(context, link) else changed).append(link)
    full = await read_links_in_full(context, state, changed)
    return [
        *claims.refusals,
        *(plan_moved_report(link) for link in moved),
        *(plan_unchanged_link(context, link) for link in unchanged),
        *await decide_links(context, full.views),
        *full.missing_issue_plans,
        *plans,
    ]


def plan_unchanged_link(context: Context, link: Link) -> LinkPlan:
    """The plan for a link that is as it was when it was last compared."""
    etags = link.verification.etags if link.verification else None
    return LinkPlan(
        link=link, report=None, after=replace(link, verification=build_verification(context, link, etags))
    )


def plan_moved_report(link: Link) -> LinkPlan:
    """The plan for a link whose report left the project: it ends, and nothing on GitHub is touched for it."""
    after = replace(link, state=LinkState.REPORT_DELETED, reason=REPORT_MOVED_REASON)
    return LinkPlan(link=link, report=None, after=after)


def _is_report_in_other_project(link: Link, local_thread: LocalThread) -> bool:
    return local_thread.report is not None and local_thread.report.project_id != link.project_id


def _links_with_edited_comments(
    links: Sequence[Link], local_threads: Mapping[ReportId, LocalThread]
) -> set[Link]:
    """Links with a comment that was edited in BugSpark.

    No pass reads that, and on GitHub nothing has changed: it would always answer 304.
    """
    found = ((link, local_threads[link.report_id]) for link in links)
    return {
        link for link, local_thread in found if edited_originals(local_thread.pairs, local_thread.comments)
    }


def _links_closed_by_unknown(links: Sequence[Link]) -> set[Link]:
    """Links whose issue was closed while there was no budget for reading its events: a full read does it."""
    return {link for link in links if link.resolution is not None and not link.resolution.is_read}


def _links_with_unread_priority(context: Context, links: Sequence[Link]) -> set[Link]:
    """Links that were not compared since the organisation's field came into use: GitHub would answer 304, and
    nobody would know what their issues had in it before.
    """
    priority = context.policy.priority
    if priority is None:
        return set()
    return {
        link
        for link in links
        if link.base is not None
        and link.base.choices is None
        and (link.verification is None or link.verification.at <= priority.since)
    }


async def is_unchanged_on_github(context: Context, link: Link) -> bool:
    """Whether GitHub shows the link as it was. Every pass compares BugSpark's fields with their base."""
    etags = link.verification.etags if link.verification else None
    if etags is None:
        return False
    try:
        return await context.github.is_unchanged(link.number, etags)
    except ISSUE_NOT_SHOWN_ERRORS:
        return False  # the full read says what became of it


async def schedule_verification_for_hidden_rows(
    context: Context, state: ProjectState, rows: Iterable[PoisonedItem]
) -> None:
    """Make links due that a row may belong to which GitHub's list never shows: a read of the issue says more.

    Where a link rests already, it is taken for that one.
    """
    before = max((row.changed_before for row in rows if row.changed_before), default=None)
    now = context.github.now()
    if before is None or await context.stores.ledger.quarantined_link_ids(context.project.id, now):
        return
    await context.stores.ledger.mark_all_due_for_verification(
        context.project.id, state.repository_id, now - timedelta(seconds=1), compared_before=before
    )


async def verify_all_links(
    context: Context, state: ProjectState, stats: PassStats
) -> AsyncIterator[list[LinkPlan]]:
    """Plans for every link that was not compared since the verification began, batch by batch.

    A verification that a limit interrupted goes on where it stopped, unless it began longer than
    `poll.verify_seconds` ago. Raises what reading raises: what was yielded stays valid.
    """
    now = context.github.now()
    max_age = timedelta(seconds=context.timing.verify_seconds)
    round_started_at = await context.stores.projects.begin_full_verification(context.project.id, now, max_age)
    stats.verification_round_started_at = round_started_at
    coverage = await context.stores.ledger.verification_coverage(context.project.id, round_started_at)
    context.progress.start(f"{context.project.name}: comparing links", coverage.links - coverage.verified)
    async for plans in verify_due_links(context, state, until=round_started_at):
        stats.unequal_links += sum(map(_has_difference, plans))
        yield plans
    context.progress.finish()
    await context.stores.projects.complete_full_verification(context.project.id)


def _has_difference(plan: LinkPlan) -> bool:
    return bool(plan.actions or plan.pairs or plan.conflicts or plan.after.state is not plan.link.state)

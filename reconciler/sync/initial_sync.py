"""The initial sync: read links that have no base yet in full, in the cheaper way.

Few links, or a repository with many more issues than links: one by one. Otherwise the lists are read; each
page is stored together with the position, so that a pass that a limit ends is resumed from there.

Source: docs/reference/github.md, List rules, 6.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil

from reconciler.model.ids import IssueNumber
from reconciler.model.issue import Issue, IssueThread, ListState, RemoteComment
from reconciler.model.link import Link
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import ProjectState
from reconciler.sync.context import Context
from reconciler.sync.decide_links import decide_links
from reconciler.sync.full_read import build_link_observations, read_links_in_full

LINKS_PER_BATCH = 50
"""So many links are stored in one transaction: a limit in the middle loses no more than these."""

MAX_SCAN_PAGES = 300
"""A longer scan may not fit into one pass's points; single reads go on in the next one."""

NO_SCAN_POSITION = ListState(anchor=datetime.fromtimestamp(0, UTC))
"""No scan is in progress."""

MAX_SCAN_COMMENTS = 20_000
"""So many comments are held in memory at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialSyncBatch:
    """Plans of links that had no base, and the position of the scan that found them, stored at once."""

    plans: tuple[LinkPlan, ...] = ()
    scan_position: ListState | None = None


async def plan_initial_sync_of_links(
    context: Context, state: ProjectState, links: Sequence[Link]
) -> AsyncIterator[InitialSyncBatch]:
    """Plans for links that have no base yet, batch by batch, by the cheaper way.

    Source: docs/reference/github.md, List rules, 6.
    """
    waiting = {link.number: _with_creation_time_if_new(context, link) for link in links}
    context.progress.start(f"{context.project.name}: initial sync", len(waiting))
    is_begun = _is_scan_in_progress(state)
    async for scanned in plan_from_issue_list(context, state, waiting):
        is_begun = is_begun or scanned.scan_position is not None
        yield scanned
        context.progress.advance(len(scanned.plans))
    for batch in _link_batches(waiting):
        full = await read_links_in_full(context, state, batch)
        yield InitialSyncBatch(plans=(*await decide_links(context, full.views), *full.missing_issue_plans))
        context.progress.advance(len(batch))
    if is_begun:
        yield InitialSyncBatch(scan_position=NO_SCAN_POSITION)
    context.progress.finish()


def _link_batches(waiting: Mapping[IssueNumber, Link]) -> Iterator[list[Link]]:
    rest = list(waiting.values())
    return (rest[start : start + LINKS_PER_BATCH] for start in range(0, len(rest), LINKS_PER_BATCH))


def _with_creation_time_if_new(context: Context, link: Link) -> Link:
    """The link, beginning now in GitHub's time if it is new."""
    return link if link.revision else replace(link, created_at=context.github.now())


def _is_scan_in_progress(state: ProjectState) -> bool:
    """Whether a scan was interrupted; it goes on where it was."""
    return state.initial_sync is not None and state.initial_sync != NO_SCAN_POSITION


async def plan_from_issue_list(
    context: Context, state: ProjectState, waiting: dict[IssueNumber, Link]
) -> AsyncIterator[InitialSyncBatch]:
    """Plans from the lists, if reading them is cheaper; the links are taken out of `waiting`.

    Threads come last: after a limit in between, they are read one by one.
    """
    is_begun = _is_scan_in_progress(state)
    if len(waiting) <= LINKS_PER_BATCH or not (
        is_begun or await _is_issue_scan_cheaper(context, len(waiting))
    ):
        return
    since = state.initial_sync.anchor if is_begun and state.initial_sync else None
    with_comments: dict[IssueNumber, Issue] = {}
    total = 0
    async for page in context.github.all_issues(since):
        total += sum(row.comments for row in page.rows)
        ours = [row for row in page.rows if row.number in waiting]
        with_comments |= {row.number: row for row in ours if row.comments}
        without_html_comments = {
            waiting.pop(row.number): _build_issue_thread(row, ()) for row in ours if not row.comments
        }
        yield InitialSyncBatch(
            plans=await _decide_threads(context, state, without_html_comments), scan_position=page.state
        )
    if not is_begun and _is_comment_scan_cheaper(with_comments, total):
        threads = await _read_threads(context, with_comments)
        for start in range(0, len(threads), LINKS_PER_BATCH):
            some = [with_comments[number] for number in threads][start : start + LINKS_PER_BATCH]
            ready = {waiting.pop(row.number): _build_issue_thread(row, threads[row.number]) for row in some}
            yield InitialSyncBatch(plans=await _decide_threads(context, state, ready))


async def _is_issue_scan_cheaper(context: Context, links: int) -> bool:
    pages = ceil(await context.github.newest_number() / 100)
    return pages < links and pages <= MAX_SCAN_PAGES


def _is_comment_scan_cheaper(with_comments: Mapping[IssueNumber, Issue], total: int) -> bool:
    """Whether the list of all comments is shorter than single reads, and fits into a pass and into memory."""
    singles = sum(1 + ceil(row.comments / 100) for row in with_comments.values())
    pages = ceil(total / 100) + 1
    fits = sum(row.comments for row in with_comments.values()) <= MAX_SCAN_COMMENTS
    return fits and pages < singles and pages <= MAX_SCAN_PAGES


async def _read_threads(
    context: Context, with_comments: Mapping[IssueNumber, Issue]
) -> Mapping[IssueNumber, list[RemoteComment]]:
    """The threads that the list shows complete: one with an unreadable row is left out."""
    threads: dict[IssueNumber, list[RemoteComment]] = {number: [] for number in with_comments}
    unread: set[IssueNumber | None] = set()
    async for page in context.github.all_comments():
        for row in page.rows:
            if row.issue_number in threads:
                threads[row.issue_number].append(row)
        unread.update(row.number for row in page.poisoned)
    return {} if None in unread else {key: rows for key, rows in threads.items() if key not in unread}


def _build_issue_thread(issue: Issue, comments: Sequence[RemoteComment]) -> IssueThread:
    return IssueThread(issue=issue, comments=tuple(comments), etags=None)


async def _decide_threads(
    context: Context, state: ProjectState, ready: Mapping[Link, IssueThread]
) -> tuple[LinkPlan, ...]:
    return (
        tuple(await decide_links(context, await build_link_observations(context, state, ready)))
        if ready
        else ()
    )

"""Looking at links whole: the issue and its complete thread on GitHub, all of it in BugSpark.

For first contact, for verification, for a link that leaves quarantine, and where a comment must have been
deleted.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil

from reconciler.cycle.context import Context
from reconciler.cycle.deciding import decide_all
from reconciler.cycle.endings import NOT_SHOWN, missed
from reconciler.cycle.identify import recognised
from reconciler.cycle.observe import accounts_of, recognise
from reconciler.cycle.rivals import rival
from reconciler.decide.link import is_another
from reconciler.errors import NotThereError
from reconciler.model.ids import AccountId, IssueNumber, RemoteCommentId
from reconciler.model.issue import Etags, Issue, RemoteComment, Whole
from reconciler.model.link import Checked, Entry, EntryState, Link
from reconciler.model.plan import LinkPlan, LinkView
from reconciler.model.snapshot import Memory, ThreadSide

BATCH = 50
"""So many first contacts are stored in one transaction: a limit in the middle loses no more than these."""

WALK_PAGES = 300
"""A longer walk may not fit into one pass's points and would begin anew each time; single reads resume."""

WALK_COMMENTS = 20_000
"""Comments of first contacts held in memory at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """Views of the links that could be read, plans for those whose issue is not there."""

    views: tuple[LinkView, ...] = ()
    plans: tuple[LinkPlan, ...] = ()


async def whole_views(context: Context, memory: Memory, links: Sequence[Link]) -> Looked:
    """Read these links on both sides, GitHub first. Raises what reading raises, RecreatedError where an issue
    is another one than it was."""
    if not links:
        return Looked()
    threads: dict[Link, Whole] = {}
    plans: list[LinkPlan] = []
    for link in links:
        try:
            found = await context.github.whole(link.number)
        except NOT_SHOWN as error:
            if not plans:  # of a repository that does not answer as itself nothing is inferred
                await recognised(context, memory)
            plans.append(missed(context, link, error))
            continue
        if is_another(link, found.issue):
            await recognised(context, memory)
        threads[link] = found
    return await _views(context, memory, threads, plans)


async def first_contacts(
    context: Context, memory: Memory, links: Sequence[Link]
) -> AsyncIterator[list[LinkPlan]]:
    """Plans for links that have no base yet, batch by batch, by the cheaper way (GITHUB.md, rule 6)."""
    links = [_dated(context, link) for link in links]
    context.progress.start(f"{context.project.name}: first contact", len(links))
    walked = await _walk(context, links)
    for start in range(0, len(links), BATCH):
        batch = links[start : start + BATCH]
        ready = {link: walked[link.number] for link in batch if link.number in walked}
        looked = await whole_views(context, memory, [link for link in batch if link not in ready])
        known = await _views(context, memory, ready, [])
        yield [*await decide_all(context, [*looked.views, *known.views]), *looked.plans]
        context.progress.advance(len(batch))
    context.progress.done()


def _dated(context: Context, link: Link) -> Link:
    """A link that is being taken up now begins now, in GitHub's time."""
    return link if link.revision else replace(link, created_at=context.github.now())


def checked(context: Context, link: Link, etags: Etags | None) -> Checked:
    """Compared now; due again after `verify_seconds`, a tenth sooner or later, each link by its own share."""
    share = 0.9 + 0.2 * (link.id.int % 1000) / 1000
    now = context.github.now()
    return Checked(at=now, due=now + timedelta(seconds=share * context.timing.verify), etags=etags)


async def _views(
    context: Context, memory: Memory, threads: Mapping[Link, Whole], plans: Sequence[LinkPlan]
) -> Looked:
    accounts = await accounts_of(context, memory)
    halves = await context.stores.ledger.threads(tuple(threads))
    views = []
    for link, thread in threads.items():
        half = halves[link.report_id]
        if half.report is not None:  # deleted meanwhile: the next snapshot says so
            views.append(await _view(context, link, thread, half, accounts))
    return Looked(views=tuple(views), plans=tuple(plans))


async def _view(
    context: Context, link: Link, thread: Whole, half: ThreadSide, accounts: frozenset[AccountId]
) -> LinkView:
    assert half.report is not None
    rows = {row.id: row for row in thread.comments}
    return LinkView(
        link=link,
        report=half.report,
        issue=thread.issue,
        comments=tuple(recognise(context, link.repository_id, accounts, rows).values()),
        entries=half.entries,
        local=half.comments,
        whole=True,
        checked=checked(context, link, thread.etags),
        rival=rival(context, accounts, link, thread),
        missing=await _missing(context, half.entries, rows),
        accounts=accounts,
    )


async def _missing(
    context: Context, entries: Sequence[Entry], rows: Mapping[RemoteCommentId, RemoteComment]
) -> frozenset[int]:
    """Deletion is inferred only from complete reads, and from the comment itself saying it is not there."""
    missing = set()
    for remote_id in _absent(entries, rows):
        try:
            await context.github.comment(remote_id)
        except NotThereError:
            missing.add(remote_id)
    return frozenset(missing)


def _absent(
    entries: Sequence[Entry], rows: Mapping[RemoteCommentId, RemoteComment]
) -> Iterator[RemoteCommentId]:
    for entry in entries:
        live = entry.state is EntryState.LIVE
        if live and entry.remote_id is not None and entry.remote_id not in rows:
            yield entry.remote_id


async def _walk(context: Context, links: Sequence[Link]) -> dict[IssueNumber, Whole]:
    """The issues and threads of many new links from the lists, where that is cheaper than reading each."""
    if len(links) <= BATCH:
        return {}
    pages = ceil(await context.github.newest_number() / 100)
    if pages >= len(links) or pages > WALK_PAGES:
        return {}
    wanted = {link.number for link in links}
    issues: dict[IssueNumber, Issue] = {}
    total = 0
    async for page in context.github.all_issues():
        total += sum(row.comments for row in page.rows)
        issues.update((row.number, row) for row in page.rows if row.number in wanted)
    threads = await _walk_threads(context, issues, total)
    return {
        number: Whole(issue=issues[number], comments=rows, etags=None) for number, rows in threads.items()
    }


async def _walk_threads(
    context: Context, issues: Mapping[IssueNumber, Issue], total: int
) -> dict[IssueNumber, tuple[RemoteComment, ...]]:
    """Threads by number. Where single reads are cheaper, only the empty ones: the rest is read one by one."""
    threads: dict[IssueNumber, list[RemoteComment]] = {n: [] for n, row in issues.items() if not row.comments}
    talked = {number: row for number, row in issues.items() if row.comments}
    singles = sum(1 + ceil(row.comments / 100) for row in talked.values())
    fits = sum(row.comments for row in talked.values()) <= WALK_COMMENTS
    if fits and ceil(total / 100) + 1 < singles:
        threads |= {number: [] for number in talked}
        async for page in context.github.all_comments():
            for row in page.rows:
                if row.issue_number in talked:
                    threads[row.issue_number].append(row)
    return {number: tuple(rows) for number, rows in threads.items()}

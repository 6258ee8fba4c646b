"""First contacts: links that have no base yet are read whole, by the cheaper way.

Few links, or a repository with many more issues than links: one by one. Else the lists are walked, and what
a page brought is stored with how far the walk has come, so that a pass that a limit ends begins no walk anew.

Source: docs/reference/github.md, List rules, 6.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import ceil

from reconciler.cycle.context import Context
from reconciler.cycle.deciding import decide_all
from reconciler.cycle.whole import views_of, whole_views
from reconciler.model.ids import IssueNumber
from reconciler.model.issue import Issue, ListState, RemoteComment, Whole
from reconciler.model.link import Link
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import Memory
from reconciler.model.values import dataclass

BATCH = 50
"""So many first contacts are stored in one transaction: a limit in the middle loses no more than these."""

WALK_PAGES = 300
"""A longer walk may not fit into one pass's points; single reads go on in the next one."""

BEGINNING = ListState(anchor=datetime.fromtimestamp(0, UTC))
"""No walk is under way."""

WALK_COMMENTS = 20_000
"""Comments of first contacts held in memory at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """Decided first contacts, and how far the walk that found them has come: both are stored at once."""

    plans: tuple[LinkPlan, ...] = ()
    walked: ListState | None = None


async def first_contacts(context: Context, memory: Memory, links: Sequence[Link]) -> AsyncIterator[Contacts]:
    """Plans for links that have no base yet, batch by batch, by the cheaper way.

    Source: docs/reference/github.md, List rules, 6.
    """
    waiting = {link.number: _dated(context, link) for link in links}
    context.progress.start(f"{context.project.name}: first contact", len(waiting))
    begun = _begun(memory)
    async for contacts in walked(context, memory, waiting):
        begun = begun or contacts.walked is not None
        yield contacts
        context.progress.advance(len(contacts.plans))
    for batch in _batches(waiting):
        looked = await whole_views(context, memory, batch)
        yield Contacts(plans=(*await decide_all(context, looked.views), *looked.plans))
        context.progress.advance(len(batch))
    if begun:
        yield Contacts(walked=BEGINNING)
    context.progress.done()


def _batches(waiting: Mapping[IssueNumber, Link]) -> Iterator[list[Link]]:
    rest = list(waiting.values())
    return (rest[start : start + BATCH] for start in range(0, len(rest), BATCH))


def _dated(context: Context, link: Link) -> Link:
    """A link that is being taken up now begins now, in GitHub's time."""
    return link if link.revision else replace(link, created_at=context.github.now())


def _begun(memory: Memory) -> bool:
    """A walk was cut short; it goes on where it was."""
    return memory.contacts is not None and memory.contacts != BEGINNING


async def walked(
    context: Context, memory: Memory, waiting: dict[IssueNumber, Link]
) -> AsyncIterator[Contacts]:
    """First contacts from the lists, where that is cheaper than reading each; those are taken out of
    `waiting`. Threads come last: after a limit in between, theirs are read one by one.
    """
    begun = _begun(memory)
    if len(waiting) <= BATCH or not (begun or await _is_short(context, len(waiting))):
        return
    since = memory.contacts.anchor if begun and memory.contacts else None
    talked: dict[IssueNumber, Issue] = {}
    total = 0
    async for page in context.github.all_issues(since):
        total += sum(row.comments for row in page.rows)
        ours = [row for row in page.rows if row.number in waiting]
        talked |= {row.number: row for row in ours if row.comments}
        silent = {waiting.pop(row.number): _whole(row, ()) for row in ours if not row.comments}
        yield Contacts(plans=await _decided(context, memory, silent), walked=page.state)
    if not begun and _threads_are_short(talked, total):
        threads = await _threads(context, talked)
        for start in range(0, len(talked), BATCH):
            some = list(talked.values())[start : start + BATCH]
            ready = {waiting.pop(row.number): _whole(row, threads[row.number]) for row in some}
            yield Contacts(plans=await _decided(context, memory, ready))


async def _is_short(context: Context, links: int) -> bool:
    pages = ceil(await context.github.newest_number() / 100)
    return pages < links and pages <= WALK_PAGES


def _threads_are_short(talked: Mapping[IssueNumber, Issue], total: int) -> bool:
    """The list of all comments is shorter than the single reads, fits into a pass and into memory."""
    singles = sum(1 + ceil(row.comments / 100) for row in talked.values())
    pages = ceil(total / 100) + 1
    fits = sum(row.comments for row in talked.values()) <= WALK_COMMENTS
    return fits and pages < singles and pages <= WALK_PAGES


async def _threads(
    context: Context, talked: Mapping[IssueNumber, Issue]
) -> Mapping[IssueNumber, list[RemoteComment]]:
    threads: dict[IssueNumber, list[RemoteComment]] = {number: [] for number in talked}
    async for page in context.github.all_comments():
        for row in page.rows:
            if row.issue_number in threads:
                threads[row.issue_number].append(row)
    return threads


def _whole(issue: Issue, comments: Sequence[RemoteComment]) -> Whole:
    return Whole(issue=issue, comments=tuple(comments), etags=None)


async def _decided(context: Context, memory: Memory, ready: Mapping[Link, Whole]) -> tuple[LinkPlan, ...]:
    return tuple(await decide_all(context, await views_of(context, memory, ready))) if ready else ()

"""Verification: every link is compared whole every `verify_seconds`, within a budget.

It finds what no list tells: deleted comments, edits that moved no timestamp, drift of any origin, late
copies. An unchanged link costs two conditional requests, both answered 304, and no primary limit.

Source: docs/reference/github.md, List rules, 9.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.cycle.context import Context
from reconciler.cycle.deciding import decide_all
from reconciler.cycle.endings import NOT_SHOWN
from reconciler.cycle.whole import checked, whole_views
from reconciler.decide.comments import edited_in_bugspark
from reconciler.model.ids import ReportId
from reconciler.model.link import Link, LinkState
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import Memory, ThreadSide

TAKEN_AWAY = "the report belongs to another project now"

POINTS = 2
"""What one unchanged link costs: its issue and its thread."""

BATCH = 50
"""So many links are stored in one transaction."""

SMALL = 10
"""The same where no budget was granted beforehand: a limit in the middle loses what was not stored yet."""


async def verifications(
    context: Context, memory: Memory, *, until: datetime | None = None
) -> AsyncIterator[list[LinkPlan]]:
    """Plans for links that are due, the longest overdue first, batch by batch.

    Without `until` as many as the budget of this minute allows; with it (`reconcile verify`) all that were
    not compared since then. Raises what reading raises: what was yielded stays valid.
    """
    batch = BATCH if until is None else SMALL
    while links := await _due(context, memory, until, batch):
        yield await _compared(context, memory, links)
        context.progress.advance(len(links))
        if len(links) < batch:
            return


async def _due(context: Context, memory: Memory, until: datetime | None, batch: int) -> Sequence[Link]:
    ledger = context.stores.ledger
    if until is not None:
        return await ledger.unchecked(context.project.id, memory.repository_id, until, batch)
    links = await ledger.due(context.project.id, memory.repository_id, context.github.now(), batch)
    if not links:
        return ()
    granted = await context.stores.governor.spare(context.github.credential, POINTS * len(links))
    return links[: granted // POINTS]


async def _compared(context: Context, memory: Memory, links: Sequence[Link]) -> list[LinkPlan]:
    same: list[Link] = []
    other: list[Link] = []
    halves = await context.stores.ledger.threads(links)
    left = [link for link in links if _has_left(link, halves[link.report_id])]
    edited = _edited(links, halves)
    for link in (each for each in links if each not in left):
        same_here = link not in edited
        (same if same_here and await unchanged(context, link) else other).append(link)
    looked = await whole_views(context, memory, other)
    return [
        *(taken_away(link) for link in left),
        *(confirmed_unchanged(context, link) for link in same),
        *await decide_all(context, looked.views),
        *looked.plans,
    ]


def confirmed_unchanged(context: Context, link: Link) -> LinkPlan:
    """The plan for a link that is as it was when it was last compared."""
    etags = link.checked.etags if link.checked else None
    return LinkPlan(link=link, report=None, after=replace(link, checked=checked(context, link, etags)))


def taken_away(link: Link) -> LinkPlan:
    """The plan for a link whose report left the project: it ends, and nothing on GitHub is touched for it."""
    after = replace(link, state=LinkState.REPORT_DELETED, reason=TAKEN_AWAY)
    return LinkPlan(link=link, report=None, after=after)


def _has_left(link: Link, half: ThreadSide) -> bool:
    return half.report is not None and half.report.project_id != link.project_id


def _edited(links: Sequence[Link], halves: Mapping[ReportId, ThreadSide]) -> set[Link]:
    """Links with a comment that was edited in BugSpark. No pass looks for that, and on GitHub nothing has
    changed: it would answer 304 for ever.
    """
    found = ((link, halves[link.report_id]) for link in links)
    return {link for link, half in found if edited_in_bugspark(half.entries, half.comments)}


async def unchanged(context: Context, link: Link) -> bool:
    """On GitHub. BugSpark's fields are compared with their base by every pass."""
    etags = link.checked.etags if link.checked else None
    if etags is None:
        return False
    try:
        return await context.github.unchanged(link.number, etags)
    except NOT_SHOWN:
        return False  # the whole look says what became of it

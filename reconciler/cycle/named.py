"""Issues that GitHub's deliveries named, read directly at the start of a pass: the lists may lag behind.

A delivery is a hint to look, never data (docs/reference/github.md, Webhooks): what it said is not even kept.
Only linked issues of the very project it was sent for are read; one replayed or out of order finds nothing
new. What they show is stored before the lists are asked (docs/decisions/0041-named-issues-first.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.cycle.context import Context
from reconciler.cycle.deciding import decide_all
from reconciler.cycle.endings import NOT_SHOWN, missed
from reconciler.cycle.identify import recognised
from reconciler.cycle.observe import Look
from reconciler.cycle.segment import decide_look, unheard
from reconciler.cycle.whole import views_of
from reconciler.decide.link import is_another
from reconciler.model.ids import IssueNumber, LinkId
from reconciler.model.issue import Issue, RemoteComment, Whole
from reconciler.model.link import Link
from reconciler.model.plan import EditLocal, ImportComment, LinkPlan, SetField
from reconciler.model.snapshot import Memory
from reconciler.ports import Named

MOST = 20
"""So many issues are read one by one. When deliveries named more, the lists find the rest for less."""

PAGE = 100
"""A thread of no more comments is read in one request; of a longer one the list finds the news for less."""


@dataclass(slots=True, kw_only=True)
class Hints:
    """What deliveries led to: issues and threads that were read, plans for issues that are not shown."""

    named: Named = field(default_factory=Named)
    links: tuple[Link, ...] = ()
    counted: Mapping[LinkId, int] = field(default_factory=dict)  # remote comments the ledger believes alive
    issues: dict[IssueNumber, Issue] = field(default_factory=dict)
    threads: dict[Link, Whole] = field(default_factory=dict)
    plans: list[LinkPlan] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """What reading all of this takes."""
        return len(self.links) + sum(self.speaks_of(link) for link in self.links)

    def speaks_of(self, link: Link) -> bool:
        """Whether the thread is read as well."""
        return link.number in self.named.threads and self.counted.get(link.id, 0) < PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Early:
    """The decided part of what was read, and what is to be decided again with the lists."""

    plans: tuple[LinkPlan, ...] = ()
    unknown: tuple[RemoteComment, ...] = ()  # comments with our marker that these links' ledgers do not know
    left: frozenset[IssueNumber] = frozenset()


async def hints(context: Context, memory: Memory) -> Hints:
    """The links to be read. Nothing is asked, of anybody, where no delivery waits."""
    if not memory.named:
        return Hints()
    named = await context.stores.webhooks.named(context.project.id)
    snapshot = await context.stores.ledger.snapshot(
        context.project.id, memory.repository_id, memory.repository, numbers=named.numbers, local=False
    )
    links = {link.number: link for link in snapshot.links}
    chosen = [links[number] for number in named.numbers if number in links]
    return Hints(named=named, links=tuple(chosen[:MOST]), counted=snapshot.counted)


async def follow(context: Context, memory: Memory, found: Hints) -> None:
    """Read them, one or two requests each. Raises what reading raises; one that is not there only ends."""
    for link in found.links:
        try:
            await _read(context, link, found)
        except NOT_SHOWN as error:
            if not found.plans:  # of a repository that does not answer as itself nothing is inferred
                await recognised(context, memory)
            found.plans.append(missed(context, link, error))


async def _read(context: Context, link: Link, found: Hints) -> None:
    etags = link.checked.etags if link.checked else None
    if found.speaks_of(link):
        found.threads[link] = await context.github.whole(link.number)
        found.issues[link.number] = found.threads[link].issue
    elif (issue := await context.github.latest(link.number, etags)) is not None:
        found.issues[link.number] = issue


async def decided(context: Context, memory: Memory, found: Hints) -> Early:
    """What follows from the named issues alone. Threads that were not read are left to the lists, which may
    lag behind those, too: such an issue is decided again. Raises what reading raises.
    """
    if not found.issues:
        return Early()
    whole = {link.number for link in found.threads}
    if any(is_another(link, thread.issue) for link, thread in found.threads.items()):
        await recognised(context, memory)
    single = {number: issue for number, issue in found.issues.items() if number not in whole}
    look = Look(issues=single, direct=set(single), local=False, early=True)
    segment = await decide_look(context, memory, look)
    ended = {issue.number for issue in segment.strangers}
    views = await views_of(context, memory, found.threads)
    plans = [plan for plan in await decide_all(context, views) if not plan.idle]
    return Early(
        plans=(*segment.plans, *plans),
        unknown=(*segment.unknown, *unheard(views)),
        left=frozenset(found.issues) if segment.poisoned else _uneven(found, single) | ended,
    )


def _uneven(found: Hints, issues: Mapping[IssueNumber, Issue]) -> frozenset[IssueNumber]:
    """Their comments are not those the ledger knows."""
    counted = {link.number: found.counted.get(link.id, 0) for link in found.links}
    return frozenset(number for number, issue in issues.items() if issue.comments != counted[number])


async def done(context: Context, found: Hints) -> None:
    """What the deliveries led to is stored: they need not be looked into again."""
    if found.named.deliveries:
        at = context.clock.now()
        await context.stores.webhooks.read(context.project.id, found.named.deliveries, at)


async def compare(context: Context, memory: Memory, look: Look, plans: Sequence[LinkPlan]) -> None:
    """Tell the store what the lists showed and a working hook should have announced, or will in a moment."""
    if not memory.hooked:
        return
    ahead = context.github.now() - context.clock.now()
    changes = {number: at - ahead for number, at in _changes(look, plans).items()}
    if changes:
        await context.stores.webhooks.found(context.project.id, changes, context.clock.now())


def _changes(look: Look, plans: Sequence[LinkPlan]) -> Mapping[IssueNumber, datetime]:
    """When the issues changed that people changed on GitHub, as far as these rows tell. A deleted comment
    leaves no time behind (docs/reference/github.md, Lists).
    """
    brought = [plan for plan in plans if any(_is_brought(action) for action in plan.actions)]
    found = {}
    for number in (plan.link.number for plan in brought if plan.link.number not in look.direct):
        rows = [row.updated_at for row in look.comments.values() if row.issue_number == number]
        if number in look.issues:
            rows.append(look.issues[number].updated_at)
        if rows:
            found[number] = max(rows)
    return found


def _is_brought(action: object) -> bool:
    return isinstance(action, SetField | ImportComment | EditLocal)

"""Issues that GitHub's deliveries named, read directly at the start of a pass: the lists may lag behind.

A delivery is a hint to look, never data (GITHUB.md, Webhooks): what it said is not even kept. Only linked
issues of the very project it was sent for are read; one replayed or out of order finds nothing new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.cycle.context import Context
from reconciler.cycle.endings import NOT_SHOWN, missed
from reconciler.cycle.identify import recognised
from reconciler.cycle.observe import Look
from reconciler.model.ids import IssueNumber
from reconciler.model.issue import Issue
from reconciler.model.link import Link
from reconciler.model.plan import EditLocal, ImportComment, LinkPlan, SetField
from reconciler.model.snapshot import Memory
from reconciler.ports import Named

MOST = 20
"""So many issues are read one by one. When deliveries named more, the lists find the rest for less."""


@dataclass(slots=True, kw_only=True)
class Hints:
    """What deliveries led to: rows to begin the first look with, plans for issues that are not shown."""

    named: Named = field(default_factory=Named)
    links: tuple[Link, ...] = ()
    issues: dict[IssueNumber, Issue] = field(default_factory=dict)
    plans: list[LinkPlan] = field(default_factory=list)


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
    return Hints(named=named, links=tuple(chosen[:MOST]))


async def follow(context: Context, memory: Memory, found: Hints) -> None:
    """Read the issues, one request each. Raises what reading raises; one that is not there only ends."""
    for link in found.links:
        etags = link.checked.etags if link.checked else None
        try:
            issue = await context.github.latest(link.number, etags)
        except NOT_SHOWN as error:
            if not found.plans:  # of a repository that does not answer as itself nothing is inferred
                await recognised(context, memory)
            found.plans.append(missed(context, link, error))
            continue
        if issue is not None:
            found.issues[link.number] = issue


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
    leaves no time behind (GITHUB.md, Lists).
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

"""Storing what was decided: one transaction per page of changes, list positions with the last of them."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from reconciler.cycle.context import Context
from reconciler.cycle.observe import Look
from reconciler.cycle.segment import decide_look
from reconciler.cycle.tally import Tally
from reconciler.cycle.wishes import in_order, wishes
from reconciler.decide.guard import deletions, digest, guard, identity, postponed
from reconciler.model.ids import IssueNumber, ReportId
from reconciler.model.intent import Operation
from reconciler.model.issue import ListState
from reconciler.model.plan import Deletion, EditLocal, LinkPlan
from reconciler.model.snapshot import Batch, Memory, Withheld
from reconciler.ports import Fence

PAGE = 500
"""Link plans in one transaction."""

TRIES = 3
"""A person who is faster is asked again so often in one pass; after that, in the next."""

Wished = set[tuple[UUID, Operation]]


class Applier:
    """Applies the plans of one pass and remembers what was wished for and held back on the way."""

    def __init__(
        self, context: Context, memory: Memory, fence: Fence, tally: Tally, withheld: Withheld
    ) -> None:
        self._context = context
        self._memory = memory
        self._fence = fence
        self._tally = tally
        self._accepted = withheld.entries if withheld.accepted else frozenset()
        self._before = withheld.digest
        self._applied: list[Deletion] = []
        self._held: tuple[Deletion, ...] = tuple(item for _, item in withheld.waiting)
        self._holders = {identity(item): link for link, item in withheld.waiting}
        tally.withheld = digest(self._held)
        self.wished: Wished = set()
        self.unread = False  # the lists have not been read to their ends
        self.overtaken: set[ReportId] = set()  # a person was faster, at least once

    async def look(self, look: Look, plans: Sequence[LinkPlan]) -> None:
        """Store the plans of a look, then its list positions, never the other way round.

        Source: docs/reference/github.md, List rules, 4.
        """
        plans = await self.guarded(plans)
        for _ in range(TRIES):
            stale = await self._store(plans, look)
            if not stale:
                return
            again = look.only(stale, frozenset(_edited(plans)))
            decided = await decide_look(self._context, self._memory, again)
            plans = await self.guarded(decided.plans)
        # Still stale: the positions stay where they are and the next pass reads the same rows again.

    async def early(self, plans: Sequence[LinkPlan]) -> frozenset[IssueNumber]:
        """Store what was decided before the lists were asked; returns the issues still to be decided.

        A deletion is judged with all others of its pass, none of which are known yet: a plan with one waits.
        So does one that a person was faster than.
        """
        safe = [plan for plan in plans if not deletions([plan])]
        waiting = frozenset(plan.link.number for plan in plans if deletions([plan]))
        return waiting | await self._store(safe, Look(local=False))

    async def batch(self, plans: Sequence[LinkPlan], contacts: ListState | None = None) -> None:
        """Store plans that belong to neither list. Stale ones are found again by the next pass.
        `contacts`: where a walk for first contacts goes on behind them.
        """
        await self._store(await self.guarded(plans), Look(local=False, contacts=contacts))

    async def guarded(self, plans: Sequence[LinkPlan]) -> tuple[LinkPlan, ...]:
        """The plans without suspicious deletions; what is held back is remembered for `hold`."""
        if not deletions(plans):
            return tuple(plans)
        if self.unread:
            return tuple(postponed(plan, self._accepted) for plan in plans)
        result = guard(
            plans,
            known=await self._context.stores.ledger.known(self._context.project.id),
            accepted=self._accepted,
            policy=self._context.guard,
            applied=self._applied,
            held=self._held,
        )
        self._applied.extend(deletions(result.plans))
        self._held = result.held or self._held
        self._holders |= {identity(item): plan.link for plan in result.plans for item in plan.withheld}
        self._tally.withheld = digest(self._held)
        return result.plans

    async def hold(self) -> None:
        """Write down what this pass held back, if that is news; called once, at the end of the pass."""
        now = digest(self._held)
        if now != self._before or self._accepted:
            pairs = [(self._holders[identity(item)], item) for item in self._held]
            await self._context.stores.ledger.withhold(self._context.project.id, now, pairs)

    async def _store(self, plans: Sequence[LinkPlan], look: Look) -> frozenset[IssueNumber]:
        stale: set[ReportId] = set()
        pages = [plans[start : start + PAGE] for start in range(0, len(plans), PAGE)] or [()]
        for index, page in enumerate(pages):
            last = index == len(pages) - 1 and not stale
            stale |= await self._transaction(page, look if last else None)
        return frozenset(plan.link.number for plan in plans if plan.link.report_id in stale)

    async def _transaction(self, plans: Sequence[LinkPlan], look: Look | None) -> frozenset[ReportId]:
        intents = in_order(intent for plan in plans for intent in wishes(self._context, plan))
        positions = (look.issue_list, look.comment_list, look.contacts) if look else (None, None, None)
        if not plans and not any(positions):
            return frozenset()
        await self._fence.check()
        stored = await self._context.stores.ledger.store(
            Batch(
                project_id=self._context.project.id,
                at=self._context.github.now(),
                plans=tuple(plans),
                intents=intents,
                issues=positions[0],
                comments=positions[1],
                contacts=positions[2],
            )
        )
        self.overtaken |= stored.stale
        done = [plan for plan in plans if plan.link.report_id not in stored.stale]
        self._tally.stored(done)
        self.wished |= {(i.local_id, i.operation) for i in intents if i.report_id not in stored.stale}
        return stored.stale


def _edited(plans: Sequence[LinkPlan]) -> Iterator[IssueNumber]:
    """Links whose copies are to be edited: that one of them is not as we made it is seen by a whole look."""
    return (p.link.number for p in plans if any(isinstance(action, EditLocal) for action in p.actions))

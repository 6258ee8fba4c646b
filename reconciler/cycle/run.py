"""The pass: recover, observe, decide, apply, write, record. Read it from the top.

async with the project's fence:
    identify    who writes, to which repository        (remembered: an idle pass asks for neither)
    recover     writes of unknown outcome → looked for before anything is sent again
    reread      after a restore: everything, before anything is written
    named       issues that deliveries named are read → plans → stored, before anything else is asked
    looks       GitHub's two lists, BugSpark's snapshot → plans → guarded → stored
    contacts    links without a base are read whole → plans → stored
    verify      links that are due are compared whole → plans → stored
    exports     reports that are to become issues → intents
    write       every intent: claim, send once, confirm
    record      one row
    attend      what began or ceased to need a person is told
"""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass

from reconciler.cycle import named
from reconciler.cycle.accepting import accept as agree
from reconciler.cycle.alerting import attended
from reconciler.cycle.apply import Applier
from reconciler.cycle.contacts import first_contacts
from reconciler.cycle.context import Context
from reconciler.cycle.discover import discovered
from reconciler.cycle.ending import Ending, ending_of, result_of
from reconciler.cycle.endings import followed
from reconciler.cycle.export import record, record_exports
from reconciler.cycle.exposure import sentence
from reconciler.cycle.identify import identify
from reconciler.cycle.observe import Look, looks
from reconciler.cycle.ours import heal, tell_apart
from reconciler.cycle.pacing import paced
from reconciler.cycle.pausing import paused
from reconciler.cycle.recover import conclude, recover
from reconciler.cycle.restored import expected, reread
from reconciler.cycle.round import whole_round
from reconciler.cycle.segment import decide_look
from reconciler.cycle.standing import certain, decided, is_about_identity
from reconciler.cycle.tally import Tally
from reconciler.cycle.verify import verifications
from reconciler.cycle.write import Writer
from reconciler.errors import DatabaseError, ReconcilerError, RestoredError
from reconciler.logs import Log
from reconciler.model.ids import IssueNumber, ReportId
from reconciler.model.issue import Issue, ListState
from reconciler.model.link import Link
from reconciler.model.passes import Failure, Outcome, PassResult
from reconciler.model.plan import LinkPlan
from reconciler.model.snapshot import UNKNOWN_REPOSITORY, Memory
from reconciler.ports import Fence

PROBES = 2
"""What an idle pass asks of GitHub, reserved in one go."""

log = Log(__name__)


@dataclass(slots=True, kw_only=True)
class _Pass:
    """One pass under way."""

    context: Context
    memory: Memory
    fence: Fence
    tally: Tally
    applier: Applier
    began: float
    verify: bool  # every link, not only those that are due
    accepted: Sequence[Link]  # to be looked at whole, because deletions of theirs were accepted

    async def whole(self, *, first: bool = False) -> None:
        """The walk; in a restored database only after everything has been read. `first`: it has just been
        recognised as one. Raises RestoredError when it is recognised on the way.
        """
        if first or self.memory.recovering:
            self.memory = await reread(self.context, self.memory, self.applier, self.tally)
        await self._walk()
        await self.applier.hold()

    async def _walk(self) -> None:
        """Recover, observe and apply, write; once more when an export gave old comments a place to go."""
        recovery = await recover(self.context, self.memory, self.tally)
        hints = await named.hints(self.context, self.memory)
        await self.context.github.expect(PROBES + hints.requests)
        await named.follow(self.context, self.memory, hints)
        await self.applier.batch(hints.plans)
        left = await self._early(hints)
        async for look in looks(self.context, self.memory, left):
            await self._look(look, (*self.accepted, *recovery.links) if look.local else ())
        await named.done(self.context, hints)
        await conclude(self.context, recovery, self.applier.overtaken)
        async for plans in self._verifications():
            await self._batch(plans)
        await record_exports(self.context, self.memory)
        await self._write()
        if self.tally.counts["issues_created"]:
            await self._look(Look())
            await self._write()

    async def _early(self, hints: named.Hints) -> dict[IssueNumber, Issue]:
        """Store what the named issues showed; returns those to be looked at again with the lists."""
        early = await named.decided(self.context, self.memory, hints)
        await expected(self.context, self.memory, early.unknown, ())
        left = early.left | await self.applier.early(early.plans)
        return {number: issue for number, issue in hints.issues.items() if number in left}

    def _verifications(self) -> AsyncIterator[list[LinkPlan]]:
        if self.verify:
            return whole_round(self.context, self.memory, self.tally)
        return verifications(self.context, self.memory)

    async def _look(self, look: Look, again: Sequence[Link] = ()) -> None:
        segment = await decide_look(self.context, self.memory, look, again)
        await expected(self.context, self.memory, segment.unknown, segment.strangers)
        self.tally.poisoned.extend(segment.poisoned)
        strangers = await tell_apart(self.context, self.memory, segment.strangers)
        self.applier.unread = look.more
        await heal(self.context, strangers, self.tally)
        await self.applier.look(look, segment.plans)
        await named.compare(self.context, self.memory, look, segment.plans)
        found = await discovered(self.context, self.memory, strangers.others)
        async for contacts in first_contacts(self.context, self.memory, [*segment.new, *found]):
            await self._batch(contacts.plans, contacts.walked)

    async def _batch(self, plans: Sequence[LinkPlan], walked: ListState | None = None) -> None:
        """What whole threads led to; they may show what the lists, which lag, have not shown yet."""
        unheard = [row for plan in plans for row in plan.unheard]
        await expected(self.context, self.memory, unheard, ())
        await self.applier.batch(plans, walked)

    async def _write(self) -> None:
        writer = Writer(
            context=self.context,
            memory=self.memory,
            fence=self.fence,
            tally=self.tally,
            wished=self.applier.wished,
            redecide=self._redecide,
            observed=self.began,
        )
        try:
            await writer.run()
        finally:
            self.memory = writer.memory
            self.tally.exposed = sentence(self.context, self.memory) if self.memory.exposed else None

    async def _redecide(self, issue: Issue) -> None:
        look = Look(issues={issue.number: issue}, local=False)
        segment = await decide_look(self.context, self.memory, look)
        await self.applier.look(look, segment.plans)


async def run_pass(
    context: Context,
    *,
    wait: bool = False,
    accept: str | None = None,
    exports: Collection[ReportId] = (),
    verify: bool = False,
) -> PassResult:
    """One pass over one project. A project's own trouble is a result, never an exception.

    `wait`: until the project is free. `accept`: the hash of withheld deletions that may go on. `exports`:
    reports a person wants on GitHub now, whatever `guard.max_new_issues` says. `verify`: every link is
    compared whole.
    """
    began = context.clock.monotonic()
    tally = Tally()
    ending = Ending()
    try:
        async with context.stores.fences.hold(context.project.id, wait=wait) as fence:
            context, memory = await _begun(context, accept)
            ending = await _under_fence(context, fence, memory, tally, began, exports, verify)
            result = await paced(context, await result_of(context, tally, ending, began))
            await context.stores.projects.record(result, context.clock.now())
            return await attended(context, memory.told, result)
    except ReconcilerError as error:  # busy, a mistyped hash, the database itself: no pass to be recorded
        return await result_of(context, tally, ending_of(error), began)


async def _begun(context: Context, accept: str | None) -> tuple[Context, Memory]:
    """What is remembered, once the operator has been heard. Raises PausedError, ProjectError, UsageError."""
    memory = await context.stores.projects.memory(context.project.id)
    if memory.paused:
        raise paused(context.project)
    if accept is None:
        return context, memory
    if is_about_identity(accept):
        context = await decided(context, accept)
    else:
        await agree(context, accept)
    return context, await context.stores.projects.memory(context.project.id)


async def _under_fence(
    context: Context,
    fence: Fence,
    before: Memory,
    tally: Tally,
    began: float,
    exports: Collection[ReportId],
    verify: bool,
) -> Ending:
    try:
        await certain(context)
        memory = await _identified(context, before)
        if exports:
            await record(context, memory, exports, asked=True)
        walk = await _walk(context, memory, fence, tally, began, verify=verify)
        try:
            await walk.whole()
        except RestoredError as seen:
            log.warning("restored", project=str(context.project.id), sign=str(seen))
            walk = await _walk(context, memory, fence, tally, began, verify=verify)
            await walk.whole(first=True)
    except DatabaseError:
        raise
    except ReconcilerError as error:
        return ending_of(error)
    except Exception as error:  # one project's surprise must not stop the other projects
        log.exception("pass failed", project=str(context.project.id))
        what = f"unexpected {type(error).__name__}: {error}"
        text = f"{context.project.name}: {what}. Please report this as a bug."
        return Ending(outcome=Outcome.FAILED, failure=Failure(kind="internal", message=text))
    return Ending()


async def _walk(
    context: Context, memory: Memory, fence: Fence, tally: Tally, began: float, *, verify: bool
) -> _Pass:
    withheld = await context.stores.ledger.withheld(context.project.id)
    return _Pass(
        context=context,
        memory=memory,
        fence=fence,
        tally=tally,
        applier=Applier(context, memory, fence, tally, withheld),
        accepted=withheld.links if withheld.accepted else (),
        began=began,
        verify=verify,
    )


async def _identified(context: Context, before: Memory) -> Memory:
    memory = await identify(context, before)
    if memory.repository_id != before.repository_id != UNKNOWN_REPOSITORY:
        # Before the new repository is remembered: a pass that is cut short here does all of it again.
        await context.stores.ledger.recheck(context.project.id, memory.repository_id, context.github.now())
        await followed(context, memory)
    if memory != before:
        await context.stores.projects.remember(memory)
    return memory

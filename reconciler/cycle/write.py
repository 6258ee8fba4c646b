"""Sending what was wished for: claim, send once, confirm, each committed. Never "POST, then record"."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import assert_never

from reconciler.cycle.apply import Wished
from reconciler.cycle.confirm import confirmed
from reconciler.cycle.context import Context
from reconciler.cycle.export import unasked
from reconciler.cycle.exposure import noticed, sayable
from reconciler.cycle.identify import confirm_repository
from reconciler.cycle.send import send
from reconciler.cycle.tally import Tally
from reconciler.decide.link import is_news
from reconciler.errors import (
    FenceLostError,
    GitHubError,
    LimitedError,
    MovedError,
    NotThereError,
    ProjectError,
)
from reconciler.logs import Log
from reconciler.model.ids import IntentId, IssueNumber
from reconciler.model.intent import (
    Confirmed,
    DeleteWish,
    Intent,
    IntentState,
    NotSent,
    Refused,
    StateWish,
    Unknown,
)
from reconciler.model.issue import Issue
from reconciler.model.snapshot import Memory
from reconciler.ports import Claim, Fence

WRITE_POINTS = 5
REST = timedelta(hours=1)
"""A refused write is tried again this much later, or by hand."""

BLINK = 1.0
"""Seconds. A claim that took longer may be that of a process that slept: the fence is asked again."""

Redecide = Callable[[Issue], Awaitable[None]]
log = Log(__name__)


@dataclass(slots=True, kw_only=True)
class Writer:
    """The remote half of one pass."""

    context: Context
    memory: Memory
    fence: Fence
    tally: Tally
    wished: Wished  # what this pass has derived; grows when a link is decided anew
    redecide: Redecide
    observed: float  # monotonic seconds: when this pass began to look
    fresh: dict[IssueNumber, float] = field(default_factory=dict)
    tried: set[IntentId] = field(default_factory=set)  # once a pass, whatever came of it

    async def run(self) -> None:
        """Send every wish that is due. Raises LimitedError when a limit ends it; the rest stays planned."""
        while wave := await self._due():
            found = await confirm_repository(self.context, self.memory)
            self.memory = await noticed(self.context, self.memory, found)
            held = await self.context.stores.recovery.held(self.context.project.id)
            wave = self._few([i for i in sayable(self.memory, wave) if i.link_id not in held])
            self.context.progress.start(f"{self.context.project.name}: writing", len(wave))
            for intent in wave:
                async with self.context.turns.take(self.context.github.credential):
                    await self._one(intent)
                self.context.progress.advance(1)
            self.context.progress.done()

    async def _due(self) -> list[Intent]:
        """Recorded creates, and what this pass derived; a wish that nobody derived any more is dropped."""
        planned = [i for i in await self._open() if i.id not in self.tried and self._is_due(i)]
        stale = [i for i in planned if not i.operation.creates and not self._derived(i)]
        if stale:
            await self.context.stores.intents.cancel(stale)
        due = [i for i in planned if i.operation.creates or self._derived(i)]
        self.tried.update(i.id for i in due)
        return due

    def _few(self, wave: list[Intent]) -> list[Intent]:
        """No more new issues a pass than allowed, also when earlier passes could not send theirs."""
        room = max(0, self.context.guard.max_new_issues - self.tally.unasked)
        new = [intent for intent in wave if unasked(intent)]
        self.tally.unasked += len(new[:room])
        return [intent for intent in wave if intent not in new[room:]]

    async def _open(self) -> tuple[Intent, ...]:
        rows = await self.context.stores.intents.open(self.context.project.id)
        return tuple(i for i in rows if i.repository_id == self.memory.repository_id)

    def _derived(self, intent: Intent) -> bool:
        return (intent.local_id, intent.operation) in self.wished

    def _is_due(self, intent: Intent) -> bool:
        match intent.state:
            case IntentState.PLANNED:
                waited = intent.not_before is None or intent.not_before <= self.context.github.now()
                return waited or self.context.by_hand
            case IntentState.QUARANTINED:
                over = intent.not_before is not None and intent.not_before <= self.context.github.now()
                return over or self.context.by_hand
            case IntentState.SENDING | IntentState.UNKNOWN:
                return False
        assert_never(intent.state)

    async def _one(self, intent: Intent) -> None:
        if isinstance(intent.wish, StateWish) and await self._moved(intent):
            return
        slot = await self.context.stores.governor.slot(self.context.github.credential, WRITE_POINTS)
        await self.context.clock.sleep((slot - self.context.clock.now()).total_seconds())
        await self.fence.check()
        began = self.context.clock.monotonic()
        claim = await self.context.stores.intents.claim(intent, self.context.github.now())
        if claim is None:
            return
        if claim.cause_gone:
            await self.context.stores.intents.cancel([intent])
            return
        if await self._may_leave(claim, self.context.clock.monotonic() - began):
            await self._send(claim)

    async def _may_leave(self, claim: Claim, passed: float) -> bool:
        """A claim that was long on its way is given back: whoever took the project over meanwhile waits for
        no byte of ours. Raises FenceLostError when somebody has.
        """
        if passed <= BLINK:
            return True
        if passed <= self.context.timing.handing:
            try:
                await self.fence.check()
            except FenceLostError:
                await self.context.stores.intents.give_back(claim.intent)
                raise
            return True
        await self.context.stores.intents.give_back(claim.intent)
        return False

    async def _moved(self, intent: Intent) -> bool:
        """A state write follows a fresh look: was a person faster, the link is decided again."""
        assert intent.number is not None
        at = self.fresh.get(intent.number, self.observed)
        if self.context.clock.monotonic() - at <= self.context.timing.fresh:
            return False
        link = await self.context.stores.ledger.link_of(intent.report_id)
        try:
            issue = await self.context.github.issue(intent.number)
        except (NotThereError, MovedError) as error:
            await self._rest(intent, str(error))
            return True
        self.fresh[intent.number] = self.context.clock.monotonic()
        if link is None or not is_news(link, issue):
            return False
        await self.context.stores.intents.cancel([intent])
        await self.redecide(issue)
        return True

    async def _send(self, claim: Claim) -> None:
        try:
            answer = await send(self.context.github, claim.intent)
        except (LimitedError, ProjectError):  # GitHub said that nothing was done
            await self.context.stores.intents.give_back(claim.intent)
            raise
        match answer:
            case Confirmed():
                await confirmed(self.context, claim, answer, self.tally)
            case Refused(gone=True) if await self._is_gone(claim.intent):
                done = Confirmed(value=None, request_id=answer.request_id)  # it is gone, as wished
                await confirmed(self.context, claim, done, self.tally)
            case Refused():
                await self._rest(claim.intent, answer.reason)
            case NotSent():
                await self.context.stores.intents.settle(replace(claim.intent, state=IntentState.PLANNED))
                raise GitHubError(f"{self.context.project.name}: GitHub can't be reached: {answer.reason}")
            case Unknown():
                await self._unknown(claim.intent, answer)
            case _:
                assert_never(answer)

    async def _is_gone(self, intent: Intent) -> bool:
        """A 404 also means no access: the comment itself has to say that it is gone.

        Source: docs/reference/github.md, Writes.
        """
        if not isinstance(intent.wish, DeleteWish):
            return False
        try:
            await self.context.github.comment(intent.wish.remote_id)
        except NotThereError:
            return True
        return False

    async def _rest(self, intent: Intent, reason: str) -> None:
        until = self.context.github.now() + REST
        await self.context.stores.intents.settle(
            replace(intent, state=IntentState.QUARANTINED, not_before=until, reason=reason)
        )
        self.tally.troubles.append(f"{intent.operation.value} for report {intent.report_id}: {reason}")
        log.warning("write refused", **intent.named, reason=reason)

    async def _unknown(self, intent: Intent, answer: Unknown) -> None:
        await self.context.stores.intents.settle(
            replace(
                intent, state=IntentState.UNKNOWN, ended_at=self.context.github.now(), reason=answer.reason
            )
        )
        self.tally.troubles.append(
            f"{intent.operation.value} for report {intent.report_id}: outcome unknown ({answer.reason}); "
            "GitHub is looked at before anything is sent again"
        )
        log.warning("write outcome unknown", **intent.named, reason=answer.reason)

"""How a pass ended, and what is told of it."""

from collections import Counter
from datetime import datetime

from reconciler.cycle.context import Context
from reconciler.cycle.round import verified
from reconciler.cycle.tally import Tally
from reconciler.errors import (
    BusyError,
    DatabaseError,
    FenceLostError,
    IdentityError,
    LimitedError,
    PausedError,
    ReconcilerError,
    RecreatedError,
)
from reconciler.model.intent import IntentState
from reconciler.model.passes import Failure, Outcome, PassResult
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the walk ended."""

    outcome: Outcome = Outcome.OK
    failure: Failure | None = None
    next_at: datetime | None = None


def ending_of(error: ReconcilerError) -> Ending:
    """Limited, refused or failed, and why."""
    failure = Failure(kind=error.kind, message=str(error))
    match error:
        case LimitedError():
            return Ending(outcome=Outcome.LIMITED, failure=failure, next_at=error.until)
        case BusyError() | PausedError() | RecreatedError() | FenceLostError() | IdentityError():
            return Ending(outcome=Outcome.REFUSED, failure=failure)
        case _:
            return Ending(outcome=Outcome.FAILED, failure=failure)


async def result_of(context: Context, tally: Tally, ending: Ending, began: float) -> PassResult:
    """Whatever was committed counts, also in a pass that was cut short."""
    outcome, failure = ending.outcome, ending.failure
    waiting = await _waiting(context, ending)
    quarantined = waiting[IntentState.QUARANTINED] + len(tally.poisoned)
    if outcome is Outcome.OK and (
        quarantined or waiting[IntentState.UNKNOWN] or tally.withheld or tally.exposed or tally.troubles
    ):
        outcome = Outcome.PARTIAL
        failure = failure or _trouble(context, tally, quarantined)
    return PassResult(
        project_id=context.project.id,
        project_name=context.project.name,
        repository=context.project.repository,
        outcome=outcome,
        error=failure,
        duration_ms=round((context.clock.monotonic() - began) * 1000),
        github=context.github.cost(),
        applied=tally.applied(),
        conflicts=tally.conflicts,
        quarantined=quarantined,
        pending=waiting.total(),
        withheld=tally.withheld,
        next_at=ending.next_at,
        linked=tally.linked,
        ended=tally.ended,
        verified=await verified(context, tally) if _asked_database(ending) else None,
    )


async def _waiting(context: Context, ending: Ending) -> Counter[IntentState]:
    if not _asked_database(ending):
        return Counter()
    return Counter(intent.state for intent in await context.stores.intents.open(context.project.id))


def _asked_database(ending: Ending) -> bool:
    """It may be asked once more: it was not what ended the pass."""
    return ending.failure is None or ending.failure.kind != DatabaseError.kind


def _trouble(context: Context, tally: Tally, quarantined: int) -> Failure:
    """What keeps the pass from being whole, in one sentence: the most pressing thing first."""
    name = context.project.name
    if tally.withheld:
        text = f"{name}: deletions are withheld; accept them with --accept {tally.withheld}"
        return Failure(kind="withheld", message=text)
    if tally.exposed:
        return Failure(kind="public", message=tally.exposed)
    first = next(iter(tally.troubles), None) or next((f"{p.what}: {p.reason}" for p in tally.poisoned), None)
    if first:
        return Failure(kind="quarantined", message=f"{name}: {first}")
    return Failure(kind="quarantined", message=f"{name}: {quarantined} writes wait (reconcile status)")

"""How a pass ended, and what is told of it."""

from collections.abc import Sequence
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
from reconciler.model.intent import Intent, IntentState
from reconciler.model.passes import Failure, Outcome, PassResult
from reconciler.model.values import dataclass
from reconciler.model.wording import counted


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
    unclear = [intent for intent in waiting if intent.state is IntentState.UNKNOWN]
    resting = sum(intent.state is IntentState.QUARANTINED for intent in waiting)
    quarantined = resting + len(tally.poisoned)
    if outcome is Outcome.OK and (
        quarantined or unclear or tally.withheld or tally.exposed or tally.troubles
    ):
        outcome = Outcome.PARTIAL
        failure = failure or _trouble(context, tally) or await _writes(context, resting, unclear)
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
        pending=len(waiting),
        withheld=tally.withheld,
        next_at=ending.next_at,
        linked=tally.linked,
        ended=tally.ended,
        verified=await verified(context, tally) if _asked_database(ending) else None,
    )


async def _waiting(context: Context, ending: Ending) -> Sequence[Intent]:
    return await context.stores.intents.open(context.project.id) if _asked_database(ending) else ()


def _asked_database(ending: Ending) -> bool:
    """It may be asked once more: it was not what ended the pass."""
    return ending.failure is None or ending.failure.kind != DatabaseError.kind


def _trouble(context: Context, tally: Tally) -> Failure | None:
    """What keeps the pass from being whole, in one sentence: the most pressing thing first."""
    name = context.project.name
    if tally.withheld:
        text = f"{name}: deletions are withheld; accept them with --accept {tally.withheld}"
        return Failure(kind="withheld", message=text)
    if tally.exposed:
        return Failure(kind="public", message=tally.exposed)
    first = next(iter(tally.troubles), None) or next((f"{p.what}: {p.reason}" for p in tally.poisoned), None)
    return Failure(kind="quarantined", message=f"{name}: {first}") if first else None


async def _writes(context: Context, resting: int, unclear: Sequence[Intent]) -> Failure:
    """What earlier passes could not send, or do not know to have sent."""
    here = (await context.stores.projects.memory(context.project.id)).repository_id
    elsewhere = sum(intent.repository_id != here for intent in unclear)
    if resting:
        said = f"{counted(resting, 'write')} at rest (reconcile status)"
    elif elsewhere < len(unclear):
        number = counted(len(unclear) - elsewhere, "write")
        said = f"{number} of unknown outcome; GitHub is looked at before anything is sent again"
    else:
        number = counted(elsewhere, "write")
        said = f"{number} of unknown outcome in a repository that the project is not connected to any more"
    return Failure(kind="quarantined", message=f"{context.project.name}: {said}")

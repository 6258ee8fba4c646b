"""How a pass ended, and what is told of it."""

from collections.abc import Sequence
from datetime import datetime

from reconciler.errors import (
    BusyError,
    DatabaseError,
    IdentityError,
    LimitedError,
    PausedError,
    ProjectLockLostError,
    ReconcilerError,
    RecreatedError,
)
from reconciler.model.intent import Intent, IntentState
from reconciler.model.passes import Failure, Outcome, PassResult
from reconciler.model.values import dataclass
from reconciler.model.wording import format_count
from reconciler.sync.context import Context
from reconciler.sync.round import read_verification_progress
from reconciler.sync.tally import PassStats


@dataclass(frozen=True, slots=True, kw_only=True)
class PassEnding:
    """How the walk ended."""

    outcome: Outcome = Outcome.OK
    failure: Failure | None = None
    next_at: datetime | None = None


def ending_of_error(error: ReconcilerError) -> PassEnding:
    """Limited, refused or failed, and why."""
    failure = Failure(kind=error.kind, message=str(error))
    match error:
        case LimitedError():
            return PassEnding(outcome=Outcome.LIMITED, failure=failure, next_at=error.until)
        case BusyError() | PausedError() | RecreatedError() | ProjectLockLostError() | IdentityError():
            return PassEnding(outcome=Outcome.REFUSED, failure=failure)
        case _:
            return PassEnding(outcome=Outcome.FAILED, failure=failure)


async def build_pass_result(
    context: Context, tally: PassStats, ending: PassEnding, began: float
) -> PassResult:
    """Whatever was committed counts, also in a pass that was cut short."""
    outcome, failure = ending.outcome, ending.failure
    waiting = await _read_open_intents(context, ending)
    unclear = [intent for intent in waiting if intent.state is IntentState.UNKNOWN]
    resting = sum(intent.state is IntentState.QUARANTINED for intent in waiting)
    quarantined = resting + len(tally.poisoned)
    if outcome is Outcome.OK and (
        quarantined or unclear or tally.withheld_digest or tally.turned_public_message or tally.problems
    ):
        outcome = Outcome.PARTIAL
        failure = (
            failure
            or _main_failure(context, tally)
            or await _waiting_writes_failure(context, resting, unclear)
        )
    return PassResult(
        project_id=context.project.id,
        project_name=context.project.name,
        repository=context.project.repository,
        outcome=outcome,
        error=failure,
        duration_ms=round((context.clock.monotonic() - began) * 1000),
        github=context.github.cost(),
        applied=tally.to_applied(),
        conflicts=tally.conflicts,
        quarantined=quarantined,
        pending=len(waiting),
        withheld=tally.withheld_digest,
        next_at=ending.next_at,
        linked=tally.initial_syncs,
        ended=tally.ended_links,
        verified=await read_verification_progress(context, tally) if _may_query_database(ending) else None,
    )


async def _read_open_intents(context: Context, ending: PassEnding) -> Sequence[Intent]:
    return await context.stores.intents.list_open(context.project.id) if _may_query_database(ending) else ()


def _may_query_database(ending: PassEnding) -> bool:
    """It may be asked once more: it was not what ended the pass."""
    return ending.failure is None or ending.failure.kind != DatabaseError.kind


def _main_failure(context: Context, tally: PassStats) -> Failure | None:
    """What keeps the pass from being whole, in one sentence: the most pressing thing first."""
    name = context.project.name
    if tally.withheld_digest:
        text = f"{name}: deletions are withheld; accept them with --accept {tally.withheld_digest}"
        return Failure(kind="withheld", message=text)
    if tally.turned_public_message:
        return Failure(kind="public", message=tally.turned_public_message)
    first = next(iter(tally.problems), None) or next((f"{p.what}: {p.reason}" for p in tally.poisoned), None)
    return Failure(kind="quarantined", message=f"{name}: {first}") if first else None


async def _waiting_writes_failure(context: Context, resting: int, unclear: Sequence[Intent]) -> Failure:
    """What earlier passes could not send, or do not know to have sent."""
    here = (await context.stores.projects.get_state(context.project.id)).repository_id
    elsewhere = sum(intent.repository_id != here for intent in unclear)
    if resting:
        said = f"{format_count(resting, 'write')} at rest (reconcile status)"
    elif elsewhere < len(unclear):
        number = format_count(len(unclear) - elsewhere, "write")
        said = f"{number} of unknown outcome; GitHub is looked at before anything is sent again"
    else:
        number = format_count(elsewhere, "write")
        said = f"{number} of unknown outcome in a repository that the project is not connected to any more"
    return Failure(kind="quarantined", message=f"{context.project.name}: {said}")

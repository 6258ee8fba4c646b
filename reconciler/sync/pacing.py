"""The time of a project's next pass, as this one's end says it. Passes by hand do not ask for it."""

from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from reconciler.errors import PausedError
from reconciler.model.passes import Outcome, PassResult
from reconciler.model.schedule import back_off
from reconciler.sync.context import Context


async def with_next_pass_time(context: Context, result: PassResult) -> PassResult:
    """The result with its `next_at` and `failures`: after a limit the limit's own end, after a failure a
    time that grows with every further one, else none. Raises DatabaseError.
    """
    match result.outcome:
        case Outcome.OK | Outcome.PARTIAL | Outcome.LIMITED:
            return replace(result, failures=0)
        case Outcome.REFUSED if result.error is not None and result.error.kind == PausedError.kind:
            return replace(result, failures=0)
        case Outcome.REFUSED | Outcome.FAILED:
            before = (await context.stores.projects.get_state(context.project.id)).failures
            wait = back_off(
                before + 1, timedelta(seconds=context.timing.interval_seconds), context.random_fraction()
            )
            return replace(result, failures=before + 1, next_at=context.clock.now() + wait)
    assert_never(result.outcome)

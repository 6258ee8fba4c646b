"""Run one pass under the lock of its project, and record it. The steps themselves: `reconciler.sync.run`."""

from collections.abc import Callable, Collection

from reconciler.errors import BusyError, DatabaseError, ReconcilerError
from reconciler.logs import EventLogger
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.passes import DuePass, Failure, Outcome, PassResult
from reconciler.model.snapshot import PassStart, ProjectState
from reconciler.ports import Clock, ProjectLock, Stores
from reconciler.sync.alerts import send_alerts
from reconciler.sync.commands import accept_and_load_state, paused_error
from reconciler.sync.context import Context
from reconciler.sync.preflight import bind_database
from reconciler.sync.result import (
    PassEnding,
    PassStats,
    build_pass_result,
    ending_of_error,
    with_next_pass_time,
)
from reconciler.sync.run import run_steps
from reconciler.sync.settings.in_force import record_operator_history

log = EventLogger(__name__)


async def run_pass(
    context: Context,
    *,
    wait: bool = False,
    accept: str | None = None,
    exports: Collection[ReportId] = (),
    verify: bool = False,
) -> PassResult:
    """Run one pass over one project. A project's own trouble is a result, never an exception.

    `wait`: until the project is free. `accept`: the hash of withheld deletions that may go on. `exports`:
    reports a person wants on GitHub now, whatever `guard.max_new_issues` says. `verify`: every link is
    compared in full.
    """
    started_monotonic = context.clock.monotonic()
    stats = PassStats()
    try:
        async with context.stores.project_locks.acquire(context.project.id, wait=wait) as project_lock:
            context, state = await accept_and_load_state(context, accept)
            return await run_locked_pass(
                context, project_lock, state, stats, started_monotonic, exports=exports, verify=verify
            )
    except ReconcilerError as error:  # busy, a mistyped hash, the database itself: no pass to be recorded
        return await _build_unrecorded_result(context, stats, error, started_monotonic)


async def run_due_pass(
    stores: Stores,
    clock: Clock,
    project_id: ProjectId,
    build_context: Callable[[PassStart], Context],
    *,
    compares: bool,
    due: DuePass | None,
) -> PassResult | None:
    """Run one pass of the daemon. None if the project is not active any more, or another daemon has made or
    makes the pass that was `due`.

    What it needs is read once, under the lock. `compares`: the pass looks itself for what differs in
    BugSpark; without it an idle pass asks for nothing that grows with the links
    (docs/decisions/0082-due-passes-do-not-compare.md). Raises DatabaseError, and ConfigurationError for an
    App key that can't be read.
    """
    started_monotonic = clock.monotonic()
    try:
        async with stores.project_locks.acquire(project_id) as project_lock:
            start = await stores.projects.read_pass_start(project_id)
            if start is None or (due is not None and start.state.last_pass_at != due.last_pass_at):
                return None
            context = build_context(start)
            stats = PassStats(compares=compares, misnamed_before=start.state.misnamed)
            try:
                if start.state.is_paused:
                    raise paused_error(start.project)
                return await run_locked_pass(context, project_lock, start.state, stats, started_monotonic)
            except ReconcilerError as error:
                return await _build_unrecorded_result(context, stats, error, started_monotonic)
    except BusyError as error:
        if due is not None and not due.is_own:
            return None  # the daemon whose project it is notices when nobody makes its passes
        start = await stores.projects.read_pass_start(project_id)
        if start is None:
            return None
        return await _build_unrecorded_result(build_context(start), PassStats(), error, started_monotonic)


async def _build_unrecorded_result(
    context: Context, stats: PassStats, error: ReconcilerError, started_monotonic: float
) -> PassResult:
    if isinstance(error, BusyError):
        await context.stores.projects.record_busy(context.project.id, context.clock.now())
    return await build_pass_result(context, stats, ending_of_error(error), started_monotonic)


async def run_locked_pass(
    context: Context,
    project_lock: ProjectLock,
    state: ProjectState,
    stats: PassStats,
    started_monotonic: float,
    *,
    exports: Collection[ReportId] = (),
    verify: bool = False,
) -> PassResult:
    """Run and record a pass under the lock of its project. Raises DatabaseError."""
    ending = await _run_locked(context, project_lock, state, stats, started_monotonic, exports, verify)
    result = await with_next_pass_time(
        context, await build_pass_result(context, stats, ending, started_monotonic)
    )
    await context.stores.projects.record_pass(result, context.clock.now())
    return await send_alerts(context, state, result)


async def _run_locked(
    context: Context,
    project_lock: ProjectLock,
    before: ProjectState,
    stats: PassStats,
    started_monotonic: float,
    exports: Collection[ReportId],
    verify: bool,
) -> PassEnding:
    try:
        await bind_database(context)
        await record_operator_history(context)
        await run_steps(
            context, project_lock, before, stats, started_monotonic, exports=exports, verify=verify
        )
    except DatabaseError:
        raise
    except ReconcilerError as error:
        return ending_of_error(error)
    except Exception as error:  # an unexpected error of one project must not stop the others
        log.exception("pass failed", project=str(context.project.id))
        what = f"unexpected {type(error).__name__}: {error}"
        text = f"{context.project.name}: {what}. Please report this as a bug."
        return PassEnding(outcome=Outcome.FAILED, failure=Failure(kind="internal", message=text))
    return PassEnding()

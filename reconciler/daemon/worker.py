"""Running one pass in a worker: its name is in every log line, its result is logged, its activity watched."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from reconciler.daemon.comparison_schedule import ComparisonSchedule
from reconciler.daemon.pass_queue import QueuedPass
from reconciler.daemon.runtime import DaemonBackend, PassProgressCounter
from reconciler.errors import BusyError, PausedError, ReconcilerError
from reconciler.logs import ROOT_LOGGER, EventLogger, bind_log_values
from reconciler.model.ids import ProjectId
from reconciler.model.passes import AppliedCounts, DuePass, Outcome, PassResult
from reconciler.ports import Clock

HUNG_PASS_SECONDS = 600.0
"""A pass without activity for this long is cut: each of its steps has a far shorter timeout."""
CUT_GRACE_SECONDS = 60.0
"""A pass that was cut and has not ended by then is stuck: only a new process helps."""

EXPECTED_REFUSAL_KINDS = (BusyError.kind, PausedError.kind)
"""Refusals that are no problem: a command is using the project, or the operator paused it."""
LOGGED_COUNTS = ("conflicts", "quarantined", "pending", "linked", "ended")

log = EventLogger(__name__)

OnPassResult = Callable[[PassResult], None]
"""Called with the result of every pass."""


@dataclass(slots=True, kw_only=True)
class _RunningPass:
    """A running pass: the task of the queue, and within it the pass itself."""

    project_id: ProjectId
    compares: bool
    task: "asyncio.Task[object] | None"
    pass_task: "asyncio.Task[PassResult | None] | None" = None
    is_cut: bool = False
    activity: PassProgressCounter = field(default_factory=PassProgressCounter)
    last_values: tuple[object, ...] = ()
    changed_monotonic: float  # the last change of the values

    def silent_seconds(self, now: float) -> float:
        """Return for how long nothing has happened."""
        if (values := self.activity.progress_values()) != self.last_values:
            self.last_values, self.changed_monotonic = values, now
        return now - self.changed_monotonic


class PassRunner:
    """Runs passes, and cuts those that hang."""

    def __init__(
        self,
        runtime: DaemonBackend,
        clock: Clock,
        new_id: Callable[[], UUID],
        on_result: OnPassResult,
        comparisons: ComparisonSchedule,
    ) -> None:
        self._runtime = runtime
        self._comparisons = comparisons
        self._clock = clock
        self._new_id = new_id
        self._on_result = on_result
        self._running: dict[UUID, _RunningPass] = {}
        self.ended_count = 0  # number of ended passes, for the status line
        self._cancelled = False

    @property
    def running_count(self) -> int:
        """Return the number of running passes."""
        return len(self._running)

    async def run_pass(self, queued: QueuedPass, due: DuePass | None) -> bool:
        """Run one pass; `due`: nobody asked for it. Returns False if another process has the project.

        Raises nothing but CancelledError: errors are logged, and the next tick tries again.
        """
        if self._cancelled:
            raise asyncio.CancelledError
        pass_id, project_id = self._new_id(), queued.project_id
        running = self._running[pass_id] = _RunningPass(
            project_id=project_id,
            compares=self._comparisons.is_needed(queued, self._clock.monotonic()),
            task=asyncio.current_task(),
            changed_monotonic=self._clock.monotonic(),
        )
        with bind_log_values(pass_id=str(pass_id), project=str(project_id)):
            try:
                result = await self._run_until_cut(running, due)
            except asyncio.CancelledError:
                log.info("pass cut short", reason="the service stops")
                raise
            except ReconcilerError as error:
                log.warning("pass not possible", kind=error.kind, reason=str(error))
            except Exception:
                log.exception("pass failed")
            else:
                if result is not None:
                    self._publish_and_log_result(result)
                    return result.error is None or result.error.kind != BusyError.kind
            finally:
                del self._running[pass_id]
                self.ended_count += 1
        return True

    async def _run_until_cut(self, running: _RunningPass, due: DuePass | None) -> PassResult | None:
        """Return the result of the pass, or that of its being cut. Raises what a pass raises."""
        project_id, began = running.project_id, self._clock.monotonic()
        running.pass_task = asyncio.create_task(
            self._runtime.run_pass(project_id, running.activity, compares=running.compares, due=due)
        )
        try:
            result = await running.pass_task
        except asyncio.CancelledError:
            own_task = asyncio.current_task()
            if not running.is_cut or own_task is None or own_task.cancelling():
                raise
            return await self._runtime.record_hung_pass(project_id, HUNG_PASS_SECONDS)
        if running.compares and result is not None:
            self._comparisons.record_comparison(project_id, began, result)
        return result

    def cut_hung_passes(self) -> None:
        """Cut every pass in which nothing has happened for too long; the others continue."""
        now = self._clock.monotonic()
        for pass_id, running in self._running.items():
            silent = running.silent_seconds(now)
            if silent > HUNG_PASS_SECONDS and not running.is_cut and running.pass_task is not None:
                running.is_cut = True
                log.error(
                    "hung pass cut",
                    pass_id=str(pass_id),
                    project=str(running.project_id),
                    silent_seconds=round(silent),
                    waiting_in=_waiting_location(running.pass_task),
                )
                running.pass_task.cancel()

    def cancel_all(self) -> None:
        """Cancel the running passes, and those that are being taken from the queue as soon as they begin."""
        self._cancelled = True
        for running in self._running.values():
            if running.task is not None:
                running.task.cancel()

    def has_stuck_pass(self) -> bool:
        """Return whether a pass that was cut does not end."""
        now, limit = self._clock.monotonic(), HUNG_PASS_SECONDS + CUT_GRACE_SECONDS
        return any(running.silent_seconds(now) > limit for running in self._running.values())

    def _publish_and_log_result(self, result: PassResult) -> None:
        self._on_result(result)
        if needs_no_log_line(result):
            log.debug("pass", **result_log_values(result))
        elif result.outcome is Outcome.FAILED:
            log.warning("pass", **result_log_values(result))
        else:
            log.info("pass", **result_log_values(result))


def _waiting_location(task: "asyncio.Task[PassResult | None]") -> str:
    """Return where in this program a task waits, as `module:line`."""
    coroutine: Any = task.get_coro()
    places = []
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        places.append(f"{frame.f_globals.get('__name__', '?')}:{frame.f_lineno}")
        coroutine = coroutine.cr_await
    own = [place for place in places if place.startswith(f"{ROOT_LOGGER}.")]
    return next(reversed(own), "?")


def needs_no_log_line(result: PassResult) -> bool:
    """Return whether a pass needs no log line: it changed and found nothing, or was refused as expected.

    `Metrics` counts more passes as idle: all that changed nothing on either side, even if they found a
    conflict or ended a link. Both meanings are intended; that of the metric is in docs/operating.md.
    """
    if result.error is not None and result.error.kind in EXPECTED_REFUSAL_KINDS:
        return True
    did = result.applied != AppliedCounts() or result.github.writes or result.conflicts
    return result.outcome is Outcome.OK and not (did or result.linked or result.ended)


def result_log_values(result: PassResult) -> dict[str, object]:
    """Return the values of a pass's log line."""
    line: dict[str, object] = {
        "outcome": result.outcome.value,
        "repository": result.repository,
        "duration_ms": result.duration_ms,
        "requests": result.github.requests,
        "cost": result.github.cost,
    }
    line |= {name: count for name in AppliedCounts.__slots__ if (count := getattr(result.applied, name))}
    line |= {name: count for name in LOGGED_COUNTS if (count := getattr(result, name))}
    if result.error is not None:
        line |= {"kind": result.error.kind, "reason": result.error.message}
    if result.next_at is not None:
        line["next_at"] = result.next_at.isoformat()
    return line

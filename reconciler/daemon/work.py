"""One pass in a worker's hands: named in every line of log, told once, watched for signs of life."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from reconciler.daemon.house import House, Life
from reconciler.errors import BusyError, PausedError, ReconcilerError
from reconciler.logs import Log, about
from reconciler.model.ids import ProjectId
from reconciler.model.passes import Applied, Outcome, PassResult
from reconciler.ports import Clock

STUCK_SECONDS = 600.0
"""A pass that does nothing at all for so long hangs: its single steps have limits, all far shorter."""

ELSEWHERE = (BusyError.kind, PausedError.kind)
"""Refusals that are nobody's trouble: a command works on the project, or the operator said no."""
COUNTS = ("conflicts", "quarantined", "pending", "linked", "ended")

log = Log(__name__)

Told = Callable[[PassResult], None]
"""Somebody who counts passes."""


@dataclass(slots=True, kw_only=True)
class _Running:
    """A pass under way."""

    task: "asyncio.Task[object] | None"
    life: Life = field(default_factory=Life)
    signs: tuple[object, ...] = ()
    since: float  # monotonic: when the signs last changed


class Worker:
    """Runs passes, and knows how they are."""

    def __init__(self, house: House, clock: Clock, new_id: Callable[[], UUID], told: Told) -> None:
        self._house = house
        self._clock = clock
        self._new_id = new_id
        self._told = told
        self._running: dict[UUID, _Running] = {}
        self.done = 0  # passes that ended, for the status line

    @property
    def running(self) -> int:
        """How many passes are under way."""
        return len(self._running)

    async def run(self, project_id: ProjectId) -> None:
        """One pass. Raises nothing but CancelledError: what goes wrong is said here, and the next tick tries
        again.
        """
        pass_id = self._new_id()
        running = self._running[pass_id] = _Running(
            task=asyncio.current_task(), since=self._clock.monotonic()
        )
        with about(pass_id=str(pass_id), project=str(project_id)):
            try:
                result = await self._house.look(project_id, running.life)
            except asyncio.CancelledError:
                log.info("pass cut short", reason="the service stops")
                raise
            except ReconcilerError as error:
                log.warning("pass not possible", kind=error.kind, reason=str(error))
            except Exception:
                log.exception("pass failed")
            else:
                if result is not None:
                    self._tell(result)
            finally:
                del self._running[pass_id]
                self.done += 1

    def cut(self) -> None:
        """End the passes under way now."""
        for running in self._running.values():
            if running.task is not None:
                running.task.cancel()

    def stuck(self) -> bool:
        """Whether a pass under way has shown no sign of life for too long."""
        now = self._clock.monotonic()
        for running in self._running.values():
            if (signs := running.life.signs()) != running.signs:
                running.signs, running.since = signs, now
        return any(now - running.since > STUCK_SECONDS for running in self._running.values())

    def _tell(self, result: PassResult) -> None:
        self._told(result)
        if is_idle(result):
            log.debug("pass", **line_of(result))
        elif result.outcome is Outcome.FAILED:
            log.warning("pass", **line_of(result))
        else:
            log.info("pass", **line_of(result))


def is_idle(result: PassResult) -> bool:
    """Nothing was done, or somebody else does it: such a pass is only counted."""
    if result.error is not None and result.error.kind in ELSEWHERE:
        return True
    did = result.applied != Applied() or result.github.writes or result.conflicts
    return result.outcome is Outcome.OK and not (did or result.linked or result.ended)


def line_of(result: PassResult) -> dict[str, object]:
    """What is said of a pass."""
    line: dict[str, object] = {
        "outcome": result.outcome.value,
        "repository": result.repository,
        "duration_ms": result.duration_ms,
        "requests": result.github.requests,
        "cost": result.github.cost,
    }
    line |= {name: count for name in Applied.__slots__ if (count := getattr(result.applied, name))}
    line |= {name: count for name in COUNTS if (count := getattr(result, name))}
    if result.error is not None:
        line |= {"kind": result.error.kind, "reason": result.error.message}
    if result.next_at is not None:
        line["next_at"] = result.next_at.isoformat()
    return line

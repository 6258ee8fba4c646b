"""What the daemon asks of the rest of the program. `wiring` builds it; a test brings its own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from reconciler.model.ids import ProjectId
from reconciler.model.passes import PassResult, ScheduledProject


class PassActivity:
    """What one pass under way has done so far: a pass that shows no sign of life is stuck.

    It is the pass's Progress as well (`model.shown.Progress`).
    """

    def __init__(self) -> None:
        self._steps = 0
        self._watched: list[Callable[[], object]] = []

    def watch(self, what: Callable[[], object]) -> None:
        """Something that changes whenever the pass has got anywhere, such as its requests so far."""
        self._watched.append(what)

    def observed_values(self) -> tuple[object, ...]:
        """Equal to what it was before: nothing has happened since."""
        return (self._steps, *(each() for each in self._watched))

    def start(self, what: str, total: int | None) -> None:
        """A piece of work begins."""
        del what, total
        self._steps += 1

    def advance(self, steps: int = 1) -> None:
        """It got on."""
        self._steps += steps

    def finish(self) -> None:
        """It ended."""
        self._steps += 1


class Runtime(Protocol):
    """The program, opened on one database."""

    async def check_ready(self) -> None:
        """Database and schema answer. Raises DatabaseError, SchemaError."""
        ...

    async def pass_schedule(self) -> Sequence[ScheduledProject]:
        """Every active, connected project, as the database knows it. Raises DatabaseError."""
        ...

    async def scan_changes(self, *, lately: bool) -> Mapping[ProjectId, int]:
        """Projects whose BugSpark side waits for a pass, each with a print of what waits: another change,
        another print. `lately`: a glance at what changed in the last minutes. Raises DatabaseError.
        """
        ...

    async def delete_old_records(self) -> None:
        """Remove records older than `keep.days`, unless a daemon has just done so. Raises DatabaseError."""
        ...

    async def run_pass(self, project_id: ProjectId, life: PassActivity) -> PassResult | None:
        """One pass. None: the project is no longer to be looked at. Raises DatabaseError; a project's own
        trouble is a result.
        """
        ...

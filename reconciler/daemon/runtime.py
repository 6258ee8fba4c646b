"""What the daemon needs of the rest of the program; `bootstrap.runtime` implements it, in tests a fake."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from reconciler.model.ids import ProjectId
from reconciler.model.passes import PassResult, ScheduledProject


class PassActivity:
    """The activity of one pass: a pass whose values stop changing is stuck.

    It is the pass's `model.passes.Progress` as well.
    """

    def __init__(self) -> None:
        self._steps = 0
        self._watched: list[Callable[[], object]] = []

    def watch(self, what: Callable[[], object]) -> None:
        """Add a value that changes whenever the pass makes progress, such as the number of its requests."""
        self._watched.append(what)

    def observed_values(self) -> tuple[object, ...]:
        """Return the values; equal ones mean that nothing has happened in between."""
        return (self._steps, *(each() for each in self._watched))

    def start(self, what: str, total: int | None) -> None:
        """Count the beginning of a piece of work."""
        del what, total
        self._steps += 1

    def advance(self, steps: int = 1) -> None:
        """Count its steps."""
        self._steps += steps

    def finish(self) -> None:
        """Count its end."""
        self._steps += 1


class Runtime(Protocol):
    """The program, opened on one database."""

    async def check_ready(self) -> None:
        """Check that database and schema answer. Raises DatabaseError, SchemaError."""
        ...

    async def pass_schedule(self) -> Sequence[ScheduledProject]:
        """Return every active, connected project with what its next pass depends on. Raises DatabaseError."""
        ...

    async def scan_changes(self, *, incremental: bool) -> Mapping[ProjectId, int]:
        """Return projects with unsynced changes in BugSpark, each with a fingerprint of these changes.

        `incremental`: only what changed in the last minutes. Raises DatabaseError.
        """
        ...

    async def delete_old_records(self) -> None:
        """Delete records older than `keep.days`, unless a daemon has just done so. Raises DatabaseError."""
        ...

    async def run_pass(self, project_id: ProjectId, activity: PassActivity) -> PassResult | None:
        """Run one pass. None: the project is not synced any more.

        A problem of the project is in the result. Raises DatabaseError.
        """
        ...

"""The interface between the daemon and the rest of the program; `bootstrap.runtime` implements it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from reconciler.model.ids import Fingerprint, ProjectId
from reconciler.model.passes import DuePass, PassResult, ScheduledProject


class PassProgressCounter:
    """The activity of one pass, for detecting a stuck one: its values stop changing.

    It also implements `model.passes.Progress`.
    """

    def __init__(self) -> None:
        self._steps = 0
        self._watched: list[Callable[[], object]] = []

    def add_progress_value(self, what: Callable[[], object]) -> None:
        """Add a value that changes whenever the pass makes progress, such as its number of requests."""
        self._watched.append(what)

    def progress_values(self) -> tuple[object, ...]:
        """Return the current values. Two equal results mean that nothing has happened in between."""
        return (self._steps, *(each() for each in self._watched))

    def start(self, what: str, total: int | None) -> None:
        """Count the beginning of a piece of work."""
        del what, total
        self._steps += 1

    def advance(self, steps: int = 1) -> None:
        """Count steps of it."""
        self._steps += steps

    def finish(self) -> None:
        """Count its end."""
        self._steps += 1


class DaemonBackend(Protocol):
    """The program, opened with one database."""

    async def check_ready(self) -> None:
        """Check that the database answers and its schema fits. Raises DatabaseError, SchemaError."""
        ...

    async def pass_schedule(
        self, project_ids: Collection[ProjectId] | None = None
    ) -> Sequence[ScheduledProject]:
        """Return active, connected projects, with the facts that decide when they are due.

        `project_ids`: only these; None: all. Raises DatabaseError.
        """
        ...

    async def scan_changes(self, *, incremental: bool) -> Mapping[ProjectId, int]:
        """Return the projects with unsynced changes in BugSpark: id → fingerprint of these changes.

        `incremental`: only changes of the last minutes. Raises DatabaseError.
        """
        ...

    def passes_waiting_to_write(self) -> Mapping[Fingerprint, int]:
        """Return how many running passes wait until those before them have written, by credential."""
        ...

    async def delete_old_records(self) -> None:
        """Delete records older than `keep.days`, unless a daemon has just done so. Raises DatabaseError."""
        ...

    async def record_hung_pass(self, project_id: ProjectId, silent_seconds: float) -> PassResult | None:
        """Record that a project's pass was cut. None if it is no longer synced. Raises DatabaseError."""
        ...

    async def run_pass(
        self, project_id: ProjectId, activity: PassProgressCounter, *, compares: bool, due: DuePass | None
    ) -> PassResult | None:
        """Run one pass; `due`: nobody asked for it.

        Returns None if the project is no longer synced, or another daemon makes or has made the due pass.

        `compares`: it looks itself for what differs in BugSpark, whether or not a scan found anything.
        A problem of the project is returned in the result. Raises DatabaseError.
        """
        ...

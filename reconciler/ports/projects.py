"""BugSpark's projects and reports, and what is stored about each project between passes."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from reconciler.model.alerts import AlertState
from reconciler.model.ids import (
    AccountId,
    ProjectId,
    ReportId,
)
from reconciler.model.passes import PassResult, ScheduledProject
from reconciler.model.report import Project, Report, ReportDetails
from reconciler.model.snapshot import ProjectState


class Projects(Protocol):
    """BugSpark's projects and the stored state of each."""

    async def list_active(self) -> tuple[Project, ...]:
        """Every active project with a github integration, by name, with its problem if it has one."""
        ...

    async def find(self, text: str) -> Project:
        """By id or exact name. Raises UsageError when there is none or more than one."""
        ...

    async def get_state(self, project_id: ProjectId) -> ProjectState:
        """The stored state; an empty one for a project without a pass so far."""
        ...

    async def save_state(self, state: ProjectState) -> None:
        """Store everything but the list states (`Ledger.apply_batch` stores those, with their rows)."""
        ...

    async def set_paused(self, project_id: ProjectId, *, paused: bool) -> bool:
        """Keep passes from the project, or let them work again. False when that was so already."""
        ...

    async def save_alert_state(self, project_id: ProjectId, state: AlertState) -> None:
        """Store which problems people have been alerted to (`ProjectState.alert_state`)."""
        ...

    async def own_accounts(self, project_id: ProjectId) -> frozenset[AccountId]:
        """Every account this project has ever written as."""
        ...

    async def begin_full_verification(
        self, project_id: ProjectId, at: datetime, max_age: timedelta
    ) -> datetime:
        """When the full verification under way began: at `at`, or earlier, at most `max_age` ago."""
        ...

    async def end_full_verification(self, project_id: ProjectId) -> None:
        """Every link was compared: the next full verification starts from the beginning."""
        ...

    async def record_pass(self, result: PassResult, at: datetime) -> None:
        """The end of a pass: one row for an idle one, a run as well for one that did something. `at` is the
        local clock's, which the next pass is scheduled by.
        """
        ...

    async def pass_schedule(self) -> tuple[ScheduledProject, ...]:
        """Every active project with a github integration and what its next pass depends on: one query, cheap
        enough to ask every few seconds (`model.schedule.due_at` decides).
        """
        ...


class Reports(Protocol):
    """BugSpark's reports, for commands and exports."""

    async def find(self, text: str) -> tuple[Project, ReportId]:
        """By report id, or "PROJECT:BUG-0001". Raises UsageError."""
        ...

    async def details(
        self, report_ids: Collection[ReportId]
    ) -> Mapping[ReportId, tuple[Report, ReportDetails]]:
        """The report and what an export shows of it; deleted ones are absent."""
        ...

    async def export_candidates(
        self, project_id: ProjectId, since: datetime, limit: int
    ) -> tuple[ReportId, ...]:
        """Reports filed since then without link, columns or open intent, oldest first."""
        ...

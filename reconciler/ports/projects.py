"""BugSpark's projects and reports, what is remembered of them, and their stories."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from reconciler.model.attention import CurrentProblems
from reconciler.model.fields import Field
from reconciler.model.ids import (
    AccountId,
    ProjectId,
    ReportId,
)
from reconciler.model.link import Link
from reconciler.model.passes import PassResult, ScheduledProject
from reconciler.model.report import Project, Report, ReportDetails
from reconciler.model.report_detail import ReportDetail
from reconciler.model.snapshot import (
    Change,
    CredentialLimits,
    ProjectHealth,
    ProjectState,
)
from reconciler.model.told import AlertState


class Projects(Protocol):
    """BugSpark's projects and what we remember about each."""

    async def list_active(self) -> tuple[Project, ...]:
        """Every active project with a github integration, by name, with its problem if it has one."""
        ...

    async def find(self, text: str) -> Project:
        """By id or exact name. Raises UsageError when there is none or more than one."""
        ...

    async def get_state(self, project_id: ProjectId) -> ProjectState:
        """What we remember; an empty Memory for a project never looked at."""
        ...

    async def save_state(self, memory: ProjectState) -> None:
        """Store everything but the list states (those are stored by `Ledger.store`, with their rows)."""
        ...

    async def set_paused(self, project_id: ProjectId, *, paused: bool) -> bool:
        """Keep passes from the project, or let them work again. False when that was so already."""
        ...

    async def attention(self, project_id: ProjectId) -> CurrentProblems:
        """What of the project needs a person now."""
        ...

    async def save_alert_state(self, project_id: ProjectId, told: AlertState) -> None:
        """Remember what has been told of that (`Memory.told`)."""
        ...

    async def own_accounts(self, project_id: ProjectId) -> frozenset[AccountId]:
        """Every account this project has ever written as."""
        ...

    async def begin_full_verification(
        self, project_id: ProjectId, at: datetime, patience: timedelta
    ) -> datetime:
        """When the whole verification under way began: at `at`, or earlier, no longer than `patience` ago."""
        ...

    async def end_full_verification(self, project_id: ProjectId) -> None:
        """Every link was compared: the next round begins anew."""
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

    async def health(self, project_id: ProjectId | None = None) -> tuple[ProjectHealth, ...]: ...

    async def rate_limits(self) -> tuple[CredentialLimits, ...]: ...


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


class Stories(Protocol):
    """What people ask and mend about single reports."""

    async def report_detail(self, report_id: ReportId, lines: int) -> ReportDetail | None:
        """All that is known about a report and the newest lines of its story; None when it was deleted."""
        ...

    async def newest_conflict(self, report_id: ReportId, field: Field) -> Change | None:
        """The newest recorded conflict of a field."""
        ...

    async def restore_lost_value(self, link: Link, change: Change, at: datetime) -> bool:
        """One transaction: the report's field from `change.local` to `change.to`, the link as given, the
        story. False, and nothing stored, when the report says something else by now.
        """
        ...

    async def record_kept_value(self, link: Link, change: Change, at: datetime) -> bool:
        """One line of the story, where the report's field still is `change.local`. False, and nothing stored,
        where it is not.
        """
        ...

    async def release_quarantine(
        self, link: Link | None, report_id: ReportId, told: str, at: datetime
    ) -> int:
        """One transaction: the link as given, the report's quarantined writes planned again, the story. How
        many writes that were.
        """
        ...

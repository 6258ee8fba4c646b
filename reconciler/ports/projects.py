"""BugSpark's projects and reports, and what is stored about each project between passes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from reconciler.model.alerts import AlertState
from reconciler.model.fields import RenamedLabel
from reconciler.model.ids import (
    AccountId,
    ProjectId,
    ReportId,
)
from reconciler.model.passes import PassResult, ScheduledProject
from reconciler.model.report import MisnamedReport, Project, Report, ReportDetails
from reconciler.model.snapshot import KnownPeople, KnownPriority, PassStart, ProjectState
from reconciler.model.viewer import Actor


class Projects(Protocol):
    """BugSpark's projects and the stored state of each."""

    async def list_active(self) -> tuple[Project, ...]:
        """Read every active project with a github integration, by name, with its problem if it has one."""
        ...

    async def find_project(self, text: str) -> Project:
        """Find a project by id or exact name. Raises UsageError when none or more than one matches."""
        ...

    async def get_state(self, project_id: ProjectId) -> ProjectState:
        """Read the stored state; an empty one for a project without a pass so far."""
        ...

    async def read_pass_start(self, project_id: ProjectId) -> PassStart | None:
        """Read project, state and database identity in one snapshot; None if the project is not active."""
        ...

    async def save_state(self, state: ProjectState) -> None:
        """Store everything but the list states, which `Ledger.apply_batch` stores with their rows."""
        ...

    async def set_paused(self, project_id: ProjectId, *, paused: bool) -> bool:
        """Pause or resume passes of the project. False when it was so already."""
        ...

    async def record_command(
        self,
        actor: Actor,
        at: datetime,
        project_id: ProjectId,
        report_id: ReportId | None,
        what: str,
        said: str,
    ) -> None:
        """Add a command to the history. `what`: its name; `said`: the sentence about what was done."""
        ...

    async def save_renamed_labels(self, project_id: ProjectId, renamed: Sequence[RenamedLabel]) -> None:
        """Store the labels of the mapping that have other names on GitHub now."""
        ...

    async def add_renamed_labels(self, project_id: ProjectId, renamed: Sequence[RenamedLabel]) -> None:
        """Add labels to them; one that is known already takes the newer name."""
        ...

    async def save_alert_state(self, project_id: ProjectId, state: AlertState) -> None:
        """Store which problems people have been alerted to (`ProjectState.alert_state`)."""
        ...

    async def member_names(self, project_id: ProjectId) -> Mapping[str, str]:
        """Read the names of the project's owner and accepted members, by their ids without dashes."""
        ...

    async def save_people(self, project_id: ProjectId, people: KnownPeople, *, begins: bool) -> None:
        """Store whose accounts the logins in the settings are.

        `begins`: assignees are synced from now on, so that each link gets BugSpark's present one as its base.
        """
        ...

    async def save_priority(self, project_id: ProjectId, known: KnownPriority | None, *, ends: bool) -> None:
        """Store what GitHub said of the organisation's field *Priority*; None: severities are in labels.

        `ends`: they were in that field until now, so that every link forgets what it had there.
        """
        ...

    async def own_accounts(self, project_id: ProjectId) -> frozenset[AccountId]:
        """Read every account that this project has ever written as."""
        ...

    async def begin_full_verification(
        self, project_id: ProjectId, at: datetime, max_age: timedelta
    ) -> datetime:
        """Begin a full verification at `at`, or continue an unfinished one.

        Returns when it began: at most `max_age` ago.
        """
        ...

    async def complete_full_verification(self, project_id: ProjectId) -> None:
        """Record that every link was compared: the next full verification starts from the beginning."""
        ...

    async def record_busy(self, project_id: ProjectId, at: datetime) -> None:
        """Note that another process is at work on the project, unless that is noted since an earlier time.

        The end of a pass ends it. `at`: the local clock's time.
        """
        ...

    async def record_pass(self, result: PassResult, at: datetime) -> None:
        """Store the end of a pass: its result, and a run if it changed something or failed.

        `at`: the local clock's time, by which the next pass is planned.
        """
        ...

    async def pass_schedule(
        self, project_ids: Collection[ProjectId] | None = None
    ) -> tuple[ScheduledProject, ...]:
        """Read active projects with a github integration and what their next passes depend on.

        `project_ids`: only these; None: all, which takes the longer the more there are. One query
        (`model.passes.due_at` decides).
        """
        ...


class Reports(Protocol):
    """BugSpark's reports, for commands and exports."""

    async def find_report(self, text: str) -> tuple[Project, ReportId]:
        """Find a report by its id, or by "PROJECT:BUG-0001". Raises UsageError."""
        ...

    async def details(
        self, report_ids: Collection[ReportId]
    ) -> Mapping[ReportId, tuple[Report, ReportDetails]]:
        """Read reports and what an export shows of them; deleted ones are missing in the result."""
        ...

    async def misnamed_reports(self, project_id: ProjectId, repository: str) -> tuple[MisnamedReport, ...]:
        """Read reports without a link whose columns name no issue of this repository, a limited number."""
        ...

    async def name_of_report(self, report_id: ReportId) -> str:
        """Return `BUG-0001 of project "Web shop"`; of a deleted report, its id."""
        ...

    async def tracking_id_of_report(self, report_id: ReportId) -> str:
        """Return `BUG-0001`, for texts that name the project anyway; of a deleted report, its id."""
        ...

    async def record_excluded_from_export(
        self, project_id: ProjectId, report_ids: Collection[ReportId], at: datetime
    ) -> None:
        """Record reports that the filter of exports leaves out: they are exported only by name."""
        ...

    async def export_candidates(
        self, project_id: ProjectId, since: datetime, limit: int
    ) -> tuple[ReportId, ...]:
        """Find reports filed since then without link, columns or open intent, oldest first.

        Resolved and closed ones are left out.
        """
        ...

    async def newest_created_at(self, project_id: ProjectId) -> datetime | None:
        """Return when the project's newest report was filed, by BugSpark's database; None without any."""
        ...

"""The queries of pages, API, `status` and metrics. They write nothing and send nothing to GitHub.

Lists have at most `limit` rows, and no query grows with the number of links without a problem.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from reconciler.model.alerts import CurrentProblems
from reconciler.model.fields import Field
from reconciler.model.health import CredentialLimits, Gauges, ProjectHealth
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.passes import PassResult
from reconciler.model.report_detail import ReportDetail, ReportSummary, ReportView
from reconciler.model.snapshot import Change
from reconciler.model.viewer import Access, AuditEntry, Member, Viewer
from reconciler.model.views import (
    IssuePreview,
    LinkFilter,
    LinkPage,
    ProjectActivity,
    ReportChange,
    ReportFilter,
    ReportPosition,
    SetupView,
    UnlinkedFilter,
    UnlinkedPage,
    WithheldPage,
    WithheldRow,
)


class Queries(Protocol):
    """Read-only queries, each in one consistent snapshot. Every method raises DatabaseError."""

    async def viewer(self, user_id: UUID) -> Viewer | None:
        """Find a BugSpark user who may sign in: active, and neither waiting for the beta nor rejected."""
        ...

    async def access(self, viewer: Viewer, project_id: ProjectId) -> Access:
        """Return what the viewer may do with a project; NONE also for a missing or inactive one."""
        ...

    async def members(self, project_id: ProjectId) -> tuple[Member, ...]:
        """Read the project's owner and accepted members who may sign in, by name."""
        ...

    async def accessible_projects(self, viewer: Viewer) -> Mapping[ProjectId, Access]:
        """Read every active project that this viewer may see."""
        ...

    async def project_of_report(self, report_id: ReportId) -> ProjectId | None:
        """Find the project of a report; None when there is no such report."""
        ...

    async def gauges(self) -> Gauges:
        """Read the numbers for `/metrics`."""
        ...

    async def health(self, project_id: ProjectId | None = None) -> tuple[ProjectHealth, ...]:
        """Read the health of one project, or of every active one with a github integration, by name."""
        ...

    async def current_problems(self, project_id: ProjectId) -> CurrentProblems:
        """Read what of the project needs a person now."""
        ...

    async def rate_limits(self) -> tuple[CredentialLimits, ...]:
        """Read the limits of every credential that has been used, by fingerprint."""
        ...

    async def rate_limits_by_project(self) -> Mapping[ProjectId, CredentialLimits]:
        """Read, for each project, the limits of the credential of its last pass."""
        ...

    async def last_pass(self, project_id: ProjectId) -> PassResult | None:
        """Read the result of the project's last pass; None: there was none."""
        ...

    async def link_page(self, project_id: ProjectId, wanted: LinkFilter, limit: int) -> LinkPage:
        """Read a page of links that are not UNLINKED, the newest issue first."""
        ...

    async def unlinked_reports(
        self, project_id: ProjectId, wanted: UnlinkedFilter, limit: int
    ) -> UnlinkedPage:
        """Read a page of reports without a live link, the highest tracking id first."""
        ...

    async def recent_changes(self, project_id: ProjectId, limit: int) -> tuple[ReportChange, ...]:
        """Read the newest lines of history."""
        ...

    async def recent_audit_entries(self, project_id: ProjectId, limit: int) -> tuple[AuditEntry, ...]:
        """Read the newest commands that people ran on the project and its reports, newest first."""
        ...

    async def unresolved_conflicts(self, project_id: ProjectId, limit: int) -> tuple[ReportChange, ...]:
        """Read recorded conflicts whose outcome still stands, newest first."""
        ...

    async def withheld_deletions(
        self, project_id: ProjectId, limit: int, offset: int = 0
    ) -> tuple[WithheldRow, ...]:
        """Read the deletions that the guard withholds, by issue. `offset`: how many are left out before."""
        ...

    async def activity_between(
        self, project_id: ProjectId, since: datetime, until: datetime
    ) -> ProjectActivity:
        """Read what happened between these times."""
        ...

    async def project_setup(self, project_id: ProjectId, deliveries: int) -> SetupView:
        """Read how a project is connected, with its newest `deliveries` deliveries.

        Raises UsageError for a project that is not active.
        """
        ...

    async def report_detail(self, report_id: ReportId, lines: int) -> ReportDetail | None:
        """Read everything about a report, and the newest `lines` of its history; None if it was deleted.

        Raises ValueError for a stored value that this program does not know.
        """
        ...

    async def report_summaries(self, report_ids: Sequence[ReportId]) -> tuple[ReportSummary, ...]:
        """Read what decides the state of each of these reports, in the same order.

        One that does not exist is left out. The number of statements is the same for any number of reports.
        """
        ...

    async def report_positions(
        self, wanted: ReportFilter, limit: int
    ) -> tuple[tuple[ReportId, ReportPosition], ...]:
        """Find the next reports of a list, with or without a link, and their positions."""
        ...

    async def newest_conflict(self, report_id: ReportId, field: Field) -> Change | None:
        """Read the newest recorded conflict of a field."""
        ...


class ReportViews(Protocol):
    """Views of reports. Built in `bootstrap`, because `web` may not import `decide`."""

    async def report_view(self, report_id: ReportId) -> ReportView | None:
        """Return everything about a report, its history included; None if it was deleted."""
        ...

    async def preview_export(self, report_id: ReportId) -> IssuePreview:
        """Return the issue that an export would create now; GitHub is not asked.

        Raises UsageError for an unknown report, RefusedError or ProjectError for one that can't be exported.
        """
        ...

    async def report_states(self, report_ids: Sequence[ReportId]) -> tuple[ReportView, ...]:
        """Return the state of each of these reports that exists, in the same order, without its comments."""
        ...

    async def withheld_page(
        self, project_id: ProjectId, limit: int, offset: int, *, reads_github: bool
    ) -> WithheldPage:
        """Return withheld deletions with the first words of the comments, cleaned.

        `reads_github`: read the texts of comments on GitHub, whose originals are gone from BugSpark. What
        can't be read is left out, and said in `problem`. Raises UsageError for a project that is not active.
        """
        ...

"""What pages, API, `status` and metrics read. Nothing here writes, and nothing asks GitHub.

Lists are bounded by their `limit`, and no query grows with the number of links that need nobody.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from reconciler.model.alerts import CurrentProblems
from reconciler.model.fields import Field
from reconciler.model.health import CredentialLimits, Gauges, ProjectHealth
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.passes import PassResult
from reconciler.model.report_detail import ReportDetail, ReportView
from reconciler.model.snapshot import Change
from reconciler.model.viewer import Access, Viewer
from reconciler.model.views import LinkFilter, LinkPage, ProjectActivity, ReportChange, SetupView, WithheldRow


class Queries(Protocol):
    """Read-only queries, each in one consistent snapshot. Every method raises DatabaseError."""

    async def viewer(self, user_id: UUID) -> Viewer | None:
        """A BugSpark user who may sign in: active, and neither waiting for the beta nor turned down."""
        ...

    async def access(self, viewer: Viewer, project_id: ProjectId) -> Access:
        """What the viewer may do with a project; NONE too for one that does not exist or is switched off."""
        ...

    async def accessible_projects(self, viewer: Viewer) -> Mapping[ProjectId, Access]:
        """Every active project this viewer may see."""
        ...

    async def project_of_report(self, report_id: ReportId) -> ProjectId | None:
        """Which project a report belongs to; None when there is no such report."""
        ...

    async def gauges(self) -> Gauges:
        """The numbers that `/metrics` reads from the database."""
        ...

    async def health(self, project_id: ProjectId | None = None) -> tuple[ProjectHealth, ...]:
        """One project, or every active one with a github integration, by name."""
        ...

    async def current_problems(self, project_id: ProjectId) -> CurrentProblems:
        """What of the project needs a person now."""
        ...

    async def rate_limits(self) -> tuple[CredentialLimits, ...]:
        """The limits of every credential that has been used, by its fingerprint."""
        ...

    async def rate_limits_by_project(self) -> Mapping[ProjectId, CredentialLimits]:
        """By project: the limits of the credential it was last synced with."""
        ...

    async def last_pass(self, project_id: ProjectId) -> PassResult | None:
        """What the last pass over a project reported; None: there was none."""
        ...

    async def link_page(self, project_id: ProjectId, wanted: LinkFilter, limit: int) -> LinkPage:
        """Links that are not UNLINKED, the newest issue first."""
        ...

    async def recent_changes(self, project_id: ProjectId, limit: int) -> tuple[ReportChange, ...]:
        """What was last written or seen, newest first."""
        ...

    async def standing_conflicts(self, project_id: ProjectId, limit: int) -> tuple[ReportChange, ...]:
        """Recorded conflicts whose outcome still stands, newest first."""
        ...

    async def withheld_deletions(self, project_id: ProjectId, limit: int) -> tuple[WithheldRow, ...]:
        """Deletions that the guard holds back, by issue."""
        ...

    async def activity_between(
        self, project_id: ProjectId, since: datetime, until: datetime
    ) -> ProjectActivity:
        """What happened between these moments."""
        ...

    async def project_setup(self, project_id: ProjectId, deliveries: int) -> SetupView:
        """How a project is connected, with its newest deliveries, so many. Raises UsageError for a project
        that is not active.
        """
        ...

    async def report_detail(self, report_id: ReportId, lines: int) -> ReportDetail | None:
        """All that is stored about a report and the newest lines of its history; None when it was deleted.
        Raises ValueError for a value this program does not know.
        """
        ...

    async def newest_conflict(self, report_id: ReportId, field: Field) -> Change | None:
        """The newest recorded conflict of a field."""
        ...


class ReportViews(Protocol):
    """Views of reports. Built in `bootstrap`, because `web` may not import `decide`."""

    async def report_view(self, report_id: ReportId) -> ReportView | None:
        """All that is known about a report, its history included; None when it was deleted."""
        ...

"""What the pages and the API read. Nothing here writes.

What the pages list. Nothing here writes, and nothing grows with the number of quiet links.

What the set-up page reads of the database. Nothing here writes, and nothing asks GitHub.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from reconciler.model.health import Gauges
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.passes import PassResult
from reconciler.model.report_detail import ReportView
from reconciler.model.snapshot import CredentialLimits, ProjectHealth
from reconciler.model.viewer import Access, Viewer
from reconciler.model.views import LinkFilter, LinkPage, ProjectActivity, ReportChange, SetupView, WithheldRow


class Queries(Protocol):
    """Who may see what, and the numbers. Every method raises DatabaseError."""

    async def viewer(self, user_id: UUID) -> Viewer | None:
        """A BugSpark user who may sign in: active, and neither waiting for the beta nor turned down."""
        ...

    async def access(self, viewer: Viewer, project_id: ProjectId) -> Access:
        """NONE too for a project that does not exist or is switched off."""
        ...

    async def accessible_projects(self, viewer: Viewer) -> Mapping[ProjectId, Access]:
        """Every active project this viewer may see."""
        ...

    async def project_of_report(self, report_id: ReportId) -> ProjectId | None:
        """Which project a report belongs to; None when there is no such report."""
        ...

    async def gauges(self) -> Gauges:
        """What `/metrics` tells of the database."""
        ...


class ReportViews(Protocol):
    """What needs a verdict before it can be shown; composed in `wiring`."""

    async def health(self, project_id: ProjectId | None = None) -> tuple[ProjectHealth, ...]:
        """As `Projects.health`: one project, or every active one with a github integration, by name."""
        ...

    async def report_view(self, report_id: ReportId) -> ReportView | None:
        """All that is known about a report and its story; None when it was deleted."""
        ...


class Listings(Protocol):
    """Lists, each bounded by `limit`. Every method raises DatabaseError."""

    async def rate_limits_by_project(self) -> Mapping[ProjectId, CredentialLimits]:
        """By project: the limits of the credential it was last synced with."""
        ...

    async def last_pass(self, project_id: ProjectId) -> PassResult | None:
        """What the last pass over a project reported; None: there was none."""
        ...

    async def link_page(self, project_id: ProjectId, wanted: LinkFilter, limit: int) -> LinkPage:
        """Links that were not cut, the newest issue first."""
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


class Setups(Protocol):
    """How projects are connected."""

    async def project_setup(self, project_id: ProjectId, deliveries: int) -> SetupView:
        """With that many deliveries. Raises UsageError for a project that is not active, DatabaseError."""
        ...

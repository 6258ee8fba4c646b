"""What the pages and the API read. Nothing here writes."""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from reconciler.model.dossier import ReportView
from reconciler.model.health import Gauges
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.snapshot import ProjectHealth
from reconciler.model.viewer import Access, Viewer


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

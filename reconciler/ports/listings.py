"""What the pages list. Nothing here writes, and nothing grows with the number of quiet links."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from reconciler.model.ids import ProjectId
from reconciler.model.listing import LinkFilter, LinkPage, ProjectActivity, ReportChange, WithheldRow
from reconciler.model.passes import PassResult
from reconciler.model.snapshot import CredentialLimits


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

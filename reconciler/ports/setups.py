"""What the set-up page reads of the database. Nothing here writes, and nothing asks GitHub."""

from typing import Protocol

from reconciler.model.ids import ProjectId
from reconciler.model.setup import SetupView


class Setups(Protocol):
    """How projects are connected."""

    async def project_setup(self, project_id: ProjectId, deliveries: int) -> SetupView:
        """With that many deliveries. Raises UsageError for a project that is not active, DatabaseError."""
        ...

"""What the set-up page reads of the database. Nothing here writes, and nothing asks GitHub."""

from typing import Protocol

from reconciler.model.ids import ProjectId
from reconciler.model.setup import SetupShown


class Setups(Protocol):
    """How projects are connected."""

    async def setup(self, project_id: ProjectId, deliveries: int) -> SetupShown:
        """With that many deliveries. Raises UsageError for a project that is not active, DatabaseError."""
        ...

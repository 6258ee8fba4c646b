"""What the pages list. Nothing here writes, and nothing grows with the number of quiet links."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from reconciler.model.ids import ProjectId
from reconciler.model.listing import Day, Happened, Held, LinkPage, Wanted
from reconciler.model.passes import PassResult
from reconciler.model.snapshot import Limits


class Listings(Protocol):
    """Lists, each bounded by `limit`. Every method raises DatabaseError."""

    async def limits(self) -> Mapping[ProjectId, Limits]:
        """By project: the limits of the credential it was last synced with."""
        ...

    async def last_pass(self, project_id: ProjectId) -> PassResult | None:
        """What the last pass over a project reported; None: there was none."""
        ...

    async def links(self, project_id: ProjectId, wanted: Wanted, limit: int) -> LinkPage:
        """Links that were not cut, the newest issue first."""
        ...

    async def changes(self, project_id: ProjectId, limit: int) -> tuple[Happened, ...]:
        """What was last written or seen, newest first."""
        ...

    async def conflicts(self, project_id: ProjectId, limit: int) -> tuple[Happened, ...]:
        """Recorded conflicts whose outcome still stands, newest first."""
        ...

    async def withheld(self, project_id: ProjectId, limit: int) -> tuple[Held, ...]:
        """Deletions that the guard holds back, by issue."""
        ...

    async def day(self, project_id: ProjectId, since: datetime, until: datetime) -> Day:
        """What happened between these moments."""
        ...

"""GitHub's webhooks: their secrets, and which issues they named. A delivery is never a fact to apply."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reconciler.model.ids import IssueNumber, ProjectId
from reconciler.model.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One verified delivery, as far as it is kept."""

    project_id: ProjectId
    id: str  # X-GitHub-Delivery: a redelivery carries the same
    event: str  # X-GitHub-Event
    action: str | None
    number: IssueNumber | None  # the issue it names
    at: datetime  # when it came


class Webhooks(Protocol):
    """What the receiver and the pass share."""

    async def secrets(self, project_id: ProjectId) -> tuple[Secret, ...]:
        """The current secret, then the previous one while it is still valid; none for an unknown project or
        one without secret.
        """
        ...

    async def note(self, delivery: Delivery) -> bool:
        """Keep a delivery. False when this id was kept before: nothing is stored then."""
        ...

    async def named(self, project_id: ProjectId) -> frozenset[IssueNumber]:
        """Issues that deliveries named and no pass has read since."""
        ...

    async def read(self, project_id: ProjectId, numbers: Collection[IssueNumber], until: datetime) -> None:
        """A pass has read these issues after all deliveries that came before `until`."""
        ...

"""GitHub's webhooks: their secrets, and which issues they named. A delivery is never a fact to apply."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reconciler.model.ids import IssueNumber, ProjectId
from reconciler.model.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery:
    """One verified delivery, as far as it is kept."""

    project_id: ProjectId
    id: str  # X-GitHub-Delivery: a redelivery carries the same
    event: str  # X-GitHub-Event
    action: str | None
    number: IssueNumber | None  # the issue it names
    at: datetime  # when it came


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingHints:
    """What deliveries named and no pass has looked into since."""

    numbers: tuple[IssueNumber, ...] = ()  # the longest waiting first
    comment_threads: frozenset[IssueNumber] = frozenset()  # those of them whose comments were spoken of
    delivery_ids: frozenset[str] = frozenset()  # their ids


class Webhooks(Protocol):
    """What the receiver, the pass and the setup share. Moments are of this machine's clock."""

    async def valid_secrets(self, project_id: ProjectId) -> tuple[Secret, ...]:
        """The current secret, then the previous one while it is still valid; none for an unknown project or
        one without a secret that can be read.
        """
        ...

    async def record_delivery(self, delivery: WebhookDelivery) -> bool:
        """Keep a delivery. False when this id was kept before: nothing is stored then. However many come,
        only the newest of a project are kept (`store.webhooks.KEPT`).
        """
        ...

    async def pending_hints(self, project_id: ProjectId) -> PendingHints:
        """What is still to be looked into. `Memory.named` tells without a question whether there is any."""
        ...

    async def mark_handled(self, project_id: ProjectId, deliveries: Collection[str], at: datetime) -> None:
        """A pass has looked into these. Others that came since, for the same issues too, stay unread."""
        ...

    async def record_listed_changes(
        self, project_id: ProjectId, changes: Mapping[IssueNumber, datetime], at: datetime
    ) -> None:
        """The lists showed changes of these issues, made then. A hook that is known to work should announce
        them: what it has not announced a while later is counted as missed.
        """
        ...

    async def current_secret(self, project_id: ProjectId) -> Secret | None:
        """The current secret. Raises ProjectError where none could be kept, or it can't be decrypted."""
        ...

    async def replace_secret(
        self, project_id: ProjectId, old: Secret | None, new: Secret, valid_until: datetime
    ) -> bool:
        """Put `new` in the place of `old`, which stays valid until then; the integration's other settings
        are not touched. False, and nothing stored, where the secret is no longer `old`. Raises ProjectError.
        """
        ...

    async def record_hook(self, project_id: ProjectId, hook_id: int, at: datetime) -> None:
        """The hook is known to exist on GitHub from now on."""
        ...

"""GitHub's webhooks: their secrets, and the issues that deliveries name. No delivery is applied as a fact."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reconciler.model.ids import Fingerprint, IssueNumber, ProjectId
from reconciler.model.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery:
    """A delivery with a valid signature, as it is stored."""

    project_id: ProjectId
    id: str  # X-GitHub-Delivery: the same for a redelivery
    event: str  # X-GitHub-Event
    action: str | None
    number: IssueNumber | None  # the issue it names
    at: datetime  # when it was received


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingHints:
    """What deliveries named and no pass has read since."""

    numbers: tuple[IssueNumber, ...] = ()  # the longest waiting first
    comment_threads: frozenset[IssueNumber] = frozenset()  # those of them with a delivery about a comment
    delivery_ids: frozenset[str] = frozenset()  # their ids


class Webhooks(Protocol):
    """The webhooks of receiver, pass and setup. Times are by this machine's clock."""

    @property
    def secrets_version(self) -> int:
        """A number that changes when this process replaces a secret."""
        ...

    async def valid_secrets(self, project_id: ProjectId) -> tuple[Secret, ...]:
        """Read the current secret, then the previous one while it is still valid.

        Empty for an unknown project, or one without a secret that can be decrypted.
        """
        ...

    async def record_delivery(self, delivery: WebhookDelivery) -> bool:
        """Store a delivery. False, and nothing stored, if its id is stored already.

        Only the newest deliveries of a project are kept (`store.webhooks.KEPT`).
        """
        ...

    async def is_delivery_unhandled(self, project_id: ProjectId, delivery_id: str) -> bool:
        """Whether no pass has acted on a stored delivery since: it is unread, or every pass since failed."""
        ...

    async def projects_of_app(self, installation_id: int, repository_id: int) -> tuple[ProjectId, ...]:
        """Return the projects that an event of the operator's GitHub App is about.

        These are pairs of `github.app.repositories` that were last read from the repository with this id,
        with a token of this installation. Both numbers come from a signed delivery.
        """
        ...

    async def record_installation(self, credential: Fingerprint, installation_id: int) -> None:
        """Record which installation an App's tokens belong to. Nothing is written if it is known."""
        ...

    async def pending_hints(self, project_id: ProjectId) -> PendingHints:
        """Read what no pass has read from GitHub. `ProjectState.has_unread_hints`: whether there is any."""
        ...

    async def mark_handled(self, project_id: ProjectId, deliveries: Collection[str], at: datetime) -> None:
        """Mark these deliveries as handled by a pass. Later ones, even for the same issues, stay unread."""
        ...

    async def record_listed_changes(
        self, project_id: ProjectId, changes: Mapping[IssueNumber, datetime], at: datetime
    ) -> None:
        """Record when the lists showed changes of these issues.

        A webhook that is known to work should announce them. A change that it has not announced some time
        later is counted as missed.
        """
        ...

    async def is_silent(self, project_id: ProjectId, at: datetime) -> bool:
        """Whether the webhook has not announced changes in time, and no delivery came since."""
        ...

    async def current_secret(self, project_id: ProjectId) -> Secret | None:
        """Read the current secret. Raises ProjectError if none could be stored, or it can't be decrypted."""
        ...

    async def replace_secret(
        self, project_id: ProjectId, old: Secret | None, new: Secret, valid_until: datetime
    ) -> bool:
        """Replace the secret `old` by `new`; `old` stays valid until then. Other settings are not changed.

        False, and nothing stored, if the secret is no longer `old`. Raises ProjectError.
        """
        ...

    async def record_hook(self, project_id: ProjectId, hook_id: int, at: datetime) -> None:
        """Record that the webhook is known to exist on GitHub from now on."""
        ...

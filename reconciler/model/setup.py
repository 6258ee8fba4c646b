"""How a project is connected to GitHub, as far as that is known without asking GitHub."""

from datetime import datetime
from enum import StrEnum

from reconciler.model.ids import IssueNumber
from reconciler.model.report import Project
from reconciler.model.values import dataclass


class CredentialKind(StrEnum):
    """What the project writes with."""

    APP = "app"  # the operator's GitHub App
    SEALED = "sealed"  # a token that is kept encrypted, and was decrypted
    PLAIN = "plain"  # a token that is kept in clear


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedDelivery:
    """A delivery with a valid signature. `read_at`: when a pass had looked into what it names."""

    id: str  # X-GitHub-Delivery
    event: str
    action: str | None
    number: IssueNumber | None  # the issue it names
    at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupView:
    """What the set-up page tells; never a secret."""

    project: Project  # with its problem, if it can't be used
    credential: CredentialKind | None  # None: there is none that can be used
    private: bool | None  # the repository, when it was last read
    account: str | None  # who the credential writes as, once that was asked
    wrote_at: datetime | None  # the last write that GitHub confirmed
    has_secret: bool  # one is kept; whether it can be decrypted is seen when it is revealed
    previous_until: datetime | None  # the secret before the present one is valid until then
    hook_id: int | None  # on GitHub, where we made it or set it right
    deliveries: tuple[ReceivedDelivery, ...]  # the newest deliveries, newest first

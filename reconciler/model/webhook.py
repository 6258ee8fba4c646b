"""A project's webhook on GitHub: its state, and how it is set up."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.model.report import Project
from reconciler.model.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookHealth:
    """Whether the hook announces changes. `known_at` None: no hook is known, so no delivery is expected."""

    known_at: datetime | None = None  # since when it is known to exist or to have delivered
    last_at: datetime | None = None  # the last delivery with a valid signature
    last_event: str | None = None
    received: int = 0
    missed: int = 0  # changes by others that a pass found and no delivery announced, in total
    silent: int = 0  # of these, since the last delivery
    silent_since: datetime | None = None  # when the first of those happened


WEBHOOK_EVENTS = ("issues", "issue_comment", "label")
"""The events that a hook has to announce (docs/reference/github.md, Webhooks)."""

WEBHOOK_PATH_PREFIX = "/api/v1/webhooks/"
WEBHOOK_PATH = f"{WEBHOOK_PATH_PREFIX}github/{{project_id}}"
"""The path that receives a project's deliveries (docs/reference/contract.md, HTTP)."""


PUBLIC_URL_MISSING = (
    "web.public_url is not set, so GitHub has no address to deliver to: set it to the address under which"
    " GitHub reaches this service, such as https://sync.example.com"
)
"""What to do about a missing `web.public_url`, in a sentence."""

WEBHOOK_PERMISSION_ADVICE = (
    "the token needs the repository permission Webhooks: read and write (a classic token: the scope"
    " admin:repo_hook), and its account must be an administrator of the repository"
)
"""The permission for reading and changing webhooks (docs/reference/github.md, Webhooks)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A webhook as GitHub shows it. GitHub never shows its secret."""

    id: int
    url: str  # the address it delivers to
    events: tuple[str, ...]
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredHook:
    """All settings of the desired hook: GitHub deletes a secret that a change leaves out."""

    url: str
    secret: Secret
    events: tuple[str, ...] = WEBHOOK_EVENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class HookResult:
    """The result of `webhook create`."""

    id: int  # on GitHub
    is_new: bool  # False: it existed, and its settings were corrected
    url: str
    repository: str
    others: int = 0  # further hooks of the repository that deliver to the same address


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSetup:
    """What a person needs to set up a project's webhook on GitHub."""

    project: Project
    secret: Secret
    url: str | None  # None: web.public_url is not set
    settings_url: str | None  # the page on which a new hook is entered; None without a usable integration
    previous_until: datetime | None = None  # until when the secret before this one is valid
    events: tuple[str, ...] = WEBHOOK_EVENTS

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps on GitHub, in its own words. The secret is shown beside them, never in them."""
        page = self.settings_url or "the webhooks in the settings of the repository"
        return (
            f"Open {page} as an administrator of the repository.",
            f"Payload URL: {self.url or 'the address, once web.public_url is set'}",
            "Content type: application/json",
            "Secret: the one shown here.",
            "Which events: Let me select individual events: Issues, Issue comments and Labels; not Pushes.",
            "Add webhook. GitHub sends a ping at once; reconcile status shows when it came.",
        )

"""A project's webhook on GitHub: what is known of it, and how it is set up."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.model.report import Project
from reconciler.model.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookHealth:
    """Whether the hook announces what happens. Without `known_at` nothing is expected of it."""

    known_at: datetime | None = None  # since when it is known to exist, or to have delivered
    last_at: datetime | None = None  # the last delivery with a valid signature
    last_event: str | None = None
    received: int = 0
    missed: int = 0  # changes by others that a pass found and no delivery announced, ever
    silent: int = 0  # of them, since the last delivery
    silent_since: datetime | None = None  # the first of those


WEBHOOK_EVENTS = ("issues", "issue_comment", "label")
"""What a hook has to announce (docs/reference/github.md, Webhooks)."""

WEBHOOK_PATH_PREFIX = "/api/v1/webhooks/"
WEBHOOK_PATH = f"{WEBHOOK_PATH_PREFIX}github/{{project_id}}"
"""Where deliveries of a project are received (docs/reference/contract.md, HTTP)."""


PUBLIC_URL_MISSING = (
    "web.public_url is not set, so GitHub has no address to deliver to: set it to the address under which"
    " GitHub reaches this service, such as https://sync.example.com"
)
"""What to do about `web.public_url`, in a sentence."""

WEBHOOK_PERMISSION_ADVICE = (
    "the token needs the repository permission Webhooks: read and write (a classic token: the scope"
    " admin:repo_hook), and its account must be an administrator of the repository"
)
"""What GitHub wants of anyone who sees or changes webhooks (docs/reference/github.md, Webhooks)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A webhook as GitHub shows it. Its secret is never shown."""

    id: int
    url: str  # where it delivers to
    events: tuple[str, ...]
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredHook:
    """How the hook is to be, whole: GitHub forgets a secret that a change leaves out."""

    url: str
    secret: Secret
    events: tuple[str, ...] = WEBHOOK_EVENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class HookResult:
    """What became of `webhook create`."""

    id: int  # on GitHub
    is_new: bool  # False: it was there, and was set right
    url: str
    repository: str
    others: int = 0  # further hooks of the repository that deliver to the same address


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSetup:
    """What a person needs to set a project's webhook up on GitHub."""

    project: Project
    secret: Secret
    url: str | None  # None: web.public_url is not set
    settings_url: str | None  # where a new hook is entered; None without a usable integration
    previous_until: datetime | None = None  # the secret before this one is valid until then
    events: tuple[str, ...] = WEBHOOK_EVENTS

    @property
    def steps(self) -> tuple[str, ...]:
        """What to do on GitHub, in its own words. The secret is shown beside them, never in them."""
        page = self.settings_url or "the webhooks in the settings of the repository"
        return (
            f"Open {page} as an administrator of the repository.",
            f"Payload URL: {self.url or 'the address, once web.public_url is set'}",
            "Content type: application/json",
            "Secret: the one shown here.",
            "Which events: Let me select individual events: Issues, Issue comments and Labels; not Pushes.",
            "Add webhook. GitHub sends a ping at once; reconcile status shows when it came.",
        )

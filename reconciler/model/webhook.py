"""A project's webhook on GitHub: its state, and how it is set up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.ids import ProjectId
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

    @property
    def silence_text(self) -> str | None:
        """Say since when it is silent, and what to do; None while it announces what happens."""
        if not self.silent or self.silent_since is None:
            return None
        return (
            f"the webhook is silent since {self.silent_since:%Y-%m-%d %H:%M} UTC: no delivery came, and "
            "passes found changes; reconcile check says why"
        )


WRONG_SECRET_STATUS = 401
"""What this service answers to a delivery with a missing or wrong signature."""

WEBHOOK_EVENTS = ("issues", "issue_comment", "label")
"""The events that a hook has to announce (docs/reference/github.md, Webhooks)."""

WEBHOOK_PATH_PREFIX = "/api/v1/webhooks/"
WEBHOOK_PATH = f"{WEBHOOK_PATH_PREFIX}github/{{project_id}}"
"""The path that receives a project's deliveries (docs/reference/contract.md, HTTP)."""
APP_WEBHOOK_PATH = f"{WEBHOOK_PATH_PREFIX}github-app"
"""The path that receives the deliveries of the operator's GitHub App."""


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
class HookResponse:
    """How the last delivery of a webhook was answered, as GitHub shows it (`last_response`)."""

    code: int | None  # None or 0: there was no answer
    message: str | None

    @property
    def is_ok(self) -> bool:
        """Whether the delivery was taken."""
        return self.code is not None and 200 <= self.code < 300

    @property
    def text(self) -> str:
        """What became of the delivery, in a sentence without full stop."""
        if not self.code:
            return f"GitHub's last delivery did not arrive ({self.message or 'no answer'})"
        cause = ": the secret doesn't match" if self.code == WRONG_SECRET_STATUS else ""
        return f"GitHub's last delivery was answered {self.code}{cause}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A webhook as GitHub shows it. GitHub never shows its secret."""

    id: int
    url: str  # the address it delivers to
    events: tuple[str, ...]
    active: bool
    response: HookResponse | None = None  # None: it has delivered nothing, or GitHub does not say


def select_own_hooks(hooks: Sequence[Hook], url: str, project_id: ProjectId) -> list[Hook]:
    """Return the webhooks that deliver for a project: that with this address first.

    The path names the project, so one with another address before it is that of an earlier `web.public_url`.
    """
    path = WEBHOOK_PATH.format(project_id=project_id)
    ours = [hook for hook in hooks if hook.url == url or hook.url.rstrip("/").endswith(path)]
    return sorted(ours, key=lambda hook: hook.url != url)


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
    others: int = 0  # further hooks of the repository that deliver for the same project
    previous_url: str | None = None  # where it delivered before, if that was another address
    response: HookResponse | None = None  # to the ping, if GitHub has it already


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
        return webhook_steps(self.url, self.settings_url)


def webhook_steps(url: str | None, settings_url: str | None) -> tuple[str, ...]:
    """Return the steps on GitHub, in its own words. `url`, `settings_url`: as in `WebhookSetup`."""
    page = settings_url or "the webhooks in the settings of the repository"
    return (
        f"Open {page} as an administrator of the repository.",
        f"Payload URL: {url or 'the address, once web.public_url is set'}",
        "Content type: application/json",
        "Secret: the one shown here.",
        "Which events: Let me select individual events: Issues, Issue comments and Labels; not Pushes.",
        "Add webhook. GitHub sends a ping at once; reconcile status shows when it came.",
    )

"""A project's webhook on GitHub: its secret, its address, and the webhook itself, created or corrected.

`show`, `rotate` and `create` of the command and of the setup page are these three functions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, assert_never

from reconciler.errors import ConfigurationError, GitHubError, LimitedError, ProjectError
from reconciler.logs import EventLogger
from reconciler.model.intent import Confirmed, NotSent, OutcomeUnknown, Refused, WriteResult
from reconciler.model.report import Project
from reconciler.model.secret import Secret
from reconciler.model.snapshot import UNKNOWN_REPOSITORY
from reconciler.model.webhook import (
    PUBLIC_URL_MISSING,
    WEBHOOK_PATH,
    WEBHOOK_PERMISSION_ADVICE,
    DesiredHook,
    Hook,
    HookResponse,
    HookResult,
    WebhookSetup,
    select_own_hooks,
)
from reconciler.ports import Clock, Webhooks
from reconciler.sync.context import Context, wait_for_write_slot
from reconciler.sync.preflight import require_certain_identity, require_same_repository

T = TypeVar("T")
log = EventLogger(__name__)

PREVIOUS_SECRET_VALIDITY = timedelta(days=1)
"""How long GitHub may go on signing with the secret that was replaced."""

PING_WAIT_SECONDS = 2.0
"""So long a ping is given to arrive before GitHub is asked how it was answered."""

MISSING_PERMISSION_STATUSES = (403, 404)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAddresses:
    """Where this service and the repository are seen from outside. `public_url` may be empty."""

    public_url: str
    web_url: str  # where people read repositories: https://github.com

    def delivery_url(self, project: Project) -> str | None:
        """Where deliveries of this project go."""
        base = self.public_url.rstrip("/")
        return base + WEBHOOK_PATH.format(project_id=project.id) if base else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSetupContext:
    """What setting up a webhook needs."""

    project: Project
    webhooks: Webhooks
    clock: Clock
    address: PublicAddresses
    new_secret: Callable[[], Secret]


async def show_webhook_setup(setting: WebhookSetupContext) -> WebhookSetup:
    """Return what is needed to set the webhook up by hand. The first call makes its secret.

    Raises ProjectError if no secret can be stored or read.
    """
    return _build_setup(setting, await _ensure_secret(setting))


async def rotate_webhook_secret(setting: WebhookSetupContext) -> WebhookSetup:
    """Replace the secret; the old one stays valid for a day. Raises ProjectError."""
    old = await setting.webhooks.current_secret(setting.project.id)
    until = setting.clock.now() + PREVIOUS_SECRET_VALIDITY
    if not await setting.webhooks.replace_secret(setting.project.id, old, setting.new_secret(), until):
        raise ProjectError(
            f"{setting.project.name}: somebody else has just changed the webhook secret; nothing was changed,"
            " look at it with reconcile webhook show"
        )
    return _build_setup(setting, await _ensure_secret(setting), replaced=old is not None)


async def create_webhook(context: Context, setting: WebhookSetupContext) -> HookResult:
    """Create the webhook on GitHub, or correct the one that delivers for the project; then ping it.

    Address, events, secret, content type, active. Safe to repeat: a webhook is recognised by the path of its
    address, also after `web.public_url` has changed.

    Raises ConfigurationError without `web.public_url`, DatabaseIdentityError in a copy of the database,
    ProjectError with the permission that is missing, GitHubError when it is not known whether it was done.
    """
    # A copy of the database would give its own secret to the original's webhook.
    require_certain_identity(context)
    url = _require_delivery_url(setting)
    state = await context.stores.projects.get_state(context.project.id)
    if state.repository_id != UNKNOWN_REPOSITORY and state.repository == context.project.repository:
        await require_same_repository(
            context, state
        )  # the secret is not handed to a repository that took over the name
    ours = select_own_hooks(await context.github.hooks(), url, setting.project.id)
    desired = DesiredHook(url=url, secret=await _ensure_secret(setting))
    hook = await _create_or_change_webhook(context, ours[0] if ours else None, desired)
    await setting.webhooks.record_hook(setting.project.id, hook.id, setting.clock.now())
    return HookResult(
        id=hook.id,
        is_new=not ours,
        url=url,
        repository=context.project.repository or "",
        others=len(ours[1:]),
        previous_url=ours[0].url if ours and ours[0].url != url else None,
        response=await _try_webhook(context, hook.id),
    )


async def _try_webhook(context: Context, hook_id: int) -> HookResponse | None:
    """Have GitHub deliver a ping, and read how it was answered; None where that is not known.

    What fails here is logged only: the webhook has been set up.
    """
    try:
        await wait_for_write_slot(context)
        _require_confirmed_write(context, await context.github.ping_hook(hook_id))
        await context.clock.sleep(PING_WAIT_SECONDS)
        found = [hook for hook in await context.github.hooks() if hook.id == hook_id]
    except (LimitedError, GitHubError, ProjectError) as error:
        log.warning("webhook not tried", project=str(context.project.id), reason=str(error))
        return None
    return found[0].response if found else None


async def ping_webhook(context: Context, setting: WebhookSetupContext) -> HookResponse | None:
    """Have GitHub deliver a `ping`: the project's health shows whether it arrives.

    Returns how the delivery before it was answered, as far as GitHub says.

    Raises what `create` raises, and ProjectError if no webhook delivers to our address.
    """
    require_certain_identity(context)
    url = _require_delivery_url(setting)
    ours = [hook for hook in await context.github.hooks() if hook.url == url]
    if not ours:
        raise ProjectError(
            f"{setting.project.name}: no webhook of {context.project.repository} delivers to {url}; make one"
            " with reconcile webhook create"
        )
    await wait_for_write_slot(context)
    _require_confirmed_write(context, await context.github.ping_hook(ours[0].id))
    return ours[0].response


async def _ensure_secret(setting: WebhookSetupContext) -> Secret:
    """Return the secret, made if there is none. If two make one at once, the first counts."""
    webhooks, project = setting.webhooks, setting.project.id
    found = await webhooks.current_secret(project)
    if found is None:
        await webhooks.replace_secret(project, None, setting.new_secret(), setting.clock.now())
        found = await webhooks.current_secret(project)
    if found is None:
        raise ProjectError(
            f"{setting.project.name}: the webhook secret was removed as it was made; try again"
        )
    return found


def _build_setup(setting: WebhookSetupContext, secret: Secret, *, replaced: bool = False) -> WebhookSetup:
    repository = setting.project.repository
    return WebhookSetup(
        project=setting.project,
        secret=secret,
        url=setting.address.delivery_url(setting.project),
        settings_url=f"{setting.address.web_url}/{repository}/settings/hooks/new" if repository else None,
        previous_until=setting.clock.now() + PREVIOUS_SECRET_VALIDITY if replaced else None,
    )


def _require_delivery_url(setting: WebhookSetupContext) -> str:
    url = setting.address.delivery_url(setting.project)
    if url is None:
        raise ConfigurationError(f"{PUBLIC_URL_MISSING}.")
    return url


async def _create_or_change_webhook(context: Context, there: Hook | None, desired: DesiredHook) -> Hook:
    await wait_for_write_slot(context)
    if there is None:
        return _require_confirmed_write(context, await context.github.create_hook(desired))
    return _require_confirmed_write(context, await context.github.change_hook(there.id, desired))


def _require_confirmed_write(context: Context, answer: WriteResult[T]) -> T:
    name = context.project.name
    match answer:
        case Confirmed(value=value):
            return value
        case Refused(status=status, reason=reason) if status in MISSING_PERMISSION_STATUSES:
            raise ProjectError(f"{name}: {_without_full_stop(reason)}: {WEBHOOK_PERMISSION_ADVICE}.")
        case Refused(reason=reason):
            raise ProjectError(f"{name}: {reason}")
        case NotSent(reason=reason):
            raise GitHubError(f"{name}: {_without_full_stop(reason)}; nothing was done, try again")
        case OutcomeUnknown(reason=reason):
            raise GitHubError(
                f"{name}: {_without_full_stop(reason)}; run it again: "
                "a hook that was made is found by its address"
            )
        case _:
            assert_never(answer)


def _without_full_stop(reason: str) -> str:
    return reason.rstrip(".")

"""A project's webhook on GitHub: its secret, its address, and the hook itself, made or set right.

`show`, `rotate` and `create` of the command and of the setup page are these three functions.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar, assert_never

from reconciler.cycle.context import Context
from reconciler.cycle.identify import recognised
from reconciler.cycle.standing import undoubted
from reconciler.errors import ConfigurationError, GitHubError, ProjectError
from reconciler.model.intent import Answer, Confirmed, NotSent, Refused, Unknown
from reconciler.model.report import Project
from reconciler.model.secret import Secret
from reconciler.model.snapshot import UNKNOWN_REPOSITORY
from reconciler.model.values import dataclass
from reconciler.model.webhook import PATH, PERMISSION, UNSET, Hook, HookMade, HookWish, WebhookSetup
from reconciler.ports import Clock, Webhooks

T = TypeVar("T")

PREVIOUS_VALID = timedelta(days=1)
"""How long GitHub may go on signing with the secret that was replaced."""

WRITE_POINTS = 5
PERMITTED = (403, 404)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where this service and the repository are seen from outside. `public_url` may be empty."""

    public_url: str
    web_url: str  # where people read repositories: https://github.com

    def of(self, project: Project) -> str | None:
        """Where deliveries of this project go."""
        base = self.public_url.rstrip("/")
        return base + PATH.format(project=project.id) if base else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What setting up a webhook needs."""

    project: Project
    webhooks: Webhooks
    clock: Clock
    address: Address
    new_secret: Callable[[], Secret]


async def show(setting: Setting) -> WebhookSetup:
    """All that is needed to set the hook up by hand; the first time its secret is made. Raises ProjectError
    where no secret can be kept or read."""
    return _setup(setting, await _secret(setting))


async def rotate(setting: Setting) -> WebhookSetup:
    """A new secret; the one before it stays valid for a day. Raises ProjectError."""
    old = await setting.webhooks.secret(setting.project.id)
    until = setting.clock.now() + PREVIOUS_VALID
    if not await setting.webhooks.replace(setting.project.id, old, setting.new_secret(), until):
        raise ProjectError(
            f"{setting.project.name}: somebody else has just changed the webhook secret; nothing was changed,"
            " look at it with reconcile webhook show"
        )
    return _setup(setting, await _secret(setting), replaced=old is not None)


async def create(context: Context, setting: Setting) -> HookMade:
    """Make the hook on GitHub, or set the one that delivers to our address right: events, secret, content
    type, active. Safe to repeat: a hook is recognised by its address.

    Raises ConfigurationError without `web.public_url`, IdentityError in a copy of the database, ProjectError
    with the permission that is missing, GitHubError when it is not known whether it was done.
    """
    undoubted(context)  # a copy would hand its own secret to the hook of the database it was made of
    url = _address(setting)
    memory = await context.stores.projects.memory(context.project.id)
    if memory.repository_id != UNKNOWN_REPOSITORY and memory.repository == context.project.repository:
        await recognised(context, memory)  # the secret is not handed to a repository that took over the name
    ours = [hook for hook in await context.github.hooks() if hook.url == url]
    wish = HookWish(url=url, secret=await _secret(setting))
    hook = await _written(context, ours[0] if ours else None, wish)
    await setting.webhooks.hooked(setting.project.id, hook.id, setting.clock.now())
    return HookMade(
        id=hook.id,
        made=not ours,
        url=url,
        repository=context.project.repository or "",
        others=len(ours[1:]),
    )


async def ping(context: Context, setting: Setting) -> None:
    """Have GitHub deliver a `ping`: whether it arrives shows in the project's health. Raises what `create`
    raises, ProjectError when no hook delivers to our address.
    """
    undoubted(context)
    url = _address(setting)
    ours = [hook for hook in await context.github.hooks() if hook.url == url]
    if not ours:
        raise ProjectError(
            f"{setting.project.name}: no webhook of {context.project.repository} delivers to {url}; make one"
            " with reconcile webhook create"
        )
    await _slot(context)
    _done(context, await context.github.ping_hook(ours[0].id))


async def _secret(setting: Setting) -> Secret:
    """The present one, made where there is none. Whoever makes it first is right."""
    webhooks, project = setting.webhooks, setting.project.id
    found = await webhooks.secret(project)
    if found is None:
        await webhooks.replace(project, None, setting.new_secret(), setting.clock.now())
        found = await webhooks.secret(project)
    if found is None:
        raise ProjectError(
            f"{setting.project.name}: the webhook secret was removed as it was made; try again"
        )
    return found


def _setup(setting: Setting, secret: Secret, *, replaced: bool = False) -> WebhookSetup:
    repository = setting.project.repository
    return WebhookSetup(
        project=setting.project,
        secret=secret,
        url=setting.address.of(setting.project),
        settings_url=f"{setting.address.web_url}/{repository}/settings/hooks/new" if repository else None,
        previous_until=setting.clock.now() + PREVIOUS_VALID if replaced else None,
    )


def _address(setting: Setting) -> str:
    url = setting.address.of(setting.project)
    if url is None:
        raise ConfigurationError(f"{UNSET}.")
    return url


async def _written(context: Context, there: Hook | None, wish: HookWish) -> Hook:
    await _slot(context)
    if there is None:
        return _done(context, await context.github.create_hook(wish))
    return _done(context, await context.github.change_hook(there.id, wish))


async def _slot(context: Context) -> None:
    slot = await context.stores.governor.slot(context.github.credential, WRITE_POINTS)
    await context.clock.sleep((slot - context.clock.now()).total_seconds())


def _done(context: Context, answer: Answer[T]) -> T:
    name = context.project.name
    match answer:
        case Confirmed(value=value):
            return value
        case Refused(status=status, reason=reason) if status in PERMITTED:
            raise ProjectError(f"{name}: {_said(reason)}: {PERMISSION}.")
        case Refused(reason=reason):
            raise ProjectError(f"{name}: {reason}")
        case NotSent(reason=reason):
            raise GitHubError(f"{name}: {_said(reason)}; nothing was done, try again")
        case Unknown(reason=reason):
            raise GitHubError(
                f"{name}: {_said(reason)}; run it again: a hook that was made is found by its address"
            )
        case _:
            assert_never(answer)


def _said(reason: str) -> str:
    return reason.rstrip(".")

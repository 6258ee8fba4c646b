"""`reconcile check` for one project: integration, token, repository, permissions, clock, limits, webhook. It
only reads: what can't be known without writing is said to be so.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC

from reconciler.cycle.context import Context
from reconciler.decide import permissions
from reconciler.errors import CredentialError, GitHubError, LimitedError, ReconcilerError
from reconciler.model.issue import Repository
from reconciler.model.report import Project
from reconciler.model.shown import Check, CheckLevel
from reconciler.model.snapshot import UNKNOWN_REPOSITORY, Health
from reconciler.model.values import dataclass
from reconciler.model.webhook import EVENTS, Hook
from reconciler.model.wording import ago, clock, counted, words_of_shell

SKEW_SECONDS = 120.0
"""More difference to GitHub's clock than this is worth a word: conflicts are settled by time."""

SCARCE = 0.1
"""Less than this share of the hourly limit left is worth a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a project without asking GitHub."""

    health: Health | None  # None: it went away meanwhile
    address: str | None  # where its deliveries go; None without `web.public_url`


def unusable(project: Project) -> Check:
    """The check of a project whose integration can't even be read."""
    message = project.problem or "no usable github integration"
    mend = "mend that where it says; the next pass takes it up by itself"
    check = _check("integration", CheckLevel.FAIL, message, mend)
    return _named(project, check)


async def check_project(context: Context, known: Known) -> list[Check]:
    """One line per thing looked at; where GitHub does not answer, the rest of it can't be known."""
    lines = [*_paused(context.project, known)]
    try:
        repository = await context.github.repository()
        account = await context.github.account()
    except LimitedError as error:
        again = clock(error.until, context.clock.now(), UTC)
        lines.append(_check("GitHub", CheckLevel.WARN, str(error), f"check again after {again} UTC"))
    except ReconcilerError as error:
        mend = "see the token's expiry, its repositories and its permissions on GitHub"
        if isinstance(error, GitHubError):  # nobody said anything of the token
            mend = (
                "see www.githubstatus.com, and whether this machine reaches github.api_url; passes try again"
            )
        lines.append(_check("GitHub", CheckLevel.FAIL, str(error), mend))
    else:
        text = f"{repository.full_name} answers; writing as {account.login}"
        lines += [
            _check("GitHub", CheckLevel.OK, text),
            *await _identity(context, repository),
            *await _permissions(context, repository),
            await _hooks(context, known),
            _clock(context),
            _limit(context),
        ]
    lines.append(_deliveries(context, known))
    return [_named(context.project, line) for line in lines]


def _paused(project: Project, known: Known) -> Iterator[Check]:
    if known.health is not None and known.health.paused:
        mend = words_of_shell("reconcile", "resume", project.name)
        yield _check("pause", CheckLevel.WARN, "it is paused: no pass is made", mend)


async def _identity(context: Context, repository: Repository) -> list[Check]:
    """Whether the name still leads to the repository that its links are of."""
    memory = await context.stores.projects.memory(context.project.id)
    known = memory.repository_id
    same_name = memory.repository == context.project.repository
    if known in (UNKNOWN_REPOSITORY, repository.id) or not same_name:
        return []
    message = f"{repository.full_name} is another repository now (id {repository.id}, not {known})"
    mend = "give the old one its name back; or, if it is meant, reconcile unlink the reports first"
    return [_check("repository", CheckLevel.FAIL, message, mend)]


async def _permissions(context: Context, repository: Repository) -> list[Check]:
    grants = context.github.grants()
    wrote_at = await context.stores.care.wrote_at(context.project.id)
    return [
        permissions.issues(repository, grants, wrote_at, context.clock.now()),
        permissions.labels(repository, grants),
    ]


async def _hooks(context: Context, known: Known) -> Check:
    """Whether GitHub has our webhook, as far as the credential may see."""
    if known.address is None:
        return _check(
            "hook", CheckLevel.OK, "web.public_url is not set: GitHub is polled, no webhook is needed"
        )
    create = words_of_shell("reconcile", "webhook", "create", "--project", context.project.name)
    show = words_of_shell("reconcile", "webhook", "show", "--project", context.project.name)
    try:
        hooks = await context.github.hooks()
    except CredentialError:
        heard = known.health is not None and known.health.webhook.last_at is not None
        message = "the token may not see webhooks, so it can't make one either"
        mend = f"make the hook by hand, with the words of {show}"
        return _check("hook", CheckLevel.OK if heard else CheckLevel.WARN, message, mend)
    except ReconcilerError as error:
        return _check("hook", CheckLevel.WARN, str(error), "check again")
    return _hook([each for each in hooks if each.url == known.address], create)


def _hook(ours: list[Hook], create: str) -> Check:
    if not ours:
        return _check("hook", CheckLevel.WARN, "GitHub has no webhook to this service", create)
    best = min(ours, key=lambda each: (not each.active, len(_missing(each))))
    missing = _missing(best)
    if not best.active:
        return _check("hook", CheckLevel.WARN, "the webhook is switched off on GitHub", create)
    if missing:
        return _check("hook", CheckLevel.WARN, f"the webhook lacks the events {', '.join(missing)}", create)
    if len(ours) > 1:
        mend = "remove all but one in the repository's settings"
        return _check("hook", CheckLevel.WARN, f"{len(ours)} webhooks lead to this service", mend)
    return _check("hook", CheckLevel.OK, "the webhook is there, with every event that is needed")


def _missing(hook: Hook) -> list[str]:
    """Events that it does not deliver and should."""
    return [] if "*" in hook.events else sorted(set(EVENTS) - set(hook.events))


def _deliveries(context: Context, known: Known) -> Check:
    """Webhook health: what came last, and what did not."""
    now = context.clock.now()
    heard = known.health.webhook if known.health is not None else None
    if heard is None or (heard.last_at is None and heard.known_at is None):
        level = CheckLevel.OK if known.address is None else CheckLevel.WARN
        mend = "once the webhook is made, GitHub sends a ping at once"
        return _check("deliveries", level, "none has come yet", mend)
    last = f"the last one came {ago(heard.last_at, now)}" if heard.last_at else "none has come yet"
    if heard.silent:
        count = counted(heard.silent, "change")
        mend = "look at its recent deliveries on GitHub (Settings, Webhooks); passes find changes meanwhile"
        return _check("deliveries", CheckLevel.WARN, f"{last}; {count} since then not announced", mend)
    return _check("deliveries", CheckLevel.OK, f"{last}, {heard.received:,} in all")


def _clock(context: Context) -> Check:
    off = abs((context.github.now() - context.clock.now()).total_seconds())
    if off <= SKEW_SECONDS:
        return _check("clock", CheckLevel.OK, f"{off:.0f} s from GitHub's")
    message = f"this machine's clock is {off:.0f} s from GitHub's"
    return _check("clock", CheckLevel.WARN, message, "synchronise it (NTP)")


def _limit(context: Context) -> Check:
    limit = context.github.limit()
    if limit is None:
        return _check("limit", CheckLevel.OK, "GitHub tells of no hourly limit")
    new = clock(limit.reset_at, context.clock.now(), UTC)
    message = f"{limit.remaining:,} of {limit.limit:,} requests left, new at {new} UTC"
    if limit.remaining >= limit.limit * SCARCE:
        return _check("limit", CheckLevel.OK, message)
    mend = "the limit is the account's, over all its tokens: give the sync an account of its own"
    return _check("limit", CheckLevel.WARN, message, mend)


def _check(what: str, level: CheckLevel, message: str, mend: str | None = None) -> Check:
    return Check(name=what, level=level, message=message, mend=mend if level is not CheckLevel.OK else None)


def _named(project: Project, check: Check) -> Check:
    return replace(check, name=f"{project.name}: {check.name}")

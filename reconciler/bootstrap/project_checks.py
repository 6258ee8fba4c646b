"""`reconcile check` for one project: integration, token, repository, permissions, clock, limits, webhook. It
only reads: what can't be known without writing is said to be so.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC

from reconciler.bootstrap.container import integration_problem
from reconciler.decide import permission_checks
from reconciler.errors import CredentialError, GitHubError, LimitedError, ReconcilerError
from reconciler.model.formatting import format_age, format_count, format_time, shell_command
from reconciler.model.issue import Repository
from reconciler.model.report import Project
from reconciler.model.snapshot import UNKNOWN_REPOSITORY, ProjectHealth
from reconciler.model.values import dataclass
from reconciler.model.views import CheckLevel, CheckResult
from reconciler.model.webhook import WEBHOOK_EVENTS, Hook
from reconciler.sync.context import Context

MAX_CLOCK_SKEW_SECONDS = 120.0
"""More difference to GitHub's clock than this is worth a word: conflicts are settled by time."""

LOW_LIMIT_SHARE = 0.1
"""Less than this share of the hourly limit left is worth a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredProjectFacts:
    """What is known of a project without asking GitHub."""

    health: ProjectHealth | None  # None: it went away meanwhile
    delivery_url: str | None  # where its deliveries go; None without `web.public_url`


def unusable_integration_check(project: Project) -> CheckResult:
    """The check of a project whose integration can't even be read."""
    message = integration_problem(project)
    mend = "mend that where it says; the next pass takes it up by itself"
    check = _build_check("integration", CheckLevel.FAIL, message, mend)
    return _with_project_name(project, check)


async def check_project(context: Context, known: StoredProjectFacts) -> list[CheckResult]:
    """One line per thing looked at; where GitHub does not answer, the rest of it can't be known."""
    lines = [*_pause_check(context.project, known)]
    try:
        repository = await context.github.repository()
        account = await context.github.account()
    except LimitedError as error:
        again = format_time(error.until, context.clock.now(), UTC)
        lines.append(_build_check("GitHub", CheckLevel.WARN, str(error), f"check again after {again} UTC"))
    except ReconcilerError as error:
        mend = "see the token's expiry, its repositories and its permissions on GitHub"
        if isinstance(error, GitHubError):  # nobody said anything of the token
            mend = (
                "see www.githubstatus.com, and whether this machine reaches github.api_url; passes try again"
            )
        lines.append(_build_check("GitHub", CheckLevel.FAIL, str(error), mend))
    else:
        text = f"{repository.full_name} answers; writing as {account.login}"
        lines += [
            _build_check("GitHub", CheckLevel.OK, text),
            *await _repository_check(context, repository),
            *await _permission_checks(context, repository),
            await _webhook_check(context, known),
            _clock_check(context),
            _rate_limit_check(context),
        ]
    lines.append(_delivery_check(context, known))
    return [_with_project_name(context.project, line) for line in lines]


def _pause_check(project: Project, known: StoredProjectFacts) -> Iterator[CheckResult]:
    if known.health is not None and known.health.paused:
        mend = shell_command("reconcile", "resume", project.name)
        yield _build_check("pause", CheckLevel.WARN, "it is paused: no pass is made", mend)


async def _repository_check(context: Context, repository: Repository) -> list[CheckResult]:
    """Whether the name still leads to the repository that its links are of."""
    memory = await context.stores.projects.get_state(context.project.id)
    known = memory.repository_id
    same_name = memory.repository == context.project.repository
    if known in (UNKNOWN_REPOSITORY, repository.id) or not same_name:
        return []
    message = f"{repository.full_name} is another repository now (id {repository.id}, not {known})"
    mend = "give the old one its name back; or, if it is meant, reconcile unlink the reports first"
    return [_build_check("repository", CheckLevel.FAIL, message, mend)]


async def _permission_checks(context: Context, repository: Repository) -> list[CheckResult]:
    grants = context.github.grants()
    wrote_at = await context.stores.maintenance.last_confirmed_write_at(context.project.id)
    return [
        permission_checks.check_issue_permission(repository, grants, wrote_at, context.clock.now()),
        permission_checks.check_label_permission(repository, grants),
    ]


async def _webhook_check(context: Context, known: StoredProjectFacts) -> CheckResult:
    """Whether GitHub has our webhook, as far as the credential may see."""
    if known.delivery_url is None:
        return _build_check(
            "hook", CheckLevel.OK, "web.public_url is not set: GitHub is polled, no webhook is needed"
        )
    create = shell_command("reconcile", "webhook", "create", "--project", context.project.name)
    show = shell_command("reconcile", "webhook", "show", "--project", context.project.name)
    try:
        hooks = await context.github.hooks()
    except CredentialError:
        heard = known.health is not None and known.health.webhook.last_at is not None
        message = "the token may not see webhooks, so it can't make one either"
        mend = f"make the hook by hand, with the words of {show}"
        return _build_check("hook", CheckLevel.OK if heard else CheckLevel.WARN, message, mend)
    except ReconcilerError as error:
        return _build_check("hook", CheckLevel.WARN, str(error), "check again")
    return _evaluate_webhooks([each for each in hooks if each.url == known.delivery_url], create)


def _evaluate_webhooks(ours: list[Hook], create: str) -> CheckResult:
    if not ours:
        return _build_check("hook", CheckLevel.WARN, "GitHub has no webhook to this service", create)
    best = min(ours, key=lambda each: (not each.active, len(_missing_events(each))))
    missing = _missing_events(best)
    if not best.active:
        return _build_check("hook", CheckLevel.WARN, "the webhook is switched off on GitHub", create)
    if missing:
        return _build_check(
            "hook", CheckLevel.WARN, f"the webhook lacks the events {', '.join(missing)}", create
        )
    if len(ours) > 1:
        mend = "remove all but one in the repository's settings"
        return _build_check("hook", CheckLevel.WARN, f"{len(ours)} webhooks lead to this service", mend)
    return _build_check("hook", CheckLevel.OK, "the webhook is there, with every event that is needed")


def _missing_events(hook: Hook) -> list[str]:
    """Events that it does not deliver and should."""
    return [] if "*" in hook.events else sorted(set(WEBHOOK_EVENTS) - set(hook.events))


def _delivery_check(context: Context, known: StoredProjectFacts) -> CheckResult:
    """Webhook health: what came last, and what did not."""
    now = context.clock.now()
    heard = known.health.webhook if known.health is not None else None
    if heard is None or (heard.last_at is None and heard.known_at is None):
        level = CheckLevel.OK if known.delivery_url is None else CheckLevel.WARN
        mend = "once the webhook is made, GitHub sends a ping at once"
        return _build_check("deliveries", level, "none has come yet", mend)
    last = f"the last one came {format_age(heard.last_at, now)}" if heard.last_at else "none has come yet"
    if heard.silent:
        count = format_count(heard.silent, "change")
        mend = "look at its recent deliveries on GitHub (Settings, Webhooks); passes find changes meanwhile"
        return _build_check("deliveries", CheckLevel.WARN, f"{last}; {count} since then not announced", mend)
    return _build_check("deliveries", CheckLevel.OK, f"{last}, {heard.received:,} in all")


def _clock_check(context: Context) -> CheckResult:
    off = abs((context.github.now() - context.clock.now()).total_seconds())
    if off <= MAX_CLOCK_SKEW_SECONDS:
        return _build_check("clock", CheckLevel.OK, f"{off:.0f} s from GitHub's")
    message = f"this machine's clock is {off:.0f} s from GitHub's"
    return _build_check("clock", CheckLevel.WARN, message, "synchronise it (NTP)")


def _rate_limit_check(context: Context) -> CheckResult:
    limit = context.github.rate_limit()
    if limit is None:
        return _build_check("limit", CheckLevel.OK, "GitHub tells of no hourly limit")
    new = format_time(limit.reset_at, context.clock.now(), UTC)
    message = f"{limit.remaining:,} of {limit.limit:,} requests left, new at {new} UTC"
    if limit.remaining >= limit.limit * LOW_LIMIT_SHARE:
        return _build_check("limit", CheckLevel.OK, message)
    mend = "the limit is the account's, over all its tokens: give the sync an account of its own"
    return _build_check("limit", CheckLevel.WARN, message, mend)


def _build_check(what: str, level: CheckLevel, message: str, mend: str | None = None) -> CheckResult:
    return CheckResult(
        name=what, level=level, message=message, remedy=mend if level is not CheckLevel.OK else None
    )


def _with_project_name(project: Project, check: CheckResult) -> CheckResult:
    return replace(check, name=f"{project.name}: {check.name}")

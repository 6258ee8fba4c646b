"""Checks of one project: integration, token, repository, permissions, clock, limits, webhook.

The checks only read; one that would need a write says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC

from reconciler.bootstrap.container import integration_problem
from reconciler.decide import permission_checks
from reconciler.errors import (
    AnswerTooHeavyError,
    CertificateError,
    CredentialError,
    GitHubError,
    LimitedError,
    ReconcilerError,
    UntrustedUrlError,
)
from reconciler.model.formatting import format_age, format_count, format_time, shell_command
from reconciler.model.health import ProjectHealth
from reconciler.model.intent import IntentState
from reconciler.model.issue import Repository
from reconciler.model.report import Project
from reconciler.model.snapshot import UNKNOWN_REPOSITORY
from reconciler.model.views import CheckLevel, CheckResult
from reconciler.model.webhook import WEBHOOK_EVENTS, WRONG_SECRET_STATUS, Hook, select_own_hooks
from reconciler.sync.context import Context
from reconciler.sync.preflight import linking_problem
from reconciler.sync.settings.priority import look_up_priority

MAX_CLOCK_SKEW_SECONDS = 120.0
"""A larger difference from GitHub's clock is a warning, because times decide conflicts."""

LOW_RATE_LIMIT_SHARE = 0.1
"""A smaller remaining share of the hourly limit is a warning (0.1 = 10 %)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredProjectFacts:
    """The facts about a project that are in the database, and what the configuration says of it."""

    health: ProjectHealth | None  # None: the project was just deleted
    delivery_url: str | None  # address of GitHub's deliveries; None without `web.public_url`
    has_app_webhook: bool = False  # the operator's GitHub App announces changes, for all its repositories
    is_github_com: bool = False  # GitHub's own service, not a server of the operator's


def unusable_integration_check(project: Project) -> CheckResult:
    """Return the failed check of an integration that can't be used."""
    message = integration_problem(project)
    remedy = "correct what the message names; the next pass uses it"
    check = _build_check_result("integration", CheckLevel.FAIL, message, remedy)
    return _with_project_name(project, check)


async def check_project(context: Context, facts: StoredProjectFacts) -> list[CheckResult]:
    """Return one result per check. If GitHub does not answer, the checks that need it are left out."""
    lines = [*_pause_check(context.project, facts), *_config_key_check(context.project)]
    try:
        repository = await context.github.repository()
        account = await context.github.account()
    except LimitedError as error:
        again = format_time(error.until, context.clock.now(), UTC)
        lines.append(_build_check_result("GitHub", CheckLevel.WARN, str(error), f"check again after {again}"))
    except ReconcilerError as error:
        lines.append(_build_failure("GitHub", error, facts))
    else:
        text = f"{repository.full_name} answers; writing as {account.login}"
        lines += [
            _build_check_result("GitHub", CheckLevel.OK, text),
            *await _repository_identity_check(context, repository),
            *await _pagination_check(context, facts),
            *await _permission_checks(context, repository, account.login),
            *await _priority_check(context),
            *_expiry_checks(context),
            await _webhook_check(context, facts),
            _clock_check(context),
            _rate_limit_check(context),
        ]
    lines += [_delivery_check(context, facts), *_link_check(facts), *_renamed_label_checks(facts)]
    return [_with_project_name(context.project, line) for line in lines]


def _build_failure(what: str, error: ReconcilerError, facts: StoredProjectFacts) -> CheckResult:
    """Return the failed check of an error; a remedy that its message ends with is not said twice."""
    remedy = _remedy(error, is_github_com=facts.is_github_com)
    message = str(error).removesuffix(f": {remedy}.")
    return _build_check_result(what, CheckLevel.FAIL, message, remedy)


def _remedy(error: ReconcilerError, *, is_github_com: bool) -> str:
    """Return what a person can do about an error of GitHub's or of the credential."""
    if error.remedy is not None:
        return error.remedy
    if isinstance(error, AnswerTooHeavyError):  # a 5xx: the only fault that is its own
        if is_github_com:
            return "GitHub has trouble of its own, see www.githubstatus.com; passes try again"
        return (
            "the server at github.api_url, or a proxy before it, has trouble of its own: see its log;"
            " passes try again"
        )
    if isinstance(error, CertificateError):  # its message says what to set
        return "nothing was sent; passes try again by themselves"
    if isinstance(error, GitHubError):  # not a problem of the token
        return (
            "see whether this machine reaches github.api_url (github.proxy is the way, if it is set); passes"
            " try again"
        )
    return "see the token's expiry, its repositories and its permissions on GitHub"


def _pause_check(project: Project, facts: StoredProjectFacts) -> Iterator[CheckResult]:
    if facts.health is not None and facts.health.paused:
        remedy = shell_command("reconcile", "resume", project.name)
        yield _build_check_result("pause", CheckLevel.WARN, "it is paused: no pass is made", remedy)


def _config_key_check(project: Project) -> Iterator[CheckResult]:
    """Name the keys of the integration's config that nobody reads: somebody may believe that they count."""
    unknown = project.integration.unknown_keys if project.integration is not None else ()
    if unknown:
        message = f"nobody knows {', '.join(unknown)} of its github integration: nothing follows from it"
        remedy = "take it out of the integration; the operator's settings are in config.toml"
        yield _build_check_result("integration", CheckLevel.WARN, message, remedy)


async def _repository_identity_check(context: Context, repository: Repository) -> list[CheckResult]:
    """Check that the repository's name still belongs to the repository of the links."""
    project_state = await context.stores.projects.get_state(context.project.id)
    linked_id = project_state.repository_id
    same_name = project_state.repository == context.project.repository
    if linked_id in (UNKNOWN_REPOSITORY, repository.id) or not same_name:
        return []
    message = f"{repository.full_name} is another repository now (id {repository.id}, not {linked_id})"
    remedy = "give the old one its name back; or, if it is meant, reconcile unlink the reports first"
    return [_build_check_result("repository", CheckLevel.FAIL, message, remedy)]


async def _pagination_check(context: Context, facts: StoredProjectFacts) -> list[CheckResult]:
    """Check that the second page of a list could be read, before one is needed."""
    try:
        await context.github.require_own_page_addresses()
    except UntrustedUrlError as error:
        return [_build_failure("pages", error, facts)]
    except ReconcilerError as error:
        return [_build_check_result("pages", CheckLevel.WARN, str(error), "check again")]
    return []


async def _permission_checks(context: Context, repository: Repository, login: str) -> list[CheckResult]:
    grants = context.github.grants()
    wrote_at = await context.stores.maintenance.last_confirmed_write_at(context.project.id)
    refused = await _refusal_reasons(context, repository)
    now = context.clock.now()
    checks = [
        permission_checks.check_issue_permission(repository, grants, wrote_at, now, refused),
        permission_checks.check_label_permission(repository, grants),
        permission_checks.check_linking_permission(linking_problem(context, repository, login)),
        permission_checks.check_account_role(repository, login),
        permission_checks.check_refused_writes(refused),
    ]
    return [check for check in checks if check is not None]


async def _priority_check(context: Context) -> list[CheckResult]:
    """Check that the organisation has the field that the severity is to be in."""
    if not context.policy.wants_priority:
        return []
    try:
        known = await look_up_priority(context, None)
    except ReconcilerError as error:
        return [_build_check_result("priority", CheckLevel.WARN, str(error), "check again")]
    if known.problem is None:
        message = "severities are in the organisation's field Priority"
        return [_build_check_result("priority", CheckLevel.OK, message)]
    remedy = (
        "give the organisation a single-select field Priority with the options Urgent, High, Medium and Low,"
        " and let the token see it; or set severity_as to label"
    )
    return [_build_check_result("priority", CheckLevel.WARN, known.problem, remedy)]


async def _refusal_reasons(context: Context, repository: Repository) -> list[str]:
    """Return why the writes to this repository that wait since a refusal were refused, the oldest first."""
    waiting = await context.stores.intents.list_open(context.project.id)
    return [
        intent.reason
        for intent in waiting
        if intent.reason and intent.state is IntentState.QUARANTINED and intent.repository_id == repository.id
    ]


async def _webhook_check(context: Context, facts: StoredProjectFacts) -> CheckResult:
    """Check that GitHub has this service's webhook, if the credential may list webhooks."""
    if facts.delivery_url is None:
        return _build_check_result(
            "hook", CheckLevel.OK, "web.public_url is not set: GitHub is polled, no webhook is needed"
        )
    if facts.has_app_webhook:
        return _build_check_result("hook", CheckLevel.OK, "the webhook of the GitHub App announces changes")
    create = shell_command("reconcile", "webhook", "create", "--project", context.project.name)
    show = shell_command("reconcile", "webhook", "show", "--project", context.project.name)
    try:
        hooks = await context.github.hooks()
    except CredentialError:
        webhook = facts.health is not None and facts.health.webhook.last_at is not None
        message = "the token may not see webhooks, so it can't make one either"
        remedy = f"make the hook by hand, with the words of {show}"
        return _build_check_result("hook", CheckLevel.OK if webhook else CheckLevel.WARN, message, remedy)
    except ReconcilerError as error:
        return _build_check_result("hook", CheckLevel.WARN, str(error), "check again")
    ours = select_own_hooks(hooks, facts.delivery_url, context.project.id)
    return _check_listed_webhooks(ours, facts.delivery_url, create)


def _check_listed_webhooks(hooks: list[Hook], url: str, create: str) -> CheckResult:
    if not hooks:
        return _build_check_result("hook", CheckLevel.WARN, "GitHub has no webhook to this service", create)
    best = min(hooks, key=lambda hook: (hook.url != url, not hook.active, len(_missing_webhook_events(hook))))
    missing = _missing_webhook_events(best)
    if best.url != url:
        message = f"the webhook delivers to {best.url}, which is not at web.public_url"
        return _build_check_result("hook", CheckLevel.WARN, message, create)
    if not best.active:
        return _build_check_result("hook", CheckLevel.WARN, "the webhook is switched off on GitHub", create)
    if missing:
        return _build_check_result(
            "hook", CheckLevel.WARN, f"the webhook lacks the events {', '.join(missing)}", create
        )
    if best.response is not None and not best.response.is_ok:
        remedy = create
        if best.response.code != WRONG_SECRET_STATUS:
            remedy = f"see that GitHub reaches the daemon at {url}, then {create}, which tries it"
        return _build_check_result("hook", CheckLevel.WARN, best.response.text, remedy)
    if len(hooks) > 1:
        remedy = "remove all but one in the repository's settings"
        return _build_check_result(
            "hook", CheckLevel.WARN, f"{len(hooks)} webhooks lead to this service", remedy
        )
    return _build_check_result("hook", CheckLevel.OK, "the webhook is there, with every event that is needed")


def _missing_webhook_events(hook: Hook) -> list[str]:
    """Return the required events that the webhook does not deliver."""
    return [] if "*" in hook.events else sorted(set(WEBHOOK_EVENTS) - set(hook.events))


def _delivery_check(context: Context, facts: StoredProjectFacts) -> CheckResult:
    """Check the last delivery, and the number of changes that no delivery announced."""
    now = context.clock.now()
    webhook = facts.health.webhook if facts.health is not None else None
    if webhook is None or (webhook.last_at is None and webhook.known_at is None):
        level = CheckLevel.OK if facts.delivery_url is None else CheckLevel.WARN
        remedy = "once the webhook is made, GitHub sends a ping at once"
        return _build_check_result("deliveries", level, "none has come yet", remedy)
    last = f"the last one came {format_age(webhook.last_at, now)}" if webhook.last_at else "none has come yet"
    if webhook.silent:
        count = format_count(webhook.silent, "change")
        remedy = (
            "look at its recent deliveries on GitHub (Settings, Webhooks); passes find changes without it"
        )
        return _build_check_result(
            "deliveries", CheckLevel.WARN, f"{last}; {count} since then not announced", remedy
        )
    return _build_check_result("deliveries", CheckLevel.OK, f"{last}, {webhook.received:,} in all")


def _link_check(facts: StoredProjectFacts) -> Iterator[CheckResult]:
    """Name links and link columns that need a person."""
    if facts.health is not None and facts.health.attention:
        items = facts.health.attention
        more = f" (and {len(items) - 1:,} more)" if len(items) > 1 else ""
        message = f"{items[0].report}: {items[0].reason}{more}"
        remedy = f"{shell_command('reconcile', 'status', '--project', facts.health.name)} names all of them"
        yield _build_check_result("links", CheckLevel.WARN, message, remedy)


def _renamed_label_checks(facts: StoredProjectFacts) -> Iterator[CheckResult]:
    """Name the labels of the mapping that have another name on GitHub, as the last passes found them."""
    for label in facts.health.renamed_labels if facts.health is not None else ():
        yield _build_check_result("label", CheckLevel.WARN, label.problem, label.remedy)


def _expiry_checks(context: Context) -> Iterator[CheckResult]:
    """Check what GitHub's headers announce: the end of the token, and of the version of the API."""
    announced = context.github.announced_expiries()
    if announced is None:
        return
    if announced.token_expires_at is not None:
        warning = announced.token_warning(context.clock.now())
        message = warning or f"the token expires on {announced.token_expires_at:%Y-%m-%d}"
        level = CheckLevel.WARN if warning else CheckLevel.OK
        yield _build_check_result(
            "token", level, message, "make a new token on GitHub and enter it in BugSpark"
        )
    if ending := announced.version_warning():
        remedy = "set github.api_version, run reconcile check again, then restart the daemon"
        yield _build_check_result("API version", CheckLevel.WARN, ending, remedy)


def _clock_check(context: Context) -> CheckResult:
    if (doubt := context.github.clock_doubt()) is not None:
        return _build_check_result("clock", CheckLevel.FAIL, doubt, "synchronise it (NTP)")
    off = abs((context.github.now() - context.clock.now()).total_seconds())
    if off <= MAX_CLOCK_SKEW_SECONDS:
        return _build_check_result("clock", CheckLevel.OK, f"{off:.0f} s from GitHub's")
    message = f"this machine's clock is {off:.0f} s from GitHub's"
    return _build_check_result("clock", CheckLevel.WARN, message, "synchronise it (NTP)")


def _rate_limit_check(context: Context) -> CheckResult:
    limit = context.github.rate_limit()
    if limit is None:
        return _build_check_result("limit", CheckLevel.OK, "GitHub tells of no hourly limit")
    new = format_time(limit.reset_at, context.clock.now(), UTC)
    message = f"{limit.remaining:,} of {limit.limit:,} requests left, new at {new}"
    if limit.remaining >= limit.limit * LOW_RATE_LIMIT_SHARE:
        return _build_check_result("limit", CheckLevel.OK, message)
    remedy = "the limit is the account's, over all its tokens: give the sync an account of its own"
    return _build_check_result("limit", CheckLevel.WARN, message, remedy)


def _build_check_result(what: str, level: CheckLevel, message: str, remedy: str | None = None) -> CheckResult:
    return CheckResult(
        name=what, level=level, message=message, remedy=remedy if level is not CheckLevel.OK else None
    )


def _with_project_name(project: Project, check: CheckResult) -> CheckResult:
    return replace(check, name=f"{project.name}: {check.name}")

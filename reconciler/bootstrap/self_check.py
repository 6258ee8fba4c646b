"""`reconcile check`: checks of everything that a pass needs, general and for each project. It only reads."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

from reconciler.bootstrap import project_checks
from reconciler.bootstrap.container import Container, github_web_url
from reconciler.bootstrap.security_checks import cookie_checks, security_checks
from reconciler.model.addresses import STRICT_SSLMODE, WEAK_SSLMODES, read_database_tls
from reconciler.model.database_identity import DatabaseInstance
from reconciler.model.formatting import format_count
from reconciler.model.health import ProjectHealth
from reconciler.model.ids import ProjectId
from reconciler.model.passes import NullProgress, Progress
from reconciler.model.project_status import READ_ONLY_DATABASE
from reconciler.model.report import Project
from reconciler.model.secret import Secret
from reconciler.model.views import CheckLevel, CheckResult
from reconciler.ports import EncryptionStatus, OtherRoleAccess
from reconciler.store.schema.version import REVISIONS

GITHUB_COM = "https://github.com"
DATABASE_NAMES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


async def run_self_check(
    container: Container, progress: Progress, secrets_file: Path | None = None
) -> tuple[CheckResult, ...]:
    """Return all results: the general ones first, then those of each project. Raises DatabaseError.

    Configuration and schema are already known to be usable: otherwise opening the program would have failed.
    """
    read_only = await container.stores.maintenance.is_read_only()
    lines = [
        *_general_checks(container, is_read_only=read_only),
        *security_checks(container.settings, secrets_file),
        *cookie_checks(container.settings),
    ]
    lines += identity_checks(await container.stores.identity.read(), container.markers.unreadable_key_names)
    if container.database.dialect == "postgresql":
        lines.append(_database_rights_check(await container.stores.maintenance.other_roles_with_access()))
    lines.append(
        _encryption_key_check(
            await container.stores.maintenance.check_encrypted_secrets(),
            configured=bool(container.settings.bugspark.encryption_keys),
        )
    )
    if container.settings.bugspark.notify_webhooks:
        lines.append(await _outgoing_webhook_check(container))
    if container.settings.owners.mail:
        lines.append(_owner_mail_check(await container.stores.owner_mails.find_problem()))
    projects = await container.stores.projects.list_active()
    if not projects:
        remedy = "connect a project to GitHub in BugSpark (its integrations)"
        message = "no active project has a github integration"
        lines.append(CheckResult(name="projects", level=CheckLevel.WARN, message=message, remedy=remedy))
    return (*lines, *await _check_projects(container, projects, progress))


def _general_checks(container: Container, *, is_read_only: bool) -> Iterator[CheckResult]:
    yield CheckResult(
        name="configuration", level=CheckLevel.OK, message="every key is known, every value fits"
    )
    name = DATABASE_NAMES.get(container.database.dialect, container.database.dialect)
    if is_read_only:
        remedy = "set database.url to the primary server"
        yield CheckResult(name="database", level=CheckLevel.FAIL, message=READ_ONLY_DATABASE, remedy=remedy)
    else:
        yield CheckResult(name="database", level=CheckLevel.OK, message=f"{name} answers")
    yield from database_tls_check(container.settings.database.url)
    message = f"it is at revision {REVISIONS[-1]}, which this version needs"
    yield CheckResult(name="schema", level=CheckLevel.OK, message=message)
    if container.alert_poster is not None:
        message = "alerts.url is set; it is not tried here, its first alert will tell"
        yield CheckResult(name="alerts", level=CheckLevel.OK, message=message)


def database_tls_check(url: Secret) -> Iterator[CheckResult]:
    """Check how the way to a database on another machine is protected."""
    tls = read_database_tls(url.reveal())
    if tls is None:
        return
    name = "database TLS"
    if tls.sslmode == STRICT_SSLMODE:
        yield CheckResult(name=name, level=CheckLevel.OK, message="certificate and name are verified")
        return
    is_weak = tls.sslmode in WEAK_SSLMODES
    message = (
        f"sslmode={tls.sslmode}: anybody on the way can read and change everything"
        if is_weak
        else f"sslmode={tls.sslmode} does not verify that this is the database's server"
    )
    remedy = (
        f"add sslmode={STRICT_SSLMODE} and sslrootcert=FILE to database.url"
        " (docs/operating.md, TLS to the database)"
    )
    yield CheckResult(name=name, level=CheckLevel.WARN, message=message, remedy=remedy)


def _encryption_key_check(keys: EncryptionStatus, *, configured: bool) -> CheckResult:
    """Check that every integration can be decrypted."""
    if keys.unreadable_projects:
        message = f"no configured key opens what is stored for {', '.join(keys.unreadable_projects)}"
        remedy = (
            "set bugspark.encryption_key to BugSpark's ENCRYPTION_KEY; during a rotation list the old one too"
        )
        return CheckResult(name="key", level=CheckLevel.FAIL, message=message, remedy=remedy)
    if not configured:
        return CheckResult(
            name="key", level=CheckLevel.OK, message="none is configured, and nothing is encrypted"
        )
    message = f"it opens every encrypted value of the integrations ({keys.encrypted_count})"
    if not keys.plain_count:
        return CheckResult(name="key", level=CheckLevel.OK, message=message)
    remedy = "save those integrations again in BugSpark: it encrypts them then"
    plain = f"not encrypted: {format_count(keys.plain_count, 'secret')} of the integrations"
    message = f"{plain}; {message}" if keys.encrypted_count else plain
    return CheckResult(name="key", level=CheckLevel.WARN, message=message, remedy=remedy)


def _database_rights_check(readers: Sequence[OtherRoleAccess]) -> CheckResult:
    """Check that no other role of the database may use what is ours."""
    if not readers:
        message = "no other role of the database may use this program's tables and functions"
        return CheckResult(name="rights", level=CheckLevel.OK, message=message)
    named = "; ".join(f"{each.role} {_first_name_and_count(each.names)}" for each in readers)
    remedy = (
        "run `reconcile migrate`; what it does not take away (a right given on purpose, or by way of another"
        " role), REVOKE by hand"
    )
    message = f"other roles of the database may use what is this program's alone: {named}"
    return CheckResult(name="rights", level=CheckLevel.FAIL, message=message, remedy=remedy)


def _first_name_and_count(names: Sequence[str]) -> str:
    rest = len(names) - 1
    return f"({names[0]} and {rest} more)" if rest else f"({names[0]})"


async def _outgoing_webhook_check(container: Container) -> CheckResult:
    """Check that BugSpark's customers can be told, and whether what they get has addresses of screenshots."""
    name, maintenance = "customers' webhooks", container.stores.maintenance
    if problem := await maintenance.outgoing_webhooks_problem():
        remedy = "correct that, or switch bugspark.notify_webhooks off: the sync works without"
        return CheckResult(name=name, level=CheckLevel.FAIL, message=problem, remedy=remedy)
    if await maintenance.has_unsigned_screenshots():
        message = (
            "BugSpark's customers can be told of synced changes, but get the keys of screenshots in its"
            " object store, where BugSpark itself sends addresses"
        )
        remedy = (
            "set bugspark.s3 to BugSpark's S3_ENDPOINT_URL, S3_BUCKET_NAME, S3_ACCESS_KEY and S3_SECRET_KEY"
            " (docs/operating.md, BugSpark's customers' webhooks)"
        )
        return CheckResult(name=name, level=CheckLevel.WARN, message=message, remedy=remedy)
    message = "BugSpark's customers can be told of synced changes"
    s3 = container.settings.bugspark.s3
    if s3.endpoint_url:
        message += f", with addresses of screenshots at {s3.endpoint_url} for {s3.lifetime_seconds} s"
    return CheckResult(name=name, level=CheckLevel.OK, message=message)


def _owner_mail_check(problem: str | None) -> CheckResult:
    """Check that owners can be mailed."""
    name = "mails to owners"
    if problem is None:
        message = "owners can be mailed about trouble that lasts"
        return CheckResult(name=name, level=CheckLevel.OK, message=message)
    remedy = "correct that, or switch owners.mail off: the sync works without"
    return CheckResult(name=name, level=CheckLevel.FAIL, message=problem, remedy=remedy)


async def _check_projects(
    container: Container, projects: tuple[Project, ...], progress: Progress
) -> list[CheckResult]:
    """Check projects concurrently, because there may be hundreds. Results are in the order of `projects`."""
    healths = {health.project_id: health for health in await container.stores.queries.health()}
    slots = asyncio.Semaphore(container.settings.poll.concurrency)
    progress.start("checking projects", len(projects))

    async def one(project: Project) -> list[CheckResult]:
        async with slots:
            checks = await _check_project(container, project, healths, progress)
        progress.advance(1)
        return checks

    lines = await asyncio.gather(*(one(project) for project in projects))
    progress.finish()
    return [check for checks in lines for check in checks]


async def check_one_project(container: Container, project: Project) -> tuple[CheckResult, ...]:
    """Return the results of one project. Raises DatabaseError."""
    healths = {health.project_id: health for health in await container.stores.queries.health(project.id)}
    return tuple(await _check_project(container, project, healths, NullProgress()))


async def _check_project(
    container: Container, project: Project, healths: dict[ProjectId, ProjectHealth], progress: Progress
) -> list[CheckResult]:
    if project.integration is None:
        return [project_checks.unusable_integration_check(project)]
    context = await container.build_context(project, progress, manual=True)
    app = container.settings.github.app
    facts = project_checks.StoredProjectFacts(
        health=healths.get(project.id),
        delivery_url=container.public_addresses().delivery_url(project),
        has_app_webhook=bool(app.webhook_secret) and str(project.id) in app.repositories,
        is_github_com=github_web_url(container.settings.github.api_url) == GITHUB_COM,
    )
    return await project_checks.check_project(context, facts)


def identity_checks(identity: DatabaseInstance, lost: Sequence[str]) -> Iterator[CheckResult]:
    """Yield whether this database may write, and the marker keys that can't be decrypted (`lost`)."""
    if (problem := identity.reason_not_to_write) is not None:
        remedy = "reconcile --project P --accept moved (or copy), for any project; it counts for all of them"
        yield CheckResult(name="instance", level=CheckLevel.FAIL, message=problem, remedy=remedy)
    else:
        message = f"this database is {identity.instance}"
        yield CheckResult(name="instance", level=CheckLevel.OK, message=message)
    if lost:
        message = f"what was signed with {', '.join(lost)} is not recognised: no encryption key opens them"
        remedy = (
            "list the earlier ENCRYPTION_KEY behind the present one until a pass has kept the marker keys"
        )
        yield CheckResult(name="marker keys", level=CheckLevel.WARN, message=message, remedy=remedy)

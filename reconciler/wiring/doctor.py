"""`reconcile check`: all that a pass needs, from the configuration to GitHub, a line each. It only reads."""

import asyncio
from collections.abc import Iterator

from reconciler.cycle import checkup
from reconciler.cycle.hooks import Address
from reconciler.model.ids import ProjectId
from reconciler.model.report import Project
from reconciler.model.shown import Check, CheckLevel, Progress
from reconciler.model.snapshot import Health
from reconciler.model.wording import counted
from reconciler.ports import Keys
from reconciler.store.schema import REVISIONS
from reconciler.wiring.identity import identity_checks
from reconciler.wiring.parts import Parts, web_url_of

DATABASES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


async def examine(parts: Parts, progress: Progress) -> tuple[Check, ...]:
    """Every line, the general ones first, then project by project. Raises DatabaseError.

    Configuration and schema were found usable to get here: what is wrong with them is said instead of this.
    """
    lines = [*_ground(parts)]
    lines += identity_checks(await parts.stores.identity.read(), parts.markers.lost)
    lines.append(
        _key(await parts.stores.care.keys(), configured=bool(parts.settings.bugspark.encryption_keys))
    )
    if parts.settings.bugspark.notify_webhooks:
        lines.append(_customers(await parts.stores.care.customers_trouble()))
    projects = await parts.stores.projects.all()
    if not projects:
        mend = "connect a project to GitHub in BugSpark (its integrations)"
        message = "no active project has a github integration"
        lines.append(Check(name="projects", level=CheckLevel.WARN, message=message, mend=mend))
    return (*lines, *await _all(parts, projects, progress))


def _ground(parts: Parts) -> Iterator[Check]:
    yield Check(name="configuration", level=CheckLevel.OK, message="every key is known, every value fits")
    name = DATABASES.get(parts.database.dialect, parts.database.dialect)
    yield Check(name="database", level=CheckLevel.OK, message=f"{name} answers")
    message = f"it is at revision {REVISIONS[-1]}, which this version needs"
    yield Check(name="schema", level=CheckLevel.OK, message=message)
    if parts.alarms is not None:
        message = "alerts.url is set; it is not tried here, its first alert will tell"
        yield Check(name="alerts", level=CheckLevel.OK, message=message)


def _key(keys: Keys, *, configured: bool) -> Check:
    """Whether every integration can be decrypted."""
    if keys.unreadable:
        message = f"no configured key opens what is stored for {', '.join(keys.unreadable)}"
        mend = (
            "set bugspark.encryption_key to BugSpark's ENCRYPTION_KEY; during a rotation list the old one too"
        )
        return Check(name="key", level=CheckLevel.FAIL, message=message, mend=mend)
    if not configured:
        return Check(name="key", level=CheckLevel.OK, message="none is configured, and nothing is encrypted")
    message = f"it opens every encrypted value of the integrations ({keys.encrypted})"
    if not keys.plain:
        return Check(name="key", level=CheckLevel.OK, message=message)
    mend = "save those integrations anew in BugSpark: it encrypts them then"
    plain = f"not encrypted: {counted(keys.plain, 'secret')} of the integrations"
    message = f"{plain}; {message}" if keys.encrypted else plain
    return Check(name="key", level=CheckLevel.WARN, message=message, mend=mend)


def _customers(trouble: str | None) -> Check:
    name = "customers' webhooks"
    if trouble is None:
        message = "BugSpark's customers can be told of synced changes"
        return Check(name=name, level=CheckLevel.OK, message=message)
    mend = "mend that in BugSpark's database, or switch bugspark.notify_webhooks off: the sync needs it not"
    return Check(name=name, level=CheckLevel.FAIL, message=trouble, mend=mend)


async def _all(parts: Parts, projects: tuple[Project, ...], progress: Progress) -> list[Check]:
    """Side by side, told in their order: there may be hundreds."""
    healths = {each.project_id: each for each in await parts.stores.projects.health()}
    places = asyncio.Semaphore(parts.settings.poll.concurrency)
    progress.start("checking projects", len(projects))

    async def one(project: Project) -> list[Check]:
        async with places:
            found = await _project(parts, project, healths, progress)
        progress.advance(1)
        return found

    lines = await asyncio.gather(*(one(project) for project in projects))
    progress.done()
    return [line for each in lines for line in each]


async def _project(
    parts: Parts, project: Project, healths: dict[ProjectId, Health], progress: Progress
) -> list[Check]:
    if project.integration is None:
        return [checkup.unusable(project)]
    settings = parts.settings
    address = Address(public_url=settings.web.public_url, web_url=web_url_of(settings.github.api_url))
    context = await parts.context(project, progress, by_hand=True)
    known = checkup.Known(health=healths.get(project.id), address=address.of(project))
    return await checkup.check_project(context, known)

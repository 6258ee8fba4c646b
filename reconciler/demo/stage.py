"""Everything the story happens on, opened and closed together: BugSpark's file, a GitHub, the program."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.bootstrap import Application, open_application
from reconciler.config.settings import (
    DatabaseSection,
    GithubSection,
    LimitsSection,
    Settings,
    WriteSection,
)
from reconciler.demo.bugspark import BugSpark, Filed
from reconciler.demo.cast import (
    BUGSPARK_USERS,
    COMPANIES,
    HUBERT,
    MOBILE_BOT,
    MOBILE_REPOSITORY,
    MONA,
    OWNER,
    SHOP_BOT,
    SHOP_REPOSITORY,
    Company,
)
from reconciler.demo.clock import StoryClock
from reconciler.demo.github.rows import Comment, Issue
from reconciler.demo.github.server import running_in_thread
from reconciler.demo.github.simulator import Simulator
from reconciler.demo.github.world import Repository, World
from reconciler.model.report import Project
from reconciler.model.secret import Secret

WATCHED_SECONDS = 5.0
"""Between two looks at GitHub while somebody watches."""

PLENTY = 100_000
"""The simulator's limits are wide: the demo is about what is synced, not about waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """A report by its project and number."""

    company: Company
    number: int

    @property
    def tracking_id(self) -> str:
        """`BUG-0003`."""
        return f"BUG-{self.number:04}"

    def __str__(self) -> str:
        return f"{self.company.name} {self.tracking_id}"


def ref(company: Company, number: int) -> Ref:
    """The report with this number."""
    return Ref(company=company, number=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where things are."""

    folder: Path

    @property
    def database(self) -> Path:
        """BugSpark's database, with our tables in it."""
        return self.folder / "bugspark.db"

    @property
    def configuration(self) -> Path:
        """A configuration for the command, to look at the same world."""
        return self.folder / "config.toml"


@dataclass(slots=True, kw_only=True)
class Stage:
    """Both sides, and names for what is on them."""

    files: Files
    simulator: Simulator
    clock: StoryClock
    settings: Settings
    bugspark: BugSpark
    users: dict[str, str] = field(default_factory=dict)  # BugSpark's users by name
    project_ids: dict[str, str] = field(default_factory=dict)  # by company name
    reports: dict[tuple[str, int], str] = field(default_factory=dict)  # (company name, number) → id

    def report(self, ref: Ref) -> Filed:
        """A report as BugSpark has it now."""
        return self.bugspark.report(self.report_id(ref))

    def report_id(self, ref: Ref) -> str:
        """BugSpark's id of a report."""
        return self.reports[ref.company.name, ref.number]

    def number(self, ref: Ref) -> int:
        """The number of its issue, as BugSpark's columns name it. Raises LookupError where there is none."""
        found = self.report(ref).number
        if found is None:
            raise LookupError(f"{ref} has no issue")
        return found

    def repository(self, ref: Ref) -> Repository:
        """The repository of its project."""
        return self.simulator.world.repository(ref.company.repository)

    def issue(self, ref: Ref) -> Issue:
        """Its issue as GitHub has it now."""
        return self.repository(ref).issue(self.number(ref))

    def labels(self, ref: Ref) -> frozenset[str]:
        """The labels of its issue."""
        return frozenset(self.repository(ref).label_names(self.number(ref)))

    def thread(self, ref: Ref) -> list[Comment]:
        """The conversation below its issue."""
        return self.repository(ref).thread(self.number(ref))

    def login(self, account: int) -> str:
        """The name of a GitHub account."""
        return self.simulator.world.users[account].login


@contextmanager
def built(folder: Path) -> Iterator[Stage]:
    """Both sides, still empty, BugSpark's without schema; the simulator answers on loopback."""
    clock, files = StoryClock(), Files(folder=folder)
    simulator = Simulator(_github(clock), control=True)
    with running_in_thread(simulator) as api:
        yield Stage(
            files=files,
            simulator=simulator,
            clock=clock,
            settings=_settings(files, api),
            bugspark=BugSpark(files.database),
        )


@asynccontextmanager
async def program(stage: Stage) -> AsyncIterator[tuple[Application, dict[str, Project]]]:
    """The program under the eyes of the audience, and its projects by name, in the order of the cast."""
    async with open_application(stage.settings) as application:
        found = {project.name: project for project in await application.list_projects()}
        yield application, {company.name: found[company.name] for company in COMPANIES}


def populate(stage: Stage) -> None:
    """BugSpark's users, projects and reports. The schema must be there."""
    for name in BUGSPARK_USERS:
        stage.users[name] = stage.bugspark.add_user(name)
    for company in COMPANIES:
        stage.project_ids[company.name] = stage.bugspark.add_project(
            company.name,
            owner=stage.users[OWNER],
            repository=company.repository,
            token=token_of(company.bot),
        )
        _file(stage, company)


def write_configuration(stage: Stage) -> None:
    """A file that makes `reconcile --config …` see this world. Nothing in it is secret."""
    settings = stage.settings
    text = f"""# Written by `reconcile demo --keep`: the demo's world, for the command to look at.
[database]
url = "sqlite:///{stage.files.database}"
[github]
api_url = "{settings.github.api_url}"
[limits]
points_per_minute = {PLENTY}
[poll]
interval_seconds = {settings.poll.interval_seconds:g}
[web]
port = {settings.web.port}
[write]
min_interval_seconds = 0
per_minute = {PLENTY}
per_hour = {PLENTY}
settle_seconds = {settings.write.settle_seconds:g}
"""
    stage.files.configuration.write_text(text, encoding="utf-8")


def watched(settings: Settings) -> Settings:
    """The same with a dashboard on a free port of loopback, and a pace that a spectator can wait for."""
    with socket.create_server((settings.web.host, 0)) as free:
        port = free.getsockname()[1]
    web = settings.web.model_copy(update={"port": port})
    poll = settings.poll.model_copy(update={"interval_seconds": WATCHED_SECONDS})
    return settings.model_copy(update={"web": web, "poll": poll})


def token_of(bot: str) -> str:
    """The token that a project's owner has put into BugSpark. A prop: it opens nothing but the simulator."""
    return f"ghp_demo_{bot}"


def _settings(files: Files, api: str) -> Settings:
    return Settings(
        database=DatabaseSection(url=Secret(f"sqlite:///{files.database}")),
        github=GithubSection(api_url=api),
        limits=LimitsSection(points_per_minute=PLENTY),
        write=WriteSection(min_interval_seconds=0, per_minute=PLENTY, per_hour=PLENTY, settle_seconds=5),
    )


def _github(clock: StoryClock) -> World:
    world = World(clock)
    for login in (MONA, HUBERT, SHOP_BOT, MOBILE_BOT):
        world.add_user(login)
    for name, bot in ((SHOP_REPOSITORY, SHOP_BOT), (MOBILE_REPOSITORY, MOBILE_BOT)):
        repository = world.add_repository(name)
        repository.allow(MONA, "write")
        repository.allow(bot, "write")
        world.add_token(bot, token_of(bot), name=bot)
    return world


def _file(stage: Stage, company: Company) -> None:
    for number, part in enumerate(company.parts, start=1):
        ref = Ref(company=company, number=number)
        stage.reports[company.name, number] = stage.bugspark.file(
            stage.project_ids[company.name],
            ref.tracking_id,
            age_days=20 - number,
            title=part.title,
            description=part.description,
            severity=part.severity,
            category=part.category,
            reporter_identifier=part.reporter,
            metadata='{"browser": "Firefox 140", "os": "Debian 13"}',
        )

"""What the demo runs on, opened and closed together: BugSpark's file, a simulated GitHub, the program."""

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
from reconciler.demo.bugspark import BugSpark, FiledReport
from reconciler.demo.clock import DemoClock
from reconciler.demo.github.rows import Comment, Issue
from reconciler.demo.github.server import running_in_thread
from reconciler.demo.github.simulator import Simulator
from reconciler.demo.github.world import Repository, World
from reconciler.demo.sample_data import (
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
from reconciler.model.report import Project
from reconciler.model.secret import Secret

POLL_INTERVAL_SECONDS = 5.0
"""The interval between passes while the demo keeps running."""

LIMIT = 100_000
"""The configured limits are wide: the demo shows what is synced, not waiting."""


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
    """Return the report with this number."""
    return Ref(company=company, number=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files of a demo."""

    folder: Path

    @property
    def database(self) -> Path:
        """BugSpark's database, with our tables in it."""
        return self.folder / "bugspark.db"

    @property
    def configuration(self) -> Path:
        """The configuration with which the command uses the same database and simulator."""
        return self.folder / "config.toml"


@dataclass(slots=True, kw_only=True)
class DemoEnvironment:
    """Both sides, and names for their contents."""

    files: Files
    simulator: Simulator
    clock: DemoClock
    settings: Settings
    bugspark: BugSpark
    users: dict[str, str] = field(default_factory=dict)  # BugSpark's users by name
    project_ids: dict[str, str] = field(default_factory=dict)  # by company name
    reports: dict[tuple[str, int], str] = field(default_factory=dict)  # (company name, number) → id

    def report(self, ref: Ref) -> FiledReport:
        """Return a report as BugSpark stores it now."""
        return self.bugspark.report(self.report_id(ref))

    def report_id(self, ref: Ref) -> str:
        """Return BugSpark's id of a report."""
        return self.reports[ref.company.name, ref.number]

    def number(self, ref: Ref) -> int:
        """Return the number of its issue in BugSpark's columns. Raises LookupError if there is none."""
        found = self.report(ref).number
        if found is None:
            raise LookupError(f"{ref} has no issue")
        return found

    def repository(self, ref: Ref) -> Repository:
        """Return the repository of its project."""
        return self.simulator.world.repository(ref.company.repository)

    def issue(self, ref: Ref) -> Issue:
        """Return its issue as GitHub stores it now."""
        return self.repository(ref).issue(self.number(ref))

    def labels(self, ref: Ref) -> frozenset[str]:
        """Return the labels of its issue."""
        return frozenset(self.repository(ref).label_names(self.number(ref)))

    def thread(self, ref: Ref) -> list[Comment]:
        """Return the comments of its issue."""
        return self.repository(ref).thread(self.number(ref))

    def login(self, reporter: int) -> str:
        """Return the login of a GitHub account."""
        return self.simulator.world.users[reporter].login


@contextmanager
def open_environment(folder: Path) -> Iterator[DemoEnvironment]:
    """Open both sides, empty, BugSpark's without schema; the simulator answers on loopback."""
    clock, files = DemoClock(), Files(folder=folder)
    simulator = Simulator(_github(clock), control=True)
    with running_in_thread(simulator) as api:
        yield DemoEnvironment(
            files=files,
            simulator=simulator,
            clock=clock,
            settings=_settings(files, api),
            bugspark=BugSpark(files.database),
        )


@asynccontextmanager
async def open_program(environment: DemoEnvironment) -> AsyncIterator[tuple[Application, dict[str, Project]]]:
    """Open the program; yields it with its projects by name, in the order of the sample data."""
    async with open_application(environment.settings) as application:
        found = {project.name: project for project in await application.list_projects()}
        yield application, {company.name: found[company.name] for company in COMPANIES}


def populate(environment: DemoEnvironment) -> None:
    """Add users, projects and reports to BugSpark. The schema must exist."""
    for name in BUGSPARK_USERS:
        environment.users[name] = environment.bugspark.add_user(name)
    for company in COMPANIES:
        environment.project_ids[company.name] = environment.bugspark.add_project(
            company.name,
            owner=environment.users[OWNER],
            repository=company.repository,
            token=token_of(company.bot),
        )
        _file(environment, company)


def write_configuration(environment: DemoEnvironment) -> None:
    """Write a configuration that makes `reconcile --config …` use this demo. Nothing in it is secret."""
    settings = environment.settings
    text = f"""# Written by `reconcile demo --keep`: for commands on the demo's data.
[database]
url = "sqlite:///{environment.files.database}"
[github]
api_url = "{settings.github.api_url}"
[limits]
points_per_minute = {LIMIT}
[poll]
interval_seconds = {settings.poll.interval_seconds:g}
[web]
port = {settings.web.port}
[write]
min_interval_seconds = 0
per_minute = {LIMIT}
per_hour = {LIMIT}
settle_seconds = {settings.write.settle_seconds:g}
"""
    environment.files.configuration.write_text(text, encoding="utf-8")


def with_dashboard(settings: Settings) -> Settings:
    """Return the settings with a dashboard on a free port of loopback and a short interval."""
    with socket.create_server((settings.web.host, 0)) as free:
        port = free.getsockname()[1]
    web = settings.web.model_copy(update={"port": port})
    poll = settings.poll.model_copy(update={"interval_seconds": POLL_INTERVAL_SECONDS})
    return settings.model_copy(update={"web": web, "poll": poll})


def token_of(bot: str) -> str:
    """Return the token that a project has in BugSpark. Only the simulator accepts it."""
    return f"ghp_demo_{bot}"


def _settings(files: Files, api: str) -> Settings:
    return Settings(
        database=DatabaseSection(url=Secret(f"sqlite:///{files.database}")),
        github=GithubSection(api_url=api),
        limits=LimitsSection(points_per_minute=LIMIT),
        write=WriteSection(min_interval_seconds=0, per_minute=LIMIT, per_hour=LIMIT, settle_seconds=5),
    )


def _github(clock: DemoClock) -> World:
    world = World(clock)
    for login in (MONA, HUBERT, SHOP_BOT, MOBILE_BOT):
        world.add_user(login)
    for name, bot in ((SHOP_REPOSITORY, SHOP_BOT), (MOBILE_REPOSITORY, MOBILE_BOT)):
        repository = world.add_repository(name)
        repository.allow(MONA, "write")
        repository.allow(bot, "write")
        world.add_token(bot, token_of(bot), name=bot)
    return world


def _file(environment: DemoEnvironment, company: Company) -> None:
    for number, part in enumerate(company.parts, start=1):
        ref = Ref(company=company, number=number)
        environment.reports[company.name, number] = environment.bugspark.file(
            environment.project_ids[company.name],
            ref.tracking_id,
            age_days=20 - number,
            title=part.title,
            description=part.description,
            severity=part.severity,
            category=part.category,
            reporter_identifier=part.reporter,
            metadata='{"browser": "Firefox 140", "os": "Debian 13"}',
        )

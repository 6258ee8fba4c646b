"""Many projects on one PostgreSQL, each with a repository on one simulated GitHub, linked and in sync."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.plot import Plot
from bench.rows import LABELS, insert_project_links
from reconciler.bootstrap import migrate_schema
from reconciler.config.load import load_configuration
from reconciler.demo.github.clock import SystemClock
from reconciler.demo.github.seeding import grow
from reconciler.demo.github.server import running_in_thread
from reconciler.demo.github.simulator import Simulator
from reconciler.demo.github.world import Repository, World
from reconciler.model.ids import ReportId, RepositoryId
from tests.support.bugspark import BugSpark, connected, install
from tests.support.outages import ShakyServer, shaky_server

PER_ACCOUNT = 25
"""Projects that share one bot account, with its token and limits, if nothing else is asked for."""
SECRET = "soak-webhook-secret"
PERSON = "alice"
SEVERITIES = {
    "critical": "critical",
    "high": "high-priority",
    "medium": "medium-priority",
    "low": "low-priority",
}
EVENTS = ("issues", "issue_comment", "label")
LONG_AGO = 3_600


@dataclass(slots=True, kw_only=True)
class LinkedReport:
    """One report and its issue, with the values that both must have in the end."""

    report: ReportId
    number: int
    repository: Repository
    hooked: bool  # GitHub delivers its changes
    state: str = "open"
    severity: str = "medium"
    turns: int = 0  # number of field changes on GitHub
    busy: bool = False  # a field change has not arrived yet


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakEnvironment:
    """Both sides. The simulator runs in a thread of this process: take `world.lock` to change it."""

    server: ShakyServer
    url: str
    conninfo: str
    config: Path
    simulator: Simulator
    linked_reports: tuple[LinkedReport, ...]
    plots: tuple[Plot, ...]

    def hook(self, plot: Plot, port: int) -> None:
        """Add a webhook that delivers a project's changes to this local port."""
        url = f"http://127.0.0.1:{port}/api/v1/webhooks/github/{plot.project}"
        self.simulator.world.repository(plot.repository).add_hook(url, EVENTS, secret=SECRET)


def free_port() -> int:
    """Return a port that is not in use."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def open_environment(
    folder: Path,
    *,
    projects: int,
    links: int,
    hooked: int,
    settings: dict[str, dict[str, Any]],
    projects_per_account: int = PER_ACCOUNT,
) -> Iterator[SoakEnvironment]:
    """Open everything but the daemons. The first `hooked` projects will have webhooks."""
    simulator = Simulator(World(SystemClock()))
    with running_in_thread(simulator) as api, shaky_server() as server:
        database = server.server.create()
        url = server.server.url(database)
        install(url)
        config = folder / "config.toml"
        required = {"database": {"url": url}, "github": {"api_url": api}}
        config.write_text(_toml({**settings, **required}))
        migrate_schema(load_configuration(config, {}).settings)
        plots = tuple(_plots(url, simulator.world, projects, links, projects_per_account))
        links_by_project = insert_project_links(url, plots, links)
        linked_reports = tuple(
            LinkedReport(
                report=link.report_id,
                number=link.number,
                repository=simulator.world.repository(plot.repository),
                hooked=index < hooked,
            )
            for index, (plot, project_links) in enumerate(zip(plots, links_by_project, strict=True))
            for link in project_links
        )
        yield SoakEnvironment(
            server=server,
            url=url,
            conninfo=server.server.conninfo(database),
            config=config,
            simulator=simulator,
            linked_reports=linked_reports,
            plots=plots,
        )


def _plots(url: str, world: World, projects: int, links: int, projects_per_account: int) -> Iterator[Plot]:
    world.add_user(PERSON)
    with connected(url) as engine:
        bugspark = BugSpark(engine)
        owner = bugspark.add_user("Ada")
        for index in range(projects):
            bot = f"bugspark-bot-{index // projects_per_account}"
            if index % projects_per_account == 0:
                world.add_user(bot)
                world.add_token(bot, _token(bot))
            name = f"project-{index}"
            repository = _repository(world, name, bot, links)
            project = bugspark.add_project(name, owner=owner)
            config_values = {"owner": "acme", "repo": name, "token": _token(bot), "webhookSecret": SECRET}
            bugspark.add_integration(project, config=config_values)
            yield Plot(
                project=project, repository_id=RepositoryId(repository.id), repository=repository.full_name
            )


def _repository(world: World, name: str, bot: str, links: int) -> Repository:
    repository = world.add_repository(f"acme/{name}")
    for login in (bot, PERSON):
        repository.allow(login, "write")
    for label in SEVERITIES.values():
        repository.ensure_label(label)
    request = {"repository": repository.full_name, "by": PERSON, "issues": links, "labels": list(LABELS)}
    grow(world, request | {"title": "Cart is empty ({n})", "age": LONG_AGO})
    return repository


def _token(bot: str) -> str:
    return f"ghp_sim_{bot}"


def _toml(sections: dict[str, dict[str, Any]]) -> str:
    lines = []
    for name, values in sections.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"

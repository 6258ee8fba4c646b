"""Many projects on one PostgreSQL, each with its repository on one simulated GitHub, linked and at peace."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.plot import Plot
from bench.rows import LABELS, settle_plots
from reconciler.bootstrap import migrate_schema
from reconciler.config.load import load_configuration
from reconciler.demo.github.clock import SystemClock
from reconciler.demo.github.seeding import grow
from reconciler.demo.github.simulator import Simulator
from reconciler.demo.github.threads import running_in_thread
from reconciler.demo.github.world import Repository, World
from reconciler.model.ids import ReportId, RepositoryId
from tests.support.bugspark import BugSpark, connected, install
from tests.support.outages import ShakyServer, shaky_server

PER_ACCOUNT = 25
"""Projects that share an account of ours, and so a token and its limits."""
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
class Thing:
    """One linked report and its issue, and what people want of it."""

    report: ReportId
    number: int
    repository: Repository
    hooked: bool  # GitHub delivers its changes
    state: str = "open"
    severity: str = "medium"
    turns: int = 0  # how often somebody on GitHub changed a field
    busy: bool = False  # a change of a field is on its way


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Both sides. The simulator answers in a thread of this process; anyone who acts on it takes its lock."""

    server: ShakyServer
    url: str
    conninfo: str
    config: Path
    simulator: Simulator
    things: tuple[Thing, ...]
    plots: tuple[Plot, ...]

    def hook(self, plot: Plot, port: int) -> None:
        """Let GitHub deliver a project's changes to this port of ours."""
        url = f"http://127.0.0.1:{port}/api/v1/webhooks/github/{plot.project}"
        self.simulator.world.repository(plot.repository).add_hook(url, EVENTS, secret=SECRET)


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def open_town(
    folder: Path, *, projects: int, links: int, hooked: int, settings: dict[str, dict[str, Any]]
) -> Iterator[Town]:
    """Everything but the daemons; of so many projects the first `hooked` have their changes delivered."""
    simulator = Simulator(World(SystemClock()))
    with running_in_thread(simulator) as api, shaky_server() as server:
        database = server.server.create()
        url = server.server.url(database)
        install(url)
        config = folder / "config.toml"
        given = {"database": {"url": url}, "github": {"api_url": api}}
        config.write_text(_toml({**settings, **given}))
        migrate_schema(load_configuration(config, {}).settings)
        plots = tuple(_plots(url, simulator.world, projects, links))
        made = settle_plots(url, plots, links)
        things = tuple(
            Thing(
                report=link.report_id,
                number=link.number,
                repository=simulator.world.repository(plot.repository),
                hooked=place < hooked,
            )
            for place, (plot, row) in enumerate(zip(plots, made, strict=True))
            for link in row
        )
        yield Town(
            server=server,
            url=url,
            conninfo=server.server.conninfo(database),
            config=config,
            simulator=simulator,
            things=things,
            plots=plots,
        )


def _plots(url: str, world: World, projects: int, links: int) -> Iterator[Plot]:
    world.add_user(PERSON)
    with connected(url) as engine:
        bugspark = BugSpark(engine)
        owner = bugspark.add_user("Ada")
        for place in range(projects):
            bot = f"bugspark-bot-{place // PER_ACCOUNT}"
            if place % PER_ACCOUNT == 0:
                world.add_user(bot)
                world.add_token(bot, _token(bot))
            name = f"project-{place}"
            repository = _repository(world, name, bot, links)
            project = bugspark.add_project(name, owner=owner)
            kept = {"owner": "acme", "repo": name, "token": _token(bot), "webhookSecret": SECRET}
            bugspark.add_integration(project, config=kept)
            yield Plot(
                project=project, repository_id=RepositoryId(repository.id), repository=repository.full_name
            )


def _repository(world: World, name: str, bot: str, links: int) -> Repository:
    repository = world.add_repository(f"acme/{name}")
    for login in (bot, PERSON):
        repository.allow(login, "write")
    for label in SEVERITIES.values():
        repository.ensure_label(label)
    wish = {"repository": repository.full_name, "by": PERSON, "issues": links, "labels": list(LABELS)}
    grow(world, wish | {"title": "Cart is empty ({n})", "age": LONG_AGO})
    return repository


def _token(bot: str) -> str:
    return f"ghp_sim_{bot}"


def _toml(sections: dict[str, dict[str, Any]]) -> str:
    lines = []
    for name, values in sections.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"

"""How soon pages and the API answer, with many links (issue "The dashboard": under 100 ms with 100,000)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import httpx

from bench.home import Home
from bench.hub import TOKEN, Repository
from bench.plot import Plot
from bench.processes import BrokenError
from bench.results import Pages
from bench.rows import LABELS, insert_comments, insert_day, insert_links, settle_plots
from bench.soak.figures import Spread, spread
from bench.soak.fleet import Daemon, daemon

SAID = "Seen again in build {n}."
PATIENCE = 300.0
HTML = {"Accept": "text/html"}
RARELY = "\n[poll]\ninterval_seconds = 3600\n"
"""Passes have figures of their own; here they would only be in the way."""
UNKNOWN = "no-title-has-this-word"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One address, asked for many times."""

    answered: Spread
    cpu: float  # seconds of the daemon for each answer, whatever else the machine was doing


def measure(home: Home, links: int, projects: int, repeats: int) -> list[Pages]:
    """Each page by itself, one request after another, after one that is not counted; the links shared among
    so many projects, the first of which had a busy day.
    """
    each, hub = links // projects, home.repository.hub
    home.repository.grow(each, list(LABELS), comments=0, spread=1, age=3_600)
    made = insert_links(home, each)
    others = [
        _other(home, hub.repository(f"{home.repository.name[5:]}-{n}"), each) for n in range(1, projects)
    ]
    settle_plots(home.url, others, each)
    insert_day(home, made)
    home.settle()
    config = home.program.config
    config.write_text(config.read_text() + RARELY)
    with daemon(f"pages-{home.engine.dialect.name}", config) as running:
        client = httpx.Client(base_url=f"http://127.0.0.1:{running.port}", timeout=60, headers=HTML)
        with client:
            _first_passes(home, running, projects)
            insert_comments(home, made[:1], SAID)
            asked = [
                _page(client, running, name, path, repeats)
                for name, path in _paths(home, str(made[0].report_id)).items()
            ]
    return [
        Pages(
            database=home.engine.dialect.name,
            links=links,
            projects=projects,
            page=name,
            answered=one.answered,
            cpu=one.cpu,
        )
        for name, one in asked
    ]


def _other(home: Home, repository: Repository, links: int) -> Plot:
    """One more project, connected to a repository of its own by the same token."""
    repository.grow(links, list(LABELS), comments=0, spread=1, age=3_600)
    project = home.bugspark.add_project(repository.name)
    home.bugspark.add_integration(project, repo=repository.name.partition("/")[2], token=TOKEN)
    return Plot(project=project, repository_id=repository.id, repository=repository.name)


def _paths(home: Home, report: str) -> Mapping[str, str]:
    project = f"/projects/{home.project}"
    return {
        "overview": "/",
        "project": project,
        "project, deep in the list": f"{project}?after=50.{home.project}",
        "project, one state": f"{project}?state=synced",
        "project, none in a state": f"{project}?state=conflict",
        "project, by tracking id": f"{project}?q=BUG-00007",
        "project, a word of every title": f"{project}?q=Cart",
        "project, a word of no title": f"{project}?q={quote(UNKNOWN)}",
        "set-up": f"{project}/setup",
        "report": f"/reports/{report}",
        "sign-in": "/sign-in",
        "API, projects": "/api/v1/projects",
        "API, project": f"/api/v1{project}",
        "API, report": f"/api/v1/reports/{report}",
    }


def _page(client: httpx.Client, running: Daemon, name: str, path: str, repeats: int) -> tuple[str, Asked]:
    _get(client, path)
    before, count = running.cpu(), max(3, repeats * 4)
    took = [_get(client, path) for _ in range(count)]
    return name, Asked(answered=spread(took), cpu=(running.cpu() - before) / count)


def _get(client: httpx.Client, path: str) -> float:
    """Seconds until the whole answer is there. Raises BrokenError."""
    began = time.perf_counter()
    answer = client.get(path)
    took = time.perf_counter() - began
    if answer.status_code not in (200, 303):  # nobody need sign in on loopback
        raise BrokenError(f"{path} was answered {answer.status_code}: {answer.text[:300]}")
    return took


def _first_passes(home: Home, running: Daemon, projects: int) -> None:
    """Until every project was looked at. Raises BrokenError."""
    deadline = time.monotonic() + PATIENCE
    while sum(bool(row["last_success_at"]) for row in home.bugspark.rows_of("sync_projects")) < projects:
        if time.monotonic() > deadline:
            raise BrokenError(f"no pass came to its end: {running.log.read_text()[-2000:]}")
        time.sleep(0.2)

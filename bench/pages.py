"""Response times of pages and API with many links (issue "The dashboard": under 100 ms with 100,000)."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from bench.home import Home
from bench.hub import TOKEN, Repository
from bench.plot import Plot
from bench.processes import BrokenError
from bench.results import Pages
from bench.rows import LABELS, insert_comments, insert_day, insert_links, insert_project_links
from bench.soak.daemons import Daemon, daemon
from bench.soak.figures import Spread, spread
from reconciler.bootstrap.container import open_container
from reconciler.bootstrap.sign_in import build_operator_sessions
from reconciler.config.load import load_configuration

COMMENT_TEXT = "Seen again in build {n}."
FIRST_PASSES_TIMEOUT_SECONDS = 300.0
HTML = {"Accept": "text/html"}
RARE_POLLING = "\n[poll]\ninterval_seconds = 3600\n"
"""Configuration for few passes: these are measured elsewhere and would disturb here."""
UNKNOWN = "no-title-has-this-word"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTiming:
    """The response times of one address over many requests."""

    answered: Spread
    cpu: float  # CPU seconds of the daemon per response


def measure(home: Home, links: int, projects: int, repeats: int) -> list[Pages]:
    """Measure each page with sequential requests; the first request of each is not counted.

    The links are divided among `projects`; the first of these has a busy day in its history.
    """
    links_per_project, hub = links // projects, home.repository.hub
    home.repository.grow(links_per_project, list(LABELS), comments=0, spread=1, age=3_600)
    first_links = insert_links(home, links_per_project)
    other_projects = [
        _add_project(home, hub.repository(f"{home.repository.name[5:]}-{n}"), links_per_project)
        for n in range(1, projects)
    ]
    insert_project_links(home.url, other_projects, links_per_project)
    insert_day(home, first_links)
    home.vacuum()
    config = home.program.config
    config.write_text(config.read_text() + RARE_POLLING)
    with daemon(f"pages-{home.engine.dialect.name}", config) as page_daemon:
        client = httpx.Client(base_url=f"http://127.0.0.1:{page_daemon.port}", timeout=60, headers=HTML)
        with client:
            _sign_in(client, config)
            _wait_for_first_passes(home, page_daemon, projects)
            insert_comments(home, first_links[:1], COMMENT_TEXT)
            timings = [
                _time_page(client, page_daemon, name, path, repeats)
                for name, path in _paths(home, str(first_links[0].report_id)).items()
            ]
    return [
        Pages(
            database=home.engine.dialect.name,
            links=links,
            projects=projects,
            page=name,
            answered=timing.answered,
            cpu=timing.cpu,
        )
        for name, timing in timings
    ]


def _add_project(home: Home, repository: Repository, links: int) -> Plot:
    """Add a project that is connected to its own repository with the same token."""
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


def _time_page(
    client: httpx.Client, page_daemon: Daemon, name: str, path: str, repeats: int
) -> tuple[str, PageTiming]:
    _get(client, path)
    before, count = page_daemon.cpu(), max(3, repeats * 4)
    seconds = [_get(client, path) for _ in range(count)]
    return name, PageTiming(answered=spread(seconds), cpu=(page_daemon.cpu() - before) / count)


def _sign_in(client: httpx.Client, config: Path) -> None:
    """Sign the operator in, as with the address that `reconcile open` prints. Raises BrokenError."""

    async def offer() -> str:
        async with open_container(load_configuration(config, {}).settings) as container:
            return (await (await build_operator_sessions(container)).offer_sign_in()).reveal()

    base = str(client.base_url).rstrip("/")
    answer = client.post("/sign-in", data={"token": asyncio.run(offer())}, headers={"Origin": base})
    if answer.status_code != 303:
        raise BrokenError(f"the sign-in was answered {answer.status_code}: {answer.text[:300]}")


def _get(client: httpx.Client, path: str) -> float:
    """Return the seconds until the response is complete. Raises BrokenError."""
    began = time.perf_counter()
    answer = client.get(path)
    seconds = time.perf_counter() - began
    if answer.status_code not in (200, 303):  # 303: /sign-in, to who has signed in
        raise BrokenError(f"{path} was answered {answer.status_code}: {answer.text[:300]}")
    return seconds


def _wait_for_first_passes(home: Home, page_daemon: Daemon, projects: int) -> None:
    """Wait until every project had a pass. Raises BrokenError."""
    deadline = time.monotonic() + FIRST_PASSES_TIMEOUT_SECONDS
    while sum(bool(row["last_success_at"]) for row in home.bugspark.rows_of("sync_projects")) < projects:
        if time.monotonic() > deadline:
            raise BrokenError(f"not every project had a pass: {page_daemon.log.read_text()[-2000:]}")
        time.sleep(0.2)

"""`python -m bench`: measure, print a table, write JSON."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import msgspec

from bench import bulk, idle, pages, table, webhooks
from bench.home import DIALECTS, Home, open_home
from bench.hub import Hub, Repository, running_hub
from bench.processes import ROOT
from bench.results import QUICK, Bulk, Idle, Pages, Run, Sizes, Webhooks
from tests.support.postgres import Server, private_server

LATEST = ROOT / "bench" / "results" / "latest.json"
MODES = ("idle", "incoming", "outgoing", "webhooks", "pages")
LIBRARIES = ("sqlalchemy", "psycopg", "aiosqlite", "httpx", "msgspec")


@dataclass(kw_only=True)
class BenchEnvironment:
    """The processes and files of one run. GitHub and PostgreSQL are started at their first use."""

    folder: Path
    dialects: tuple[str, ...]
    given_server: Server | None
    resources: ExitStack

    @cached_property
    def hub(self) -> Hub:
        return self.resources.enter_context(running_hub())

    @cached_property
    def server(self) -> Server:
        return self.given_server or self.resources.enter_context(private_server())

    @contextmanager
    def home(self, dialect: str, repository: Repository) -> Iterator[Home]:
        """Open a new database with a project that is connected to this repository."""
        name = repository.name.partition("/")[2]
        server = self.server if dialect == "postgresql" else None
        with open_home(dialect, self.folder, server, repository, name) as home:
            yield home


def main(arguments: list[str] | None = None, server: Server | None = None) -> int:
    """Run the benchmarks and return exit status 0. Raises BrokenError when a measured process failed.

    `server`: a running PostgreSQL; None: a private one is started.
    """
    options = _parser().parse_args(arguments)
    sizes = QUICK if options.quick else Sizes()
    if options.links:
        sizes = replace(sizes, idle=tuple(options.links))
    for name in ("incoming", "outgoing", "polled", "deliveries", "paged", "shared", "repeats"):
        if (size := getattr(options, name)) is not None:
            sizes = replace(sizes, **{name: size})
    dialects = (options.database,) if options.database else DIALECTS
    run = measure(sizes, dialects, set(options.only or MODES), server)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_bytes(msgspec.json.format(msgspec.json.encode(run)))
    print(table.text(run))
    print(f"\nwritten to {options.json}", file=sys.stderr)
    return 0


def measure(sizes: Sizes, dialects: tuple[str, ...], only: set[str], server: Server | None) -> Run:
    """Start GitHub and PostgreSQL, measure, and stop them. Raises BrokenError."""
    with _open_environment(dialects, server) as environment:
        return Run(
            at=f"{datetime.now(UTC):%Y-%m-%d}",
            machine=_machine(),
            versions={"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
            sizes=sizes,
            idle=list(_idle(environment, sizes)) if "idle" in only else [],
            bulk=[
                *(_incoming(environment, sizes) if "incoming" in only else ()),
                *(_outgoing(environment, sizes) if "outgoing" in only else ()),
            ],
            webhooks=[_webhooks(environment, sizes)] if "webhooks" in only else [],
            pages=list(_pages(environment, sizes)) if "pages" in only else [],
        )


@contextmanager
def _open_environment(dialects: tuple[str, ...], server: Server | None) -> Iterator[BenchEnvironment]:
    folder = tempfile.TemporaryDirectory(prefix="reconciler-bench-")
    with folder as path, ExitStack() as resources:
        yield BenchEnvironment(folder=Path(path), dialects=dialects, given_server=server, resources=resources)


def _idle(environment: BenchEnvironment, sizes: Sizes) -> Iterator[Idle]:
    for links in sizes.idle:
        repository = environment.hub.repository(f"idle-{links}")
        repository.grow(links, ["bug", "medium-priority"], comments=1, spread=1, age=idle.ISSUE_AGE_SECONDS)
        comments = repository.list_comments(links)
        for dialect in environment.dialects:
            _print_progress(f"idle, {links:,} links, {dialect}")
            with environment.home(dialect, repository) as home:
                yield idle.measure(home, links, comments, sizes.repeats)


def _incoming(environment: BenchEnvironment, sizes: Sizes) -> Iterator[Bulk]:
    for burst in (False, True) if sizes.bursts else (False,):
        for dialect in environment.dialects:
            _print_progress(f"incoming, {sizes.incoming:,} changes{' in one second' * burst}, {dialect}")
            name = f"incoming-{dialect}{'-burst' * burst}"
            with environment.home(dialect, environment.hub.repository(name)) as home:
                yield bulk.measure_incoming(home, sizes.incoming, burst=burst)


def _outgoing(environment: BenchEnvironment, sizes: Sizes) -> Iterator[Bulk]:
    for dialect in environment.dialects:
        _print_progress(f"outgoing, {sizes.outgoing:,} comments, {dialect}")
        with environment.home(dialect, environment.hub.repository(f"outgoing-{dialect}")) as home:
            yield bulk.measure_outgoing(home, sizes.outgoing)


def _webhooks(environment: BenchEnvironment, sizes: Sizes) -> Webhooks:
    _print_progress(f"{sizes.deliveries:,} webhooks while {sizes.polled:,} projects are polled, postgresql")
    return webhooks.measure(environment.folder, sizes.polled, sizes.deliveries)


def _pages(environment: BenchEnvironment, sizes: Sizes) -> Iterator[Pages]:
    for projects in (1, sizes.shared):
        for dialect in environment.dialects:
            _print_progress(f"pages, {sizes.paged:,} links of {projects:,} projects, {dialect}")
            with environment.home(dialect, environment.hub.repository(f"pages-{dialect}-{projects}")) as home:
                yield from pages.measure(home, sizes.paged, projects, sizes.repeats)


def _print_progress(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def _machine() -> str:
    """Describe the machine and its load, because a busy machine gives slower results."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} CPUs, {platform.system()} {platform.machine()}, load {load:.1f} before the run"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to check that everything runs")
    parser.add_argument("--only", action="append", choices=MODES)
    parser.add_argument("--database", choices=DIALECTS, help="only this database")
    parser.add_argument("--links", type=int, action="append", help="for idle passes; may be repeated")
    parser.add_argument("--incoming", type=int, help="changed issues")
    parser.add_argument("--outgoing", type=int, help="comments")
    parser.add_argument("--polled", type=int, help="projects that are polled while webhooks arrive")
    parser.add_argument("--deliveries", type=int, help="webhooks")
    parser.add_argument("--paged", type=int, help="links of the projects whose pages are requested")
    parser.add_argument("--shared", type=int, help="projects that share these links")
    parser.add_argument(
        "--repeats", type=int, help="repeats of each idle pass; each page is requested four times as often"
    )
    parser.add_argument("--json", type=Path, default=LATEST, help="where to write")
    return parser


if __name__ == "__main__":
    sys.exit(main())

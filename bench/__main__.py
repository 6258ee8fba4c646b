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
class Place:
    """Where everything runs. GitHub and PostgreSQL are started by what asks for them first."""

    folder: Path
    dialects: tuple[str, ...]
    given: Server | None
    resources: ExitStack

    @cached_property
    def hub(self) -> Hub:
        return self.resources.enter_context(running_hub())

    @cached_property
    def server(self) -> Server:
        return self.given or self.resources.enter_context(private_server())

    @contextmanager
    def home(self, dialect: str, repository: Repository) -> Iterator[Home]:
        """A new database for a repository."""
        name = repository.name.partition("/")[2]
        server = self.server if dialect == "postgresql" else None
        with open_home(dialect, self.folder, server, repository, name) as home:
            yield home


def main(arguments: list[str] | None = None, server: Server | None = None) -> int:
    """Exit status 0; 1 when something that was to be measured did not do its work (BrokenError).

    `server`: a running PostgreSQL; without it a private one is started.
    """
    wanted = _parser().parse_args(arguments)
    sizes = QUICK if wanted.quick else Sizes()
    if wanted.links:
        sizes = replace(sizes, idle=tuple(wanted.links))
    for name in ("incoming", "outgoing", "polled", "deliveries", "paged", "shared", "repeats"):
        if (size := getattr(wanted, name)) is not None:
            sizes = replace(sizes, **{name: size})
    dialects = (wanted.database,) if wanted.database else DIALECTS
    run = measure(sizes, dialects, set(wanted.only or MODES), server)
    wanted.json.parent.mkdir(parents=True, exist_ok=True)
    wanted.json.write_bytes(msgspec.json.format(msgspec.json.encode(run)))
    print(table.text(run))
    print(f"\nwritten to {wanted.json}", file=sys.stderr)
    return 0


def measure(sizes: Sizes, dialects: tuple[str, ...], only: set[str], server: Server | None) -> Run:
    """Start GitHub and PostgreSQL, measure, end them. Raises BrokenError."""
    with _place(dialects, server) as place:
        return Run(
            at=f"{datetime.now(UTC):%Y-%m-%d}",
            machine=_machine(),
            versions={"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
            sizes=sizes,
            idle=list(_idle(place, sizes)) if "idle" in only else [],
            bulk=[
                *(_incoming(place, sizes) if "incoming" in only else ()),
                *(_outgoing(place, sizes) if "outgoing" in only else ()),
            ],
            webhooks=[_webhooks(place, sizes)] if "webhooks" in only else [],
            pages=list(_pages(place, sizes)) if "pages" in only else [],
        )


@contextmanager
def _place(dialects: tuple[str, ...], server: Server | None) -> Iterator[Place]:
    folder = tempfile.TemporaryDirectory(prefix="reconciler-bench-")
    with folder as path, ExitStack() as resources:
        yield Place(folder=Path(path), dialects=dialects, given=server, resources=resources)


def _idle(place: Place, sizes: Sizes) -> Iterator[Idle]:
    for links in sizes.idle:
        repository = place.hub.repository(f"idle-{links}")
        repository.grow(links, ["bug", "medium-priority"], comments=1, spread=1, age=idle.AGE)
        said = repository.said(links)
        for dialect in place.dialects:
            _say(f"idle, {links:,} links, {dialect}")
            with place.home(dialect, repository) as home:
                yield idle.measure(home, links, said, sizes.repeats)


def _incoming(place: Place, sizes: Sizes) -> Iterator[Bulk]:
    for burst in (False, True) if sizes.bursts else (False,):
        for dialect in place.dialects:
            _say(f"incoming, {sizes.incoming:,} changes{' in one second' * burst}, {dialect}")
            name = f"incoming-{dialect}{'-burst' * burst}"
            with place.home(dialect, place.hub.repository(name)) as home:
                yield bulk.measure_incoming(home, sizes.incoming, burst=burst)


def _outgoing(place: Place, sizes: Sizes) -> Iterator[Bulk]:
    for dialect in place.dialects:
        _say(f"outgoing, {sizes.outgoing:,} comments, {dialect}")
        with place.home(dialect, place.hub.repository(f"outgoing-{dialect}")) as home:
            yield bulk.measure_outgoing(home, sizes.outgoing)


def _webhooks(place: Place, sizes: Sizes) -> Webhooks:
    _say(f"{sizes.deliveries:,} webhooks while {sizes.polled:,} projects are polled, postgresql")
    return webhooks.measure(place.folder, sizes.polled, sizes.deliveries)


def _pages(place: Place, sizes: Sizes) -> Iterator[Pages]:
    for projects in (1, sizes.shared):
        for dialect in place.dialects:
            _say(f"pages, {sizes.paged:,} links of {projects:,} projects, {dialect}")
            with place.home(dialect, place.hub.repository(f"pages-{dialect}-{projects}")) as home:
                yield from pages.measure(home, sizes.paged, projects, sizes.repeats)


def _say(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def _machine() -> str:
    """With what else it was doing: a busy machine measures itself."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} CPUs, {platform.system()} {platform.machine()}, load {load:.1f} before the run"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all")
    parser.add_argument("--only", action="append", choices=MODES)
    parser.add_argument("--database", choices=DIALECTS, help="only this one")
    parser.add_argument("--links", type=int, action="append", help="for idle passes; may be repeated")
    parser.add_argument("--incoming", type=int, help="changed issues")
    parser.add_argument("--outgoing", type=int, help="comments")
    parser.add_argument("--polled", type=int, help="projects that are polled while webhooks come")
    parser.add_argument("--deliveries", type=int, help="webhooks")
    parser.add_argument("--paged", type=int, help="links of the project whose pages are asked for")
    parser.add_argument("--shared", type=int, help="projects that share them")
    parser.add_argument("--repeats", type=int, help="of each idle pass; four times as often each page")
    parser.add_argument("--json", type=Path, default=LATEST, help="where to write")
    return parser


if __name__ == "__main__":
    sys.exit(main())

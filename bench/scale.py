"""What idle projects cost the machine, for any number of them: `make bench-scale`, `python -m bench.scale`.

In: projects, daemons, how many projects share a token, the interval. Out: constants of one pass (CPU, WAL,
transactions, requests) on stdout and as JSON; docs/scale.md calculates with them.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psutil
import psycopg
from prometheus_client.parser import text_string_to_metric_families

from bench.processes import ROOT, BrokenError
from bench.soak.daemons import Daemon, daemon
from bench.soak.environment import LinkedReport, SoakEnvironment, open_environment
from bench.soak.figures import Spread, spread

LATEST = ROOT / "bench" / "results" / "scale.json"
FIRST_PASSES_TIMEOUT_SECONDS, EDIT_TIMEOUT_SECONDS = 1_800.0, 60.0
CHECK_SECONDS = 0.01
COUNT_FIRST_PASSES = "SELECT count(*) FROM sync_projects WHERE last_pass_at IS NOT NULL"
SPREAD_LAST_PASSES = "UPDATE sync_projects SET last_pass_at = now() - random() * interval '{} seconds'"
READ_DATABASE_COUNTERS = """
    SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn,
    (SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()),
    (SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid())
"""
RESOLVE = "UPDATE reports SET status = 'resolved', updated_at = now() WHERE id = %s"
UNPACED = {"min_interval_seconds": 0.0, "per_minute": 10_000_000, "per_hour": 10_000_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What is run."""

    projects: int = 1_000
    links: int = 20  # of each project
    daemons: int = 1
    projects_per_token: int = 25
    interval: float = 60.0  # poll.interval_seconds
    seconds: float = 120.0  # of the measurement, after every project's first pass
    edits: int = 20  # reports that are resolved in BugSpark, one after another


QUICK = Sizes(projects=4, links=2, daemons=2, projects_per_token=2, interval=0.5, seconds=3.0, edits=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What all daemons and PostgreSQL have used so far. Seconds and bytes."""

    at: float
    passes: float
    daemon_cpu: float
    database_cpu: float
    wal: float
    transactions: float
    requests: int
    connections: int  # at this moment
    lag: float  # at this moment: how long the longest overdue project has been due
    memory: float  # at this moment: of the largest daemon, MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The result of a run. The figures of a pass include its share of ticks, scans and the queue."""

    sizes: Sizes
    machine: str
    first_passes: float  # seconds until every project had its first pass
    passes_per_second: float
    passes_due_per_second: float  # at most; a project that is idle for long is due less often
    daemon_cpu_ms: float  # of one pass
    database_cpu_ms: float
    wal_bytes: float
    transactions: float
    requests: float
    connections: int
    lag: float
    memory: float
    bugspark_to_github: Spread  # seconds, from the commit in BugSpark to the closed issue


def measure(folder: Path, sizes: Sizes) -> Scale:
    """Run daemons for projects that nobody changes, then change some. Raises BrokenError."""
    settings: dict[str, dict[str, Any]] = {
        "poll": {"interval_seconds": sizes.interval},
        "limits": {"points_per_minute": 100_000_000},
        "write": UNPACED,
    }
    with ExitStack() as stack:
        environment = stack.enter_context(
            open_environment(
                folder,
                projects=sizes.projects,
                links=sizes.links,
                hooked=0,
                settings=settings,
                projects_per_account=sizes.projects_per_token,
            )
        )
        bugspark = stack.enter_context(psycopg.connect(environment.conninfo, autocommit=True))
        machine, began = _machine(), time.monotonic()
        daemons = [
            stack.enter_context(daemon(f"daemon-{number}", environment.config))
            for number in range(sizes.daemons)
        ]
        _wait_for_first_passes(bugspark, sizes)
        first_passes = time.monotonic() - began
        before = _read_counters(environment, bugspark, daemons)
        time.sleep(sizes.seconds)
        after = _read_counters(environment, bugspark, daemons)
        edits = _time_edits(environment, bugspark, sizes.edits)
        return _result(sizes, machine, first_passes, before, after, edits)


def _wait_for_first_passes(bugspark: "psycopg.Connection[Any]", sizes: Sizes) -> None:
    """Wait for a first pass of every project, then spread the next ones over the interval.

    Raises BrokenError.
    """
    deadline = time.monotonic() + FIRST_PASSES_TIMEOUT_SECONDS
    while bugspark.execute(COUNT_FIRST_PASSES.encode()).fetchone() != (sizes.projects,):
        if time.monotonic() > deadline:
            raise BrokenError("not every project had a pass")
        time.sleep(0.2)
    bugspark.execute(SPREAD_LAST_PASSES.format(sizes.interval).encode())


def _read_counters(
    environment: SoakEnvironment, bugspark: "psycopg.Connection[Any]", daemons: Sequence[Daemon]
) -> Counters:
    metrics = [_read_metrics(each) for each in daemons]
    row = bugspark.execute(READ_DATABASE_COUNTERS.encode()).fetchone()
    assert row is not None  # it has no condition
    wal, transactions, connections = row
    return Counters(
        at=time.monotonic(),
        passes=sum(passes for passes, _ in metrics),
        daemon_cpu=sum(each.cpu() for each in daemons),
        database_cpu=_cpu_of_server(environment.server.process.pid),
        wal=float(wal),
        transactions=float(transactions),
        requests=len(environment.simulator.requests),
        connections=int(connections),
        lag=max(lag for _, lag in metrics),
        memory=max(each.resident() or 0.0 for each in daemons),
    )


def _read_metrics(measured: Daemon) -> tuple[float, float]:
    """Return the number of passes so far, and for how long the longest overdue project has been due."""
    answer = httpx.get(f"http://127.0.0.1:{measured.port}/metrics", timeout=30).raise_for_status()
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    passes = sum(each.value for each in samples if each.name == "reconciler_passes_total")
    lag = sum(each.value for each in samples if each.name == "reconciler_schedule_lag_seconds")
    return passes, lag


def _cpu_of_server(pid: int) -> float:
    """Return the CPU seconds of PostgreSQL: of its processes, and of those that have ended."""
    server = psutil.Process(pid)
    own = server.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in server.children(recursive=True):
        times = child.cpu_times()
        total += times.user + times.system
    return float(total)


def _time_edits(
    environment: SoakEnvironment, bugspark: "psycopg.Connection[Any]", count: int
) -> Sequence[float]:
    """Resolve reports of different projects one after another; return how long each issue stayed open."""
    by_repository = {each.repository.full_name: each for each in environment.linked_reports}
    return [_time_edit(environment, bugspark, each) for each in list(by_repository.values())[:count]]


def _time_edit(
    environment: SoakEnvironment, bugspark: "psycopg.Connection[Any]", edited: LinkedReport
) -> float:
    began = time.monotonic()
    bugspark.execute(RESOLVE.encode(), (edited.report,))
    while True:
        with environment.simulator.world.lock:
            if edited.repository.issue(edited.number).state == "closed":
                return time.monotonic() - began
        if time.monotonic() - began > EDIT_TIMEOUT_SECONDS:
            raise BrokenError(f"{edited.repository.full_name}#{edited.number} was not closed")
        time.sleep(CHECK_SECONDS)


def _result(
    sizes: Sizes, machine: str, first_passes: float, before: Counters, after: Counters, edits: Sequence[float]
) -> Scale:
    passes, seconds = after.passes - before.passes, after.at - before.at
    if not passes:
        raise BrokenError("no pass ended while it was measured: measure for longer than an interval")
    return Scale(
        sizes=sizes,
        machine=machine,
        first_passes=first_passes,
        passes_per_second=passes / seconds,
        passes_due_per_second=sizes.projects / sizes.interval,
        daemon_cpu_ms=1_000 * (after.daemon_cpu - before.daemon_cpu) / passes,
        database_cpu_ms=1_000 * (after.database_cpu - before.database_cpu) / passes,
        wal_bytes=(after.wal - before.wal) / passes,
        transactions=(after.transactions - before.transactions) / passes,
        requests=(after.requests - before.requests) / passes,
        connections=after.connections,
        lag=after.lag,
        memory=after.memory,
        bugspark_to_github=spread(edits),
    )


def lines(result: Scale) -> Iterator[str]:
    """Yield the result as text, one line for each number."""
    sizes, edits = result.sizes, result.bugspark_to_github
    yield (
        f"{sizes.projects:,} projects × {sizes.links} links, {sizes.daemons} daemons,"
        f" {sizes.projects_per_token:,} projects to a token, polled every {sizes.interval:g} s,"
        f" measured for {sizes.seconds:g} s on {result.machine}"
    )
    yield f"first passes of all projects         {result.first_passes:10.1f} s"
    yield (
        f"passes                               {result.passes_per_second:10.1f} /s, of at most"
        f" {result.passes_due_per_second:.1f} due; the longest overdue for {result.lag:.1f} s"
    )
    yield f"CPU of the daemons, a pass           {result.daemon_cpu_ms:10.1f} ms"
    yield f"CPU of PostgreSQL, a pass            {result.database_cpu_ms:10.1f} ms"
    yield f"WAL, a pass                          {result.wal_bytes:10.0f} bytes"
    yield f"transactions, a pass                 {result.transactions:10.1f}"
    yield f"requests of GitHub, a pass           {result.requests:10.2f}"
    yield f"connections to PostgreSQL            {result.connections:10d}"
    yield f"memory of the largest daemon         {result.memory:10.0f} MiB"
    yield (
        f"BugSpark's change on GitHub          {edits.p50:10.2f} s (p50), {edits.p95:.2f} s (p95),"
        f" {edits.count} changes"
    )


def _machine() -> str:
    return f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} before the run"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write JSON; return the exit status, 1 when a daemon failed."""
    given = vars(_parser().parse_args(arguments))
    path, sizes = given.pop("json"), QUICK if given.pop("quick") else Sizes()
    sizes = replace(sizes, **{name: value for name, value in given.items() if value is not None})
    with tempfile.TemporaryDirectory(prefix="reconciler-scale-") as folder:
        try:
            result = measure(Path(folder), sizes)
        except BrokenError as error:
            print(error, file=sys.stderr)
            return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result)))
    print("\n".join(lines(result)))
    print(f"\nwritten to {path}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to check that everything runs")
    parser.add_argument("--projects", type=int)
    parser.add_argument("--links", type=int, help="of each project")
    parser.add_argument("--daemons", type=int)
    parser.add_argument("--projects-per-token", type=int, help="1: each has a token of its own")
    parser.add_argument("--interval", type=float, help="poll.interval_seconds")
    parser.add_argument("--seconds", type=float, help="of the measurement")
    parser.add_argument("--edits", type=int, help="reports that are changed in BugSpark")
    parser.add_argument("--json", type=Path, default=LATEST, help="where to write")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""The summary of a run as text."""

from collections.abc import Iterator

from bench.soak.figures import Spread
from bench.soak.results import Memory, SoakResult

SHOWN = 20
COLUMNS = 9
HEAD = "seconds from an edit until the other side shows it"


def text(result: SoakResult) -> str:
    """Return the complete summary."""
    return "\n".join(_lines(result))


def _lines(result: SoakResult) -> Iterator[str]:
    options = result.wanted
    yield f"{result.at}, {result.machine}"
    yield (
        f"{options.projects} projects, {options.projects * options.links} links, {options.minutes:g} minutes,"
        f" {result.edits} edits on both sides, {len(result.troubles)} faults, 2 daemons on one PostgreSQL,"
        f" polled every {options.interval:g} s"
    )
    yield ""
    yield f"{HEAD:52}{'n':>5}{'p50':>8}{'p95':>8}{'p99':>8}{'most':>8}"
    for latency in result.ways:
        yield _row(latency.name, latency.all)
        yield _row("  not close to a fault", latency.calm)
    yield ""
    yield from _memory(result.memory)
    yield f"the first daemon used {result.cpu_share:.0%} of one core"
    requests = sum(result.requests.values())
    by_status = ", ".join(f"{count} × {_status(status)}" for status, count in sorted(result.requests.items()))
    yield f"{requests} requests to GitHub, {result.writes} of them writes: {by_status}"
    yield ""
    yield from _verdict(result)


def _row(name: str, spread: Spread) -> str:
    if not spread.count:
        return f"{name:52}{0:>5}"
    return (
        f"{name:52}{spread.count:>5}{spread.p50:>8.2f}{spread.p95:>8.2f}{spread.p99:>8.2f}{spread.most:>8.2f}"
    )


def _memory(memory: Memory) -> Iterator[str]:
    step = max(1, len(memory.samples) // (COLUMNS - 1))
    shown = "  ".join(f"{at:.0f} s: {mib:.0f}" for at, mib in memory.samples[::step])
    yield f"memory of the first daemon, MiB   {shown}"
    yield (
        f"from {memory.first:.1f} to {memory.last:.1f} MiB, at most {memory.most:.1f}; in the second half"
        f" {memory.grown:+.1f} MiB in {memory.half_seconds:.0f} s ({memory.per_hour:+.0f} MiB an hour),"
        f" {'flat' if memory.is_flat else f'NOT FLAT: {memory.allowed:.1f} MiB would be flat'}"
    )


def _verdict(result: SoakResult) -> Iterator[str]:
    if not result.apart:
        yield f"both sides equal, nothing lost or duplicated, {result.settled:.0f} s after the last fault"
        return
    yield f"NOT EQUAL after {result.settled:.0f} s: {len(result.apart)} differences"
    yield from result.apart[:SHOWN]
    yield from result.explanations


def _status(status: str) -> str:
    return "no answer" if status == "0" else status

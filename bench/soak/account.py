"""A run as text for people."""

from collections.abc import Iterator

from bench.soak.figures import Spread
from bench.soak.results import Memory, Soaked

SHOWN = 20
COLUMNS = 9
HEAD = "seconds from an edit until the other side shows it"


def text(found: Soaked) -> str:
    """The whole run."""
    return "\n".join(_lines(found))


def _lines(found: Soaked) -> Iterator[str]:
    wanted = found.wanted
    yield f"{found.at}, {found.machine}"
    yield (
        f"{wanted.projects} projects, {wanted.projects * wanted.links} links, {wanted.minutes:g} minutes,"
        f" {found.edits} edits on both sides, {len(found.troubles)} troubles, 2 daemons on one PostgreSQL,"
        f" polled every {wanted.interval:g} s"
    )
    yield ""
    yield f"{HEAD:52}{'n':>5}{'p50':>8}{'p95':>8}{'p99':>8}{'most':>8}"
    for way in found.ways:
        yield _row(way.name, way.all)
        yield _row("  where no trouble was near", way.calm)
    yield ""
    yield from _memory(found.memory)
    yield f"the first daemon used {found.cpu_share:.0%} of one core"
    asked = sum(found.requests.values())
    by_status = ", ".join(f"{count} × {_status(status)}" for status, count in sorted(found.requests.items()))
    yield f"{asked} requests to GitHub, {found.writes} of them writes: {by_status}"
    yield ""
    yield from _verdict(found)


def _row(name: str, took: Spread) -> str:
    if not took.count:
        return f"{name:52}{0:>5}"
    return f"{name:52}{took.count:>5}{took.p50:>8.2f}{took.p95:>8.2f}{took.p99:>8.2f}{took.most:>8.2f}"


def _memory(memory: Memory) -> Iterator[str]:
    step = max(1, len(memory.samples) // (COLUMNS - 1))
    shown = "  ".join(f"{at:.0f} s: {held:.0f}" for at, held in memory.samples[::step])
    yield f"memory of the first daemon, MiB   {shown}"
    yield (
        f"from {memory.first:.1f} to {memory.last:.1f} MiB, at most {memory.most:.1f}; in the second half"
        f" {memory.grown:+.1f} MiB in {memory.half_seconds:.0f} s ({memory.per_hour:+.0f} MiB an hour),"
        f" {'flat' if memory.is_flat else f'NOT FLAT: {memory.allowed:.1f} MiB would be'}"
    )


def _verdict(found: Soaked) -> Iterator[str]:
    if not found.apart:
        yield f"both sides equal, nothing lost, nothing doubled, {found.settled:.0f} s after the last trouble"
        return
    yield f"NOT EQUAL after {found.settled:.0f} s: {len(found.apart)} differences"
    yield from found.apart[:SHOWN]
    yield from found.stories


def _status(status: str) -> str:
    return "no answer" if status == "0" else status

"""A pass with nothing to do, at several numbers of links (docs/design.md, Invariants, 8)."""

from statistics import median
from typing import Any

from bench.home import Home
from bench.hub import Said
from bench.results import Idle
from bench.rows import insert_links

AGE = 3_600.0
"""Seconds since the newest issue changed: the lists, which begin two minutes ago, are empty."""


def measure(home: Home, links: int, said: list[Said], repeats: int) -> Idle:
    """Prime the lists, then measure: the command, and passes in one process."""
    insert_links(home, links, said=said)
    home.settle()
    home.program.passes(1)
    before = home.written()
    commands = [home.program.command()]
    rows = home.written().since(before)
    commands += [home.program.command() for _ in range(repeats - 1)]
    _, (_, *warm) = home.program.passes(repeats + 1)
    answers = [each.answer() for each in commands]
    asked = answers[-1]["github"]
    return Idle(
        database=home.engine.dialect.name,
        links=links,
        requests=asked["requests"],
        not_modified=asked["not_modified"],
        cost=asked["cost"],
        rows_written=rows,
        pass_wall=median(each["wall"] for each in warm),
        pass_cpu=median(each["cpu"] for each in warm),
        first_pass_wall=median(each["duration_ms"] for each in answers) / 1000,
        command_wall=median(each.wall for each in commands),
        command_cpu=median(each.cpu for each in commands),
        command_peak_mib=max(each.peak_mib for each in commands),
        spent=_spent(warm),
    )


def _spent(passes: list[dict[str, Any]]) -> dict[str, float]:
    names = sorted({name for each in passes for name in each["spent"]})
    return {name: median(each["spent"].get(name, 0.0) for each in passes) for name in names}

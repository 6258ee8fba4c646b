"""Idle passes with several numbers of links (docs/design.md, Invariants, 8)."""

from statistics import median
from typing import Any

from bench.home import Home
from bench.hub import IssueComment
from bench.results import Idle
from bench.rows import insert_links

ISSUE_AGE_SECONDS = 3_600.0
"""Age of the newest change: older than the start of the lists (two minutes ago), so these are empty."""


def measure(home: Home, links: int, comments: list[IssueComment], repeats: int) -> Idle:
    """Make a first pass, then measure the command, and passes within one process."""
    insert_links(home, links, comments=comments)
    home.vacuum()
    home.program.passes(1)
    before = home.count_writes()
    runs = [home.program.command()]
    rows = home.count_writes().since(before)
    runs += [home.program.command() for _ in range(repeats - 1)]
    _, (_, *warm) = home.program.passes(repeats + 1)
    answers = [run.answer() for run in runs]
    github = answers[-1]["github"]
    return Idle(
        database=home.engine.dialect.name,
        links=links,
        requests=github["requests"],
        not_modified=github["not_modified"],
        cost=github["cost"],
        rows_written=rows,
        pass_wall=median(each["wall"] for each in warm),
        pass_cpu=median(each["cpu"] for each in warm),
        first_pass_wall=median(each["duration_ms"] for each in answers) / 1000,
        command_wall=median(each.wall for each in runs),
        command_cpu=median(each.cpu for each in runs),
        command_peak_mib=max(each.peak_mib for each in runs),
        spent=_spent(warm),
    )


def _spent(passes: list[dict[str, Any]]) -> dict[str, float]:
    names = sorted({name for each in passes for name in each["spent"]})
    return {name: median(each["spent"].get(name, 0.0) for each in passes) for name in names}

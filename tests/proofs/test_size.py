"""Big things: a thread of 10,000 comments, a repository of 100,000 issues of which 10 are linked, and a walk
over many issues that a limit cuts short. What was asked of GitHub is held to the arithmetic.

`make test` does them at a size that fits into its budget and on SQLite, `make prove` in full and on
PostgreSQL too. What each took is printed when the session ends.
"""

import os
import re
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from reconciler.demo.github.faults import Limit
from reconciler.demo.github.seeding import grow
from reconciler.model.ids import ReportId
from reconciler.model.passes import Outcome, PassResult
from tests.proofs.conftest import SIZES
from tests.support.scenario import Scenario, open_scenario
from tests.support.stores import sqlite_template
from tests.sync.conftest import world_url

__all__ = ["sqlite_template", "world_url"]

PROVE = "PROVE" in os.environ
ISSUES = 100_000 if PROVE else 10_000
THREAD = 10_000 if PROVE else 2_000
LINKED = 10
MEBIBYTE = 2**20
MEMORY = 24 * MEBIBYTE
"""A few issues of a repository of any size; a whole repository in memory would be several times that."""


Tell = Callable[..., None]
everywhere = pytest.mark.parametrize(
    "world_url", ("sqlite", "postgresql") if PROVE else ("sqlite",), indirect=True
)


@pytest.fixture
async def scenario(world_url: str) -> AsyncIterator[Scenario]:
    async with open_scenario(world_url, discover="manual") as opened:
        await opened.run()
        yield opened


@pytest.fixture
def tell(record_property: Callable[[str, object], None], world_url: str) -> Tell:
    """A line about the pass that has just ended, for the end of the session."""

    def line(what: str, scenario: Scenario, seconds: float, peak: int = 0) -> None:
        memory = f"{peak / MEBIBYTE:.1f} MiB" if peak else ""
        row = (what, world_url.partition(":")[0], f"{asked(scenario)} requests", f"{seconds:.1f} s", memory)
        record_property(SIZES, row)

    return line


def tie(scenario: Scenario, number: int) -> ReportId:
    """Somebody has filled the columns of a report."""
    columns: dict[str, Any] = {"github_repo": "acme/web", "github_issue_number": number}
    report = scenario.bugspark.add_report(
        scenario.project, f"report {number}", at=scenario.clock.now(), **columns
    )
    scenario.reports[report] = number
    return report


def fill(scenario: Scenario, issues: int, comments_each: int = 0) -> None:
    """Old issues, which the lists do not show as changed. Two seconds lie between them: a page begins a
    second before the last row seen, so where more happens in a second it brings less that is new.
    """
    spec = {"repository": "acme/web", "by": "alice", "issues": issues, "age": 40_000, "spread": 2}
    grow(scenario.github.world, spec | {"comments_each": comments_each, "comment": "said {n}"})


def asked(scenario: Scenario, pattern: str = "") -> int:
    """Requests since `forget`."""
    seen = scenario.github.simulator.requests
    lines = (f"{each.method} {each.path} {each.query.get('direction', '')}" for each in seen)
    return sum(re.search(pattern, line) is not None for line in lines)


def forget(scenario: Scenario) -> None:
    scenario.github.simulator.requests.clear()


async def run(scenario: Scenario, *, seconds: float = 5) -> PassResult:
    """Run only a pass: the scenario would count everything on GitHub afterwards."""
    scenario.github.clock.advance(seconds)
    result: PassResult | None = await scenario.run_work(scenario.one_pass)
    assert result is not None
    return result


async def ok(scenario: Scenario) -> PassResult:
    result = await run(scenario)
    assert result.outcome is Outcome.OK, result
    return result


async def measured(scenario: Scenario) -> tuple[float, int]:
    """The seconds that a pass which must end well takes (measuring slows it), and its peak in bytes."""
    forget(scenario)
    began = time.monotonic()
    tracemalloc.start()
    await ok(scenario)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return time.monotonic() - began, peak


@everywhere
@pytest.mark.timeout(600 if PROVE else 120)
async def test_ten_links_in_a_large_repository_are_read_one_by_one(scenario: Scenario, tell: Tell) -> None:
    fill(scenario, ISSUES, comments_each=1)
    numbers = [number * (ISSUES // LINKED) for number in range(1, LINKED + 1)]
    reports = [tie(scenario, number) for number in numbers]
    seconds, peak = await measured(scenario)
    tell(f"{LINKED} links among {ISSUES:,} issues", scenario, seconds, peak)
    assert peak < MEMORY, f"{peak / MEBIBYTE:.0f} MiB"
    # Both probes, whether the account may claim issues; each issue, and its thread.
    assert asked(scenario) == 3 + 2 * LINKED
    assert all(scenario.is_linked(report) for report in reports)
    assert [len(scenario.comments_of_report(report)) for report in reports] == [1] * LINKED
    idle = await ok(scenario)
    assert (idle.github.requests, idle.github.not_modified) == (2, 2)


@everywhere
@pytest.mark.timeout(600 if PROVE else 120)
async def test_a_long_thread_is_imported_once_also_after_a_limit_in_its_middle(
    scenario: Scenario, tell: Tell
) -> None:
    fill(scenario, 1, comments_each=THREAD)
    report = tie(scenario, 1)
    pages = THREAD // 100
    scenario.github.simulator.faults.add(Limit(), path=r"/issues/1/comments", skip=pages // 2)
    assert (await run(scenario)).outcome is Outcome.LIMITED
    scenario.github.clock.advance(61)
    seconds, peak = await measured(scenario)
    tell(f"a thread of {THREAD:,}, cut in its middle", scenario, seconds, peak)
    assert asked(scenario) <= 1.05 * (
        2 + 1 + pages + (pages - 1)
    )  # every page but the last is confirmed, free
    assert peak < MEMORY + THREAD * 20_000, f"{peak / MEBIBYTE:.0f} MiB"
    assert len(scenario.comments_of_report(report)) == THREAD
    scenario.github.web.comment(1, "one more", by="alice")
    forget(scenario)
    await ok(scenario)
    assert len(scenario.comments_of_report(report)) == THREAD + 1
    assert asked(scenario) == 2


WALK = 20_000 if PROVE else 2_000
EVERY = 5
"""One issue in five is linked: the list is the cheaper way."""


@everywhere
@pytest.mark.timeout(600 if PROVE else 120)
async def test_a_walk_that_limits_cut_short_goes_on_where_it_was(scenario: Scenario, tell: Tell) -> None:
    fill(scenario, WALK)
    reports = [tie(scenario, number) for number in range(EVERY, WALK + 1, EVERY)]
    listed = r"/issues asc"
    forget(scenario)
    began = time.monotonic()
    outcomes = []
    for _ in range(2):  # more than one batch of links is left after them
        scenario.github.simulator.faults.add(Limit(), path=r"/issues\?.*direction=asc", skip=WALK // 300)
        outcomes.append((await run(scenario, seconds=61)).outcome)
    scenario.github.simulator.faults.clear()
    await run(scenario, seconds=61)
    tell(f"a walk over {WALK:,}, {WALK // EVERY:,} linked", scenario, time.monotonic() - began)
    assert outcomes == [Outcome.LIMITED] * 2
    with scenario.cached_reads():
        assert all(scenario.is_linked(report) for report in reports)
    assert asked(scenario, listed) - outcomes.count(Outcome.LIMITED) <= 1.05 * WALK / 100 + 2
    assert asked(scenario, r"/issues/\d+") == 0, "what the walk had found was read again"
    forget(scenario)
    await ok(scenario)
    assert asked(scenario) == 2

"""Big things: a thread of 10,000 comments, a repository of 100,000 issues of which 10 are linked, and a walk
over many issues that a limit cuts short. What was asked of GitHub is held to the arithmetic.

`make test` does them at a size that fits into its budget and on SQLite, `make prove` in full and on
PostgreSQL too. What each took is told when the session ends.
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
from tests.support.stores import sqlite_template
from tests.support.town import Town, open_town
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
async def town(world_url: str) -> AsyncIterator[Town]:
    async with open_town(world_url, discover="manual") as opened:
        await opened.run()
        yield opened


@pytest.fixture
def tell(record_property: Callable[[str, object], None], world_url: str) -> Tell:
    """A line about the pass that has just ended, for the end of the session."""

    def line(what: str, town: Town, seconds: float, peak: int = 0) -> None:
        memory = f"{peak / MEBIBYTE:.1f} MiB" if peak else ""
        row = (what, world_url.partition(":")[0], f"{asked(town)} requests", f"{seconds:.1f} s", memory)
        record_property(SIZES, row)

    return line


def tie(town: Town, number: int) -> ReportId:
    """Somebody has filled the columns of a report."""
    columns: dict[str, Any] = {"github_repo": "acme/web", "github_issue_number": number}
    report = town.bugspark.add_report(town.project, f"report {number}", at=town.clock.now(), **columns)
    town.reports[report] = number
    return report


def fill(town: Town, issues: int, comments_each: int = 0) -> None:
    """Issues of long ago; the lists stay at peace about them. Two seconds lie between them: a page begins a
    second before the last row seen, so where more happens in a second it brings less that is new.
    """
    wish = {"repository": "acme/web", "by": "alice", "issues": issues, "age": 40_000, "spread": 2}
    grow(town.github.world, wish | {"comments_each": comments_each, "comment": "said {n}"})


def asked(town: Town, pattern: str = "") -> int:
    """Requests since `forget`."""
    seen = town.github.simulator.requests
    lines = (f"{each.method} {each.path} {each.query.get('direction', '')}" for each in seen)
    return sum(re.search(pattern, line) is not None for line in lines)


def forget(town: Town) -> None:
    town.github.simulator.requests.clear()


async def run(town: Town, *, seconds: float = 5) -> PassResult:
    """A pass, and nothing else: the town itself would count everything on GitHub after it."""
    town.github.clock.advance(seconds)
    result: PassResult | None = await town.whole(town.one_pass)
    assert result is not None
    return result


async def ok(town: Town) -> PassResult:
    result = await run(town)
    assert result.outcome is Outcome.OK, result
    return result


async def measured(town: Town) -> tuple[float, int]:
    """The seconds that a pass which must end well takes (measuring slows it), and its peak in bytes."""
    forget(town)
    began = time.monotonic()
    tracemalloc.start()
    await ok(town)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return time.monotonic() - began, peak


@everywhere
@pytest.mark.timeout(600 if PROVE else 120)
async def test_ten_links_in_a_large_repository_are_read_one_by_one(town: Town, tell: Tell) -> None:
    fill(town, ISSUES, comments_each=1)
    numbers = [number * (ISSUES // LINKED) for number in range(1, LINKED + 1)]
    reports = [tie(town, number) for number in numbers]
    seconds, peak = await measured(town)
    tell(f"{LINKED} links among {ISSUES:,} issues", town, seconds, peak)
    assert peak < MEMORY, f"{peak / MEBIBYTE:.0f} MiB"
    assert asked(town) == 2 + 2 * LINKED  # both probes; each issue, and its thread
    assert all(town.is_linked(report) for report in reports)
    assert [len(town.here(report)) for report in reports] == [1] * LINKED
    idle = await ok(town)
    assert (idle.github.requests, idle.github.not_modified) == (2, 2)


@everywhere
@pytest.mark.timeout(600 if PROVE else 120)
async def test_a_long_thread_comes_whole_and_once_also_after_a_limit_in_its_middle(
    town: Town, tell: Tell
) -> None:
    fill(town, 1, comments_each=THREAD)
    report = tie(town, 1)
    pages = THREAD // 100
    town.github.simulator.faults.add(Limit(), path=r"/issues/1/comments", skip=pages // 2)
    assert (await run(town)).outcome is Outcome.LIMITED
    town.github.clock.advance(61)
    seconds, peak = await measured(town)
    tell(f"a thread of {THREAD:,}, cut in its middle", town, seconds, peak)
    assert asked(town) <= 1.05 * (2 + 1 + pages + (pages - 1))  # every page but the last is confirmed, free
    assert peak < MEMORY + THREAD * 20_000, f"{peak / MEBIBYTE:.0f} MiB"
    assert len(town.here(report)) == THREAD
    town.github.web.comment(1, "one more", by="alice")
    forget(town)
    await ok(town)
    assert len(town.here(report)) == THREAD + 1
    assert asked(town) == 2


WALK = 20_000 if PROVE else 2_000
EVERY = 5
"""One issue in five is linked: the list is the cheaper way."""


@everywhere
@pytest.mark.timeout(600 if PROVE else 120)
async def test_a_walk_that_limits_cut_short_goes_on_where_it_was(town: Town, tell: Tell) -> None:
    fill(town, WALK)
    reports = [tie(town, number) for number in range(EVERY, WALK + 1, EVERY)]
    listed = r"/issues asc"
    forget(town)
    began = time.monotonic()
    outcomes = []
    for _ in range(2):  # more than one batch of links is left after them
        town.github.simulator.faults.add(Limit(), path=r"/issues\?.*direction=asc", skip=WALK // 300)
        outcomes.append((await run(town, seconds=61)).outcome)
    town.github.simulator.faults.clear()
    await run(town, seconds=61)
    tell(f"a walk over {WALK:,}, {WALK // EVERY:,} linked", town, time.monotonic() - began)
    assert outcomes == [Outcome.LIMITED] * 2
    with town.still():
        assert all(town.is_linked(report) for report in reports)
    assert asked(town, listed) - outcomes.count(Outcome.LIMITED) <= 1.05 * WALK / 100 + 2
    assert asked(town, r"/issues/\d+") == 0, "what the walk had found was read again"
    forget(town)
    await ok(town)
    assert asked(town) == 2

"""Big things: a thread of 10,000 comments, a repository of 100,000 issues of which 10 are linked, and a walk
over many issues that a limit cuts short. What was asked of GitHub is held to the arithmetic.

`make test` does them at a size that fits into its budget, `make prove` in full.
"""

import os
import re
import shutil
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.demo.github.faults import Limit
from reconciler.demo.github.seeding import grow
from reconciler.model.ids import ReportId
from reconciler.model.passes import Outcome, PassResult
from tests.support.stores import sqlite_template
from tests.support.town import Town, open_town

__all__ = ["sqlite_template"]

PROVE = "PROVE" in os.environ
ISSUES = 100_000 if PROVE else 10_000
THREAD = 10_000 if PROVE else 2_000
LINKED = 10
MEBIBYTE = 2**20
MEMORY = 24 * MEBIBYTE
"""A few issues of a repository of any size; a whole repository in memory would be several times that."""


@pytest.fixture
async def town(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Town]:
    path = shutil.copy(sqlite_template, tmp_path)
    async with open_town(f"sqlite:///{path}", discover="manual") as opened:
        await opened.run()
        yield opened


def tie(town: Town, number: int) -> ReportId:
    """Somebody has filled the columns of a report."""
    columns: dict[str, Any] = {"github_repo": "acme/web", "github_issue_number": number}
    report = town.bugspark.add_report(town.project, f"report {number}", at=town.clock.now(), **columns)
    town.reports[report] = number
    return report


def fill(town: Town, issues: int, comments_each: int = 0) -> None:
    """Issues of long ago; the lists stay at peace about them."""
    wish = {"repository": "acme/web", "by": "alice", "issues": issues, "age": 40_000, "comments_each": 0}
    grow(town.github.world, wish | {"comments_each": comments_each, "comment": "said {n}", "spread": 0.3})


def asked(town: Town, pattern: str = "") -> int:
    """Requests since `forget`."""
    seen = town.github.simulator.requests
    lines = (f"{each.method} {each.path} {each.query.get('direction', '')}" for each in seen)
    return sum(re.search(pattern, line) is not None for line in lines)


def forget(town: Town) -> None:
    town.github.simulator.requests.clear()


async def ok(town: Town) -> PassResult:
    result = await town.run()
    assert result is not None
    assert result.outcome is Outcome.OK, result
    return result


@pytest.mark.timeout(600 if PROVE else 120)
async def test_ten_links_in_a_large_repository_are_read_one_by_one(town: Town) -> None:
    fill(town, ISSUES, comments_each=1)
    numbers = [number * (ISSUES // LINKED) for number in range(1, LINKED + 1)]
    reports = [tie(town, number) for number in numbers]
    forget(town)
    tracemalloc.start()
    await ok(town)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MEMORY, f"{peak / MEBIBYTE:.0f} MiB"
    assert asked(town) == 2 + 2 * LINKED  # both probes; each issue, and its thread
    assert all(town.is_linked(report) for report in reports)
    assert [len(town.here(report)) for report in reports] == [1] * LINKED
    idle = await ok(town)
    assert (idle.github.requests, idle.github.not_modified) == (2, 2)


@pytest.mark.timeout(600 if PROVE else 120)
async def test_a_long_thread_comes_whole_and_once_also_after_a_limit_in_its_middle(town: Town) -> None:
    fill(town, 1, comments_each=THREAD)
    report = tie(town, 1)
    pages = THREAD // 100
    town.github.simulator.faults.add(Limit(), path=r"/issues/1/comments", skip=pages // 2)
    limited = await town.run()
    assert limited is not None
    assert limited.outcome is Outcome.LIMITED
    town.github.clock.advance(61)
    forget(town)
    tracemalloc.start()
    await ok(town)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
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


@pytest.mark.timeout(600 if PROVE else 120)
async def test_a_walk_that_limits_cut_short_goes_on_where_it_was(town: Town) -> None:
    fill(town, WALK)
    reports = [tie(town, number) for number in range(EVERY, WALK + 1, EVERY)]
    listed = r"/issues asc"
    forget(town)
    outcomes = []
    for _ in range(3):
        town.github.simulator.faults.add(Limit(), path=r"/issues\?.*direction=asc", skip=WALK // 300)
        result = await town.run(seconds=61)
        assert result is not None
        outcomes.append(result.outcome)
    town.github.simulator.faults.clear()
    await town.run(seconds=61)
    assert outcomes[:2] == [Outcome.LIMITED] * 2
    with town.still():
        assert all(town.is_linked(report) for report in reports)
    assert asked(town, listed) - outcomes.count(Outcome.LIMITED) <= 1.05 * WALK / 100 + 2
    assert asked(town, r"/issues/\d+") == 0, "what the walk had found was read again"
    forget(town)
    await ok(town)
    assert asked(town) == 2

"""Random changes between any two requests, and passes that end anywhere: the mirror becomes correct."""

import asyncio
from dataclasses import dataclass, replace
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.demo.github.faults import DuringRequest
from reconciler.demo.github.server import serve
from tests.github.client_harness import ClientHarness, FixedClock, open_client
from tests.github.mirror import Crash, Mirror, issues_on_github, quiet_pass_is_free
from tests.support.github import GitHub, make_github
from tests.support.memory_rate_limiter import MemoryRateLimiter


@dataclass(frozen=True, slots=True)
class Burst:
    """A number of changes, starting at some issue, then a wait."""

    first: int
    size: int
    stride: int
    seconds: float
    kind: Literal["retitle", "comment"]


bursts = st.builds(
    Burst,
    first=st.integers(0, 399),
    size=st.sampled_from([0, 1, 3, 40, 130, 260]),
    stride=st.sampled_from([1, 7]),
    seconds=st.sampled_from([0.0, 0.2, 0.9, 1.0, 2.5, 130.0]),
    kind=st.sampled_from(["retitle", "comment"]),
)


@dataclass(frozen=True, slots=True)
class RandomChanges:
    """What happens between requests, one burst each, and after how many pages each pass ends."""

    bursts: list[Burst]
    crashes: list[int | None]
    inclusive: bool
    paging: str


random_changes = st.builds(
    RandomChanges,
    bursts=st.lists(bursts, min_size=1, max_size=30),
    crashes=st.lists(st.none() | st.integers(0, 12), min_size=1, max_size=4),
    inclusive=st.booleans(),
    paging=st.sampled_from(["pages", "cursors"]),
)


def act(github: GitHub, burst: Burst, step: int) -> None:
    for place in range(burst.size):
        number = 1 + (burst.first + place * burst.stride) % 400
        if burst.kind == "retitle":
            github.web.retitle(number, f"Title {step}.{place}", by="bob")
        else:
            github.web.comment(number, f"Comment {step}.{place}", by="bob")
    github.clock.advance(burst.seconds)


@settings(max_examples=25)
@given(random_changes)
def test_after_random_changes_the_mirror_is_correct_and_idle(changes: RandomChanges) -> None:
    asyncio.run(check_mirror_after(changes))


async def check_mirror_after(changes: RandomChanges) -> None:
    github = make_github()
    github.world.assume(since_inclusive=changes.inclusive, paging=changes.paging)
    github.web.seed(400, lambda row: replace(row, title="Calm"), by="alice")
    async with serve(github.simulator):
        harness = open_client(github.api, github.token, rate_limiter=MemoryRateLimiter(), clock=FixedClock())
        mirror = Mirror()
        await mirror.follow(harness.another())
        await follow_during_changes(github, harness, mirror, changes)
        github.simulator.faults.clear()
        github.clock.advance(3)
        await mirror.follow(harness.another())
        await mirror.follow(harness.another())
        assert mirror.shown() == issues_on_github(github)
        assert {row.id: row.body for row in mirror.comments.values()} == {
            row.id: row.body for row in github.web.comments
        }
        await quiet_pass_is_free(harness, mirror, github)
        await harness.aclose()


async def follow_during_changes(
    github: GitHub, harness: ClientHarness, mirror: Mirror, changes: RandomChanges
) -> None:
    steps = iter(enumerate(changes.bursts))

    def next_burst() -> None:
        for step, burst in steps:
            act(github, burst, step)
            return

    next_burst()
    github.simulator.faults.add(DuringRequest(before=next_burst), method="GET", times=None)
    for crash in changes.crashes:
        mirror.crash_after = crash
        try:
            await mirror.follow(harness.another())
        except Crash:
            continue
    mirror.crash_after = None

"""One run: people at work, troubles, an end, and what was found. One thread does all of it, step by step."""

import os
import platform
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.processes import BrokenError
from bench.soak.figures import slope, spread
from bench.soak.fleet import Daemon, daemon
from bench.soak.people import People, Side
from bench.soak.results import Memory, Soaked, Wanted, Way
from bench.soak.town import Town, open_town
from bench.soak.trouble import Trouble
from bench.soak.watch import apart, look, stories

STEP = 0.05
WATCH, SAMPLE, COMPARE = 0.1, 1.0, 2.0
"""Seconds between two looks at what has arrived, at the memory, and (in the end) at everything."""
FIRST_ROUND = 600.0
ALLOWED_MIB, ALLOWED_PER_HOUR = 4.0, 12.0
"""What the second half may grow by: the noise of an allocator, and so much an hour."""
LOOKED_AT = "SELECT count(*) FROM sync_projects WHERE last_pass_at IS NOT NULL"
Say = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Stage:
    """What happens by and by, and what was counted in the meantime."""

    wanted: Wanted
    town: Town
    steady: Daemon
    people: People
    trouble: Trouble
    say: Say
    began: float
    samples: list[tuple[float, float]] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    writes: int = 0
    _next: dict[str, float] = field(default_factory=dict)

    def act(self, until: float) -> None:
        """Work and trouble until then."""
        while (now := time.monotonic()) < until:
            if self._turn("edit", 1 / self.wanted.edits_per_second, now):
                self.people.act()
            if self._turn("trouble", self.wanted.trouble_every, now):
                self.trouble.strike()
                self.say(f"{now - self.began:6.0f} s  {self.trouble.past[-1][1]}")
            self.observe(now)
            time.sleep(STEP)

    def observe(self, now: float) -> None:
        """What has arrived, how much memory is held, what GitHub was asked."""
        if self._turn("watch", WATCH, now):
            look(self.people)
        if self._turn("sample", SAMPLE, now):
            self.sample(now)

    def settle(self, within: float) -> tuple[float, list[str]]:
        """Until both sides are equal and nothing is on its way: after how long, and what is apart then."""
        began, found = time.monotonic(), ["nothing was compared"]
        while found and (now := time.monotonic()) - began < within:
            self.observe(now)
            if not self.people.waiting or self._turn("compare", COMPARE, now):
                found = apart(self.people)
            time.sleep(STEP)
        return time.monotonic() - began, found

    def sample(self, now: float) -> None:
        held = self.steady.resident()
        if held is None:
            raise BrokenError(f"the first daemon ended: {self.steady.log.read_text()[-2000:]}")
        self.samples.append((now - self.began, held))
        simulator = self.town.simulator
        with simulator.world.lock:
            seen, simulator.requests[:] = list(simulator.requests), []
        self.requests.update(str(each.status) for each in seen)
        self.writes += sum(each.write for each in seen)

    def _turn(self, what: str, every: float, now: float) -> bool:
        """Whether it is time for it. The first turn of each comes after one wait."""
        due = self._next.setdefault(what, now + every)
        if now < due:
            return False
        self._next[what] = max(due + every, now)
        return True


def soak(wanted: Wanted, say: Say) -> Soaked:
    """Start everything, let it work, end it. Raises BrokenError when a daemon does what none may do."""
    settings: dict[str, dict[str, Any]] = {
        "poll": {"interval_seconds": wanted.interval},
        "write": {"settle_seconds": wanted.settle, "min_interval_seconds": wanted.pace},
    }
    hooked = round(wanted.hooked * wanted.projects)
    with tempfile.TemporaryDirectory(prefix="reconciler-soak-") as folder:
        say(f"{wanted.projects} projects with {wanted.links} linked issues each, {hooked} with webhooks")
        town_of = open_town(
            Path(folder), projects=wanted.projects, links=wanted.links, hooked=hooked, settings=settings
        )
        with town_of as town, daemon("first", town.config) as steady, daemon("second", town.config) as mortal:
            for place, plot in enumerate(town.plots[:hooked]):
                town.hook(plot, (steady, mortal)[place % 2].port)
            with closing(People(town=town, dice=random.Random(wanted.seed))) as people:
                trouble = Trouble(
                    town=town, steady=steady, mortal=mortal, dice=random.Random(wanted.seed + 1)
                )
                first_round(people, say)
                stage = Stage(
                    wanted=wanted, town=town, steady=steady, people=people, trouble=trouble, say=say,
                    began=time.monotonic(),
                )  # fmt: skip
                return _played(stage)


def first_round(people: People, say: Say) -> None:
    """Wait until every project was looked at once. Raises BrokenError."""
    began = time.monotonic()
    while people.sql(LOOKED_AT, {})[0][0] != len(people.town.plots):
        if time.monotonic() - began > FIRST_ROUND:
            raise BrokenError("not every project was looked at")
        time.sleep(0.2)
    say(f"every project was looked at once after {time.monotonic() - began:.0f} s")


def _played(stage: Stage) -> Soaked:
    wanted, people, trouble = stage.wanted, stage.people, stage.trouble
    cpu = stage.steady.cpu()
    stage.act(stage.began + 60 * wanted.minutes)
    lasted = time.monotonic() - stage.began
    cpu_share = (stage.steady.cpu() - cpu) / lasted
    trouble.calm()
    stage.say(f"{lasted:6.0f} s  faults and edits stop; {len(people.waiting)} edits are on their way")
    edits = len(people.wishes)
    # A last word in each project, as any activity would: the daemon looks also where it polls rarely.
    for thing in people.town.things[:: wanted.links]:
        people.comment(thing, "BugSpark")
    settled, found = stage.settle(within=120 + 6 * wanted.settle + 8 * wanted.interval)
    stage.sample(time.monotonic())
    return Soaked(
        at=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=f"{os.cpu_count()} CPUs, {platform.system()} {platform.machine()},"
        f" load {os.getloadavg()[1]:.1f} over the last 5 minutes",
        wanted=wanted,
        edits=edits,
        ways=_ways(stage),
        memory=memory_of([each for each in stage.samples if each[0] <= lasted]),
        requests=dict(stage.requests),
        writes=stage.writes,
        cpu_share=cpu_share,
        troubles=[f"{at - stage.began:.0f} s: {what}" for at, what in trouble.past],
        settled=settled,
        apart=found,
        stories=stories(stage.town, found),
    )


def memory_of(samples: list[tuple[float, float]]) -> Memory:
    """What the daemon held, by (seconds, MiB), and a straight line through the second half."""
    half = [each for each in samples if each[0] >= samples[-1][0] / 2]
    seconds = half[-1][0] - half[0][0]
    per_second = slope(half)
    return Memory(
        first=samples[0][1],
        last=samples[-1][1],
        most=max(held for _, held in samples),
        half_seconds=seconds,
        per_hour=per_second * 3600,
        grown=per_second * seconds,
        allowed=ALLOWED_MIB + ALLOWED_PER_HOUR * seconds / 3600,
        samples=samples,
    )


def _ways(stage: Stage) -> list[Way]:
    return [
        _way(stage, "BugSpark → GitHub", "BugSpark"),
        _way(stage, "GitHub → BugSpark, by webhook", "GitHub", hooked=True),
        _way(stage, "GitHub → BugSpark, by poll", "GitHub", hooked=False),
    ]


def _way(stage: Stage, name: str, side: Side, *, hooked: bool | None = None) -> Way:
    took, calm = [], []
    for wish in stage.people.wishes:
        if wish.side == side and wish.seen is not None and hooked in (None, wish.thing.hooked):
            took.append(wish.seen - wish.at)
            if not stage.trouble.touched(wish.at, wish.seen):
                calm.append(wish.seen - wish.at)
    return Way(name=name, all=spread(took), calm=spread(calm))

"""One soak run in one thread: edits and faults, then a quiet phase, then the comparison of both sides."""

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
from bench.soak.daemons import Daemon, daemon
from bench.soak.editors import Editors, Side
from bench.soak.environment import SoakEnvironment, open_environment
from bench.soak.fault_injector import FaultInjector
from bench.soak.figures import slope, spread
from bench.soak.results import EditLatency, Memory, SoakOptions, SoakResult
from bench.soak.watch import explain_differences, find_differences, record_arrivals

STEP_SECONDS = 0.05
WATCH_SECONDS, SAMPLE_SECONDS, COMPARE_SECONDS = 0.1, 1.0, 2.0
"""Seconds between two checks of arrived edits, of the memory, and (at the end) of both sides."""
FIRST_PASSES_TIMEOUT_SECONDS = 600.0
MAX_GROWTH_MIB, MAX_GROWTH_MIB_PER_HOUR = 4.0, 12.0
"""Allowed growth of memory in the second half: noise of the allocator, and a rate per hour."""
COUNT_SYNCED_PROJECTS = "SELECT count(*) FROM sync_projects WHERE last_pass_at IS NOT NULL"
Say = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class SoakRun:
    """The state of a run, and what was counted so far."""

    options: SoakOptions
    environment: SoakEnvironment
    first_daemon: Daemon
    editors: Editors
    fault_injector: FaultInjector
    say: Say
    began: float
    samples: list[tuple[float, float]] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    writes: int = 0
    _next: dict[str, float] = field(default_factory=dict)

    def act(self, until: float) -> None:
        """Make edits and faults until this time (monotonic)."""
        while (now := time.monotonic()) < until:
            if self._is_due("edit", 1 / self.options.edits_per_second, now):
                self.editors.make_edit()
            if self._is_due("fault", self.options.trouble_every, now):
                self.fault_injector.inject_next()
                self.say(f"{now - self.began:6.0f} s  {self.fault_injector.past[-1][1]}")
            self.observe(now)
            time.sleep(STEP_SECONDS)

    def observe(self, now: float) -> None:
        """Record arrived edits, memory, and requests to GitHub, when it is time."""
        if self._is_due("watch", WATCH_SECONDS, now):
            record_arrivals(self.editors)
        if self._is_due("sample", SAMPLE_SECONDS, now):
            self.sample(now)

    def settle(self, within: float) -> tuple[float, list[str]]:
        """Wait until both sides are equal and all edits have arrived.

        Returns the seconds and the differences.
        """
        began, differences = time.monotonic(), ["nothing was compared"]
        while (differences or self.editors.waiting) and (now := time.monotonic()) - began < within:
            self.observe(now)
            if not self.editors.waiting or self._is_due("compare", COMPARE_SECONDS, now):
                differences = find_differences(self.editors)
            time.sleep(STEP_SECONDS)
        return time.monotonic() - began, differences

    def sample(self, now: float) -> None:
        resident_mib = self.first_daemon.resident()
        if resident_mib is None:
            raise BrokenError(f"the first daemon ended: {self.first_daemon.log.read_text()[-2000:]}")
        self.samples.append((now - self.began, resident_mib))
        simulator = self.environment.simulator
        with simulator.world.lock:
            requests, simulator.requests[:] = list(simulator.requests), []
        self.requests.update(str(request.status) for request in requests)
        self.writes += sum(request.write for request in requests)

    def _is_due(self, what: str, every: float, now: float) -> bool:
        """Return whether a periodic step is due; the first time after one interval."""
        due = self._next.setdefault(what, now + every)
        if now < due:
            return False
        self._next[what] = max(due + every, now)
        return True


def soak(options: SoakOptions, say: Say) -> SoakResult:
    """Start everything, run, and stop it. Raises BrokenError when a daemon misbehaves."""
    settings: dict[str, dict[str, Any]] = {
        "poll": {"interval_seconds": options.interval},
        "write": {"settle_seconds": options.settle, "min_interval_seconds": options.pace},
    }
    hooked = round(options.hooked * options.projects)
    with tempfile.TemporaryDirectory(prefix="reconciler-soak-") as folder:
        say(f"{options.projects} projects with {options.links} linked issues each, {hooked} with webhooks")
        opened = open_environment(
            Path(folder), projects=options.projects, links=options.links, hooked=hooked, settings=settings
        )
        with (
            opened as environment,
            daemon("first", environment.config) as first_daemon,
            daemon("second", environment.config) as second_daemon,
        ):
            for index, plot in enumerate(environment.plots[:hooked]):
                environment.hook(plot, (first_daemon, second_daemon)[index % 2].port)
            with closing(Editors(environment=environment, rng=random.Random(options.seed))) as editors:
                fault_injector = FaultInjector(
                    environment=environment,
                    first_daemon=first_daemon,
                    second_daemon=second_daemon,
                    rng=random.Random(options.seed + 1),
                )
                wait_for_first_passes(editors, say)
                soak_run = SoakRun(
                    options=options, environment=environment, first_daemon=first_daemon, editors=editors,
                    fault_injector=fault_injector, say=say,
                    began=time.monotonic(),
                )  # fmt: skip
                return _run_stage(soak_run)


def wait_for_first_passes(editors: Editors, say: Say) -> None:
    """Wait until every project had a pass. Raises BrokenError."""
    began = time.monotonic()
    while editors.sql(COUNT_SYNCED_PROJECTS, {})[0][0] != len(editors.environment.plots):
        if time.monotonic() - began > FIRST_PASSES_TIMEOUT_SECONDS:
            raise BrokenError("not every project had a pass")
        time.sleep(0.2)
    say(f"every project had a pass after {time.monotonic() - began:.0f} s")


def _run_stage(soak_run: SoakRun) -> SoakResult:
    options, editors, fault_injector = soak_run.options, soak_run.editors, soak_run.fault_injector
    cpu = soak_run.first_daemon.cpu()
    soak_run.act(soak_run.began + 60 * options.minutes)
    lasted = time.monotonic() - soak_run.began
    cpu_share = (soak_run.first_daemon.cpu() - cpu) / lasted
    fault_injector.clear()
    soak_run.say(f"{lasted:6.0f} s  faults and edits stop; {len(editors.waiting)} edits have not arrived yet")
    edits = len(editors.edits)
    # One more edit in each project makes the daemon sync projects that it polls rarely.
    for linked_report in editors.environment.linked_reports[:: options.links]:
        editors.comment(linked_report, "BugSpark")
    settled, differences = soak_run.settle(within=120 + 6 * options.settle + 8 * options.interval)
    soak_run.sample(time.monotonic())
    return SoakResult(
        at=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=f"{os.cpu_count()} CPUs, {platform.system()} {platform.machine()},"
        f" load {os.getloadavg()[1]:.1f} over the last 5 minutes",
        wanted=options,
        edits=edits,
        ways=_edit_latencies(soak_run),
        memory=memory_of([sample for sample in soak_run.samples if sample[0] <= lasted]),
        requests=dict(soak_run.requests),
        writes=soak_run.writes,
        cpu_share=cpu_share,
        troubles=[f"{at - soak_run.began:.0f} s: {what}" for at, what in fault_injector.past],
        settled=settled,
        apart=differences,
        explanations=explain_differences(soak_run.environment, differences),
    )


def memory_of(samples: list[tuple[float, float]]) -> Memory:
    """Summarise samples (seconds, MiB) of memory, with a regression line through the second half."""
    second_half = [sample for sample in samples if sample[0] >= samples[-1][0] / 2]
    seconds = second_half[-1][0] - second_half[0][0]
    per_second = slope(second_half)
    return Memory(
        first=samples[0][1],
        last=samples[-1][1],
        most=max(resident_mib for _, resident_mib in samples),
        half_seconds=seconds,
        per_hour=per_second * 3600,
        grown=per_second * seconds,
        allowed=MAX_GROWTH_MIB + MAX_GROWTH_MIB_PER_HOUR * seconds / 3600,
        samples=samples,
    )


def _edit_latencies(soak_run: SoakRun) -> list[EditLatency]:
    return [
        _edit_latency(soak_run, "BugSpark → GitHub", "BugSpark"),
        _edit_latency(soak_run, "GitHub → BugSpark, by webhook", "GitHub", hooked=True),
        _edit_latency(soak_run, "GitHub → BugSpark, by poll", "GitHub", hooked=False),
    ]


def _edit_latency(soak_run: SoakRun, name: str, side: Side, *, hooked: bool | None = None) -> EditLatency:
    latencies, calm = [], []
    for edit in soak_run.editors.edits:
        if edit.side == side and edit.seen is not None and hooked in (None, edit.linked_report.hooked):
            latencies.append(edit.seen - edit.at)
            if not soak_run.fault_injector.overlaps(edit.at, edit.seen):
                calm.append(edit.seen - edit.at)
    return EditLatency(name=name, all=spread(latencies), calm=spread(calm))

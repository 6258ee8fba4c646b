"""Attack a daemon while it syncs projects: `make prove-hostile`, `python -m bench.hostile_load`.

In: how many projects, bad requests, idle sockets, slow bodies. Out: a summary on stdout; exit status 1 if a
project was late by more than one interval, memory grew by 32 MiB, a good delivery was refused, a request of
attackers was answered 500, or GitHub was asked for anything because of them.

Source: docs/security.md, Limits of a request; docs/proofs.md.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import cycle
from pathlib import Path

import httpx
import msgspec

from bench.processes import ROOT, BrokenError
from bench.soak.figures import Spread, spread
from bench.webhooks import DeliveryRun, open_delivery_run

MAX_GROWTH_MIB = 32.0
PROBES_PER_PASS = 2
CONCURRENCY = 8
"""Of the daemon: so many passes may have begun and not ended when they are counted."""
LAG = "reconciler_schedule_lag_seconds"
SAMPLE_SECONDS = 1.0
QUIET_SECONDS = 5.0
PROBE_TIMEOUT_SECONDS = 20.0
ATTACKERS_TIMEOUT_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What comes at once."""

    projects: int = 200
    requests: int = 10_000
    sockets: int = 1_000
    bodies: int = 64
    interval: float = 60.0  # poll.interval_seconds
    seconds: float = 65.0  # at least: more than one interval


class Answers(msgspec.Struct, frozen=True):
    """What attackers were answered."""

    answers: dict[str, int]
    slow_answers: dict[str, int]
    cut_idle: int


@dataclass(slots=True, kw_only=True)
class Watch:
    """What was seen of the daemon while it was attacked. Seconds; memory in MiB."""

    latest: float = 0.0  # the longest that a project was overdue
    memory: float = 0.0
    answered: list[float] = field(default_factory=list)  # good deliveries
    shown: list[float] = field(default_factory=list)
    lost: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    samples: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostileLoad:
    """The result of a run."""

    sizes: Sizes
    seconds: float
    attackers: Answers
    samples: int
    latest_before: float
    latest: float
    memory_before: float
    memory_most: float
    answered: Spread  # good deliveries: until the 202
    shown: Spread  # and until BugSpark had the change
    lost: int
    refused: Counter[str]
    passes: int
    probes: int
    other_requests: Counter[str]  # to GitHub, besides probes and what good deliveries named

    def problems(self) -> Iterator[str]:
        """Yield what must not be."""
        if not self.samples:
            yield "nobody looked at the daemon in this time"
        if self.latest > self.sizes.interval:
            yield f"a pass was {self.latest:.1f} s late, more than the interval of {self.sizes.interval:g} s"
        if self.memory_most - self.memory_before >= MAX_GROWTH_MIB:
            yield f"memory grew from {self.memory_before:.1f} to {self.memory_most:.1f} MiB"
        if failed := self.attackers.answers.get("500", 0):
            yield f"{failed} requests of attackers were answered 500"
        if self.lost or self.refused:
            yield f"{self.lost} good deliveries were lost; others failed: {dict(self.refused)}"
        if self.other_requests:
            yield f"GitHub was asked: {dict(self.other_requests)}"
        if self.probes > PROBES_PER_PASS * (self.passes + CONCURRENCY):
            yield f"{self.probes} requests for lists in {self.passes} passes"

    def text(self) -> str:
        """Return the summary."""
        sizes = self.sizes
        answers = ", ".join(f"{count} × {status}" for status, count in sorted(self.attackers.answers.items()))
        slow = ", ".join(
            f"{count} × {status}" for status, count in sorted(self.attackers.slow_answers.items())
        )
        lines = [
            f"{sizes.projects} projects polled every {sizes.interval:g} s; for {self.seconds:.0f} s at once:",
            f"  {sizes.requests} bad requests: {answers}",
            f"  {sizes.sockets} idle sockets, {self.attackers.cut_idle} times cut and opened again",
            f"  {sizes.bodies} slow bodies: {slow}",
            f"{self.passes} passes, at most {self.latest:.1f} s late ({self.latest_before:.1f} s before)",
            f"memory {self.memory_before:.1f} MiB before, {self.memory_most:.1f} at most",
            f"{self.answered.count} good deliveries: seconds (p50, most) until 202 {_pair(self.answered)}",
            f"  and until BugSpark had the change {_pair(self.shown)}",
            f"requests to GitHub: {self.probes} for lists, {self.other_requests.total()} for attackers",
        ]
        return "\n".join([*lines, *(f"NOT GOOD: {problem}" for problem in self.problems())])


def _pair(seconds: Spread) -> str:
    return f"{seconds.p50:.2f} {seconds.most:.2f}"


def measure(folder: Path, sizes: Sizes) -> HostileLoad:
    """Attack a daemon. Raises BrokenError if it can't be measured."""
    with open_delivery_run(folder, sizes.projects, interval=sizes.interval) as run:
        run.wait_for_first_passes()
        time.sleep(QUIET_SECONDS)
        before, began, passes = run.count_requests(), time.monotonic(), _count_passes(run)
        memory, late = run.daemon.resident() or 0.0, _gauge(run, LAG)
        watch = Watch(memory=memory)
        attackers = _start_attackers(run, sizes)
        try:
            with _watching(run, watch):
                named = _deliver_until_done(run, attackers, watch, sizes)
            out, _ = attackers.communicate(timeout=ATTACKERS_TIMEOUT_SECONDS)
        finally:
            attackers.kill()
            attackers.wait()
        probes, other = _classify(run, before, named)
        return HostileLoad(
            sizes=sizes,
            seconds=time.monotonic() - began,
            attackers=msgspec.json.decode(out, type=Answers),
            samples=watch.samples,
            latest_before=late,
            latest=watch.latest,
            memory_before=memory,
            memory_most=watch.memory,
            answered=spread(watch.answered),
            shown=spread(watch.shown),
            lost=watch.lost,
            refused=watch.refused,
            passes=_count_passes(run) - passes,
            probes=probes,
            other_requests=other,
        )


def _start_attackers(run: DeliveryRun, sizes: Sizes) -> "subprocess.Popen[str]":
    projects = [str(plot.project) for plot in run.environment.plots]
    options = (f"--{name}={getattr(sizes, name)}" for name in ("requests", "sockets", "bodies", "seconds"))
    arguments = [str(run.daemon.port), *projects, *options]
    return subprocess.Popen(
        [sys.executable, "-m", "bench.attackers", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def _deliver_until_done(
    run: DeliveryRun, attackers: "subprocess.Popen[str]", watch: Watch, sizes: Sizes
) -> set[str]:
    """Deliver good webhooks until the attackers are done.

    Returns the repositories whose issues the deliveries named.
    """
    named: set[str] = set()
    for index in cycle(range(sizes.projects)):
        if attackers.poll() is not None:
            return named
        step = time.monotonic()
        named.add(run.environment.plots[index].repository)
        try:
            answered, shown = run.deliver(index)
        except (httpx.HTTPError, BrokenError) as error:
            watch.refused[repr(error)] += 1
        else:
            watch.answered.append(answered)
            if shown is None:
                watch.lost += 1
            else:
                watch.shown.append(shown)
        time.sleep(max(0.0, SAMPLE_SECONDS - (time.monotonic() - step)))
    raise AssertionError


@contextmanager
def _watching(run: DeliveryRun, watch: Watch) -> Iterator[None]:
    """Look at the daemon once a second. Raises BrokenError at the end if it did not answer."""
    done, failures = threading.Event(), list[BrokenError]()

    def look() -> None:
        while not done.wait(SAMPLE_SECONDS):
            try:
                watch.latest = max(watch.latest, _gauge(run, LAG))
            except BrokenError as error:
                failures.append(error)
            watch.memory = max(watch.memory, run.daemon.resident() or 0.0)
            watch.samples += 1

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    if failures:
        raise failures[0]


def _count_passes(run: DeliveryRun) -> int:
    return round(_gauge(run, "reconciler_passes_total"))


def _gauge(run: DeliveryRun, name: str) -> float:
    """Return the sum of a metric over its labels. Raises BrokenError."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{run.daemon.port}/metrics", timeout=PROBE_TIMEOUT_SECONDS)
    except httpx.HTTPError as error:
        raise BrokenError(f"/metrics was not answered: {error!r}") from error
    if answer.status_code != HTTPStatus.OK:
        raise BrokenError(f"/metrics was answered {answer.status_code}")
    lines = (line for line in answer.text.splitlines() if line.startswith((f"{name} ", f"{name}{{")))
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def _classify(run: DeliveryRun, before: int, named: set[str]) -> tuple[int, Counter[str]]:
    """Count the requests to GitHub since `before`: of lists, and others that no good delivery has named."""
    probes, other = 0, Counter[str]()
    for seen in list(run.environment.simulator.requests)[before:]:
        parts = seen.path.strip("/").split("/")
        if parts[3:] in (["issues"], ["issues", "comments"]):
            probes += 1
        elif "/".join(parts[1:3]) not in named:
            other[f"{seen.method} {seen.path}"] += 1
    return probes, other


def main(arguments: list[str] | None = None) -> int:
    """Run, print the summary, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.hostile_load", description=__doc__)
    standard = Sizes()
    for name in ("projects", "requests", "sockets", "bodies"):
        parser.add_argument(f"--{name}", type=int, default=getattr(standard, name))
    parser.add_argument("--interval", type=float, default=standard.interval, help="poll.interval_seconds")
    parser.add_argument("--seconds", type=float, default=standard.seconds, help="at least so long")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        try:
            result = measure(Path(folder), Sizes(**vars(parser.parse_args(arguments))))
        except BrokenError as error:
            print(error, file=sys.stderr)
            return 1
    print(result.text())
    return 1 if any(result.problems()) else 0


if __name__ == "__main__":
    sys.exit(main())

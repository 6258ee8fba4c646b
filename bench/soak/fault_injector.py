"""Faults, one after another: GitHub's errors, killed daemons, a restarted database.

The first daemon runs all the time, and its memory is measured. The second daemon is killed and stopped.
"""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.processes import BrokenError
from bench.soak.daemons import Daemon
from bench.soak.environment import SoakEnvironment
from reconciler.demo.github.faults import Delay, Drop, Limit, Stale, Truncate, error, html

MAX_SHUTDOWN_SECONDS = 10.0
"""Allowed seconds from SIGTERM to the end (issue "The service")."""
AFTERMATH_SECONDS = 15.0
"""An edit up to this many seconds after a fault counts as affected by it."""


@dataclass(slots=True, kw_only=True)
class FaultInjector:
    """Makes faults; `past` has the start (monotonic) and description of each."""

    environment: SoakEnvironment
    first_daemon: Daemon
    second_daemon: Daemon
    rng: random.Random
    past: list[tuple[float, str]] = field(default_factory=list)
    _remaining: list[Callable[[], str]] = field(default_factory=list)

    def inject_next(self) -> None:
        """Make the next fault. Each kind comes once before any comes again. Raises BrokenError."""
        if not self._remaining:
            self._remaining = [
                self._github_stumbles, self._kill, self._github_loses_answers, self._database_crashes,
                self._github_lags, self._stop, self._github_says_wait, self._database_restarts, self._reload,
            ]  # fmt: skip
            self.rng.shuffle(self._remaining)
        began = time.monotonic()
        self.past.append((began, self._remaining.pop()()))

    def clear(self) -> None:
        """Remove all faults, and wait until both daemons are ready."""
        self.environment.simulator.faults.clear()
        for daemon in (self.first_daemon, self.second_daemon):
            if daemon.resident() is None:
                daemon.start()
            daemon.wait()

    def overlaps(self, began: float, ended: float) -> bool:
        """Return whether a fault happened in this time, or shortly before it."""
        return any(began - AFTERMATH_SECONDS < at < ended for at, _ in self.past)

    def _github_stumbles(self) -> str:
        faults = self.environment.simulator.faults
        faults.add(html(502), method="GET", times=5)
        faults.add(Truncate(closing=True), method="GET", times=3)
        faults.add(Drop(reset=True), times=3)
        faults.add(Delay(seconds=1.0), times=5)
        return "GitHub answers with 502, cuts answers off, drops connections and is slow"

    def _github_loses_answers(self) -> str:
        faults = self.environment.simulator.faults
        faults.add(Drop(applied=True), method="POST", times=2)
        faults.add(error(500, applied=True), method="POST|PATCH", times=2)
        faults.add(Truncate(), method="POST|PATCH", times=2)
        return "GitHub does what it is asked and its answers are lost"

    def _github_lags(self) -> str:
        self.environment.simulator.faults.add(Stale(seconds=5.0), method="GET", times=40)
        return "GitHub's lists lag by 5 s"

    def _github_says_wait(self) -> str:
        self.environment.simulator.faults.add(Limit(wait=5), times=2)
        return "GitHub refuses an account or two for 5 s"

    def _kill(self) -> str:
        code, _ = self._end(signal.SIGKILL)
        self.second_daemon.start()
        return f"the second daemon is killed (SIGKILL, status {code}) and started again"

    def _stop(self) -> str:
        code, seconds = self._end(signal.SIGTERM)
        if code != 0 or seconds > MAX_SHUTDOWN_SECONDS:
            raise BrokenError(f"after SIGTERM the daemon ended with {code} in {seconds:.1f} s")
        self.second_daemon.start()
        return f"the second daemon is stopped (SIGTERM, {seconds:.1f} s) and started again"

    def _end(self, number: signal.Signals) -> tuple[int, float]:
        self.second_daemon.wait()  # it may still be starting
        return self.second_daemon.end(number)

    def _reload(self) -> str:
        self.first_daemon.signal(signal.SIGHUP)
        return "the first daemon reads its configuration again (SIGHUP)"

    def _database_restarts(self) -> str:
        self.environment.server.stop_and_start(signal.SIGINT)
        return "PostgreSQL is restarted"

    def _database_crashes(self) -> str:
        self.environment.server.stop_and_start(signal.SIGQUIT)
        return "PostgreSQL crashes and recovers"

"""What goes wrong on purpose, one thing after another: GitHub's faults, dead daemons, a restarted database.

The first daemon lives through all of it: its memory is what is looked at. The second is the one that dies.
"""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.processes import BrokenError
from bench.soak.fleet import Daemon
from bench.soak.town import Town
from reconciler.demo.github.faults import Delay, Drop, Limit, Stale, Truncate, error, html

ENDED_WITHIN = 10.0
"""Seconds from SIGTERM to the end (issue "The service")."""
LASTS = 15.0
"""Seconds for which a trouble's consequences count as its own: what was on its way then was not calm."""


@dataclass(slots=True, kw_only=True)
class Trouble:
    """The misfortunes of one run; `past` says when each began (monotonic) and what it was."""

    town: Town
    steady: Daemon
    mortal: Daemon
    dice: random.Random
    past: list[tuple[float, str]] = field(default_factory=list)
    _pile: list[Callable[[], str]] = field(default_factory=list)

    def strike(self) -> None:
        """The next one. Every kind comes before any comes again. Raises BrokenError."""
        if not self._pile:
            self._pile = [
                self._github_stumbles, self._kill, self._github_loses_answers, self._database_crashes,
                self._github_lags, self._stop, self._github_says_wait, self._database_restarts, self._reload,
            ]  # fmt: skip
            self.dice.shuffle(self._pile)
        began = time.monotonic()
        self.past.append((began, self._pile.pop()()))

    def calm(self) -> None:
        """No more; everybody is up again."""
        self.town.simulator.faults.clear()
        for daemon in (self.steady, self.mortal):
            if daemon.resident() is None:
                daemon.start()
            daemon.wait()

    def touched(self, began: float, ended: float) -> bool:
        """Whether some trouble fell into this time, or shortly before it."""
        return any(began - LASTS < at < ended for at, _ in self.past)

    def _github_stumbles(self) -> str:
        faults = self.town.simulator.faults
        faults.add(html(502), method="GET", times=5)
        faults.add(Truncate(closing=True), method="GET", times=3)
        faults.add(Drop(reset=True), times=3)
        faults.add(Delay(seconds=1.0), times=5)
        return "GitHub answers with 502, cuts answers off, drops connections and is slow"

    def _github_loses_answers(self) -> str:
        faults = self.town.simulator.faults
        faults.add(Drop(applied=True), method="POST", times=2)
        faults.add(error(500, applied=True), method="POST|PATCH", times=2)
        faults.add(Truncate(), method="POST|PATCH", times=2)
        return "GitHub does what it is asked and its answers are lost"

    def _github_lags(self) -> str:
        self.town.simulator.faults.add(Stale(seconds=5.0), method="GET", times=40)
        return "GitHub's lists lag by 5 s"

    def _github_says_wait(self) -> str:
        self.town.simulator.faults.add(Limit(wait=5), times=2)
        return "GitHub refuses an account or two for 5 s"

    def _kill(self) -> str:
        code, _ = self._end(signal.SIGKILL)
        self.mortal.start()
        return f"the second daemon is killed (SIGKILL, status {code}) and started again"

    def _stop(self) -> str:
        code, seconds = self._end(signal.SIGTERM)
        if code != 0 or seconds > ENDED_WITHIN:
            raise BrokenError(f"after SIGTERM the daemon ended with {code} in {seconds:.1f} s")
        self.mortal.start()
        return f"the second daemon is stopped (SIGTERM, {seconds:.1f} s) and started again"

    def _end(self, number: signal.Signals) -> tuple[int, float]:
        self.mortal.wait()  # it may still be starting after the last time
        return self.mortal.end(number)

    def _reload(self) -> str:
        self.steady.signal(signal.SIGHUP)
        return "the first daemon reads its configuration again (SIGHUP)"

    def _database_restarts(self) -> str:
        self.town.server.stop_and_start(signal.SIGINT)
        return "PostgreSQL is restarted"

    def _database_crashes(self) -> str:
        self.town.server.stop_and_start(signal.SIGQUIT)
        return "PostgreSQL crashes and recovers"

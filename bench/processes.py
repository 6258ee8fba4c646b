"""Measured processes: start them and read their output."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).parents[1]


class BrokenError(Exception):
    """A measured process failed, so that there is no result."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Time and memory of a command, including the interpreter's start. Seconds; peak memory in MiB."""

    status: int
    out: str
    err: str
    wall: float
    cpu: float
    peak_mib: float

    def answer(self) -> dict[str, Any]:
        """Return the last JSON line of stdout. Raises BrokenError when the command failed."""
        if self.status != 0 or not self.out.strip():
            raise BrokenError(f"exit status {self.status}: {self.err or self.out}")
        answer: dict[str, Any] = msgspec.json.decode(self.out.strip().splitlines()[-1])
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The program with one configuration file and one project."""

    config: Path
    project: str

    def command(self) -> Measured:
        """Run `reconcile --project P --json`, as a person or a cron job does."""
        return run([reconcile(), "--config", str(self.config), "--project", self.project, "--json"])

    def passes(self, count: int) -> tuple[Measured, list[dict[str, Any]]]:
        """Run `count` passes in one process, as the daemon does.

        Return the figures of each (see worker.py).
        """
        result = run([sys.executable, "-m", "bench.worker", str(self.config), self.project, str(count)])
        return result, list(result.answer()["passes"])


def run(command: list[str]) -> Measured:
    """Run one command with launch.py, without RECONCILER_ variables of the environment."""
    launcher = [sys.executable, "-S", str(Path(__file__).with_name("launch.py"))]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RECONCILER_")}
    result = subprocess.run(
        [*launcher, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return msgspec.json.decode(result.stdout, type=Measured)


def reconcile() -> str:
    """Return the path of the installed command."""
    return str(Path(sys.executable).with_name("reconcile"))

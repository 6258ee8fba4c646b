"""Starting measured processes, and reading what they say."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).parents[1]


class BrokenError(Exception):
    """What was to be measured did not do its work, so there is nothing to measure."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a command took, interpreter start included. Seconds; memory at its peak in MiB."""

    status: int
    out: str
    err: str
    wall: float
    cpu: float
    peak_mib: float

    def answer(self) -> dict[str, Any]:
        """The last JSON line on stdout. Raises BrokenError when the command failed."""
        if self.status != 0 or not self.out.strip():
            raise BrokenError(f"exit status {self.status}: {self.err or self.out}")
        found: dict[str, Any] = msgspec.json.decode(self.out.strip().splitlines()[-1])
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The program with one configuration file, asked about one project."""

    config: Path
    project: str

    def command(self) -> Measured:
        """`reconcile --project P --json`, as a person or a cron job starts it."""
        return run([reconcile(), "--config", str(self.config), "--project", self.project, "--json"])

    def passes(self, count: int) -> tuple[Measured, list[dict[str, Any]]]:
        """So many passes in one process, as in the daemon; each one's figures (see worker.py)."""
        done = run([sys.executable, "-m", "bench.worker", str(self.config), self.project, str(count)])
        return done, list(done.answer()["passes"])


def run(command: list[str]) -> Measured:
    """Run one command through launch.py, without the environment's own settings of the program."""
    launcher = [sys.executable, "-S", str(Path(__file__).with_name("launch.py"))]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RECONCILER_")}
    done = subprocess.run(
        [*launcher, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return msgspec.json.decode(done.stdout, type=Measured)


def reconcile() -> str:
    """The installed command."""
    return str(Path(sys.executable).with_name("reconcile"))

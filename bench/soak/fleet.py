"""Daemons: started, watched, ended in every way. Their logs go to files beside the configuration."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

import httpx
import psutil

from bench.processes import BrokenError, reconcile
from bench.soak.town import free_port

PATIENCE = 60.0
MIB = 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Daemon:
    """One place for a daemon: a port, a log, and a process while it runs."""

    name: str
    config: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        return self.config.with_name(f"{self.name}.log")

    def start(self) -> None:
        """In the background; see `wait`."""
        environ = {key: value for key, value in os.environ.items() if not key.startswith("RECONCILER_")}
        environ |= {"RECONCILER_WEB__PORT": str(self.port), "RECONCILER_LOG__FORMAT": "json"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [reconcile(), "--config", str(self.config), "daemon"],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait(self) -> None:
        """Until it is ready. Raises BrokenError when it ends instead."""
        deadline = time.monotonic() + PATIENCE
        while not self._ready():
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                raise BrokenError(f"daemon {self.name} is not ready: {self.log.read_text()[-2000:]}")
            time.sleep(0.1)

    def signal(self, number: Signals) -> None:
        """Whatever comes of it."""
        if self.process is not None:
            self.process.send_signal(number)

    def end(self, number: Signals) -> tuple[int, float]:
        """Signal it and wait for its end: its exit status, and how many seconds it took."""
        assert self.process is not None
        began = time.monotonic()
        self.signal(number)
        code = self.process.wait(PATIENCE)
        return code, time.monotonic() - began

    def resident(self) -> float | None:
        """Its memory in MiB; None where it does not run."""
        if self.process is None or self.process.poll() is not None:
            return None
        return float(psutil.Process(self.process.pid).memory_info().rss) / MIB

    def cpu(self) -> float:
        """Seconds it has computed."""
        assert self.process is not None
        used = psutil.Process(self.process.pid).cpu_times()
        return float(used.user + used.system)

    def _ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def daemon(name: str, config: Path) -> Iterator[Daemon]:
    """Started and ready; killed at the end if it still runs."""
    made = Daemon(name=name, config=config, port=free_port())
    made.start()
    try:
        made.wait()
        yield made
    finally:
        assert made.process is not None
        made.process.kill()
        made.process.wait()

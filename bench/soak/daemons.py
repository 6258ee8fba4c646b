"""Daemon processes: start, watch and end them. Their logs are files beside the configuration."""

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
from bench.soak.environment import free_port

TIMEOUT_SECONDS = 60.0
MIB = 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Daemon:
    """A daemon with its port and log file, and a process while it runs."""

    name: str
    config: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def log(self) -> Path:
        return self.config.with_name(f"{self.name}.log")

    def start(self) -> None:
        """Start the process; `wait` waits until it is ready."""
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
        """Wait until the daemon is ready. Raises BrokenError when it ends instead."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not self._ready():
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                raise BrokenError(f"daemon {self.name} is not ready: {self.log.read_text()[-2000:]}")
            time.sleep(0.1)

    def signal(self, number: Signals) -> None:
        """Send a signal to the process, if there is one."""
        if self.process is not None:
            self.process.send_signal(number)

    def end(self, number: Signals) -> tuple[int, float]:
        """Send a signal and wait for the end. Returns the exit status and the seconds that it took."""
        assert self.process is not None
        began = time.monotonic()
        self.signal(number)
        code = self.process.wait(TIMEOUT_SECONDS)
        return code, time.monotonic() - began

    def resident(self) -> float | None:
        """Return the resident memory in MiB; None if it does not run."""
        if self.process is None or self.process.poll() is not None:
            return None
        return float(psutil.Process(self.process.pid).memory_info().rss) / MIB

    def cpu(self) -> float:
        """Return the CPU seconds that the process has used."""
        assert self.process is not None
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def _ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def daemon(name: str, config: Path) -> Iterator[Daemon]:
    """Run a daemon that is ready; kill it at the end of the block if it still runs."""
    created = Daemon(name=name, config=config, port=free_port())
    created.start()
    try:
        created.wait()
        yield created
    finally:
        assert created.process is not None
        created.process.kill()
        created.process.wait()

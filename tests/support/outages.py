"""A PostgreSQL that goes away and comes back at random while it is in use.

In: nothing but the binaries. Out: `shaky_server()`, whose `outages()` stop it smoothly, stop it at once, or
kill one of its processes, until the block ends.
"""

import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from tests.support import pg_binaries, pg_keeper, postgres

TIMEOUT_SECONDS = 90.0


@dataclass(slots=True, kw_only=True)
class ShakyServer:
    """A server of our own; the outages stop and start it."""

    home: Path
    binaries: Path
    account: pg_binaries.Account | None
    process: "subprocess.Popen[bytes]"
    last: ExitStack  # what is done before the server goes

    @property
    def server(self) -> postgres.Server:
        return postgres.Server(home=self.home)

    def stop_and_start(self, sign: signal.Signals) -> None:
        """SIGINT: connections are ended and all is written down. SIGQUIT: as after a power cut."""
        self.process.send_signal(sign)
        self.process.wait(TIMEOUT_SECONDS)
        self.process = pg_keeper.start(self.home, self.binaries, self.account)
        pg_keeper.wait_until_ready(self.home, self.process)

    def kill_one(self, rng: random.Random) -> None:
        """Kill a process of the server; the server ends the others and recovers."""
        with suppress(psutil.NoSuchProcess):
            rng.choice(psutil.Process(self.process.pid).children()).kill()
        time.sleep(0.1)
        self.wait()

    def wait(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                psycopg.connect(self.server.conninfo(), connect_timeout=5).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    @contextmanager
    def outages(self, seed: int, shortest: float, longest: float) -> Iterator["Outages"]:
        """So many seconds apart, within the block. Their thread stays until the server is to go: one that
        it has started would go with it.
        """
        made = Outages(server=self, rng=random.Random(seed), between=(shortest, longest))
        thread = threading.Thread(target=made.run)
        self.last.callback(thread.join)
        self.last.callback(made.over.set)
        thread.start()
        try:
            yield made
        finally:
            made.past.set()


@dataclass(slots=True, kw_only=True)
class Outages:
    """A thread of misfortune. Anyone who holds `calm` is spared."""

    server: ShakyServer
    rng: random.Random
    between: tuple[float, float]
    calm: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)
    past: threading.Event = field(default_factory=threading.Event)
    count: int = 0
    trouble: BaseException | None = None

    def run(self) -> None:
        while not self.over.is_set():
            if self.past.wait(self.rng.uniform(*self.between)):
                self.over.wait()
                return
            with self.calm:
                try:
                    self._one()
                except Exception as trouble:  # noqa: BLE001 — raised by `stop`, in the test's own thread
                    self.trouble = trouble
                self.count += 1

    def stop(self) -> None:
        """No more of them. Raises what went wrong in their own work."""
        self.past.set()
        with self.calm:
            if self.trouble is not None:
                raise self.trouble
            self.server.wait()

    def _one(self) -> None:
        match self.rng.randrange(3):
            case 0:
                self.server.stop_and_start(signal.SIGINT)
            case 1:
                self.server.stop_and_start(signal.SIGQUIT)
            case _:
                self.server.kill_one(self.rng)


@contextmanager
def shaky_server() -> Iterator[ShakyServer]:
    """Started and answering; gone with everything it had when the block ends."""
    account = pg_binaries.unprivileged()
    home = postgres.make_home(account)
    try:
        binaries = pg_binaries.lend(pg_binaries.find(), home, account)
        pg_keeper.initialise(home, binaries, account)
        process = pg_keeper.start(home, binaries, account)
        pg_keeper.wait_until_ready(home, process)
        with ExitStack() as last:
            made = ShakyServer(home=home, binaries=binaries, account=account, process=process, last=last)
            last.callback(lambda: pg_keeper.stop(made.process))
            yield made
    finally:
        shutil.rmtree(home, ignore_errors=True)

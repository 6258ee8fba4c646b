"""A PostgreSQL whose files are on a small file system of their own, which can really be filled.

In: root, and unshare, nsenter and setpriv (util-linux). Out: `server_on_small_disk()`. The file system is a
tmpfs in a mount namespace that a process of ours holds: nothing of it is left when that process ends.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.support import pg_binaries, pg_keeper, postgres

SIZE = 96 * 1024 * 1024
BLOCK = 4096
TIMEOUT_SECONDS = 60.0
HOLD = "mount --make-rprivate / 2>/dev/null; echo held; exec sleep infinity"
"""In a chroot, / is no mount and can not be made private: who made the chroot has done so."""
OPTIONS = {**pg_keeper.OPTIONS, "fsync": "off", "max_wal_size": "4MB", "min_wal_size": "2MB"}


@dataclass(slots=True, kw_only=True)
class ServerOnSmallDisk:
    """The server, and the disk that it shares with a file of ours."""

    home: Path
    binaries: Path
    account: pg_binaries.Account
    holder: "subprocess.Popen[bytes]"
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def server(self) -> postgres.Server:
        return postgres.Server(home=self.home)

    @property
    def disk(self) -> Path:
        """The file system's root, as this process sees it."""
        return Path(f"/proc/{self.holder.pid}/root{self.home / 'data'}")

    def free_bytes(self) -> int:
        found = os.statvfs(self.disk)
        return found.f_bavail * found.f_frsize

    def fill(self, *, leave: int) -> None:
        """Fill the disk until `leave` bytes are free."""
        with (self.disk / "filler").open("ab") as filler, suppress(OSError):
            while (free := self.free_bytes() - leave) >= BLOCK:
                filler.write(bytes(min(free, 1024 * 1024)))
                filler.flush()

    def clear(self) -> None:
        """Free the space, and start the server again if it has ended."""
        (self.disk / "filler").unlink(missing_ok=True)
        self.wait()

    def log(self) -> str:
        """Return the server's log."""
        return (self.home / "log").read_text("utf-8", errors="replace")

    def wait(self) -> None:
        """Until it answers; start it if it has ended."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            if self.process is None or self.process.poll() is not None:
                self.start()
            try:
                psycopg.connect(self.server.conninfo(), connect_timeout=5).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def start(self) -> None:
        """Start it; its words are added to the log."""
        (self.disk / "postmaster.pid").unlink(missing_ok=True)
        options = {**OPTIONS, "unix_socket_directories": str(self.home)}
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self._as_account([str(self.binaries / "postgres"), "-D", str(self.home / "data"), *settings]),
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        """End it; the file system ends with the process that holds it."""
        if self.process is not None and self.process.poll() is None:
            pg_keeper.stop(self.process)

    def make(self) -> None:
        """Mount the disk, make a cluster on it with segments of 1 MB of log, and start the server."""
        (self.home / "data").mkdir()
        options = f"size={SIZE},mode=0700,uid={self.account.uid},gid={self.account.gid}"
        self._run(self._inside(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.home / "data")]))
        command = [str(self.binaries / "initdb"), f"--pgdata={self.home / 'data'}", "--username=postgres"]
        command += ["--auth=trust", "--no-locale", "--encoding=UTF8", "--no-sync", "--wal-segsize=1"]
        self._run(self._as_account(command))
        self.wait()

    def _run(self, command: Sequence[str]) -> None:
        done = subprocess.run(command, cwd=self.home, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{command[-1]}: {done.stdout}{done.stderr}")

    def _inside(self, command: Sequence[str]) -> list[str]:
        process = f"/proc/{self.holder.pid}"  # its root too: otherwise a chroot would be left
        return ["nsenter", f"--mount={process}/ns/mnt", f"--root={process}/root", "--", *command]

    def _as_account(self, command: Sequence[str]) -> list[str]:
        ids = [f"--reuid={self.account.uid}", f"--regid={self.account.gid}", "--clear-groups"]
        return self._inside(["setpriv", *ids, "--pdeathsig=INT", "--", *command])


@contextmanager
def server_on_small_disk() -> Iterator[ServerOnSmallDisk]:
    """Started and answering; gone with its disk when the block ends. Takes root."""
    account = pg_binaries.unprivileged()
    assert account is not None, "a file system of its own takes root"
    with ExitStack() as resources:
        home = postgres.make_home(account)
        resources.callback(shutil.rmtree, home, ignore_errors=True)
        alone = ["unshare", "--mount", "--propagation=unchanged"]
        holder = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", *alone, "sh", "-c", HOLD], stdout=subprocess.PIPE
        )
        resources.callback(holder.wait)
        resources.callback(holder.kill)
        assert holder.stdout is not None
        resources.enter_context(holder.stdout)
        if holder.stdout.readline() != b"held\n":  # before, what is mounted would be everybody's
            raise RuntimeError("a mount namespace could not be made")
        binaries = pg_binaries.lend(pg_binaries.find(), home, account)
        made = ServerOnSmallDisk(home=home, binaries=binaries, account=account, holder=holder)
        resources.callback(made.stop)
        made.make()
        yield made

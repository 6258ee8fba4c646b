"""The process that keeps one private PostgreSQL, and takes it down when its owner is gone.

In: a directory whose file `alive` the owner holds locked, and where the binaries are. Out: a server on a
socket in that directory; exit status 0 once it answers, while a child stays behind. The kernel drops the
owner's lock however the owner ends, so nothing is left over even after SIGKILL.
"""

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support import pg_binaries
from tests.support.pg_binaries import Account

START_SECONDS = 60.0
STOP_SECONDS = 20.0
PR_SET_PDEATHSIG = 1
OPTIONS = {
    "listen_addresses": "",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "timezone": "UTC",
}


class StartError(Exception):
    """The server did not start; the message contains its output."""


def main() -> int:
    """`python -m tests.support.pg_keeper HOME BINARIES`: start, report, and stay as a child."""
    home, binaries = Path(sys.argv[1]), Path(sys.argv[2])
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        with os.fdopen(reader) as pipe:
            message = pipe.read()
        if message != "ready":
            print(message or "the keeper ended without a word", file=sys.stderr)
        return 0 if message == "ready" else 1
    os.close(reader)
    os.setsid()
    _close_terminal(home)
    keep(home, binaries, writer)
    return 0


def keep(home: Path, binaries: Path, writer: int) -> None:
    """Run the server until the owner's lock falls, then remove the whole directory."""
    try:
        with os.fdopen(writer, "w") as pipe, contextlib.ExitStack() as stack:
            try:
                stack.enter_context(server(home, binaries))
            except (OSError, pg_binaries.NoServerError, StartError) as error:
                pipe.write(f"PostgreSQL did not start: {error}\n{_log(home)}")
                return
            pipe.write("ready")
            pipe.close()
            with (home / "alive").open("r+") as alive:
                fcntl.lockf(alive, fcntl.LOCK_EX)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def server(home: Path, binaries: Path) -> Iterator[None]:
    """A cluster made in `home`, and its server, which answers on entry and has ended on exit."""
    account = pg_binaries.unprivileged()
    lent = pg_binaries.lend(binaries, home, account)
    initialise(home, lent, account)
    process = start(home, lent, account)
    try:
        wait_until_ready(home, process)
        yield
    finally:
        stop(process)


def initialise(home: Path, binaries: Path, account: Account | None) -> None:
    """`initdb`: UTF-8, C collation (the same order everywhere), trust on a socket that only we can reach."""
    command = [str(binaries / "initdb"), f"--pgdata={home / 'data'}", "--username=postgres", "--auth=trust"]
    made = subprocess.run(
        [*command, "--no-locale", "--encoding=UTF8", "--no-sync", "--no-instructions"],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if made.returncode != 0:
        raise StartError(f"initdb said: {made.stdout}{made.stderr}")


def start(home: Path, binaries: Path, account: Account | None) -> "subprocess.Popen[bytes]":
    """Start the server so that the kernel ends it with this process."""
    options = {**OPTIONS, "unix_socket_directories": str(home)}
    settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    with (home / "log").open("wb") as log:
        return subprocess.Popen(
            [binaries / "postgres", "-D", home / "data", *settings],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 — this process has one thread
        )


def wait_until_ready(home: Path, process: "subprocess.Popen[bytes]") -> None:
    """Return once the postmaster's pid file says "ready" (in line 8); raise StartError otherwise."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StartError(f"it ended with status {process.returncode}")
        with contextlib.suppress(FileNotFoundError, IndexError):
            if (home / "data" / "postmaster.pid").read_text().splitlines()[7].strip() == "ready":
                return
        time.sleep(0.02)
    raise StartError(f"it did not answer within {START_SECONDS:.0f} s")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Fast shutdown (SIGINT), and the hard way when that takes too long."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _close_terminal(home: Path) -> None:
    """Let go of the starter's output, or anyone who reads it waits for us to end."""
    with (home / "keeper.log").open("wb") as log, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)


def _log(home: Path) -> str:
    log = home / "log"
    return log.read_text(errors="replace")[-4000:] if log.exists() else ""


if __name__ == "__main__":
    sys.exit(main())

"""The command in a process of its own without the interpreter's start: a server that forks.

In: arguments, directory, environment. Out: exit status and both streams, or a running process. What commands
import is imported once, by a server of this test worker; each command then runs in a fork of it. How the
installed program itself starts and ends is held by tests/cli/test_entry.py and tests/systemd.
"""

import atexit
import contextlib
import gc
import importlib
import json
import math
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any, NoReturn, Self

import reconciler
from reconciler.cli.main import run_and_exit

IMPORTED = (
    "aiosqlite",
    "alembic.command",
    "anyio._backends._asyncio",
    "certifi",
    "cryptography.fernet",
    "h11",
    "httpcore",
    "procrastinate",
    "psycopg",
    "rich.console",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "typer.main",
    "uvicorn.protocols.http.h11_impl",
)
"""What the program's modules import late, beside one another."""
NOT_IMPORTED = "reconciler.demo"
HEADER = 8
STEP = 0.004


class Process:
    """A command that was started: `subprocess.Popen` as far as tests use it. Any thread may wait for it."""

    def __init__(self, wire: socket.socket, stderr: IO[bytes] | None) -> None:
        self.stderr = stderr
        self.returncode: int | None = None
        self._wire = wire
        self._lock = threading.Lock()
        self.pid = int.from_bytes(_exactly(wire, HEADER))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()

    def poll(self) -> int | None:
        """Its exit status, if it has ended; what a signal ended is negative."""
        with self._lock:
            if self.returncode is None and select.select([self._wire], [], [], 0)[0]:
                self.returncode = int.from_bytes(_exactly(self._wire, HEADER), signed=True)
                self._wire.close()
            return self.returncode

    def wait(self, timeout: float = math.inf) -> int:
        """Its exit status, once it has ended. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.pid} has not ended within {timeout} s")
            time.sleep(STEP)
        return status

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it has ended in between
                os.kill(self.pid, number)


def start(
    arguments: Sequence[str],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    out: IO[bytes],
    err: IO[bytes] | None,
) -> Process:
    """One command, left running. `err`: None for a pipe, which is its `stderr`."""
    reader, writer = (None, err.fileno()) if err else os.pipe()
    wire = socket.socket(socket.AF_UNIX)
    try:
        wire.connect(str(_server()))
        wanted = json.dumps({"arguments": [*arguments], "cwd": str(cwd), "environ": {**environ}}).encode()
        socket.send_fds(wire, [len(wanted).to_bytes(HEADER)], [out.fileno(), writer])
        wire.sendall(wanted)
        return Process(wire, None if reader is None else os.fdopen(reader, "rb"))
    except BaseException:
        wire.close()
        raise
    finally:
        if reader is not None:
            os.close(writer)


def run(
    arguments: Sequence[str], *, cwd: Path, environ: Mapping[str, str], timeout: float
) -> tuple[int, bytes, bytes]:
    """One command to its end: status, stdout, stderr. Raises TimeoutError after `timeout` seconds."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = start(arguments, cwd=cwd, environ=environ, out=out, err=err)
        try:
            status = process.wait(timeout)
        except TimeoutError:
            process.kill()
            process.wait()
            raise
        out.seek(0)
        err.seek(0)
        return status, out.read(), err.read()


@cache
def _server() -> Path:
    """This worker's server, started with the first command and ended with the worker."""
    home = tempfile.TemporaryDirectory(prefix="forks-")
    place = Path(home.name) / "socket"
    command = [sys.executable, "-m", "tests.support.forks", str(place)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])

    def end() -> None:
        process.kill()
        process.wait()
        home.cleanup()

    atexit.register(end)
    assert process.stdout is not None
    with process.stdout as ready:
        assert ready.readline() == b"ready\n"
    return place


def serve(place: str) -> None:
    """Fork for every connection, until killed."""
    _import()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the monitors
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen(16)
        print("ready", flush=True)
        while True:
            wire, _ = listener.accept()
            with wire:
                if os.fork() == 0:
                    listener.close()
                    _monitor(wire)


def _import() -> None:
    """All that commands import, and nothing of it is searched for garbage in any of them."""
    modules = (each.name for each in pkgutil.walk_packages(reconciler.__path__, "reconciler."))
    for name in (*IMPORTED, *(each for each in modules if not each.startswith(NOT_IMPORTED))):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _monitor(wire: socket.socket) -> None:
    """Run one command in a fork and return how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    header, streams, _, _ = socket.recv_fds(wire, HEADER, 2)
    wanted = json.loads(_exactly(wire, int.from_bytes(header)))
    pid = os.fork()
    if pid == 0:
        wire.close()
        _set_up_process(wanted, streams)
        _run()
    for stream in streams:
        os.close(stream)  # who reads them waits for their last holder
    with contextlib.suppress(OSError):  # the test has gone away
        wire.sendall(pid.to_bytes(HEADER))
        _, status = os.waitpid(pid, 0)
        wire.sendall(os.waitstatus_to_exitcode(status).to_bytes(HEADER, signed=True))
    os._exit(0)


def _run() -> NoReturn:
    """The command as it is installed. It ends at once: taking the interpreter down writes to every page
    that is shared with the server, which takes longer than most commands.
    """
    try:
        run_and_exit()
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 0)


def _set_up_process(wanted: dict[str, Any], streams: list[int]) -> None:
    """What a shell would have set before starting the command."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, stream in enumerate((nothing, *streams)):
        os.dup2(stream, number)
        os.close(stream)
    encoding = sys.stdout.encoding  # the server's streams take these for the files that its own are
    sys.stdout = os.fdopen(1, "w", encoding=encoding, closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding=encoding, errors="backslashreplace", closefd=False)
    os.chdir(wanted["cwd"])
    os.environ.clear()
    os.environ.update(wanted["environ"])
    sys.argv = ["reconcile", *wanted["arguments"]]


def _exactly(wire: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = wire.recv(size - len(parts))
        if not part:
            raise ConnectionError("the other side of the fork server has gone")
        parts += part
    return parts


if __name__ == "__main__":
    serve(sys.argv[1])

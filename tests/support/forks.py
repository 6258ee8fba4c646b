"""The command in a process of its own without the interpreter's start: a server that forks.

In: words, directory, environment. Out: exit status and both streams. What the command imports is imported
once, by a server of this test worker; each command then runs in a fork of it. How the installed program
itself starts and ends is held by tests/cli/test_entry.py.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from reconciler import cli
from reconciler.cli.main import run_and_exit

IMPORTED = (
    "aiosqlite",
    "anyio._backends._asyncio",
    "certifi",
    "cryptography.fernet",
    "h11",
    "httpcore",
    "httpx",
    "psycopg",
    "reconciler.config.load",
    "reconciler.store.schema.migrate",
    "reconciler.bootstrap.application",
    "rich.console",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "structlog",
    "typer.main",
)
"""Beside the package of the commands themselves."""
HEADER = 8


def run(
    words: Sequence[str], *, cwd: Path, environ: Mapping[str, str], patience: float
) -> tuple[int, bytes, bytes]:
    """One command to its end: status, stdout, stderr. Raises TimeoutError after `patience` seconds."""
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        socket.socket(socket.AF_UNIX) as wire,
    ):
        wire.settimeout(patience)
        wire.connect(str(_server()))
        wanted = json.dumps({"words": [*words], "cwd": str(cwd), "environ": {**environ}}).encode()
        socket.send_fds(wire, [len(wanted).to_bytes(HEADER)], [out.fileno(), err.fileno()])
        wire.sendall(wanted)
        pid = int.from_bytes(_exactly(wire, HEADER))
        try:
            status = int.from_bytes(_exactly(wire, HEADER), signed=True)
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise
        out.seek(0)
        err.seek(0)
        return status, out.read(), err.read()


@cache
def _server() -> Path:
    """This worker's server, started with the first command and ended with the worker."""
    home = tempfile.TemporaryDirectory(prefix="forks-")
    place = Path(home.name) / "socket"
    words = [sys.executable, "-m", "tests.support.forks", str(place)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])

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
    commands = (each.name for each in pkgutil.iter_modules(cli.__path__, f"{cli.__name__}."))
    for name in (*IMPORTED, *commands):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _monitor(wire: socket.socket) -> None:
    """Run one command in a fork, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    header, streams, _, _ = socket.recv_fds(wire, HEADER, 2)
    wanted = json.loads(_exactly(wire, int.from_bytes(header)))
    pid = os.fork()
    if pid == 0:
        wire.close()
        _become(wanted, streams)
        run_and_exit()
    with contextlib.suppress(OSError):  # the test has gone away
        wire.sendall(pid.to_bytes(HEADER))
        _, status = os.waitpid(pid, 0)
        wire.sendall(os.waitstatus_to_exitcode(status).to_bytes(HEADER, signed=True))
    os._exit(0)


def _become(wanted: dict[str, Any], streams: list[int]) -> None:
    """What a shell would have set before starting the command."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, stream in enumerate((nothing, *streams)):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(wanted["cwd"])
    os.environ.clear()
    os.environ.update(wanted["environ"])
    sys.argv = ["reconcile", *wanted["words"]]


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

"""A real pgbouncer in front of a test's PostgreSQL, in either mode.

In: the server, the pool's mode, and whether it ignores start-up parameters. Out: SQLAlchemy's address of a
database behind it. It runs as PostgreSQL's account, for it refuses to run as root.
"""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import pg_binaries
from tests.support.postgres import PORT, Server

PROGRAMS = ("pgbouncer", "/usr/sbin/pgbouncer")
TIMEOUT_SECONDS = 60.0


def find() -> str | None:
    """The program; None where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@contextmanager
def pooler(server: Server, *, mode: str, ignores_parameters: bool, size: int = 20) -> Iterator[int]:
    """Run it for the time of the block; yields its port on loopback."""
    program, account = find(), pg_binaries.unprivileged()
    assert program is not None, "tests/setup/prepare.py installs pgbouncer"
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="reconciler-pgbouncer-") as folder:
        path = Path(folder)
        settings = [
            "[databases]",
            f"* = host={server.home} port={PORT} user=postgres",
            "[pgbouncer]",
            "listen_addr = 127.0.0.1",
            f"listen_port = {port}",
            "unix_socket_dir =",
            "auth_type = any",
            f"pool_mode = {mode}",
            f"default_pool_size = {size}",
            "ignore_startup_parameters = extra_float_digits,options" if ignores_parameters else "",
        ]
        (path / "pgbouncer.ini").write_text("\n".join(settings) + "\n")
        path.chmod(0o755)
        started = subprocess.Popen(
            [program, "-q", str(path / "pgbouncer.ini")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        try:
            _wait_for(port, started)
            yield port
        finally:
            started.terminate()
            started.wait(TIMEOUT_SECONDS)


def behind(url: str, port: int) -> str:
    """The address of the same database behind the pooler."""
    name = url.partition("?")[0].rpartition("/")[2]
    return f"postgresql+psycopg://postgres@127.0.0.1:{port}/{name}"


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait_for(port: int, started: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert started.poll() is None, "pgbouncer ended"
            assert time.monotonic() < deadline, "pgbouncer does not listen"
            time.sleep(0.02)
        else:
            return

"""A private PostgreSQL: one per test session (shared by the workers), or per `with private_server()`.

In: the binaries pg_binaries finds. Out: a Server that makes and drops databases. It listens on a unix socket
in a directory of its own; pg_keeper ends it when the process that owns the directory ends, in whatever way.
"""

import atexit
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from tests.support import pg_binaries

PORT = 5432  # names the socket file only: there is no TCP
COPIES_FILES = 15_00_00
LONGEST_SOCKET_DIRECTORY = 80  # the kernel allows about 107 bytes for the whole path
GONE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running PostgreSQL, known by its socket's directory; the superuser is `postgres`, no password."""

    home: Path

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy's address of `database`: `postgresql+psycopg://…`."""
        return f"postgresql+psycopg://postgres@/{quote(database)}?host={quote(str(self.home))}&port={PORT}"

    def conninfo(self, database: str = "postgres") -> str:
        """libpq's address of `database`: `postgresql://…`, for psycopg itself."""
        return self.url(database).replace("postgresql+psycopg://", "postgresql://")

    def create(self, *, template: str = "template0") -> str:
        """Make a database (empty, or a copy of `template`) and return its name."""
        name = f"test_{uuid.uuid4().hex}"
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(template)
        )
        if _administration(self.home).info.server_version >= COPIES_FILES:
            made += sql.SQL(" STRATEGY FILE_COPY")  # half the work where no disk is waited for
        self._run(made)
        return name

    def drop(self, name: str) -> None:
        """Drop a database, anyone who is still connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def database(self, *, template: str = "template0") -> Iterator[str]:
        """A database for the time of the block; yields its SQLAlchemy address."""
        name = self.create(template=template)
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    def template(self, key: str, fill: Callable[[str], None]) -> str:
        """The name of a database that `fill(url)` fills once per server, for `database(template=…)` to copy.

        `key` tells templates apart; it is shared by all workers. `fill` must close its connections.
        """
        name = f"template_{hashlib.sha256(key.encode()).hexdigest()[:32]}"
        with _locked(self.home / f"{name}.lock") as made:
            if not made.exists():
                self.drop(name)
                self._run(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
                fill(self.url(name))
                made.touch()
        return name

    def disable_fsync(self) -> None:
        """Let commits return without waiting for the disk."""
        for name in ("fsync", "full_page_writes"):
            self._run(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(name)))
        self._run(sql.SQL("SELECT {}()").format(sql.Identifier("pg_reload_conf")))

    def _run(self, statement: sql.Composed) -> None:
        """Execute it, over a new connection if the server has ended the one from before."""
        connection = _administration(self.home)
        try:
            connection.execute(statement)
        except psycopg.OperationalError:
            if not connection.broken:
                raise
            _administration.cache_clear()
            _administration(self.home).execute(statement)


@cache
def _administration(home: Path) -> psycopg.Connection:
    """This process's connection for making and dropping databases; a new one costs as much as half of one."""
    connection = psycopg.connect(Server(home=home).conninfo(), autocommit=True)
    atexit.register(connection.close)
    return connection


@contextmanager
def owned_home(*, first: Sequence[Path] = ()) -> Iterator[Path]:
    """A directory for one server, below the `first` place that will do; it lives as long as this block
    (and this process) does.

    Nothing is started yet: `server_in` does that, here or in another process that has the directory.
    """
    home = make_home(pg_binaries.unprivileged(), first=first)
    with (home / "alive").open("w") as alive:
        # A POSIX record lock belongs to this process: a forked child does not keep it, SIGKILL drops it.
        fcntl.lockf(alive, fcntl.LOCK_EX)
        try:
            yield home
        finally:
            started = (home / "server.made").exists()
    if started:
        _wait_until_gone(home)
    else:
        shutil.rmtree(home, ignore_errors=True)  # a keeper that failed is removing it, too


def server_in(home: Path, *, binaries: Path | None = None, durable: bool = True) -> Server:
    """The server of an owned directory, started by anyone who asks first.

    Not `durable`: commits wait for no disk, which only a machine that loses its power would notice.
    Raises NoServerError when there are no binaries, and RuntimeError with the server's words when it fails.
    """
    with _locked(home / "server.lock") as made:
        if not made.exists():
            _start(home, binaries or pg_binaries.find())
            if not durable:
                Server(home=home).disable_fsync()
            made.touch()
    return Server(home=home)


@contextmanager
def private_server(*, binaries: Path | None = None) -> Iterator[Server]:
    """A server for the time of the block: for the benchmarks, the soak run, and tests of this very module."""
    with owned_home() as home:
        yield server_in(home, binaries=binaries)


def _start(home: Path, binaries: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.pg_keeper", home, binaries],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())


def make_home(account: pg_binaries.Account | None, *, first: Sequence[Path] = ()) -> Path:
    """A new directory that belongs to the server's account, below one that account can reach."""
    for base in (*first, Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):
        if len(str(base)) <= LONGEST_SOCKET_DIRECTORY and pg_binaries.reachable(base.resolve(), account):
            home = Path(tempfile.mkdtemp(prefix="reconciler-pg-", dir=base.resolve()))
            if account is not None:
                os.chown(home, account.uid, account.gid)
            return home
    raise pg_binaries.NoServerError("no temporary directory that the PostgreSQL account could reach")


@contextmanager
def _locked(lock: Path) -> Iterator[Path]:
    """One process at a time; yields the file whose existence says that the work was done."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield lock.with_suffix(".made")


def _wait_until_gone(home: Path) -> None:
    deadline = time.monotonic() + GONE_SECONDS
    while home.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the PostgreSQL server in {home} did not stop within {GONE_SECONDS:.0f} s")
        time.sleep(0.02)

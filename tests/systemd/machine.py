"""A systemd as PID 1 of its own namespaces, with the shipped unit and this checkout installed in it.

In: a directory. Out: a Machine that runs `systemctl` and looks at processes inside; gone at the block's end,
or with this process. Needs root and the right to make namespaces: tests/setup/needs.py tries them.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import psutil
import pytest

from tests.setup.needs import NEEDS, find_missing, report

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
UNIT = "bugspark-reconciler.service"
TIMEOUT_SECONDS = 60.0
ETC_FILES = (
    "passwd",
    "group",
    "nsswitch.conf",
    "ld.so.cache",
    "localtime",
    "machine-id",
    "hosts",
    "resolv.conf",
)
TARGETS = ("reconciler-test", "sysinit", "basic", "shutdown", "network-online", "multi-user")
DROP_IN = """\
[Service]
Environment=PYTHONPATH=/opt/checkout PYTHONDONTWRITEBYTECODE=1 LD_LIBRARY_PATH=/opt/python/lib
StandardOutput=append:/var/log/reconciler.log
StandardError=append:/var/log/reconciler.log
RestartSec=200ms
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`place` holds its etc, lib (the service's state), log and units; `init` is its PID 1 as seen here."""

    place: Path
    init: psutil.Process

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command inside, as its root."""
        return self._inside(self.init.pid, *arguments)

    def systemctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("systemctl", "--no-pager", *arguments)

    def has_booted(self) -> bool:
        """Whether it has booted."""
        return self.systemctl("is-active", "reconciler-test.target").returncode == 0

    def show(self, name: str) -> str:
        """One property of the unit."""
        return self.systemctl("show", "--value", "--property", name, UNIT).stdout.strip()

    def main(self) -> psutil.Process:
        """The service's main process, as it is seen from here."""
        inside = self.show("MainPID")
        for each in self.init.children(recursive=True):
            with suppress(FileNotFoundError, ProcessLookupError):  # one that ended in the meantime
                if self.status(each)["NSpid"].split()[-1] == inside:
                    return each
        raise AssertionError(f"no main process: {self.output}")

    @staticmethod
    def status(process: psutil.Process) -> dict[str, str]:
        """/proc/PID/status."""
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        return {name: text.strip() for name, _, text in (line.partition(":") for line in lines)}

    def run_in_namespace_of(
        self, process: psutil.Process, *arguments: str
    ) -> subprocess.CompletedProcess[str]:
        """A command as root in the mount namespace of that process: what the sandbox leaves of the files."""
        return self._inside(process.pid, *arguments)

    def until(self, what: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        began = time.monotonic()
        while not what():
            assert time.monotonic() - began < TIMEOUT_SECONDS, self.output
            time.sleep(0.05)

    def drop_in(self, name: str, text: str) -> None:
        """As `systemctl edit` makes one; systemd reads it at the next start."""
        _write_drop_in(self.place, name, text)
        assert self.systemctl("daemon-reload").returncode == 0

    def credential(self, key: str, text: str) -> None:
        """As docs/operating.md says."""
        store = self.place / "etc" / "credstore"
        store.mkdir(mode=0o700, exist_ok=True)
        (store / f"bugspark-reconciler.{key}").write_text(text)

    @property
    def log(self) -> str:
        """Return the service's stderr so far."""
        path = self.place / "log" / "reconciler.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def boot(self) -> str:
        """Return the output of PID 1 so far."""
        return (self.place / "boot.log").read_text(errors="replace")

    @property
    def output(self) -> str:
        """Return all output, for the message of a failing test."""
        return f"{self.boot}\n{self.log}\n{self.systemctl('status', UNIT).stdout}"

    @staticmethod
    def _inside(pid: int, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["nsenter", "--target", str(pid), "--mount", "--pid", "--", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_SECONDS,
            stdin=subprocess.DEVNULL,
        )


@contextmanager
def booted(place: Path) -> Iterator[Machine]:
    """A running systemd, with the unit and its drop-in, not started yet."""
    _require()
    _prepare_files(place)
    with (place / "boot.log").open("a") as log, _console(place / "boot.log") as console:
        command = ["sh", str(HERE / "boot.sh"), str(place), str(ROOT), sys.prefix, sys.base_prefix, console]
        boot = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield _wait_for_boot(place, boot)
        finally:
            assert boot.stdin is not None
            boot.stdin.close()
            boot.wait(TIMEOUT_SECONDS)


@contextmanager
def _console(log: Path) -> Iterator[str]:
    """A terminal for /dev/console, whose output by PID 1 is copied to `log`."""
    ours, theirs = os.openpty()

    def copy_output() -> None:
        with log.open("ab") as file, suppress(OSError):  # EIO: the other end was closed
            while chunk := os.read(ours, 4096):
                file.write(chunk.replace(b"\r", b""))
                file.flush()

    thread = threading.Thread(target=copy_output)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        os.close(theirs)
        thread.join()
        os.close(ours)


def _require() -> None:
    """`make test` has installed what is needed; pytest alone has not."""
    if lost := find_missing(need for need in NEEDS if need.part == "systemd"):
        pytest.fail("\n".join(report(lost)), pytrace=False)


def _fail_as_impossible(why: str) -> NoReturn:
    pytest.fail(f"the unit is tested under a real systemd in namespaces of its own, {why}", pytrace=False)


def _wait_for_boot(place: Path, boot: "subprocess.Popen[bytes]") -> Machine:
    """Wait for PID 1 to take commands."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while boot.poll() is None and time.monotonic() < deadline:
        for init in psutil.Process(boot.pid).children(recursive=True):
            machine = Machine(place=place, init=init)
            with suppress(psutil.NoSuchProcess):  # one of those on the way to it
                if init.name() == "systemd" and machine.has_booted():
                    return machine
        time.sleep(0.05)
    output = (place / "boot.log").read_text(errors="replace").strip()
    _fail_as_impossible(
        "which is not permitted or not possible here: it takes CAP_SYS_ADMIN (a container: --privileged) and "
        f"cgroup v2. Its output: {output or 'none'}"
    )


def _prepare_files(place: Path) -> None:
    for name in ("etc", "lib", "log", "units", "opt/bin", "opt/lib"):
        (place / name).mkdir(parents=True, exist_ok=True)
    for name in ETC_FILES:
        if Path("/etc", name).exists():
            shutil.copy(Path("/etc", name), place / "etc" / name)
    for name in TARGETS:
        (place / "units" / f"{name}.target").write_text("[Unit]\nDefaultDependencies=no\n")
    shutil.copy(ROOT / "systemd" / UNIT, place / "units")
    _write_drop_in(place, "test", DROP_IN)
    (place / "etc" / "bugspark-reconciler").mkdir()
    _install(place / "opt")


def _write_drop_in(place: Path, name: str, text: str) -> None:
    directory = place / "etc" / "systemd" / "system" / f"{UNIT}.d"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.conf").write_text(text)


def _install(prefix: Path) -> None:
    """This very environment, where docs/operating.md puts it: the service sees neither /home nor /root."""
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (prefix / "pyvenv.cfg").write_text("home = /opt/python/bin\n")
    (prefix / "bin" / "python").symlink_to(f"/opt/python/bin/{python}")
    script = Path(sys.executable).with_name("reconcile").read_text().partition("\n")[2]
    (prefix / "bin" / "reconcile").write_text(f"#!/opt/reconciler/bin/python\n{script}")
    (prefix / "bin" / "reconcile").chmod(0o755)

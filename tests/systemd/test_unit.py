"""The shipped unit under a real systemd: started, reloaded, hung, killed, stopped; shut in all the while."""

import json
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from reconciler.model.fields import Status
from tests.support.canary import search
from tests.support.command import Installation, open_installation
from tests.support.daemon import QUICK, advancing_clock, free_port
from tests.support.stores import sqlite_template
from tests.systemd.machine import ROOT, TIMEOUT_SECONDS, UNIT, Machine, booted

__all__ = ["sqlite_template"]

INSIDE = "sqlite:////var/lib/bugspark-reconciler/bugspark.db"
MOST_EXPOSED = 1.1
LONGEST_STOP = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The service on its machine, BugSpark on its database, GitHub on loopback."""

    machine: Machine
    world: Installation

    def start(self) -> None:
        done = self.machine.systemctl("start", UNIT)
        assert done.returncode == 0, done.stderr + self.machine.output

    def configure(self, text: str) -> None:
        (self.machine.place / "etc" / "bugspark-reconciler" / "config.toml").write_text(text)

    def poll_every(self, seconds: float) -> None:
        self._configure(poll={"interval_seconds": seconds})

    def web_at(self, port: int) -> None:
        self._configure(web={"port": port})

    def _configure(self, **sections: Mapping[str, Any]) -> None:
        self.world.configure(**{**QUICK, **sections})
        self.configure((self.world.commands.home / "config.toml").read_text())

    def count_logged(self, event: str) -> int:
        """Return how many lines of the log contain this event."""
        lines = [line for line in self.machine.log.splitlines() if line.startswith("{")]
        return sum(json.loads(line)["event"] == event for line in lines)

    def until_logged(self, event: str, count: int = 1) -> None:
        self.machine.until(lambda: self.count_logged(event) >= count)

    def syncs(self) -> int:
        """A report resolved in BugSpark closes its issue on GitHub; that issue's number."""
        world = self.world
        report = world.bugspark.add_report(world.project)
        # The daemon looks at the project every half second: in the meantime a command is refused.
        self.machine.until(lambda: world.reconcile("export", str(report)).code == 0)
        number = world.number(report)
        world.bugspark.set_report(report, status=Status.RESOLVED)
        self.machine.until(lambda: world.github.web.issue(number).state == "closed")
        return number


@pytest.fixture
def installed(sqlite_template: Path, tmp_path: Path) -> Iterator[Installed]:
    """Installed as docs/operating.md says, database address as a credential; not started."""
    with booted(tmp_path / "machine") as machine:
        database = machine.place / "lib" / "bugspark.db"
        shutil.copy(sqlite_template, database)
        home = tmp_path / "home"
        home.mkdir()
        with open_installation(f"sqlite:///{database}", home) as world, advancing_clock(world):
            machine.credential("database.url", INSIDE + "\n")
            service = Installed(machine=machine, world=world)
            service.poll_every(1.0)
            yield service
            search("output of PID 1 and the service", machine.boot, machine.log)


def test_it_is_hardly_exposed() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", ROOT / "systemd" / UNIT],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found is not None, done.stderr
    assert float(found[1]) <= MOST_EXPOSED


def test_a_daemon_in_its_sandbox_from_start_to_stop(installed: Installed) -> None:
    """Ready, synced, the sandbox, a reload, a reload that fails, the end."""
    machine, world = installed.machine, installed.world
    installed.poll_every(3600.0)
    installed.start()
    assert machine.show("ActiveState") == "active"
    machine.until(lambda: "projects" in machine.show("StatusText"))
    assert re.findall(rf"{UNIT}:\d+: .*", machine.boot) == []  # a line it can't read
    number = installed.syncs()
    check_sandbox(machine)

    world.github.web.comment(number, "seen", by="alice")
    installed.poll_every(0.5)
    assert machine.systemctl("reload", UNIT).returncode == 0
    machine.until(lambda: any("seen" in row["body"] for row in world.bugspark.rows_of("comments")))
    installed.until_logged("configuration reloaded")
    installed.configure("[poll]\ninterval_secnods = 5\n")
    assert machine.systemctl("reload", UNIT).returncode == 0
    installed.until_logged("the old configuration stays")
    machine.until(lambda: machine.show("ActiveState") == "active")
    installed.syncs()

    began = time.monotonic()
    assert machine.systemctl("stop", UNIT).returncode == 0
    assert time.monotonic() - began <= LONGEST_STOP
    assert (machine.show("Result"), machine.show("ExecMainStatus")) == ("success", "0"), machine.output
    assert machine.show("NRestarts") == "0"
    assert installed.count_logged("stopped") == 1


def check_sandbox(machine: Machine) -> None:
    """Check the running service by the kernel's and the files' data."""
    main = machine.main()
    status = machine.status(main)
    assert {name: status[name] for name in ("NoNewPrivs", "Seccomp")} == {"NoNewPrivs": "1", "Seccomp": "2"}
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {0}
    assert 0 not in main.uids()
    assert (machine.place / "lib" / "bugspark.db").stat().st_uid == main.uids().effective
    for path in ("/etc", "/usr", "/opt/checkout", "/var/log"):
        written = machine.run_in_namespace_of(main, "touch", f"{path}/written")
        assert "Read-only file system" in written.stderr, (path, written)
    assert machine.run_in_namespace_of(main, "ls", "/home").stdout == ""
    devices = set(machine.run_in_namespace_of(main, "ls", "/dev").stdout.split())
    assert ("null" in devices, "console" in devices) == (True, False)
    for kind, shared in (("mnt", False), ("user", False), ("ipc", False), ("net", True)):
        ours, theirs = (Path(f"/proc/{pid}/ns/{kind}").readlink() for pid in (main.pid, machine.init.pid))
        assert (ours == theirs) == shared, kind


def test_the_sandbox_leaves_what_is_needed_and_refuses_what_is_not(installed: Installed) -> None:
    probe = "/opt/reconciler/bin/python /opt/checkout/tests/systemd/probe.py"
    installed.machine.drop_in("probe", f"[Service]\nExecStartPre={probe}\n")
    installed.start()
    assert "as it should be" in installed.machine.log


def test_a_hang_and_a_kill_are_followed_by_another_start(installed: Installed) -> None:
    machine = installed.machine
    machine.drop_in("watchdog", "[Service]\nWatchdogSec=5\n")
    installed.start()
    machine.main().kill()
    machine.until(lambda: machine.show("NRestarts") == "1" and machine.show("ActiveState") == "active")

    machine.main().send_signal(signal.SIGSTOP)
    machine.until(lambda: machine.show("NRestarts") == "2" and machine.show("ActiveState") == "active")
    machine.until(lambda: "Watchdog timeout" in machine.boot)
    assert "Fatal Python error: Aborted" in machine.log  # and where each thread stood
    installed.syncs()


@pytest.mark.parametrize("trouble", ["configuration", "schema"])
def test_an_error_that_a_restart_cannot_fix_is_not_restarted(installed: Installed, trouble: str) -> None:
    machine = installed.machine
    if trouble == "configuration":
        installed.configure("[poll]\ninterval_secnods = 5\n")
    else:
        machine.credential("database.url", INSIDE.replace("bugspark.db", "other.db"))
        (machine.place / "lib" / "other.db").touch()
    assert machine.systemctl("start", UNIT).returncode != 0
    # One that waits for its restart would be "auto-restart".
    found = [machine.show(name) for name in ("SubState", "ExecMainStatus", "NRestarts")]
    assert found == ["failed", "78", "0"], machine.output


def test_an_unavailable_database_is_awaited_beyond_the_start_timeout(installed: Installed) -> None:
    machine = installed.machine
    machine.credential("database.url", "postgresql+psycopg://nobody@/nothing?host=/nowhere")
    machine.drop_in("short", "[Service]\nTimeoutStartSec=40\n")
    began = time.monotonic()
    assert machine.systemctl("start", "--no-block", UNIT).returncode == 0
    machine.until(lambda: time.monotonic() - began > 41)
    installed.until_logged("waiting for the database", 2)
    assert (machine.show("ActiveState"), machine.show("NRestarts")) == ("activating", "0"), machine.output
    assert "database" in machine.show("StatusText")

    assert machine.systemctl("stop", UNIT).returncode == 0
    assert (machine.show("ActiveState"), machine.show("Result")) == ("inactive", "success"), machine.output


def test_the_example_drop_in_brings_a_database_to_a_first_start(installed: Installed) -> None:
    machine = installed.machine
    machine.credential("database.url", "sqlite:///first.db")  # where it is started: in its state directory
    machine.drop_in("local", (ROOT / "systemd" / "drop-in.conf.example").read_text())
    installed.start()
    assert (machine.place / "lib" / "first.db").stat().st_uid == machine.main().uids().effective
    assert re.findall(r"\.conf:\d+: .*", machine.boot) == []


def test_a_restart_refuses_no_request_and_loads_changed_secrets(
    installed: Installed,
) -> None:
    taken, port = free_port()
    installed.web_at(port)
    taken.close()
    installed.start()
    over = threading.Event()

    def asks_for_password() -> bool:
        return "password" in httpx.get(f"http://127.0.0.1:{port}/sign-in", timeout=TIMEOUT_SECONDS).text

    installed.machine.credential("web.password_hash", PasswordHasher(time_cost=1, memory_cost=64).hash("x"))
    assert installed.machine.systemctl("reload", UNIT).returncode == 0
    installed.until_logged("configuration reloaded")
    assert not asks_for_password()

    def ask() -> set[int]:
        answers = set()
        with httpx.Client(headers={"connection": "close"}, timeout=TIMEOUT_SECONDS) as client:
            while not over.wait(0.02):
                # Accepted by the old daemon and cut off: allowed. A refused connection is not.
                with suppress(httpx.ReadError, httpx.RemoteProtocolError):
                    answers.add(client.get(f"http://127.0.0.1:{port}/healthz").status_code)
        return answers

    with ThreadPoolExecutor() as pool:
        asked = pool.submit(ask)
        try:
            assert installed.machine.systemctl("restart", UNIT).returncode == 0
        finally:
            over.set()
        assert asked.result() == {200}
    installed.until_logged("ready", 2)
    assert asks_for_password()

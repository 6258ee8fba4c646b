"""The messages sent to systemd, read from a socket like its own."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.daemon.systemd import MAX_STATUS_CHARACTERS, START_EXTENSION_SECONDS, SystemdNotifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def receive(manager: socket.socket) -> str:
    return manager.recv(4096).decode()


def test_each_word_is_one_datagram(manager: socket.socket) -> None:
    notify = SystemdNotifier({"NOTIFY_SOCKET": manager.getsockname()})
    notify.notify_ready()
    assert receive(manager) == "READY=1"
    notify.notify_watchdog()
    assert receive(manager) == "WATCHDOG=1"
    notify.notify_stopping()
    assert receive(manager) == "STOPPING=1"


def test_a_reload_comes_with_the_time_it_began(manager: socket.socket) -> None:
    before = time.monotonic_ns() // 1000
    SystemdNotifier({"NOTIFY_SOCKET": manager.getsockname()}).notify_reloading()
    message, _, at = receive(manager).partition("\n")
    assert message == "RELOADING=1"
    assert before <= int(at.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000


def test_a_status_is_one_line_and_no_other_word(manager: socket.socket) -> None:
    SystemdNotifier({"NOTIFY_SOCKET": manager.getsockname()}).notify_status("away\nREADY=1 " + "x" * 1000)
    text = receive(manager)
    assert "\n" not in text
    assert len(text) <= len("STATUS=") + MAX_STATUS_CHARACTERS


def test_a_start_that_waits_asks_for_more_time_and_says_why(manager: socket.socket) -> None:
    SystemdNotifier({"NOTIFY_SOCKET": manager.getsockname()}).notify_slow_start(
        "the database does not answer"
    )
    assert receive(manager) == f"EXTEND_TIMEOUT_USEC={START_EXTENSION_SECONDS}000000"
    assert receive(manager) == "STATUS=the database does not answer"


def test_sockets_are_left_with_the_manager_in_place_of_earlier_ones(manager: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ours:
        SystemdNotifier({"NOTIFY_SOCKET": manager.getsockname()}).store_sockets([ours])
        assert receive(manager) == "FDSTOREREMOVE=1\nFDNAME=web"
        message, (number,), _, _ = socket.recv_fds(manager, 4096, 4)
        assert message == b"FDSTORE=1\nFDNAME=web"
        with socket.socket(fileno=number) as theirs:
            assert theirs.getsockname() == ours.getsockname()


def test_an_abstract_socket_is_found() -> None:
    name = f"reconciler-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name)
        listening.settimeout(5)
        SystemdNotifier({"NOTIFY_SOCKET": "@" + name}).notify_ready()
        assert receive(listening) == "READY=1"


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/at/all"])
def test_without_systemd_nothing_is_sent(address: str) -> None:
    SystemdNotifier({"NOTIFY_SOCKET": address}).notify_ready()


def test_a_manager_that_does_not_read_does_not_hold_the_service_up(manager: socket.socket) -> None:
    notify = SystemdNotifier({"NOTIFY_SOCKET": manager.getsockname()})
    for _ in range(2000):
        notify.notify_watchdog()
    assert receive(manager) == "WATCHDOG=1"


def test_the_watchdog_is_for_the_process_that_systemd_names() -> None:
    assert SystemdNotifier({"WATCHDOG_USEC": "30000000"}).watchdog_seconds == 30.0
    mine = {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}
    assert SystemdNotifier(mine).watchdog_seconds == 30.0
    assert SystemdNotifier(mine | {"WATCHDOG_PID": "1"}).watchdog_seconds is None
    assert SystemdNotifier({"WATCHDOG_USEC": "soon"}).watchdog_seconds is None

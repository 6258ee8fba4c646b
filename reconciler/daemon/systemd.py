"""The listening sockets that systemd kept for us while the daemon was restarted (sd_listen_fds(3)).

A daemon hands its own over (`Notifier.keep`), and its successor takes them up here: what is connected to in
between waits for the successor instead of being refused (decision 0060).

What systemd is told: datagrams on the socket it names (sd_notify(3)). Without a socket, nothing.

A datagram that can't be sent is dropped: a service manager that does not listen must not stop the service.
"""

import os
import socket
import time
from array import array
from collections.abc import Mapping, Sequence
from contextlib import suppress

FIRST_DESCRIPTOR = 3
"""SD_LISTEN_FDS_START: the first of the descriptors."""


def take_inherited_sockets(
    environ: Mapping[str, str], first: int = FIRST_DESCRIPTOR
) -> tuple[socket.socket, ...]:
    """Every listening TCP socket that was handed to this very process; none without systemd.

    `environ`: LISTEN_PID and LISTEN_FDS as systemd sets them. Anything else that was handed over is closed.
    """
    count = environ.get("LISTEN_FDS", "")
    if environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdigit():
        return ()
    handed = [socket.socket(fileno=number) for number in range(first, first + int(count))]
    for each in handed:
        each.set_inheritable(False)
        if not _is_listening_tcp(each):
            each.close()
    return tuple(each for each in handed if each.fileno() != -1)


def _is_listening_tcp(each: socket.socket) -> bool:
    is_tcp = each.family in (socket.AF_INET, socket.AF_INET6) and each.type == socket.SOCK_STREAM
    return is_tcp and each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1


MAX_STATUS_CHARACTERS = 200
FD_STORE_NAME = "web"
START_EXTENSION_SECONDS = 120
"""That a start may take from each word of it on; one try of a database that does not answer takes less."""


class SystemdNotifier:
    """The way to the service manager."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """`environ`: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID as systemd sets them."""
        self._address = _socket_address(environ.get("NOTIFY_SOCKET", ""))
        self.watchdog_seconds = _watchdog_interval(environ)

    def notify_ready(self) -> None:
        """Started, or a reload is over."""
        self._send("READY=1")

    def notify_reloading(self) -> None:
        """The configuration is read again; `ready` ends it. With the time, as Type=notify-reload wants it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def notify_stopping(self) -> None:
        """It ends."""
        self._send("STOPPING=1")

    def notify_watchdog(self) -> None:
        """Real progress was made."""
        self._send("WATCHDOG=1")

    def notify_status(self, text: str) -> None:
        """A line for `systemctl status`."""
        line = " ".join(text.split())[:MAX_STATUS_CHARACTERS]
        self._send(f"STATUS={line}")

    def notify_waiting(self, text: str) -> None:
        """Not started yet, for this reason, and not stuck: TimeoutStartSec= shall not end it."""
        self._send(f"EXTEND_TIMEOUT_USEC={START_EXTENSION_SECONDS * 1_000_000}")
        self.notify_status(text)

    def store_sockets(self, sockets: Sequence[socket.socket]) -> None:
        """Hold these open for our successor (FileDescriptorStoreMax=), and none that were held before."""
        self._send(f"FDSTOREREMOVE=1\nFDNAME={FD_STORE_NAME}")
        if sockets:
            self._send(f"FDSTORE=1\nFDNAME={FD_STORE_NAME}", [each.fileno() for each in sockets])

    def _send(self, message: str, descriptors: Sequence[int] = ()) -> None:
        if self._address is None:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.settimeout(0)
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", descriptors))
            out.sendmsg([message.encode()], [rights] if descriptors else [], 0, self._address)


def _socket_address(path: str) -> str | None:
    if path.startswith("@"):  # the abstract namespace
        return "\0" + path[1:]
    return path if path.startswith("/") else None


def _watchdog_interval(environ: Mapping[str, str]) -> float | None:
    """How often at least systemd wants to hear of us; None when it does not ask, or asks another process."""
    text, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not text.isdigit() or int(text) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(text) / 1_000_000

"""systemd: sockets that are kept during a restart (sd_listen_fds(3)), and notifications (sd_notify(3)).

A daemon stores its sockets in systemd (`SystemdNotifier.store_sockets`), and the next process inherits them:
connections made in between wait instead of being refused (decision 0060).

Notifications are datagrams to the socket that systemd names; without one, none is sent. A datagram that can't
be sent is dropped, so that a service manager that does not listen can't stop the service.
"""

import os
import socket
import time
from array import array
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

FIRST_INHERITED_DESCRIPTOR = 3
"""SD_LISTEN_FDS_START: the number of the first descriptor."""


def take_inherited_sockets(
    environ: Mapping[str, str], first: int = FIRST_INHERITED_DESCRIPTOR
) -> tuple[socket.socket, ...]:
    """Return the listening TCP sockets that systemd passed to this process; empty without systemd.

    `environ`: has LISTEN_PID and LISTEN_FDS if systemd set them. Other descriptors that were passed are
    closed.
    """
    count = environ.get("LISTEN_FDS", "")
    if environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdigit():
        return ()
    handed = [socket.socket(fileno=number) for number in range(first, first + int(count))]
    for listener in handed:
        listener.set_inheritable(False)
        if not _is_listening_tcp(listener):
            listener.close()
    return tuple(listener for listener in handed if listener.fileno() != -1)


def state_directory(environ: Mapping[str, str]) -> Path | None:
    """Return the service's own directory (StateDirectory=), the first of several; None without one."""
    first = environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(first) if first.startswith("/") else None


def _is_listening_tcp(listener: socket.socket) -> bool:
    is_tcp = listener.family in (socket.AF_INET, socket.AF_INET6) and listener.type == socket.SOCK_STREAM
    return is_tcp and listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1


MAX_STATUS_CHARACTERS = 200
FD_STORE_NAME = "web"
START_EXTENSION_SECONDS = 120
"""Time that a start may take after each notification; one attempt to open the database takes less."""


class SystemdNotifier:
    """Sends notifications to the service manager."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """`environ`: has NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID if systemd set them."""
        self._address = _socket_address(environ.get("NOTIFY_SOCKET", ""))
        self.watchdog_seconds = _watchdog_interval(environ)

    def notify_ready(self) -> None:
        """Notify that the start or a reload is complete."""
        self._send("READY=1")

    def notify_reloading(self) -> None:
        """Notify that a reload has begun, with the time (Type=notify-reload); `notify_ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def notify_stopping(self) -> None:
        """Notify that the service stops."""
        self._send("STOPPING=1")

    def notify_watchdog(self) -> None:
        """Notify the watchdog that the service makes progress."""
        self._send("WATCHDOG=1")

    def notify_status(self, text: str) -> None:
        """Set the status line of `systemctl status`."""
        line = " ".join(text.split())[:MAX_STATUS_CHARACTERS]
        self._send(f"STATUS={line}")

    def notify_slow_start(self, text: str) -> None:
        """Notify why the start takes long, and extend TimeoutStartSec=, which would end it."""
        self._send(f"EXTEND_TIMEOUT_USEC={START_EXTENSION_SECONDS * 1_000_000}")
        self.notify_status(text)

    def store_sockets(self, sockets: Sequence[socket.socket]) -> None:
        """Ask systemd to keep these sockets open for the next process (FileDescriptorStoreMax=)."""
        self._send(f"FDSTOREREMOVE=1\nFDNAME={FD_STORE_NAME}")
        if sockets:
            self._send(f"FDSTORE=1\nFDNAME={FD_STORE_NAME}", [listener.fileno() for listener in sockets])

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
    """Return the watchdog interval for this process in seconds; None if systemd set none."""
    text, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not text.isdigit() or int(text) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(text) / 1_000_000

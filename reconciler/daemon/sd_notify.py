"""What systemd is told: datagrams on the socket it names (sd_notify(3)). Without a socket, nothing.

A datagram that can't be sent is dropped: a service manager that does not listen must not stop the service.
"""

import os
import socket
import time
from array import array
from collections.abc import Mapping, Sequence
from contextlib import suppress

LONGEST_STATUS = 200
KEPT_AS = "web"
MORE_SECONDS = 120
"""That a start may take from each word of it on; one try of a database that does not answer takes less."""


class Notifier:
    """The way to the service manager."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """`environ`: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID as systemd sets them."""
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self.watchdog_seconds = _watchdog(environ)

    def ready(self) -> None:
        """Started, or a reload is over."""
        self._send("READY=1")

    def reloading(self) -> None:
        """The configuration is read again; `ready` ends it. With the time, as Type=notify-reload wants it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """It ends."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Real progress was made."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """A line for `systemctl status`."""
        line = " ".join(text.split())[:LONGEST_STATUS]
        self._send(f"STATUS={line}")

    def waiting(self, text: str) -> None:
        """Not started yet, for this reason, and not stuck: TimeoutStartSec= shall not end it."""
        self._send(f"EXTEND_TIMEOUT_USEC={MORE_SECONDS * 1_000_000}")
        self.status(text)

    def keep(self, sockets: Sequence[socket.socket]) -> None:
        """Hold these open for our successor (FileDescriptorStoreMax=), and none that were held before."""
        self._send(f"FDSTOREREMOVE=1\nFDNAME={KEPT_AS}")
        if sockets:
            self._send(f"FDSTORE=1\nFDNAME={KEPT_AS}", [each.fileno() for each in sockets])

    def _send(self, message: str, descriptors: Sequence[int] = ()) -> None:
        if self._address is None:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.settimeout(0)
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", descriptors))
            out.sendmsg([message.encode()], [rights] if descriptors else [], 0, self._address)


def _address(path: str) -> str | None:
    if path.startswith("@"):  # the abstract namespace
        return "\0" + path[1:]
    return path if path.startswith("/") else None


def _watchdog(environ: Mapping[str, str]) -> float | None:
    """How often at least systemd wants to hear of us; None when it does not ask, or asks another process."""
    text, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not text.isdigit() or int(text) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(text) / 1_000_000

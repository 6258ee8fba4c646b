"""The listening sockets that systemd kept for us while the daemon was restarted (sd_listen_fds(3)).

A daemon hands its own over (`Notifier.keep`), and its successor takes them up here: what is connected to in
between waits for the successor instead of being refused (decision 0060).
"""

import os
import socket
from collections.abc import Mapping

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

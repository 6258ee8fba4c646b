"""Run in the unit's sandbox: what the program is made of works there, what it never needs is refused."""

import asyncio
import mmap
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import argon2
import httpx
import jwt
import psycopg
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from sqlalchemy.util import greenlet_spawn

ANYTHING = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
FORBIDDEN: dict[str, Callable[[], object]] = {
    "become root": lambda: os.setuid(0),
    "write configuration": lambda: Path("/etc/bugspark-reconciler/written").touch(),
    "write the program": lambda: Path("/opt/reconciler/bin/written").touch(),
    "read everybody's secrets": lambda: list(Path("/etc/credstore").iterdir()),
    "listen to packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "talk to the kernel": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "write code into memory": lambda: mmap.mmap(-1, mmap.PAGESIZE, prot=ANYTHING),
    "make a device": lambda: os.mknod("null", 0o600 | 0o020000, os.makedev(1, 3)),
    "see PID 1": lambda: Path("/proc/1").stat(),
}


def works() -> None:
    """The libraries with compiled code, at what they are there for. Raises what they raise."""
    hasher = argon2.PasswordHasher(time_cost=1)
    hasher.verify(hasher.hash("a"), "a")
    key = Fernet(Fernet.generate_key())
    assert key.decrypt(key.encrypt(b"a")) == b"a"
    rsa = generate_private_key(65537, 2048)
    jwt.decode(jwt.encode({"iss": "1"}, rsa, "RS256"), rsa.public_key(), ["RS256"])
    assert asyncio.run(greenlet_spawn(lambda: 1)) == 1
    assert psycopg.pq.version() > 0
    httpx.create_ssl_context()
    socket.getaddrinfo("localhost", 443)
    Path("of its own").touch()  # where it is started: in its state directory
    Path("/tmp/of its own").touch()


def allowed() -> list[str]:
    """What should be refused, and is not."""
    found = []
    for name, act in FORBIDDEN.items():
        try:
            act()
        except OSError:
            continue
        found.append(name)
    return found


if __name__ == "__main__":
    works()
    if wrong := allowed():
        sys.exit(f"not refused: {', '.join(wrong)}")
    print("as it should be")

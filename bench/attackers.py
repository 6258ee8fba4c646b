"""Strangers who attack a daemon's web, for bench.hostile_load: `python -m bench.attackers PORT PROJECT …`.

In: the port, ids of projects, how many requests, sockets and bodies. Out: one JSON line with the answers.
Each kind of stranger has loopback addresses of its own, so that an honest sender is told apart from them.
"""

import argparse
import asyncio
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import msgspec

ASKERS = tuple(f"127.0.0.{host}" for host in range(2, 10))
IDLERS = tuple(f"127.0.0.{host}" for host in range(10, 14))
SLOW = tuple(f"127.0.0.{host}" for host in range(14, 18))
ANSWER_TIMEOUT_SECONDS = 60.0
RECONNECT_SECONDS = 5.0
"""Before an idle socket or a slow body comes again. At once would be a flood of connections, which only a
firewall can keep from the kernel's queue.
"""
BYTE_SECONDS = 0.5
"""Between two bytes of a slow body."""
CLAIMED_BYTES = 900_000
"""Of a slow body: below the limit of one MiB."""


@dataclass(slots=True, kw_only=True)
class Attackers:
    """All attackers of a run. `answers`: how many answers had each status; "none": the connection was cut."""

    port: int
    projects: Sequence[UUID]
    requests: int
    end_at: float  # monotonic; idle and slow ones go on until then, or until all requests are answered
    rng: random.Random
    answers: Counter[str] = field(default_factory=Counter)
    cut_idle: int = 0
    slow_answers: Counter[str] = field(default_factory=Counter)
    _next: int = 0

    async def attack(self, sockets: int, bodies: int) -> None:
        """Do all of it at once."""
        async with asyncio.TaskGroup() as group:
            background = [group.create_task(self._idle(IDLERS[n % len(IDLERS)])) for n in range(sockets)]
            background += [group.create_task(self._send_slowly(SLOW[n % len(SLOW)])) for n in range(bodies)]
            await asyncio.gather(*(self._ask(address) for address in ASKERS for _ in range(2)))
            await asyncio.sleep(max(0.0, self.end_at - time.monotonic()))
            for task in background:
                task.cancel()

    async def _ask(self, address: str) -> None:
        """Send bad requests, one after the other."""
        while self._next < self.requests:
            number, self._next = self._next, self._next + 1
            self.answers[await self._answer(address, self._bad_request(number))] += 1

    async def _answer(self, address: str, request: bytes) -> str:
        """Send a request on a connection of its own; return the status of its answer."""
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_SECONDS):
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", self.port, local_addr=(address, 0)
                )
                try:
                    writer.write(request)
                    await writer.drain()
                    line = await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return "none"
        return line.split(b" ")[1].decode() if line.startswith(b"HTTP/") else "none"

    def _bad_request(self, number: int) -> bytes:
        project = self.rng.choice(self.projects) if number % 3 else uuid4()
        hook = f"/api/v1/webhooks/github/{project}"
        signed = {"X-Hub-Signature-256": "sha256=" + "0" * 64, "X-GitHub-Event": "issues"}
        body = b'{"action": "closed", "issue": {"number": 1}}'
        kinds = (
            _request("POST", hook, body, signed),
            _request("POST", hook, body, {}),
            _request("POST", hook, b"[" * 20_000, signed),
            _request("POST", "/api/v1/webhooks/github/%00", body, signed),
            _request(
                "POST", hook, b"payload=%00", signed | {"Content-Type": "application/x-www-form-urlencoded"}
            ),
            _request(
                "POST",
                "/sign-in",
                b"password=" + b"x" * 9_000,
                {"Content-Type": "application/x-www-form-urlencoded"},
            ),
            _request("GET", f"/projects/{project}?q=" + "y" * 4_000, b"", {"Referer": "http://["}),
            _request("GET", f"/api/v1/projects/{project}", b"", {"Authorization": "Bearer e30.e30.e30"}),
            _request("GET", f"/reports/{uuid4()}", b"", {"Cookie": "reconciler=" + "z" * 2_000}),
            _request("DELETE", "/", b"", {"Host": "evil.example"}),
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        )
        return kinds[number % len(kinds)]

    async def _idle(self, address: str) -> None:
        """Hold a connection and say nothing; come again when it was cut."""
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", self.port, local_addr=(address, 0)
                )
                try:
                    await reader.read()
                    self.cut_idle += 1
                finally:
                    writer.close()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _send_slowly(self, address: str) -> None:
        """Send a body a byte at a time; begin again when it was refused."""
        head = _request(
            "POST",
            f"/api/v1/webhooks/github/{self.rng.choice(self.projects)}",
            b"",
            {"Content-Length": str(CLAIMED_BYTES)},
        )
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", self.port, local_addr=(address, 0)
                )
                answer = asyncio.ensure_future(reader.readline())
                try:
                    writer.write(head)
                    while not answer.done():
                        writer.write(b"[")
                        await asyncio.wait({answer}, timeout=BYTE_SECONDS)
                    line = answer.result()
                    self.slow_answers[line.split(b" ")[1].decode() if line else "none"] += 1
                finally:
                    answer.cancel()
                    writer.close()
            await asyncio.sleep(RECONNECT_SECONDS)


def _request(method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    values = {
        "Host": "127.0.0.1",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
    } | headers
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in values.items())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def main() -> int:
    """Attack, and print what was answered."""
    parser = argparse.ArgumentParser(prog="python -m bench.attackers", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("project", type=UUID, nargs="+")
    for name in ("requests", "sockets", "bodies"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="at least so long")
    given = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    attackers = Attackers(
        port=given.port,
        projects=given.project,
        requests=given.requests,
        end_at=time.monotonic() + given.seconds,
        rng=random.Random(1),
    )
    asyncio.run(attackers.attack(given.sockets, given.bodies))
    result = {
        "answers": attackers.answers,
        "slow_answers": attackers.slow_answers,
        "cut_idle": attackers.cut_idle,
    }
    print(msgspec.json.encode(result).decode(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

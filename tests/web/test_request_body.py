"""Bodies read at the same time share a memory limit; the address that uses most is refused first."""

import asyncio

import pytest
from fastapi import HTTPException
from starlette.requests import Request
from starlette.types import Message

from reconciler.web.request_body import BodyReader


def request_from(address: str, body: bytes, end: asyncio.Event) -> Request:
    """A request whose body ends with one more byte, when `end` is set."""
    pieces = [body, b"!"]

    async def receive() -> Message:
        if len(pieces) == 1:
            await end.wait()
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    return Request({"type": "http", "headers": [], "client": (address, 0)}, receive)


async def test_bodies_of_one_ipv6_network_count_together() -> None:
    """Four addresses of a network hold less each than a good sender, and more together."""
    bodies = BodyReader(max_bytes=1_000, max_total_bytes=2_000, timeout_seconds=30.0)
    never, now = asyncio.Event(), asyncio.Event()

    async def read(address: str, size: int, end: asyncio.Event) -> int:
        async with bodies.read_body(request_from(address, b"x" * size, end)) as body:
            return len(body)

    network = [asyncio.create_task(read(f"2001:db8::{number}", 300, never)) for number in range(4)]
    good = asyncio.create_task(read("192.0.2.1", 700, now))
    await asyncio.sleep(0)
    now.set()
    assert await read("192.0.2.2", 199, now) == 200
    assert await good == 701
    with pytest.raises(HTTPException, match="Too busy"):
        await network[0]
    for each in network[1:]:
        each.cancel()

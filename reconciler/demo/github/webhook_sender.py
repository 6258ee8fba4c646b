"""Sends webhook messages, to receivers on loopback only: an invented address must never reach a real host."""

from __future__ import annotations

import asyncio
import ipaddress
from contextlib import suppress
from urllib.parse import urlsplit

import h11

from reconciler.demo.github.webhooks import Deliveries, Delivery

_RECEIVER_TIMEOUT_SECONDS = 10.0
"""The time a receiver has to answer (docs/reference/github.md, Webhooks)."""


async def send_deliveries(deliveries: Deliveries) -> None:
    """Send waiting messages one after the other and record the status of each answer."""
    loop, wake = asyncio.get_running_loop(), asyncio.Event()

    def waiting() -> None:
        loop.call_soon_threadsafe(wake.set)

    deliveries.on_waiting = waiting
    try:
        while True:
            while deliveries.waiting and not deliveries.held:
                delivery = deliveries.waiting.popleft()
                deliveries.record_answer(delivery, await _send(delivery))
            wake.clear()
            if not deliveries.waiting or deliveries.held:
                await wake.wait()
    finally:
        deliveries.on_waiting = None


async def _send(delivery: Delivery) -> int:
    """Return the receiver's status, 0 when there was none within its time."""
    parts = urlsplit(delivery.url)
    if parts.scheme != "http" or not _is_loopback(parts.hostname):
        return 0
    try:
        return await asyncio.wait_for(
            _post(delivery, parts.hostname or "", parts.port or 80), _RECEIVER_TIMEOUT_SECONDS
        )
    except (OSError, TimeoutError, h11.ProtocolError):
        return 0


async def _post(delivery: Delivery, host: str, port: int) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        return await _exchange(delivery, reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _exchange(delivery: Delivery, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    http, parts = h11.Connection(h11.CLIENT), urlsplit(delivery.url)
    headers = [*delivery.headers.items(), ("Host", parts.netloc), ("Content-Length", str(len(delivery.body)))]
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    for event in (
        h11.Request(method="POST", target=target, headers=[*headers, ("Connection", "close")]),
        h11.Data(data=delivery.body),
        h11.EndOfMessage(),
    ):
        writer.write(http.send(event) or b"")
    await writer.drain()
    while True:
        answer = http.next_event()
        if answer is h11.NEED_DATA:
            http.receive_data(await reader.read(65_536))
        elif isinstance(answer, h11.Response):
            return answer.status_code
        else:
            return 0


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False

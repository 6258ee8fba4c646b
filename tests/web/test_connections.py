"""Who keeps a connection when there are more than permits, and how long somebody waits for one."""

import asyncio
import re
import socket
from itertools import count
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from reconciler.web import connections, server
from reconciler.web.client_addresses import client_network
from reconciler.web.connections import Connection, choose_connections_to_cut
from reconciler.web.server import bind_sockets, serve_app

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def held(holder: str | None, idle_since: float | None = None) -> Connection:
    return Connection(holder=lambda: holder, idle_since=idle_since)


def cut(given: list[Connection], limit: int, *, now: float = 100.0, at_once: int = 1) -> list[Connection]:
    return choose_connections_to_cut(given, limit, now, at_once)


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"done"})


def open_from(address: str, port: int) -> socket.socket:
    """Connect without giving the server a turn."""
    client = socket.create_connection(("127.0.0.1", port), source_address=(address, 0))
    client.setblocking(False)
    return client


def has_answer(client: socket.socket) -> bool:
    try:
        return client.recv(1_000).startswith(b"HTTP/1.1 200")
    except BlockingIOError:
        return False


def is_open(client: socket.socket) -> bool:
    try:
        return client.recv(1_000) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


async def count_turns_until_answered(client: socket.socket) -> int:
    """Return how many turns the event loop takes."""
    for turns in count():
        if has_answer(client):
            return turns
        await asyncio.sleep(0)
    raise AssertionError


def test_descriptors_are_kept_for_github_and_the_database() -> None:
    found = {limit: connections.connection_limit(limit) for limit in (64, 300, 1024, 1_000_000)}
    assert found == {64: 16, 300: 44, 1024: 512, 1_000_000: 512}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::7", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("x" * 100, "x" * 64),
    ],
)
def test_an_ipv6_address_counts_as_its_network(address: str, network: str) -> None:
    assert client_network(address) == network


def test_the_idle_connection_of_the_address_that_holds_most_is_cut_first() -> None:
    heavy = [held("10.0.0.1", 5.0), held("10.0.0.1", 4.0), held("10.0.0.1")]
    light, proxied = held("10.0.0.2", 1.0), [held(None, 0.5) for _ in range(8)]
    assert cut([light, *proxied, *heavy], 100) == [heavy[1]]
    assert cut([held("10.0.0.1"), light, held("10.0.0.3", 2.0)], 100) == [light]
    assert cut([], 100) == []


def test_several_are_cut_as_one_after_the_other_would_be() -> None:
    heavy = [held("10.0.0.1", float(since)) for since in (1, 2, 3, 4)]
    light = [held("10.0.0.2", 0.5), held("10.0.0.2", 6.0)]
    assert cut([*light, *heavy], 100, at_once=4) == [heavy[0], heavy[1], light[0], heavy[2]]
    assert len(cut([*light, *heavy], 100, at_once=32)) == 6


def test_a_request_at_work_is_cut_only_where_its_address_holds_more_than_its_share() -> None:
    share = 80 // connections.MAX_BUSY_SHARE
    clients = [held(f"10.0.0.{number}") for number in range(50)]
    assert cut([*clients, *[held("10.1.1.1") for _ in range(share)]], 80, at_once=32) == []
    heavy = [held("10.1.1.1") for _ in range(share + 2)]
    assert cut([*clients, *heavy], 80, at_once=32) == heavy[:2]


def test_a_new_connection_within_its_share_gets_time_for_its_request() -> None:
    heavy, light = [held("10.1.1.1") for _ in range(15)], held("10.0.0.2", 100.0)
    assert cut([*heavy, light], 16, now=100.1) == [heavy[0]]
    assert cut([*heavy, light], 16, now=102.0) == [light]
    assert cut([held("10.1.1.1"), light], 16, now=100.1) == []
    flood = [held("10.1.1.1", 100.0) for _ in range(5)]
    assert cut([*flood, light], 16, now=100.1, at_once=9) == flood[:3]


async def test_who_comes_behind_a_flood_of_connections_waits_for_few_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "connection_limit", lambda: 64)
    async with serve_app(answer, bind_sockets("127.0.0.1", 0)) as running:
        flood = [open_from("127.0.0.10", running.port) for _ in range(64 + 256)]
        honest = open_from("127.0.0.1", running.port)
        honest.sendall(REQUEST)
        turns = await count_turns_until_answered(honest)
        for client in (*flood, honest):
            client.close()
    assert turns < 150, "one at a time takes three turns for each of the 256 that wait before it"


async def test_somebody_who_waits_gets_the_permit_of_the_first_one_that_becomes_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "connection_limit", lambda: 2)
    monkeypatch.setattr(server, "REQUEST_HEAD_TIMEOUT_SECONDS", 300.0)
    monkeypatch.setattr(connections, "MAX_BUSY_SHARE", 1)
    both_at_work, go = asyncio.Barrier(3), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if not go.is_set():
            await both_at_work.wait()
            await go.wait()
        await answer(scope, receive, send)

    async with serve_app(app, bind_sockets("127.0.0.1", 0)) as running:
        first, second = (open_from("127.0.0.1", running.port) for _ in range(2))
        first.sendall(REQUEST)
        second.sendall(REQUEST)
        await both_at_work.wait()
        third = open_from("127.0.0.1", running.port)
        third.sendall(REQUEST)
        for _ in range(20):
            await asyncio.sleep(0)
        assert not has_answer(third)
        go.set()
        async with asyncio.timeout(60):
            await count_turns_until_answered(third)
        for client in (first, second, third):
            client.close()


async def test_all_addresses_of_an_ipv6_network_are_one_behind_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "connection_limit", lambda: 4)
    async with serve_app(answer, bind_sockets("127.0.0.1", 0), ["127.0.0.1"]) as running:
        clients = []
        for address in ("192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.2"):
            client = open_from("127.0.0.1", running.port)
            client.sendall(REQUEST.replace(b"\r\n\r\n", f"\r\nX-Forwarded-For: {address}\r\n\r\n".encode()))
            await count_turns_until_answered(client)
            clients.append(client)
        assert [is_open(client) for client in clients] == [True, False, True, True, True]
        for client in clients:
            client.close()


def test_the_unit_has_descriptors_for_every_permit_and_limits_memory_and_tasks() -> None:
    unit = (Path(__file__).parents[2] / "systemd" / "bugspark-reconciler.service").read_text()
    limits = dict(re.findall(r"^(LimitNOFILE|MemoryMax|TasksMax)=(\w+)$", unit, re.MULTILINE))
    assert connections.connection_limit(int(limits["LimitNOFILE"])) == connections.MAX_CONNECTIONS
    assert (limits["MemoryMax"], limits["TasksMax"]) == ("1G", "256")

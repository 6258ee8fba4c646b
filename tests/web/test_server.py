"""The listening port (in use, impossible, released), and signals, which are left to the daemon."""

import asyncio
import errno
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from reconciler.errors import ConfigurationError, ListenError
from reconciler.web import connections, server
from reconciler.web.server import TimedH11Protocol, bind_sockets, serve_app
from tests.support.loopback import loopback_client


class Slow:
    """An application that answers when the test lets it."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.set()
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})


def closed(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_port_in_use_is_reported_before_anything_is_served() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ListenError, match=rf"127\.0\.0\.1 port {port} is taken .* web\.port"):
            bind_sockets("127.0.0.1", port)


def test_a_socket_that_was_kept_is_used_again_and_no_other_is_left_open() -> None:
    (wanted,), (other,) = bind_sockets("127.0.0.1", 0), bind_sockets("127.0.0.1", 0)
    port = wanted.getsockname()[1]
    found = bind_sockets("127.0.0.1", port, [wanted, other])
    assert found == (wanted,)
    assert other.fileno() == -1
    wanted.close()


def test_an_address_that_is_not_ours_is_a_mistake_in_the_configuration() -> None:
    for host in ("192.0.2.1", "no such host", "a" * 300):
        with pytest.raises(ConfigurationError, match=r"web\.host"):
            bind_sockets(host, 0)


async def test_signals_stay_the_daemons_and_what_is_under_way_ends_well() -> None:
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    app, sockets = Slow(), bind_sockets("127.0.0.1", 0)
    async with loopback_client() as client:
        async with serve_app(app, sockets) as running:
            assert {each: signal.getsignal(each) for each in handlers} == handlers
            asking = asyncio.create_task(client.get(f"http://127.0.0.1:{running.port}/"))
            await app.asked.wait()
            app.go.set()
        assert (await asking).text == "done"
    assert closed(running.port)


async def test_what_never_ends_is_cut_off_when_the_program_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SHUTDOWN_TIMEOUT_SECONDS", 0.2)
    app, sockets = Slow(), bind_sockets("127.0.0.1", 0)
    async with loopback_client() as client:
        async with serve_app(app, sockets) as running:
            asking = asyncio.create_task(client.get(f"http://127.0.0.1:{running.port}/"))
            await app.asked.wait()
            began = time.monotonic()
        (ended,) = await asyncio.gather(asking, return_exceptions=True)
        assert not isinstance(ended, httpx.Response) or ended.status_code == 500
    assert time.monotonic() - began < 60


async def test_a_request_that_was_cut_off_has_ended_when_the_server_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "SHUTDOWN_TIMEOUT_SECONDS", 0.2)
    begun, ended = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(20):  # it takes a while to give back what it holds
                await asyncio.sleep(0)
            ended.set()

    async with loopback_client() as client:
        async with serve_app(app, bind_sockets("127.0.0.1", 0)) as running:
            asking = asyncio.create_task(client.get(f"http://127.0.0.1:{running.port}/"))
            await begun.wait()
        assert ended.is_set()
        await asyncio.gather(asking, return_exceptions=True)


async def test_no_part_of_an_answer_waits_for_the_client_to_acknowledge_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[asyncio.Transport] = []
    begun = TimedH11Protocol.connection_made

    def connection_made(self: TimedH11Protocol, transport: asyncio.Transport) -> None:
        begun(self, transport)
        made.append(transport)

    monkeypatch.setattr(TimedH11Protocol, "connection_made", connection_made)
    app, sockets = Slow(), bind_sockets("127.0.0.1", 0)
    async with serve_app(app, sockets) as running, loopback_client() as client:
        app.go.set()
        assert (await client.get(f"http://127.0.0.1:{running.port}/")).text == "done"
        [transport] = made
        there = transport.get_extra_info("socket")
        assert there.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def is_cut(reader: asyncio.StreamReader) -> bool:
    """Whether the server ends the connection without a word."""
    try:
        return await asyncio.wait_for(reader.read(), 10) == b""
    except ConnectionError:
        return True


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def allow(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(server, "connection_limit", lambda: limit)


async def test_idle_connections_beyond_the_limit_make_way_oldest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allow(monkeypatch, 3)
    app, sockets = Slow(), bind_sockets("127.0.0.1", 0)
    app.go.set()
    async with serve_app(app, sockets) as running:
        streams = [await connect(running.port) for _ in range(3)]
        async with loopback_client() as client:
            assert (await client.get(f"http://127.0.0.1:{running.port}/")).status_code == 200
        assert await is_cut(streams[0][0])
        assert not streams[2][0].at_eof()
        for _, writer in streams:
            writer.close()


async def test_a_thousand_idle_connections_take_no_more_descriptors_than_there_are_permits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allow(monkeypatch, 20)
    app, sockets = Slow(), bind_sockets("127.0.0.1", 0)
    app.go.set()
    most = 0
    async with serve_app(app, sockets) as running:
        before = open_descriptors()
        clients = []
        for _ in range(300):
            probe = socket.socket()
            probe.setblocking(False)
            probe.connect_ex(("127.0.0.1", running.port))
            clients.append(probe)
            await asyncio.sleep(0)
            most = max(most, open_descriptors() - before - len(clients))
        async with loopback_client() as client:
            assert (await client.get(f"http://127.0.0.1:{running.port}/")).status_code == 200
        for probe in clients:
            probe.close()
    assert most <= 20


async def test_a_connection_waits_unaccepted_while_every_permit_is_at_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allow(monkeypatch, 2)
    monkeypatch.setattr(connections, "MAX_BUSY_SHARE", 1)
    app, sockets = Slow(), bind_sockets("127.0.0.1", 0)
    async with serve_app(app, sockets) as running, loopback_client() as client:
        address = f"http://127.0.0.1:{running.port}/"
        asking = [asyncio.create_task(client.get(address, headers={"connection": "close"})) for _ in range(3)]
        await app.asked.wait()
        await asyncio.sleep(0.05)
        assert not any(each.done() for each in asking)
        app.go.set()
        assert [each.status_code for each in await asyncio.gather(*asking)] == [200, 200, 200]


async def test_a_process_without_descriptors_warns_once_and_accepts_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connections, "RETRY_SECONDS", 0.01)
    app, sockets = Slow(), bind_sockets("127.0.0.1", 0)
    app.go.set()
    failures = 5

    class Exhausted(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            nonlocal failures
            if failures:
                failures -= 1
                raise OSError(errno.EMFILE, "Too many open files")
            return super().accept()

    listener = Exhausted(fileno=sockets[0].detach())
    async with serve_app(app, [listener]) as running, loopback_client() as client:
        assert (await client.get(f"http://127.0.0.1:{running.port}/")).status_code == 200
    assert failures == 0
    assert [record.message for record in caplog.records] == ["a connection can't be accepted"]

"""Answers without measure, over real sockets: each costs a bounded time and memory, and its request alone."""

import asyncio
import gzip
import json
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise

import httpx
import pytest

from reconciler.github import network
from reconciler.github.network import AnswerTooSlowError, Exchange, ExchangeError
from reconciler.github.transport import (
    MAX_ANSWER_BYTES,
    AnswerLostError,
    AnswerTooLargeError,
    HttpRequest,
    HttpResponse,
    Transport,
)
from reconciler.model.issue import ListState
from reconciler.model.secret import Secret
from tests.github.client_harness import API
from tests.github.network import DATE, REPOSITORY, Net, answer, issue

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n"


class Server:
    """Answers every request by `answer`, and keeps the heads of the requests."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.heads: list[bytes] = []
        self.url = ""
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                await self.answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self.ended.set()


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[Server]:
    found = Server(answer)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        yield found


def whole(body: bytes, *headers: str) -> Answer:
    lines = "".join(f"{line}\r\n" for line in headers).encode()

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD % (len(body), lines) + body)
        await writer.drain()

    return answer


def endless(piece: bytes, pause: float, *, head: bytes = HEAD % (10**9, b"")) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


async def ask(server: Server, transport: Transport | None = None) -> HttpResponse:
    own = transport or Transport(user_agent="test")
    try:
        return await own.send(HttpRequest(method="GET", url=server.url, bearer=Secret("secret")))
    finally:
        if transport is None:
            await own.aclose()


def gzip_bomb(unpacked: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(2**20)
    return b"".join(packer.compress(zeros) for _ in range(unpacked // 2**20)) + packer.flush()


async def test_one_encoding_is_asked_for_and_unpacked() -> None:
    body = b'{"a": "' + b"x" * 500_000 + b'"}'
    async with answering(whole(gzip.compress(body), "Content-Encoding: gzip")) as server:
        answer = await ask(server)
    assert answer.body == body
    assert b"Accept-Encoding: gzip\r\n" in server.heads[0]
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    "encoding",
    ["gzip, gzip", "gzip,identity", "br", "deflate", "zstd", "x", "gzip\r\nContent-Encoding: gzip"],
)
async def test_any_other_encoding_is_refused(encoding: str) -> None:
    packed = gzip.compress(gzip.compress(bytes(1_000)))
    async with answering(whole(packed, f"Content-Encoding: {encoding}")) as server:
        with pytest.raises(AnswerLostError, match="can't be unpacked"):
            await ask(server)


@pytest.mark.parametrize(
    "spoiled", [lambda packed: packed[:-9], lambda packed: packed * 2, lambda packed: b"x" + packed]
)
async def test_what_is_not_one_complete_gzip_stream_is_no_answer(spoiled: Callable[[bytes], bytes]) -> None:
    body = spoiled(gzip.compress(b'{"complete": true}' * 100))
    async with answering(whole(body, "Content-Encoding: gzip")) as server:
        with pytest.raises(AnswerLostError, match="can't be unpacked"):
            await ask(server)


async def test_a_small_answer_that_unpacks_to_gigabytes_costs_its_bound_alone() -> None:
    bomb = gzip_bomb(2**28)
    assert len(bomb) < 300_000
    async with answering(whole(bomb, "Content-Encoding: gzip")) as server:
        tracemalloc.start()
        with pytest.raises(AnswerTooLargeError, match="larger than") as raised:
            await ask(server)
        kept, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 3 * MAX_ANSWER_BYTES
    assert kept < MAX_ANSWER_BYTES / 8, f"{raised.value!r} keeps the bytes"


async def test_a_byte_now_and_then_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "SLOW_SECONDS", 0.2)
    async with answering(endless(b"x", 0.02)) as server:
        with pytest.raises(AnswerLostError, match="too slowly"):
            await ask(server)


async def test_headers_that_come_byte_by_byte_are_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "SLOW_SECONDS", 0.2)
    async with answering(endless(b"x", 0.02, head=b"HTTP/1.1 200 OK\r\nX-Long: ")) as server:
        with pytest.raises(AnswerLostError, match="too slowly"):
            await ask(server)


@pytest.mark.parametrize("pause", [0.0, 0.001])
async def test_interim_answers_without_end_are_no_answer(pause: float) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"
    async with answering(endless(interim * 40, pause, head=b"")) as server:
        with pytest.raises(AnswerLostError, match="headers are larger"):
            await ask(server)


async def test_an_answer_at_a_good_rate_has_an_end_too() -> None:
    async with answering(endless(b"x" * 10_000, 0.01)) as server:
        transport = Transport(user_agent="test", answer_seconds=0.3)
        with pytest.raises(AnswerTooLargeError, match="longer than"):
            await ask(server, transport)
        await transport.aclose()


async def test_silence_ends_with_the_time_of_the_whole_answer() -> None:
    async with answering(lambda _: asyncio.sleep(300)) as server:
        transport = Transport(user_agent="test", answer_seconds=0.2)
        began = time.monotonic()
        with pytest.raises(AnswerLostError, match="no answer within"):
            await ask(server, transport)
        assert time.monotonic() - began < 60
        await transport.aclose()


async def test_a_slow_answer_holds_up_no_other_request_and_leaves_no_connection() -> None:
    async with answering(endless(b"x", 0.02)) as slow, answering(whole(b"{}")) as quick:
        transport = Transport(user_agent="test", answer_seconds=1.0)
        waiting = asyncio.create_task(ask(slow, transport))
        for _ in range(20):
            assert (await ask(quick, transport)).body == b"{}"
        assert not waiting.done()
        with pytest.raises(AnswerLostError):
            await waiting
        await asyncio.wait_for(slow.ended.wait(), 10)
        assert len(quick.heads) == 20
        await transport.aclose()


async def test_no_cookie_is_kept_or_sent() -> None:
    async with answering(
        whole(b"{}", "Set-Cookie: session=1; Path=/", "Set-Cookie: b=2; Domain=127.0.0.1")
    ) as server:
        transport = Transport(user_agent="test")
        for _ in range(2):
            await ask(server, transport)
        assert transport._current is not None
        assert len(transport._current.client.cookies.jar) == 0
        await transport.aclose()
    assert not [head for head in server.heads if b"cookie" in head.lower()]


def test_the_rate_counts_from_the_first_byte_on() -> None:
    now = [0.0]
    exchange = Exchange(monotonic=lambda: now[0], seconds=90)
    now[0] = 50
    exchange.count_received(10)
    now[0] = 69
    exchange.count_received(10)
    now[0] = 71
    with pytest.raises(AnswerTooSlowError):
        exchange.count_received(10)
    exchange.count_received(30_000)
    now[0] = 89
    assert exchange.limit_timeout(30) == 1
    assert exchange.limit_timeout(0.5) == 0.5
    now[0] = 90
    with pytest.raises(ExchangeError, match="no answer within 90 s"):
        exchange.limit_timeout(None)


async def test_a_page_that_is_nested_too_deeply_is_read_with_fewer_rows() -> None:
    net = Net()
    deep = issue(2, unknown=json.loads("[" * 900 + "]" * 900))

    def page(request: httpx.Request) -> httpx.Response:
        size, number = (int(request.url.params.get(name, "1")) for name in ("per_page", "page"))
        rows = [issue(1), deep, issue(3)][size * (number - 1) : size * number]
        body = json.dumps(rows).replace("[" * 900, "[" * 9_000).replace("]" * 900, "]" * 9_000)
        following = request.url.copy_merge_params({"page": str(number + 1)})
        link = {"Link": f'<{following}>; rel="next"'} if size * number < 3 else {}
        return httpx.Response(200, content=body.encode(), headers={"Date": DATE, **link})

    net.on("GET", f"{API}/repos/acme/web", answer(value=REPOSITORY))
    net.router.route(method="GET", path="/repos/acme/web/issues").mock(side_effect=page)
    pages = [
        page async for page in net.github.issue_changes(ListState(anchor=datetime(2026, 3, 1, tzinfo=UTC)))
    ]
    assert sorted({row.number for page in pages for row in page.rows}) == [1, 3]
    assert any("nested too deeply" in item.reason for page in pages for item in page.poisoned)
    addresses = [str(request.url) for request in net.requests]
    assert all(one != following for one, following in pairwise(addresses)), "it would be nested again"

"""The transport over real sockets, and the traps of httpx."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from reconciler.demo.github.faults import Drop, Truncate
from reconciler.github import transport as module
from reconciler.github.transport import AnswerLostError, HttpRequest, NotSentError, Transport
from reconciler.model.secret import Secret
from tests.support.github import GitHub


def get(url: str, bearer: str = "secret") -> HttpRequest:
    return HttpRequest(method="GET", url=url, bearer=Secret(bearer))


class Stuck(httpx.AsyncBaseTransport):
    """A pool without a free slot; other pools of its kind work."""

    made = 0

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.closed:
            raise AssertionError("used after it was closed")
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        return httpx.Response(200, content=b"{}", request=request)


async def test_connections_are_reused(github: GitHub) -> None:
    transport = Transport(user_agent="test")
    for _ in range(3):
        assert (await transport.send(get(f"{github.api}/repos/acme/web", github.token))).status == 200
    assert github.simulator.most_in_flight == 1
    await transport.aclose()


async def test_a_client_opened_over_http_trusts_no_certificate(github: GitHub) -> None:
    transport = Transport(user_agent="test")
    await transport.send(get(f"{github.api}/rate_limit", github.token))
    assert transport._current is not None
    context = transport._current.client._transport._pool._ssl_context  # type: ignore[attr-defined]
    assert (context.verify_mode, context.get_ca_certs()) == (ssl.CERT_REQUIRED, [])
    await transport.aclose()


@asynccontextmanager
async def tls_server(
    home: Path, *, since: datetime | None = None, asked: list[bytes] | None = None
) -> AsyncIterator[str]:
    """Run a server on loopback with a self-signed certificate for `localhost`, valid for two hours."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = since or datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (home / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (home / "key.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(home / "cert.pem", home / "key.pem")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if asked is not None:
            asked.append(head)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}/"


async def test_a_request_after_closing_opens_new_connections(github: GitHub) -> None:
    transport = Transport(user_agent="test")
    await transport.send(get(f"{github.api}/rate_limit", github.token))
    await transport.aclose()
    assert (await transport.send(get(f"{github.api}/rate_limit", github.token))).status == 200
    await transport.aclose()
    await transport.aclose()


async def test_header_names_are_lower_case(github: GitHub) -> None:
    transport = Transport(user_agent="test")
    answer = await transport.send(get(f"{github.api}/repos/acme/web", github.token))
    assert answer.headers["x-ratelimit-limit"] == "5000"
    await transport.aclose()


async def test_no_connection_means_not_sent() -> None:
    transport = Transport(user_agent="test")
    with pytest.raises(NotSentError, match="ConnectError"):
        await transport.send(get("http://127.0.0.1:9/"))
    await transport.aclose()


@pytest.mark.parametrize("fault", [Drop(), Drop(reset=True), Drop(applied=True), Truncate(closing=True)])
async def test_a_lost_answer_is_not_taken_for_not_sent(github: GitHub, fault: Drop | Truncate) -> None:
    github.simulator.faults.add(fault)
    transport = Transport(user_agent="test")
    with pytest.raises(AnswerLostError):
        await transport.send(get(f"{github.api}/repos/acme/web", github.token))
    await transport.aclose()


@pytest.mark.parametrize("request_", [
    get("https://api.test/", "tökén"), get("https://api.test:99999/"), get("ftp://api.test/"),
])  # fmt: skip
async def test_a_request_that_is_invalid_http_is_not_sent(request_: HttpRequest) -> None:
    transport = Transport(user_agent="test")
    with pytest.raises(NotSentError) as raised:
        await transport.send(request_)
    assert "kén" not in str(raised.value)
    await transport.aclose()


@pytest.mark.parametrize("packed", [False, True])
async def test_reading_stops_at_an_endless_answer(monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    monkeypatch.setattr(module, "MAX_ANSWER_BYTES", 1_000)
    body = b"x" * 1_001
    headers = {"Content-Encoding": "gzip"} if packed else {}
    answer = httpx.Response(200, content=gzip.compress(body) if packed else body, headers=headers)
    transport = Transport(user_agent="test", inner=httpx.MockTransport(lambda _: answer))
    with pytest.raises(AnswerLostError, match="larger"):
        await transport.send(get("https://api.test/"))


async def test_after_a_pool_timeout_the_next_request_gets_a_fresh_client() -> None:
    transport = Transport(user_agent="test", inner=Stuck(httpx.PoolTimeout("full")))
    with pytest.raises(NotSentError, match="free"):
        await transport.send(get("https://api.test/"))
    before = transport._current
    assert before is None
    assert (await transport.send(get("https://api.test/"))).status == 200


async def test_requests_under_way_are_not_cut_off_when_the_client_is_replaced() -> None:
    gate = asyncio.Event()

    class Pool(httpx.AsyncBaseTransport):
        def __init__(self) -> None:
            self.asked = 0
            self.closed = False

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            self.asked += 1
            if self.asked > 1:
                raise httpx.PoolTimeout("full")
            await gate.wait()
            assert not self.closed
            return httpx.Response(200, content=b"{}", request=request)

        async def aclose(self) -> None:
            self.closed = True

    pool = Pool()
    transport = Transport(user_agent="test", inner=pool)
    slow = asyncio.create_task(transport.send(get("https://api.test/slow")))
    await asyncio.sleep(0)
    with pytest.raises(NotSentError):
        await transport.send(get("https://api.test/"))
    assert not pool.closed
    gate.set()
    assert (await slow).status == 200
    assert pool.closed


async def test_a_cancelled_request_is_cancelled_and_the_next_one_works(github: GitHub) -> None:
    github.simulator.faults.add(Drop(seconds=30))
    transport = Transport(user_agent="test")
    task = asyncio.create_task(transport.send(get(f"{github.api}/repos/acme/web", github.token)))
    async with asyncio.timeout(60):
        while not github.simulator.in_flight:  # noqa: ASYNC110 - the simulator has no event for it
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await transport.send(get(f"{github.api}/repos/acme/web", github.token))).status == 200
    await transport.aclose()


def test_a_request_s_repr_shows_no_secret() -> None:
    shown = repr(HttpRequest(method="POST", url="https://api.test/", bearer=Secret("hush"), body=b"private"))
    assert "hush" not in shown
    assert "private" not in shown

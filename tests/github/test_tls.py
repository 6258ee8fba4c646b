"""TLS to GitHub and proxies: which certificates are accepted, and the errors for others."""

import ast
import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

import reconciler
from reconciler.alerts.post import AlertPoster
from reconciler.errors import CertificateError
from reconciler.github.transport import NotSentError, NotTrustedError, Transport
from reconciler.model.secret import Secret
from tests.github.client_harness import open_client
from tests.github.test_transport import get, tls_server
from tests.support.memory_rate_limiter import MemoryRateLimiter
from tests.support.sync import settings_for


@dataclass
class Proxy:
    """A proxy that connects (CONNECT) and forwards, and keeps what it was asked."""

    heads: list[str] = field(default_factory=list)
    user: str = ""
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        wanted = f"Proxy-Authorization: Basic {b64encode(self.user.encode()).decode()}"
        if self.user and wanted.lower() not in head.lower():
            writer.write(b"HTTP/1.1 407 Who are you, secret-reason?\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            writer.close()
            return
        method, target, _ = head.split("\r\n")[0].split(" ")
        assert method == "CONNECT"
        port = int(target.rpartition(":")[2])
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(self.pump(reader, back), self.pump(there, writer))

    async def pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()


@asynccontextmanager
async def proxying(user: str = "", tls: ssl.SSLContext | None = None) -> AsyncIterator[Proxy]:
    proxy = Proxy(user=user)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, ssl=tls)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy


@asynccontextmanager
async def opened(**options: object) -> AsyncIterator[Transport]:
    transport = Transport(user_agent="test", **options)  # type: ignore[arg-type]  # a test's shorthand
    try:
        yield transport
    finally:
        await transport.aclose()


async def test_an_authority_of_ones_own_is_trusted_by_its_file(tmp_path: Path) -> None:
    async with tls_server(tmp_path) as address, opened(ca_file=str(tmp_path / "cert.pem")) as transport:
        assert (await transport.send(get(address))).body == b"{}"


@pytest.mark.parametrize("by", ["directly", "by a proxy"])
async def test_an_untrusted_certificate_names_server_issuer_and_key(tmp_path: Path, by: str) -> None:
    async with tls_server(tmp_path) as address, proxying() as proxy:
        chosen = Secret(f"http://127.0.0.1:{proxy.port}") if by != "directly" else None
        async with opened(proxy=chosen) as transport:
            with pytest.raises(NotTrustedError) as caught:
                await transport.send(get(address))
    message = str(caught.value)
    assert message.startswith("the certificate of localhost is not trusted (self-signed certificate")
    assert "issued by CN=localhost" in message
    assert "github.ca_file" in message
    assert len(proxy.heads) == (0 if by == "directly" else 2)


async def test_a_certificate_for_another_name_is_no_matter_of_authorities(tmp_path: Path) -> None:
    async with tls_server(tmp_path) as address, opened(ca_file=str(tmp_path / "cert.pem")) as transport:
        with pytest.raises(NotTrustedError, match="correct github") as caught:
            await transport.send(get(address.replace("localhost", "127.0.0.1")))
    assert "github.ca_file" not in str(caught.value)


async def test_an_expired_certificate_says_so(tmp_path: Path) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=900)
    async with (
        tls_server(tmp_path, since=long_ago) as address,
        opened(ca_file=str(tmp_path / "cert.pem")) as transport,
    ):
        with pytest.raises(NotTrustedError, match=r"expired.*renew"):
            await transport.send(get(address))


async def test_no_request_reaches_a_server_that_is_not_trusted(tmp_path: Path) -> None:
    asked: list[bytes] = []
    async with tls_server(tmp_path, asked=asked) as address, opened() as transport:
        for _ in range(2):
            with pytest.raises(NotTrustedError):
                await transport.send(get(address))
    assert asked == []


async def test_an_untrusted_certificate_is_no_outage_and_is_not_asked_again(tmp_path: Path) -> None:
    async with tls_server(tmp_path) as address:
        harness = open_client(rate_limiter=MemoryRateLimiter(), api=address.rstrip("/"))
        with pytest.raises(CertificateError, match="issued by CN=localhost") as caught:
            await harness.repository.repository()
        await harness.client.aclose()
    assert caught.value.kind == "certificate"


@pytest.mark.parametrize(
    "variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "ALL_PROXY", "SSLKEYLOGFILE"]
)
async def test_variables_of_the_environment_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    keys = tmp_path / "keys"
    values = {"SSL_CERT_FILE": tmp_path / "cert.pem", "SSL_CERT_DIR": tmp_path, "SSLKEYLOGFILE": keys}
    monkeypatch.setenv(variable, str(values.get(variable, "http://127.0.0.1:9")))
    async with tls_server(tmp_path) as address:
        async with opened() as transport:
            with pytest.raises(NotTrustedError):
                await transport.send(get(address))
        async with opened(ca_file=str(tmp_path / "cert.pem")) as transport:
            assert (await transport.send(get(address))).status == 200
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await AlertPoster(Secret(address), user_agent="test")._send(b"{}")
    assert not keys.exists()


def test_every_tls_context_is_made_where_the_environment_is_not_looked_at() -> None:
    """`ssl.create_default_context` and httpx's own obey SSLKEYLOGFILE and SSL_CERT_FILE."""
    makers = {
        "SSLContext",
        "create_default_context",
        "create_ssl_context",
        "load_default_certs",
        "set_default_verify_paths",
    }
    found = {
        str(path.relative_to(Path(reconciler.__path__[0])))
        for path in Path(reconciler.__path__[0]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in makers
    }
    assert found == {"tls.py", "config/validators.py"}


async def test_a_proxy_is_the_only_way_and_gets_its_credentials_alone(tmp_path: Path) -> None:
    asked: list[bytes] = []
    async with tls_server(tmp_path, asked=asked) as address, proxying("ann:p@ss word") as proxy:
        secret = Secret(f"http://ann:p%40ss%20word@127.0.0.1:{proxy.port}")
        async with opened(ca_file=str(tmp_path / "cert.pem"), proxy=secret) as transport:
            assert (await transport.send(get(address))).body == b"{}"
    (head,) = proxy.heads
    assert head.startswith("CONNECT localhost:")
    assert "secret" not in head
    assert b"proxy-authorization" not in asked[0].lower()
    assert b"authorization: bearer secret" in asked[0].lower()


async def test_a_proxy_over_tls_is_used_and_its_certificate_checked(tmp_path: Path) -> None:
    async with tls_server(tmp_path) as address:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
        async with proxying(tls=context) as proxy:
            secret = Secret(f"https://localhost:{proxy.port}")
            async with opened(ca_file=str(tmp_path / "cert.pem"), proxy=secret) as transport:
                assert (await transport.send(get(address))).body == b"{}"
            async with opened(proxy=secret) as transport:
                with pytest.raises(NotTrustedError, match="certificate of localhost is not trusted"):
                    await transport.send(get(address))
    assert len(proxy.heads) == 1


async def test_a_proxy_that_refuses_or_is_away_is_named_without_its_words(tmp_path: Path) -> None:
    async with tls_server(tmp_path) as address, proxying("ann:right") as proxy:
        async with opened(proxy=Secret(f"http://ann:wrong@127.0.0.1:{proxy.port}")) as transport:
            with pytest.raises(NotSentError) as caught:
                await transport.send(get(address))
        async with opened(proxy=Secret("http://ann:wrong@127.0.0.1:9")) as transport:
            with pytest.raises(NotSentError, match="no connection to the proxy"):
                await transport.send(get(address))
    assert str(caught.value) == "the proxy of github.proxy answered 407"


def test_a_transport_s_settings_come_from_the_configuration() -> None:
    settings = settings_for("sqlite:///x.db", "https://api.test", github={"proxy": "http://u:pw@p:1"})
    assert settings.github.proxy.reveal() == "http://u:pw@p:1"
    assert Secret("pw") in settings.secrets()

"""The addresses of the documents against a PostgreSQL behind a certificate, by every way of connecting."""

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy.engine import make_url

from reconciler.bootstrap.self_check import database_tls_check
from reconciler.config.load import load_configuration
from reconciler.errors import DatabaseError
from reconciler.model.secret import Secret
from reconciler.model.views import CheckLevel
from reconciler.store.schema.engine import open_database, parse_url, psycopg_arguments
from reconciler.store.schema.migrate import open_migration_engine
from tests.support.postgres import PORT, Server

ROOT = Path(__file__).parents[2]
SSL_REQUEST = bytes.fromhex("0000000804d2162f")
NAMES = (
    "db.example.com",
    "db.PROJECT.supabase.co",
    "aws-0-REGION.pooler.supabase.com",
    "ep-NAME.REGION.aws.neon.tech",
)
DOCUMENTED = sorted(
    set(
        re.findall(
            r"postgresql\+psycopg://[^\s`\"]*sslmode=[^\s`\"]*", (ROOT / "docs/operating.md").read_text()
        )
    )
)


def make_certificate(home: Path) -> None:
    """Signed by itself, for the hosts that the documents name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    alternatives = x509.SubjectAlternativeName([x509.DNSName(each) for each in NAMES])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (home / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (home / "key.pem").write_bytes(pem)


class TlsProxy:
    """PostgreSQL's own TLS before the test's server, which listens on a socket file only."""

    def __init__(self, server: Server, home: Path, *, offers_tls: bool = True) -> None:
        self._target = str(server.home / f".s.PGSQL.{PORT}")
        self._offers_tls = offers_tls
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(home / "cert.pem", home / "key.pem")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.plain = 0  # connections that went on without TLS
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with closing(client):
            first = client.recv(8, socket.MSG_PEEK)
            if first == SSL_REQUEST:
                client.recv(8)
                client.sendall(b"S" if self._offers_tls else b"N")
                if self._offers_tls:
                    try:
                        client = self._context.wrap_socket(client, server_side=True)
                    except OSError:
                        return
            if not isinstance(client, ssl.SSLSocket):
                self.plain += bool(client.recv(1, socket.MSG_PEEK))
            with closing(client), socket.socket(socket.AF_UNIX) as server:
                server.connect(self._target)
                back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
                back.start()
                self._pump(client, server)
                back.join()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                sink.sendall(data)
        except OSError:
            pass
        finally:
            with suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()


@contextmanager
def tls_proxy(server: Server, home: Path, **options: bool) -> Iterator[TlsProxy]:
    make_certificate(home)
    proxy = TlsProxy(server, home, **options)
    try:
        yield proxy
    finally:
        proxy.close()


def url_through(url: str, proxy: TlsProxy, database: str, home: Path) -> str:
    """The same address, with names that lead to the front, this test's user, database and authority."""
    made = make_url(url).set(username="postgres", password=None, port=proxy.port, database=database)
    query = {**made.query, "hostaddr": "127.0.0.1"}
    if "sslrootcert" in query:
        query["sslrootcert"] = str(home / "cert.pem")
    return made.set(query=query).render_as_string(hide_password=False)


async def connect_everywhere(url: str) -> list[str]:
    """Whether each of the three ways of connecting is encrypted, as libpq says."""
    database = open_database(url)
    try:
        async with database.read() as connection:
            raw = await connection.get_raw_connection()
            found = [str(raw.driver_connection.info.get_parameters().get("sslmode"))]  # type: ignore[union-attr]  # open
            assert await connection.scalar(sa.text("SELECT 1")) == 1
    finally:
        await database.aclose()
    with psycopg.connect(**psycopg_arguments(url, "test")) as plain:
        found.append(plain.info.get_parameters()["sslmode"])
    with open_migration_engine(parse_url(url)) as engine, engine.connect() as migrating:
        assert migrating.scalar(sa.text("SELECT 1")) == 1
    return found


def test_the_documents_have_strict_addresses_for_supabase_and_neon() -> None:
    assert {make_url(url).host for url in DOCUMENTED} == set(NAMES)
    assert {make_url(url).query["sslmode"] for url in DOCUMENTED} == {"verify-full"}
    assert all("sslrootcert" in make_url(url).query for url in DOCUMENTED)
    for text in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        named = re.findall(r"postgresql\+psycopg://\S*(?:supabase|neon)\S*", text.read_text())
        assert all("sslmode=verify-full" in address for address in named), text


@pytest.mark.parametrize("url", DOCUMENTED)
async def test_a_documented_address_connects_and_is_verified(
    postgres_server: Server, tmp_path: Path, url: str
) -> None:
    with tls_proxy(postgres_server, tmp_path) as proxy:
        assert await connect_everywhere(url_through(url, proxy, "postgres", tmp_path)) == ["verify-full"] * 2
        assert proxy.plain == 0
        wrong = url_through(url.replace("@", "@not-"), proxy, "postgres", tmp_path)
        with pytest.raises(DatabaseError, match="for another name"):
            await connect_everywhere(wrong)
        other = tmp_path / "other"
        other.mkdir()
        make_certificate(other)
        with pytest.raises(DatabaseError, match="not trusted"):
            await connect_everywhere(url_through(url, proxy, "postgres", other))


@pytest.mark.parametrize("offers_tls", [True, False])
async def test_without_a_mode_nothing_is_sent_unencrypted(
    postgres_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offers_tls: bool
) -> None:
    monkeypatch.setenv("PGSSLMODE", "disable")
    with tls_proxy(postgres_server, tmp_path, offers_tls=offers_tls) as proxy:
        written = url_through("postgresql+psycopg://u@db.example.com/b", proxy, "postgres", tmp_path)
        url = load_configuration(None, {}, {"database.url": written}).settings.database.url
        if offers_tls:
            assert await connect_everywhere(url.reveal()) == ["require"] * 2
        else:
            with pytest.raises(DatabaseError, match="offers no TLS"):
                await connect_everywhere(url.reveal())
    assert proxy.plain == 0


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("postgresql+psycopg://u@localhost/b", None),
        ("sqlite:///x.db", None),
        ("postgresql+psycopg://u@db.example.com/b?sslmode=verify-full", CheckLevel.OK),
        ("postgresql+psycopg://u@db.example.com/b?sslmode=verify-ca", CheckLevel.WARN),
        ("postgresql+psycopg://u@db.example.com/b?sslmode=require", CheckLevel.WARN),
        ("postgresql+psycopg://u@db.example.com/b?sslmode=prefer", CheckLevel.WARN),
    ],
)
def test_check_warns_below_verify_full(url: str, level: CheckLevel | None) -> None:
    found = list(database_tls_check(Secret(url)))
    assert [each.level for each in found] == ([level] if level else [])
    assert all("verify-full" in (each.remedy or "") for each in found if each.level is CheckLevel.WARN)

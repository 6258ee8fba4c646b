"""Connections to one API for httpx, made by httpcore so that `network` sees every byte.

Answers are unpacked here, piece by piece: httpx would unpack each piece whole, and several times over.
"""

import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from urllib.parse import unquote, urlsplit

import httpcore
import httpx

from reconciler.github.network import LimitedNetwork
from reconciler.model.secret import Secret

ACCEPTED_ENCODING = "gzip"
MAX_CONNECTIONS = 100
MAX_IDLE_CONNECTIONS = 20
IDLE_SECONDS = 5.0
_UNPACKED_PIECE_BYTES = 64 * 1024
_GZIP_WINDOW_BITS = 31
_ERRORS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.ProxyError: httpx.ProxyError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
}


class ConnectionPool(httpx.AsyncBaseTransport):
    """A pool of connections that are kept alive, direct ones or by way of a proxy.

    `proxy`: `http(s)://[user:password@]host:port`. `tls`: for both servers.
    """

    def __init__(self, tls: SSLContext, proxy: Secret | None = None) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            proxy=_parse_proxy(proxy, tls) if proxy else None,
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_IDLE_CONNECTIONS,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=LimitedNetwork(),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises httpx's errors, and ExchangeError."""
        url = request.url
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _translate_errors():
            answer = await self._pool.handle_async_request(sent)
        return httpx.Response(
            status_code=answer.status,
            headers=[(name, value) for name, value in answer.headers if name.lower() != b"content-encoding"],
            stream=_AnswerStream(answer),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


def _parse_proxy(proxy: Secret, tls: SSLContext) -> httpcore.Proxy:
    parts = urlsplit(proxy.reveal())
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    auth = (unquote(parts.username or ""), unquote(parts.password or ""))
    return httpcore.Proxy(
        f"{parts.scheme}://{host}:{port}/",
        auth=(auth[0].encode(), auth[1].encode()) if any(auth) else None,
        ssl_context=tls if parts.scheme == "https" else None,
    )


class _AnswerStream(httpx.AsyncByteStream):
    """The body of an answer, unpacked in pieces of 64 KiB at most. Raises httpx.DecodingError."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        unpack = _choose_unpacking(self._answer.headers)
        with _translate_errors():
            async for packed in self._answer.aiter_stream():
                for piece in unpack.unpack(packed):
                    yield piece
        unpack.require_end()

    async def aclose(self) -> None:
        with _translate_errors():
            await self._answer.aclose()


class _PlainBody:
    """A body that is not packed."""

    def unpack(self, packed: bytes) -> Iterator[bytes]:
        yield packed

    def require_end(self) -> None:
        """Do nothing: HTTP itself says whether a body is complete."""


class _GzipBody:
    """A body in gzip, packed once."""

    def __init__(self) -> None:
        self._decompressor = zlib.decompressobj(_GZIP_WINDOW_BITS)
        self._has_begun = False

    def unpack(self, packed: bytes) -> Iterator[bytes]:
        """Yield pieces of bounded size, whatever they are packed to. Raises httpx.DecodingError."""
        self._has_begun = True
        while packed:
            try:
                piece = self._decompressor.decompress(packed, _UNPACKED_PIECE_BYTES)
            except zlib.error:
                raise httpx.DecodingError("not gzip") from None
            if self._decompressor.unused_data:
                raise httpx.DecodingError("more than one gzip stream")
            packed = self._decompressor.unconsumed_tail
            if piece:
                yield piece

    def require_end(self) -> None:
        """Raise httpx.DecodingError for a stream that was cut off."""
        if self._has_begun and not self._decompressor.eof:
            raise httpx.DecodingError("a gzip stream that ends early")


def _choose_unpacking(headers: list[tuple[bytes, bytes]]) -> _PlainBody | _GzipBody:
    """Return how to unpack the body: one encoding at most. Raises httpx.DecodingError for any other."""
    values = [value for name, value in headers if name.lower() == b"content-encoding"]
    named = b",".join(values).strip().lower()
    if named in (b"", b"identity"):
        return _PlainBody()
    if named == ACCEPTED_ENCODING.encode():
        return _GzipBody()
    raise httpx.DecodingError("an encoding that was not asked for")


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except tuple(_ERRORS) as error:
        kind = next(theirs for ours, theirs in _ERRORS.items() if isinstance(error, ours))
        raise kind(str(error)) from error

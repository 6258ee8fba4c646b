"""The bytes of one exchange on the wire: their time, their rate and their number before the answer's body.

httpx and httpcore limit the wait for each piece alone: a byte every ten seconds, or interim answers (103)
one after the other, would keep a request without end. Every read and write of a connection comes by here.

Source: docs/design.md, Security.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from ssl import SSLCertVerificationError, SSLContext

import httpcore

ANSWER_SECONDS = 90.0
"""From the request to the last byte of the answer."""
MIN_BYTES_PER_SECOND = 1_024
SLOW_SECONDS = 20.0
"""So long after its first byte, an answer must have come at MIN_BYTES_PER_SECOND on the average."""
MAX_HEAD_BYTES = 256 * 1024
"""Of all headers before the body, those of interim answers included."""


class ExchangeError(Exception):
    """The exchange exceeded a limit; the request may have arrived."""


class UntrustedServerError(Exception):
    """A server's certificate is not trusted; nothing was sent. `code`: OpenSSL's."""

    def __init__(self, host: str, reason: str, code: int) -> None:
        super().__init__(reason)
        self.host = host
        self.reason = reason
        self.code = code


class CertificateSeenError(Exception):
    """The certificate (DER) of the server that was asked for; the connection ends with it, unused."""

    def __init__(self, certificate: bytes) -> None:
        super().__init__("seen")
        self.certificate = certificate


class AnswerTooSlowError(ExchangeError):
    """The answer came too slowly, or began too late."""


class AnswerTooLongError(ExchangeError):
    """The answer came at a good rate and did not end in time: it is too large."""


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and its answer. `monotonic`: the clock, in seconds.

    `inspected_host`: whose certificate is wanted, in place of an answer.
    """

    monotonic: Callable[[], float] = time.monotonic
    seconds: float = ANSWER_SECONDS
    inspected_host: str | None = None
    has_head: bool = False  # set when the answer's headers are complete
    _began: float = field(init=False)
    _first_byte: float | None = None
    _received: int = 0

    def __post_init__(self) -> None:
        self._began = self.monotonic()

    def limit_timeout(self, seconds: float | None) -> float:
        """Return how long to wait for the next bytes. Raises ExchangeError if the time is over."""
        left = self._began + self.seconds - self.monotonic()
        if left <= 0:
            raise self._timeout_error()
        return left if seconds is None else min(left, seconds)

    def is_over(self) -> bool:
        """Whether the time of the exchange is over."""
        return self.monotonic() >= self._began + self.seconds

    def count_received(self, size: int) -> None:
        """Count bytes that have come. Raises ExchangeError when they are too many or too few."""
        now = self.monotonic()
        if self._first_byte is None:
            self._first_byte = now
        self._received += size
        if not self.has_head and self._received > MAX_HEAD_BYTES:
            raise ExchangeError(f"the answer's headers are larger than {MAX_HEAD_BYTES} bytes")
        seconds = now - self._first_byte
        if seconds > SLOW_SECONDS and self._received < seconds * MIN_BYTES_PER_SECOND:
            raise AnswerTooSlowError(
                f"the answer came too slowly ({self._received} bytes in {seconds:.0f} s)"
            )

    def _timeout_error(self) -> ExchangeError:
        if self.has_head:
            return AnswerTooLongError(f"the answer took longer than {self.seconds:g} s")
        return AnswerTooSlowError(f"no answer within {self.seconds:g} s")


_CURRENT: ContextVar[Exchange] = ContextVar("exchange")


@contextmanager
def limit_exchange(exchange: Exchange) -> Iterator[None]:
    """Hold what this task reads and writes within the block to the limits of `exchange`."""
    token = _CURRENT.set(exchange)
    try:
        yield
    finally:
        _CURRENT.reset(token)


class LimitedStream(httpcore.AsyncNetworkStream):
    """A connection that keeps to the limits of the exchange that uses it."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # httpcore's
        exchange = _CURRENT.get()
        try:
            data = await self._stream.read(max_bytes, exchange.limit_timeout(timeout))
        except httpcore.ReadTimeout:
            if exchange.is_over():
                exchange.limit_timeout(timeout)
            raise
        exchange.count_received(len(data))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # httpcore's
        await self._stream.write(buffer, _CURRENT.get().limit_timeout(timeout))

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's
    ) -> httpcore.AsyncNetworkStream:
        """Begin TLS. Raises UntrustedServerError, and CertificateSeenError where that is wanted."""
        host = server_hostname or ""
        try:
            stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except httpcore.ConnectError as error:
            if isinstance(cause := error.__cause__, SSLCertVerificationError):
                raise UntrustedServerError(host, cause.verify_message, cause.verify_code) from None
            raise
        if host == _CURRENT.get().inspected_host:
            certificate = stream.get_extra_info("ssl_object").getpeercert(binary_form=True)
            await stream.aclose()
            raise CertificateSeenError(certificate or b"")
        return LimitedStream(stream)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class LimitedNetwork(httpcore.AsyncNetworkBackend):
    """Connections of the operating system, each of them limited."""

    def __init__(self) -> None:
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return LimitedStream(
            await self._network.connect_tcp(host, port, timeout, local_address, socket_options)
        )

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)

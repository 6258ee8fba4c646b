"""The only module of this package with httpx: one request, one answer, nothing followed, nothing retried.

Another HTTP library would be used here and nowhere else. The traps of httpx are handled here (docs/design.md,
Traps of the libraries).
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from reconciler.github.http_pool import ACCEPTED_ENCODING, ConnectionPool
from reconciler.github.network import (
    ANSWER_SECONDS,
    AnswerTooLongError,
    Exchange,
    ExchangeError,
    UntrustedServerError,
    limit_exchange,
)
from reconciler.github.untrusted_server import explain_untrusted_server
from reconciler.model.secret import Secret
from reconciler.tls import build_client_context, build_context_without_authorities

CONNECT_TIMEOUT_SECONDS = 10.0
"""How long to wait for a connection, unless the request sets less."""
READ_TIMEOUT_SECONDS = 30.0
"""Without a byte in either direction for so long, the answer counts as lost."""
MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""Of the body, unpacked."""
_NOT_SENT_ERRORS = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request as it goes out; no repr shows `bearer` and `body`. Without a bearer it is anonymous.

    `connect_timeout_seconds`: for a free place in the pool, and again for the connection.
    """

    method: str
    url: str
    bearer: Secret
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """One answer as it came in; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class NotSentError(Exception):
    """Not a byte was sent: no connection could be made."""


class NotTrustedError(NotSentError):
    """Not a byte was sent: the certificate of the server, or of the proxy, is not trusted."""


class AnswerLostError(Exception):
    """The request may have arrived; its answer did not, or not completely."""


class AnswerTooLargeError(AnswerLostError):
    """The answer is larger than `MAX_ANSWER_BYTES`, or takes too long although it comes at a good rate."""


@dataclass(slots=True)
class _PooledClient:
    """A client and how many requests are under way in it."""

    client: httpx.AsyncClient
    in_flight: int = 0


class Transport:
    """Sends requests over one kept-alive client that all repositories share.

    `ca_file`: authorities that are trusted besides the usual ones. `proxy`: as `ConnectionPool` takes it.
    `inner` replaces the network in tests. `answer_seconds`: the limit of one exchange. `on_answer` is called
    with every answer's status; None: no answer.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        ca_file: str = "",
        proxy: Secret | None = None,
        inner: httpx.AsyncBaseTransport | None = None,
        answer_seconds: float = ANSWER_SECONDS,
        on_answer: Callable[[int | None], None] = lambda _: None,
    ) -> None:
        self._user_agent = user_agent
        self._on_answer = on_answer
        self._ca_file = ca_file
        self._proxy = proxy
        self._inner = inner
        self._answer_seconds = answer_seconds
        self._current: _PooledClient | None = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request once. Raises NotSentError, AnswerLostError; neither has headers or addresses."""
        try:
            answer = await self._send(request)
        except (NotSentError, AnswerLostError):
            self._on_answer(None)
            raise
        self._on_answer(answer.status)
        return answer

    async def _send(self, request: HttpRequest) -> HttpResponse:
        pooled = self._current = self._current or _PooledClient(self._build_client(request.url))
        pooled.in_flight += 1
        try:
            return await _exchange(pooled.client, request, Exchange(seconds=self._answer_seconds))
        except httpx.PoolTimeout:
            # A cancelled request can keep its slot for good: the next request gets a pool of its own.
            self._current = None if self._current is pooled else self._current
            raise NotSentError("no connection became free in time") from None
        except UntrustedServerError as error:
            raise NotTrustedError(
                await explain_untrusted_server(error, request.url, self._proxy, self._user_agent)
            ) from None
        except httpx.ProxyError as error:
            # It refused to connect, so GitHub got nothing. Of its text only the status: it is a stranger's.
            status = str(error)[:3]
            answer = f"answered {status}" if status.isdigit() else "did not answer as a proxy does"
            raise NotSentError(f"the proxy of github.proxy {answer}") from None
        except _NOT_SENT_ERRORS as error:
            where = " to the proxy of github.proxy" if self._proxy else ""
            raise NotSentError(_error_text(error).replace("no connection", f"no connection{where}")) from None
        except AnswerTooLongError as error:
            raise AnswerTooLargeError(str(error)) from None
        except ExchangeError as error:
            raise AnswerLostError(str(error)) from None
        except httpx.HTTPError as error:
            raise AnswerLostError(_error_text(error)) from None
        finally:
            pooled.in_flight -= 1
            if pooled is not self._current and not pooled.in_flight:
                await pooled.client.aclose()

    async def aclose(self) -> None:
        """Close the connections; a later request opens new ones."""
        pooled, self._current = self._current, None
        if pooled and not pooled.in_flight:
            await pooled.client.aclose()

    def _build_client(self, url: str) -> httpx.AsyncClient:
        # trust_env off: no proxy, .netrc or certificate variable may divert or add to what we send.
        return httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            transport=self._inner or ConnectionPool(self._tls_context(url), self._proxy),
            headers={"User-Agent": self._user_agent, "Accept-Encoding": ACCEPTED_ENCODING},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # none is kept or sent
        )

    def _tls_context(self, url: str) -> ssl.SSLContext:
        if url.startswith("http:") and not (self._proxy and self._proxy.reveal().startswith("https:")):
            return build_context_without_authorities()
        try:
            return build_client_context(self._ca_file)
        except OSError as error:  # it was usable when the configuration was read
            reason = error.strerror or type(error).__name__
            raise NotTrustedError(f"the file of github.ca_file can't be read ({reason})") from None


async def _exchange(client: httpx.AsyncClient, request: HttpRequest, exchange: Exchange) -> HttpResponse:
    authorization = {"Authorization": f"Bearer {request.bearer.reveal()}"} if request.bearer else {}
    headers = {**request.headers, **authorization}
    try:
        built = client.build_request(
            request.method, request.url, headers=headers, content=request.body, timeout=_timeouts(request)
        )
    except (httpx.InvalidURL, ValueError, TypeError):
        raise NotSentError("the request can't be written as HTTP") from None
    with limit_exchange(exchange):
        answer = await client.send(built, stream=True)
        exchange.has_head = True
        try:
            body = await _read_bounded(answer)
        finally:
            await answer.aclose()
    return HttpResponse(status=answer.status_code, headers=_lower_case_names(answer.headers), body=body)


def _timeouts(request: HttpRequest) -> httpx.Timeout:
    return httpx.Timeout(
        connect=request.connect_timeout_seconds,
        pool=request.connect_timeout_seconds,
        read=READ_TIMEOUT_SECONDS,
        write=READ_TIMEOUT_SECONDS,
    )


async def _read_bounded(answer: httpx.Response) -> bytes:
    body = bytearray()
    try:
        async for piece in answer.aiter_bytes():
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                raise AnswerTooLargeError(f"the answer is larger than {MAX_ANSWER_BYTES} bytes")
        return bytes(body)
    finally:
        body.clear()  # an error keeps this frame for as long as its traceback lives, but not the bytes


def _lower_case_names(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _error_text(error: Exception) -> str:
    # Only the kind: httpx quotes header values in some messages (LocalProtocolError), the token's included.
    name = type(error).__name__
    return f"{_TEXTS_BY_ERROR_NAME[name]} ({name})" if name in _TEXTS_BY_ERROR_NAME else name


_TEXTS_BY_ERROR_NAME = {
    "ConnectError": "no connection",
    "ConnectTimeout": "no connection in time",
    "ReadTimeout": "no answer in time",
    "WriteTimeout": "not taken in time",
    "ReadError": "the connection broke",
    "WriteError": "the connection broke",
    "RemoteProtocolError": "the connection broke",
    "DecodingError": "the answer can't be unpacked",
}

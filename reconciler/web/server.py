"""The HTTP server: uvicorn in the daemon's event loop, on sockets that are already bound.

Two things differ from uvicorn's own: an idle connection is closed after a while (uvicorn waits without end),
and signals are left to the daemon.
"""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_network
from logging import ERROR
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from reconciler.errors import ConfigurationError, ListenError
from reconciler.web.client_addresses import client_network
from reconciler.web.connections import (
    Connection,
    ConnectionPermits,
    IPNetwork,
    connection_limit,
    is_in_networks,
    start_acceptors,
)

REQUEST_HEAD_TIMEOUT_SECONDS = 10.0
"""Time limit for the complete head of a request, and for the unread rest of a body after its answer."""


class TimedH11Protocol(H11Protocol):
    """HTTP/1.1 connection that is closed if no new request arrives within the time limit.

    It holds a permit from its first moment until its descriptor is closed.
    """

    permits: ConnectionPermits
    trusted_networks: tuple[IPNetwork, ...]
    _timeout_handle: asyncio.TimerHandle | None = None
    _connection: Connection | None = None
    _peer: str = ""
    _is_from_proxy: bool = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        _disable_nagle(transport)
        address = self.client[0] if self.client else ""
        self._peer = client_network(address)
        self._is_from_proxy = is_in_networks(address, self.trusted_networks)
        self._connection = Connection(
            holder=self._find_client_address, idle_since=self.loop.time(), cut=transport.abort
        )
        self.permits.assign(self._connection)
        self._start_timeout()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_busy():
            self._cancel_timeout()
            if self._connection is not None:
                self._connection.idle_since, self._connection.has_asked = None, True

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_busy():
            self._start_timeout()
            if self._connection is not None:
                self.permits.mark_idle(self._connection)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timeout()
        super().connection_lost(exc)
        if self._connection is not None:
            # asyncio closes the descriptor right after this.
            self.loop.call_soon(self.permits.release, self._connection)
            self._connection = None

    def _find_client_address(self) -> str | None:
        """Return who holds the connection: for a trusted proxy the forwarded address of its last request.

        uvicorn has put that address into the request's scope.
        """
        if not self._is_from_proxy:
            return self._peer
        scope: Mapping[str, Any] | None = self.scope  # None at first, whatever uvicorn's types say
        client = scope["client"] if scope is not None else None
        if client is None or self.client is None or client[0] == self.client[0]:
            return None
        return client_network(client[0])

    def _is_busy(self) -> bool:
        """Whether a request's head has arrived and its answer is not complete."""
        cycle: RequestResponseCycle | None = self.cycle  # None at first, whatever uvicorn's types say
        return cycle is not None and not cycle.response_complete

    def _start_timeout(self) -> None:
        self._cancel_timeout()
        self._timeout_handle = self.loop.call_later(REQUEST_HEAD_TIMEOUT_SECONDS, self.transport.abort)

    def _cancel_timeout(self) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
            self._timeout_handle = None


def _disable_nagle(transport: asyncio.Transport) -> None:
    """Set TCP_NODELAY, which asyncio does only for sockets with a protocol number.

    `socket.create_server` leaves that number out. Without this, the second part of an answer waits until the
    client has acknowledged the first: 40 ms.
    """
    there = transport.get_extra_info("socket")
    if there.family in (socket.AF_INET, socket.AF_INET6):
        there.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


SHUTDOWN_TIMEOUT_SECONDS = 3
"""Seconds that running requests may take when the program ends."""
BACKLOG = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """A server that accepts connections."""

    port: int
    task: asyncio.Task[None]
    """Ends at the end of `serve_app`, or by a bug."""


class _UvicornServer(uvicorn.Server):
    """uvicorn without signal handlers: the daemon has its own (docs/design.md, Traps of the libraries)."""

    def __init__(
        self, config: uvicorn.Config, permits: ConnectionPermits, proxies: tuple[IPNetwork, ...]
    ) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        self._permits = permits
        self._proxies = proxies

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept with permits of our own, in place of uvicorn's servers."""

        def create_protocol() -> TimedH11Protocol:
            protocol = TimedH11Protocol(
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state
            )
            protocol.permits, protocol.trusted_networks = self._permits, self._proxies
            return protocol

        await self.lifespan.startup()
        # uvicorn closes these and waits for them.
        self.servers = cast(
            "list[asyncio.Server]", start_acceptors(sockets or [], self._permits, create_protocol)
        )
        self.started = True
        self.up.set()


def bind_sockets(
    host: str, port: int, kept_sockets: Sequence[socket.socket] = ()
) -> tuple[socket.socket, ...]:
    """Return listening sockets for every address of `host`; port 0 takes a free port.

    `kept`: sockets that already listen; those at a configured address are used, the others are closed.
    Raises ListenError when the port is taken, ConfigurationError when it can't be listened on at all.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise ConfigurationError(f"web.host: {host!r} is no address of this machine") from None
    places = dict.fromkeys((family, address) for family, _, _, _, address in addresses)
    kept_by_address = {(listener.family, listener.getsockname()[:2]): listener for listener in kept_sockets}
    bound: list[socket.socket] = []
    try:
        for family, address in list(places)[: 1 if port == 0 else None]:
            kept_socket = kept_by_address.pop((family, address[:2]), None)
            bound.append(kept_socket or socket.create_server(address[:2], family=family, backlog=BACKLOG))
    except OSError as error:
        for listener in bound:
            listener.close()
        raise _bind_error(host, port, error) from None
    finally:
        for listener in kept_by_address.values():
            listener.close()
    return tuple(bound)


def _bind_error(host: str, port: int, error: OSError) -> ConfigurationError | ListenError:
    where = f"{host} port {port}"
    if error.errno == errno.EADDRINUSE:
        return ListenError(f"{where} is taken by another program; stop it, or set web.port to another")
    reason = error.strerror or type(error).__name__
    return ConfigurationError(f"web.host, web.port: {where} can't be listened on ({reason})")


@asynccontextmanager
async def serve_app(
    app: ASGIApp, sockets: Sequence[socket.socket], trusted_proxies: Sequence[str] = ()
) -> AsyncIterator[RunningServer]:
    """Serve `app` on these listening sockets until the end of the block, then close them.

    `trusted_proxies`: addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are believed.
    """
    config = uvicorn.Config(
        app,
        http=TimedH11Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=ERROR,  # malformed requests are not logged
        access_log=False,
        server_header=False,
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_SECONDS,
    )
    permits = ConnectionPermits(limit=connection_limit(), now=asyncio.get_running_loop().time)
    server = _UvicornServer(config, permits, tuple(ip_network(each) for each in trusted_proxies))
    task = asyncio.create_task(server.serve(list(sockets)))
    up = asyncio.create_task(server.up.wait())
    try:
        await asyncio.wait({task, up}, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        if task.done():
            await task
        yield RunningServer(port=sockets[0].getsockname()[1], task=task)
    finally:
        up.cancel()
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task
        if cancelled := set(
            server.server_state.tasks
        ):  # uvicorn has cancelled these and does not wait for them
            await asyncio.wait(cancelled)
        for listener in sockets:
            listener.close()

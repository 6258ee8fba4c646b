"""Connections of the web server: a permit for each is taken before it is accepted.

A descriptor that a stranger holds is missing for GitHub and the database, so there are never more connections
than permits. When all are taken, one that is idle is cut for the next: of the address that holds most, the
one that has been idle longest. A connection whose request is being answered is cut only where its address
holds more than its share. Otherwise the next one waits, unaccepted, in the kernel's queue.
"""

import asyncio
import errno
import resource
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address

from reconciler.logs import EventLogger

IPNetwork = IPv4Network | IPv6Network

MAX_CONNECTIONS = 512
"""Each takes about ten KiB, without its body."""
RESERVED_DESCRIPTORS = 256
"""Kept for GitHub, the database, its queue, files and the log."""
MIN_CONNECTIONS = 16
MAX_BUSY_SHARE = 8
"""An address may have one in eight of all permits in requests that are being answered."""
ACCEPTS_PER_TURN = 32
"""Connections accepted before anything else gets its turn."""
RETRY_SECONDS = 1.0
LOG_SECONDS = 60.0
"""Time between two lines about the same trouble."""

log = EventLogger(__name__)


def connection_limit(limit: int | None = None) -> int:
    """Return how many connections a limit of open descriptors allows; `limit`: the process's unless given."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if limit is None else limit
    return max(MIN_CONNECTIONS, min(MAX_CONNECTIONS, soft - RESERVED_DESCRIPTORS))


@dataclass(slots=True, kw_only=True, eq=False)
class Connection:
    """One accepted connection. `holder`: returns whose it is; None if a trusted proxy has not said so."""

    holder: Callable[[], str | None]
    idle_since: float | None  # monotonic; None while a request is being answered
    cut: Callable[[], None] = lambda: None


def choose_connection_to_cut(connections: Iterable[Connection], limit: int) -> Connection | None:
    """Choose whose permit the next connection gets; None if it must wait. Pure."""
    holders = {each: each.holder() for each in connections}
    held = Counter(holder for holder in holders.values() if holder is not None)
    # One of a trusted proxy that has not said for whom it is counts as an address of its own.
    shares = {each: 1 if holder is None else held[holder] for each, holder in holders.items()}
    idle = [each for each in shares if each.idle_since is not None]
    if idle:
        return min(idle, key=lambda each: (-shares[each], each.idle_since or 0.0))
    heaviest = max(shares, key=shares.__getitem__, default=None)
    is_over = heaviest is not None and shares[heaviest] > max(1, limit // MAX_BUSY_SHARE)
    return heaviest if is_over else None


def is_in_networks(address: str, networks: Iterable[IPNetwork]) -> bool:
    """Return whether an address is in one of these networks; False for what is no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)


@dataclass(slots=True, kw_only=True)
class CountedWarning:
    """A warning that is logged at most once a minute, with how often it was due."""

    event: str
    now: Callable[[], float]
    _logged_at: float | None = None
    _count: int = 0

    def warn(self, **values: object) -> None:
        """Count one, and log the number if none was logged lately."""
        self._count += 1
        if self._logged_at is None or self.now() - self._logged_at >= LOG_SECONDS:
            log.warning(self.event, times=self._count, **values)
            self._logged_at, self._count = self.now(), 0


@dataclass(slots=True, kw_only=True)
class ConnectionPermits:
    """The permits of one server, and the connections that hold them."""

    limit: int
    now: Callable[[], float]
    on_free: Callable[[], None] = lambda: None
    _connections: set[Connection] = field(default_factory=set)
    _opening: int = 0  # accepted, and not yet known as a connection
    _cut: set[Connection] = field(default_factory=set)  # their descriptors are closed a moment later

    def take(self) -> bool:
        """Take a permit for a connection that is about to be accepted; cut another one if there is none.

        False: the connection must wait until `on_free` is called.
        """
        if len(self._connections) + self._opening < self.limit:
            self._opening += 1
            return True
        if not self._cut:
            victim = choose_connection_to_cut(self._connections, self.limit)
            if victim is not None:
                self._cut.add(victim)
                victim.cut()
        return False

    def give_back(self) -> None:
        """Give back a permit that was taken for nothing."""
        self._opening -= 1

    def assign(self, connection: Connection) -> None:
        """Hand the permit that was taken to this connection."""
        self._opening = max(0, self._opening - 1)
        self._connections.add(connection)

    def release(self, connection: Connection) -> None:
        """Give back a connection's permit: its descriptor is closed."""
        self._connections.discard(connection)
        self._cut.discard(connection)
        self.on_free()


class Acceptor:
    """Accepts connections on one listening socket as long as there are permits.

    asyncio's own server accepts as many as its backlog in one turn, whatever they cost.
    """

    def __init__(
        self, listener: socket.socket, permits: ConnectionPermits, protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._permits = permits
        self._protocol = protocol
        self._connecting: set[asyncio.Task[object]] = set()
        self._is_closed = False
        self._full = CountedWarning(event="all connections are taken", now=self._loop.time)
        self._failed = CountedWarning(event="a connection can't be accepted", now=self._loop.time)
        listener.setblocking(False)  # noqa: FBT003  # the library's signature
        self.resume()

    def resume(self) -> None:
        """Accept again."""
        if not self._is_closed:
            self._loop.add_reader(self._listener.fileno(), self._accept_some)

    def close(self) -> None:
        """Accept no more; connections go on."""
        if not self._is_closed:
            self._is_closed = True
            self._loop.remove_reader(self._listener.fileno())

    async def wait_closed(self) -> None:
        """Wait until every accepted socket has its protocol."""
        if self._connecting:
            await asyncio.wait(self._connecting)

    def _accept_some(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            if not self._permits.take():
                self._full.warn(limit=self._permits.limit)
                self._loop.remove_reader(self._listener.fileno())  # until a permit is free
                return
            try:
                accepted, _address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                self._permits.give_back()
                return
            except OSError as error:  # no descriptor or no memory: the connection stays in the kernel's queue
                self._permits.give_back()
                self._failed.warn(reason=errno.errorcode.get(error.errno or 0, "unknown"))
                self._loop.remove_reader(self._listener.fileno())
                self._loop.call_later(RETRY_SECONDS, self.resume)
                return
            accepted.setblocking(False)  # noqa: FBT003  # the library's signature
            task = self._loop.create_task(self._connect(accepted))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    async def _connect(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, accepted)
        except OSError:  # the client has gone
            accepted.close()
            self._permits.give_back()


def start_acceptors(
    sockets: Sequence[socket.socket], permits: ConnectionPermits, protocol: Callable[[], asyncio.Protocol]
) -> list[Acceptor]:
    """Accept on all these sockets with the same permits."""
    acceptors = [Acceptor(each, permits, protocol) for each in sockets]

    def resume_all() -> None:
        for acceptor in acceptors:
            acceptor.resume()

    permits.on_free = resume_all
    return acceptors

"""Connections of the web server: a permit for each is taken before it is accepted.

A descriptor that a stranger holds is missing for GitHub and the database, so there are never more connections
than permits. When all are taken, one that is idle is cut for the next: of the address that holds most, the
one that has been idle longest. A connection whose request is being answered, and a new one whose request has
not come yet, are cut only where their address holds more than its share. Otherwise the next one waits,
unaccepted, in the kernel's queue.

That queue is served in order. While more wait than could be let in, twice as many are cut at a time as
before: who comes behind a flood of connections waits for a few turns of the event loop, not for one turn of
each connection of the flood.
"""

import asyncio
import errno
import resource
import socket
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from ipaddress import IPv4Network, IPv6Network, ip_address

from reconciler.logs import EventLogger

IPNetwork = IPv4Network | IPv6Network

MAX_CONNECTIONS = 512
"""Each takes about ten KiB, without its body."""
RESERVED_DESCRIPTORS = 256
"""Kept for GitHub, the database, its queue, files and the log."""
MIN_CONNECTIONS = 16
MAX_BUSY_SHARE = 8
"""An address may have one in eight of all permits in requests that are being answered, and in new ones."""
ACCEPTS_PER_TURN = 32
"""Connections accepted, or cut, before anything else gets its turn."""
MAX_CUT_SHARE = 4
"""At most one in four is cut at a time: who has just come needs a few turns for the request."""
NEW_SECONDS = 1.0
"""Time that a new connection gets for its request before it counts as idle like others."""
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
    """One accepted connection. `holder`: returns whose it is, an IPv4 address or an IPv6 network; None if a
    trusted proxy has not said so.
    """

    holder: Callable[[], str | None]
    idle_since: float | None  # monotonic; None while a request is being answered
    has_asked: bool = False  # it has sent a request
    cut: Callable[[], None] = lambda: None

    def must_stay_open(self, now: float) -> bool:
        """Return whether it is at work, or so new that its request may be on its way."""
        if self.idle_since is None:
            return True
        return not self.has_asked and now - self.idle_since < NEW_SECONDS


def choose_connections_to_cut(
    connections: Iterable[Connection], limit: int, now: float, count: int
) -> list[Connection]:
    """Choose whose permits the next connections get: at most `count`; none if they must wait. Pure.

    `connections`: oldest first. One of a trusted proxy that has not said for whom it is counts as an address
    of its own.
    """
    holders: dict[Connection, Hashable] = {}
    for each in connections:
        address = each.holder()
        holders[each] = each if address is None else address
    shares = Counter(holders.values())
    share = max(1, limit // MAX_BUSY_SHARE)

    def kept(connection: Connection) -> int:
        """Return how many connections its holder keeps before this one is cut."""
        return share if connection.must_stay_open(now) else 0

    idle = [
        (each.must_stay_open(now), each.idle_since, each) for each in holders if each.idle_since is not None
    ]
    longest_first = [each for _, _, each in sorted(idle, key=lambda values: values[:2])]
    at_work = [each for each in holders if each.idle_since is None]
    return _choose_of_heaviest(longest_first, holders, shares, kept, count) or _choose_of_heaviest(
        at_work, holders, shares, kept, count
    )


def _choose_of_heaviest(
    candidates: Iterable[Connection],
    holders: Mapping[Connection, Hashable],
    shares: Mapping[Hashable, int],
    kept: Callable[[Connection], int],
    count: int,
) -> list[Connection]:
    """Choose one after the other, each of the holder that has most then, in the order of candidates."""
    waiting: defaultdict[Hashable, deque[tuple[int, Connection]]] = defaultdict(deque)
    for rank, each in enumerate(candidates):
        waiting[holders[each]].append((rank, each))
    heaviest = [(-shares[holder], ranked[0][0], holder) for holder, ranked in waiting.items()]
    heapify(heaviest)
    chosen: list[Connection] = []
    while heaviest and len(chosen) < count:
        negative_share, _, holder = heappop(heaviest)
        _, first = waiting[holder].popleft()
        if -negative_share > kept(first):
            chosen.append(first)
            if waiting[holder]:
                heappush(heaviest, (negative_share + 1, waiting[holder][0][0], holder))
    return chosen


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
    _connections: dict[Connection, None] = field(default_factory=dict)  # oldest first
    _opening: int = 0  # accepted, and not yet known as a connection
    _cut: set[Connection] = field(default_factory=set)  # their descriptors are closed a moment later
    _next_cuts: int = 1
    _is_awaited: bool = False  # somebody waits, and there was none to cut

    def is_full(self) -> bool:
        """Return whether every permit is taken."""
        return len(self._connections) + self._opening >= self.limit

    def take(self) -> None:
        """Take a permit, of which there is one, for a connection that is about to be accepted."""
        self._opening += 1

    def give_back(self) -> None:
        """Give back a permit that was taken for nothing."""
        self._opening -= 1
        self._next_cuts = 1

    def make_room(self) -> bool:
        """Cut connections for those that wait. `on_free` is called when a permit is free.

        Twice as many as the last time, unless the queue has been empty since. Returns whether there were any.
        """
        if self._cut:
            return True
        self._cut |= set(
            choose_connections_to_cut(self._connections, self.limit, self.now(), self._next_cuts)
        )
        self._is_awaited = not self._cut
        if self._cut:
            most = max(1, min(ACCEPTS_PER_TURN, self.limit // MAX_CUT_SHARE))
            self._next_cuts = min(2 * self._next_cuts, most)
        for each in self._cut:
            each.cut()
        return bool(self._cut)

    def assign(self, connection: Connection) -> None:
        """Hand the permit that was taken to this connection."""
        self._opening = max(0, self._opening - 1)
        self._connections[connection] = None
        self._notify_waiting_acceptors()

    def mark_idle(self, connection: Connection) -> None:
        """Record that a connection has been answered. It may be cut from now on."""
        connection.idle_since = self.now()
        self._notify_waiting_acceptors()

    def release(self, connection: Connection) -> None:
        """Give back a connection's permit: its descriptor is closed."""
        self._connections.pop(connection, None)
        self._cut.discard(connection)
        self.on_free()

    def _notify_waiting_acceptors(self) -> None:
        """Let the acceptors look for one to cut, if they found none before."""
        if self._is_awaited:
            self._is_awaited = False
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
        self._is_looking_later = False
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
        if self._permits.is_full():
            self._full.warn(limit=self._permits.limit)
            self._loop.remove_reader(self._listener.fileno())  # until a permit is free
            if not self._permits.make_room() and not self._is_looking_later:
                self._is_looking_later = True
                self._loop.call_later(
                    NEW_SECONDS, self._resume_after_delay
                )  # new connections have become idle by then
            return
        for _ in range(ACCEPTS_PER_TURN):
            if self._permits.is_full():
                return  # called again if more wait
            self._permits.take()
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
            task = self._loop.create_task(self._serve_accepted_socket(accepted))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    def _resume_after_delay(self) -> None:
        self._is_looking_later = False
        self.resume()

    async def _serve_accepted_socket(self, accepted: socket.socket) -> None:
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

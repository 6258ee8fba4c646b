"""`reconcile daemon` put together: the port, the database, the queue, the web, the service, and reloads.

In this order: a taken port is said before anything is opened; systemd hears READY after database and schema
were looked at and the web answers.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from socket import socket
from uuid import uuid4

from reconciler.config.settings import Settings
from reconciler.daemon.in_process import InProcessQueue
from reconciler.daemon.passes import Passes
from reconciler.daemon.sd_listen import kept_sockets
from reconciler.daemon.sd_notify import Notifier
from reconciler.daemon.service import Rhythm, Service
from reconciler.daemon.signals import signals
from reconciler.errors import ConfigurationError, DatabaseError, ReconcilerError
from reconciler.logs import Log
from reconciler.metrics import Metrics
from reconciler.model.secret import Secret
from reconciler.model.values import dataclass
from reconciler.store import libpq
from reconciler.store.engine import parse_url
from reconciler.wiring.clock import SystemClock
from reconciler.wiring.house import Residence

RETRY_SECONDS = 2.0
"""Between two tries of a database that does not answer when the daemon starts."""
FIXED = (("database", "url"), ("queue", "engine"), ("web", "enabled"), ("web", "host"), ("web", "port"))
"""What a reload can't change: doors that are open already."""

Again = tuple[Settings, Callable[[], None]]
"""A configuration that was read, and what makes the log follow it."""

log = Log(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Starting:
    """What the daemon is started with."""

    settings: Settings
    again: Callable[[], Again]  # reads the configuration once more; raises ConfigurationError
    learn: Callable[[Secret], None]  # told every token that is read, for the logs' masks
    environ: Mapping[str, str]  # asked for what systemd says only


async def run_daemon(starting: Starting) -> None:
    """Serve until SIGTERM. Raises ListenError, ConfigurationError, SchemaError."""
    settings, stop, wanted = starting.settings, asyncio.Event(), asyncio.Event()
    notify = Notifier(starting.environ)
    async with AsyncExitStack() as stack:
        sockets = _bound(settings, starting.environ, stack)
        notify.keep(sockets)
        stack.enter_context(signals(stop, wanted.set))
        metrics = Metrics()
        residence = Residence(starting.learn, metrics.answered)
        stack.push_async_callback(residence.aclose)
        if not await _first_look(residence, settings, notify, stop):
            return
        passes = await stack.enter_async_context(_queue(settings))
        service = Service(
            residence,
            passes,
            SystemClock(),
            notify,
            rhythm_of(settings),
            new_id=uuid4,
            told=metrics.passed,
        )
        web = await stack.enter_async_context(_web(sockets, residence, passes, service, metrics, stop))
        reload = _Reload(
            starting=starting, residence=residence, service=service, renew=web.renew, notify=notify
        )
        await stack.enter_async_context(_in_background(reload.whenever(wanted)))
        notify.ready()
        log.info("ready")
        await service.run(stop)
        web.check()
    log.info("stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    """The web, or none."""

    renew: Callable[[], None] = lambda: None  # puts it on the parts that are in use by then
    task: asyncio.Task[None] | None = None

    def check(self) -> None:
        """Raises RuntimeError when it ended before it was told to."""
        if self.task is not None and self.task.done():
            raise RuntimeError("the web ended by itself") from self.task.exception()


def rhythm_of(settings: Settings) -> Rhythm:
    """The configuration's own paces."""
    return Rhythm(interval=settings.poll.interval_seconds, concurrency=settings.poll.concurrency)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reload:
    """SIGHUP: the configuration is read again, and put to use where it can be."""

    starting: Starting
    residence: Residence
    service: Service
    renew: Callable[[], None]
    notify: Notifier

    async def whenever(self, wanted: asyncio.Event) -> None:
        """For ever: each time it is wanted."""
        while True:
            await wanted.wait()
            wanted.clear()
            self.notify.reloading()
            try:
                await self._once()
            except ReconcilerError as error:
                # Foreseen, and its sentence says it all: no trace.
                log.error("the old configuration stays", kind=error.kind, reason=str(error))  # noqa: TRY400
            except Exception:  # a mistake of ours: what runs goes on, and the next reload is heard
                log.exception("reload failed")
            finally:
                self.notify.ready()

    async def _once(self) -> None:
        found, log_so = self.starting.again()
        settings, ignored = merged(self.residence.settings, found)
        await self.residence.move(settings, self.renew)
        log_so()
        self.service.retune(rhythm_of(settings))
        log.info("configuration reloaded")
        if ignored:
            log.warning("a restart is needed for some changes", keys=ignored)


def merged(old: Settings, new: Settings) -> tuple[Settings, list[str]]:
    """The new configuration with the old doors, and the keys in which that makes a difference."""
    ignored = []
    for section, key in FIXED:
        before, after = getattr(old, section), getattr(new, section)
        if getattr(before, key) != getattr(after, key):
            ignored.append(f"{section}.{key}")
            kept = after.model_copy(update={key: getattr(before, key)})
            new = new.model_copy(update={section: kept})
    return new, ignored


async def _first_look(
    residence: Residence, settings: Settings, notify: Notifier, stop: asyncio.Event
) -> bool:
    """Open database and schema, however long the database takes to answer. False: stopped before it did."""
    while not stop.is_set():
        try:
            if not await _unless(stop, residence.move(settings)):
                return False
        except DatabaseError as error:
            notify.waiting(str(error))
            log.warning("waiting for the database", reason=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RETRY_SECONDS)
        else:
            return True
    return False


async def _unless(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Do it, or leave it where the end comes first (False): a connection nobody refuses takes long."""
    task, end = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, end}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        return task.done()
    finally:
        for each in (task, end):
            each.cancel()
        await asyncio.gather(task, end, return_exceptions=True)


def _bound(settings: Settings, environ: Mapping[str, str], stack: AsyncExitStack) -> tuple[socket, ...]:
    """The listening sockets, our predecessor's where systemd kept them; none with the web switched off.

    Raises ListenError, ConfigurationError.
    """
    kept = kept_sockets(environ)
    for each in kept:
        stack.callback(each.close)
    if not settings.web.enabled:
        return ()
    from reconciler.web.serve import bind

    sockets = bind(settings.web.host, settings.web.port, kept)
    for each in sockets:
        stack.callback(each.close)
    return sockets


@asynccontextmanager
async def _queue(settings: Settings) -> AsyncIterator[Passes]:
    """Where passes wait. Raises ConfigurationError for an engine that this database can't carry."""
    url = settings.database.url.reveal()
    on_postgresql = parse_url(url).get_backend_name() == "postgresql"
    match settings.queue.engine:
        case "procrastinate" if not on_postgresql:
            raise ConfigurationError(
                "queue.engine: procrastinate needs PostgreSQL, and database.url is SQLite; leave it at auto"
            )
        case "in-process":
            yield InProcessQueue()
        case "auto" | "procrastinate" if on_postgresql:
            from reconciler.daemon.on_postgresql import open_queue

            async with open_queue(libpq.arguments(url, "queue")) as queue:
                yield queue
        case "auto" | "procrastinate":
            yield InProcessQueue()


@asynccontextmanager
async def _web(
    sockets: tuple[socket, ...],
    residence: Residence,
    passes: Passes,
    service: Service,
    metrics: Metrics,
    stop: asyncio.Event,
) -> AsyncIterator[_Served]:
    """Serve it. A server that ends by itself takes the daemon along, which is started anew then."""
    if not sockets:
        yield _Served()
        return
    from reconciler.web.door import Door
    from reconciler.web.serve import serving
    from reconciler.wiring.web import application

    door = Door()

    def renew() -> None:
        behind = application(residence.parts, passes, metrics, lambda: service.alive, sockets)
        door.put(behind, residence.stay)

    renew()
    async with serving(door, sockets) as running:
        host = sockets[0].getsockname()[0]
        log.info("listening", host=host, port=running.port)
        running.task.add_done_callback(lambda _: stop.set())
        yield _Served(renew=renew, task=running.task)


@asynccontextmanager
async def _in_background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

"""`reconcile daemon` put together: the port, the database, the queue, the web, the service, and reloads.

In this order: a taken port is said before anything is opened; systemd hears READY after database and schema
were looked at and the web answers.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from socket import socket
from uuid import uuid4

from reconciler.bootstrap.clock import SystemClock
from reconciler.bootstrap.runtime import ReloadableRuntime
from reconciler.config.settings import Settings
from reconciler.daemon.memory_queue import MemoryQueue
from reconciler.daemon.pass_queue import PassQueue
from reconciler.daemon.service import Service, ServiceIntervals
from reconciler.daemon.signals import handle_signals
from reconciler.daemon.systemd import SystemdNotifier, take_inherited_sockets
from reconciler.errors import ConfigurationError, DatabaseError, ReconcilerError
from reconciler.logs import EventLogger
from reconciler.metrics import Metrics
from reconciler.model.secret import Secret
from reconciler.model.values import dataclass
from reconciler.store.schema import engine
from reconciler.store.schema.engine import parse_url

DATABASE_RETRY_SECONDS = 2.0
"""Between two tries of a database that does not answer when the daemon starts."""
RESTART_ONLY_KEYS = (
    ("database", "url"),
    ("queue", "engine"),
    ("web", "enabled"),
    ("web", "host"),
    ("web", "port"),
)
"""What a reload can't change: doors that are open already."""

ReloadedConfiguration = tuple[Settings, Callable[[], None]]
"""A configuration that was read, and what makes the log follow it."""

log = EventLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonStart:
    """What the daemon is started with."""

    settings: Settings
    read_configuration: Callable[
        [], ReloadedConfiguration
    ]  # reads the configuration once more; raises ConfigurationError
    register_secret: Callable[[Secret], None]  # told every token that is read, for the logs' masks
    environ: Mapping[str, str]  # asked for what systemd says only


async def run_daemon(starting: DaemonStart) -> None:
    """Serve until SIGTERM. Raises ListenError, ConfigurationError, SchemaError."""
    settings, stop, wanted = starting.settings, asyncio.Event(), asyncio.Event()
    notify = SystemdNotifier(starting.environ)
    async with AsyncExitStack() as stack:
        sockets = _bind_sockets(settings, starting.environ, stack)
        notify.store_sockets(sockets)
        stack.enter_context(handle_signals(stop, wanted.set))
        metrics = Metrics()
        residence = ReloadableRuntime(starting.register_secret, metrics.count_github_answer)
        stack.push_async_callback(residence.aclose)
        if not await _open_when_database_answers(residence, settings, notify, stop):
            return
        passes = await stack.enter_async_context(_open_queue(settings))
        service = Service(
            residence,
            passes,
            SystemClock(),
            notify,
            service_intervals(settings),
            new_id=uuid4,
            told=metrics.count_pass,
        )
        web = await stack.enter_async_context(_serve_web(sockets, residence, passes, service, metrics, stop))
        reload = _Reloader(
            starting=starting,
            runtime=residence,
            service=service,
            replace_application=web.replace_application,
            systemd=notify,
        )
        await stack.enter_async_context(_background_task(reload.reload_when_requested(wanted)))
        notify.notify_ready()
        log.info("ready")
        await service.run(stop)
        web.check_running()
    log.info("stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class _WebServer:
    """The web, or none."""

    replace_application: Callable[[], None] = lambda: None  # puts it on the parts that are in use by then
    task: asyncio.Task[None] | None = None

    def check_running(self) -> None:
        """Raises RuntimeError when it ended before it was told to."""
        if self.task is not None and self.task.done():
            raise RuntimeError("the web ended by itself") from self.task.exception()


def service_intervals(settings: Settings) -> ServiceIntervals:
    """The configuration's own paces."""
    return ServiceIntervals(interval=settings.poll.interval_seconds, concurrency=settings.poll.concurrency)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reloader:
    """SIGHUP: the configuration is read again, and put to use where it can be."""

    starting: DaemonStart
    runtime: ReloadableRuntime
    service: Service
    replace_application: Callable[[], None]
    systemd: SystemdNotifier

    async def reload_when_requested(self, wanted: asyncio.Event) -> None:
        """For ever: each time it is wanted."""
        while True:
            await wanted.wait()
            wanted.clear()
            self.systemd.notify_reloading()
            try:
                await self._reload()
            except ReconcilerError as error:
                # Foreseen, and its sentence says it all: no trace.
                log.error("the old configuration stays", kind=error.kind, reason=str(error))  # noqa: TRY400
            except Exception:  # a mistake of ours: what runs goes on, and the next reload is heard
                log.exception("reload failed")
            finally:
                self.systemd.notify_ready()

    async def _reload(self) -> None:
        found, log_so = self.starting.read_configuration()
        settings, ignored = with_restart_only_keys_kept(self.runtime.settings, found)
        await self.runtime.reload(settings, self.replace_application)
        log_so()
        self.service.apply_intervals(service_intervals(settings))
        log.info("configuration reloaded")
        if ignored:
            log.warning("a restart is needed for some changes", keys=ignored)


def with_restart_only_keys_kept(old: Settings, new: Settings) -> tuple[Settings, list[str]]:
    """The new configuration with the old doors, and the keys in which that makes a difference."""
    ignored = []
    for section, key in RESTART_ONLY_KEYS:
        before, after = getattr(old, section), getattr(new, section)
        if getattr(before, key) != getattr(after, key):
            ignored.append(f"{section}.{key}")
            kept = after.model_copy(update={key: getattr(before, key)})
            new = new.model_copy(update={section: kept})
    return new, ignored


async def _open_when_database_answers(
    residence: ReloadableRuntime, settings: Settings, notify: SystemdNotifier, stop: asyncio.Event
) -> bool:
    """Open database and schema, however long the database takes to answer. False: stopped before it did."""
    while not stop.is_set():
        try:
            if not await _run_unless_stopped(stop, residence.reload(settings)):
                return False
        except DatabaseError as error:
            notify.notify_waiting(str(error))
            log.warning("waiting for the database", reason=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), DATABASE_RETRY_SECONDS)
        else:
            return True
    return False


async def _run_unless_stopped(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
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


def _bind_sockets(
    settings: Settings, environ: Mapping[str, str], stack: AsyncExitStack
) -> tuple[socket, ...]:
    """The listening sockets, our predecessor's where systemd kept them; none with the web switched off.

    Raises ListenError, ConfigurationError.
    """
    kept = take_inherited_sockets(environ)
    for each in kept:
        stack.callback(each.close)
    if not settings.web.enabled:
        return ()
    from reconciler.web.server import bind_sockets

    sockets = bind_sockets(settings.web.host, settings.web.port, kept)
    for each in sockets:
        stack.callback(each.close)
    return sockets


@asynccontextmanager
async def _open_queue(settings: Settings) -> AsyncIterator[PassQueue]:
    """Where passes wait. Raises ConfigurationError for an engine that this database can't carry."""
    url = settings.database.url.reveal()
    on_postgresql = parse_url(url).get_backend_name() == "postgresql"
    match settings.queue.engine:
        case "procrastinate" if not on_postgresql:
            raise ConfigurationError(
                "queue.engine: procrastinate needs PostgreSQL, and database.url is SQLite; leave it at auto"
            )
        case "in-process":
            yield MemoryQueue()
        case "auto" | "procrastinate" if on_postgresql:
            from reconciler.daemon.procrastinate_queue import open_queue

            arguments, connection_class = (
                engine.psycopg_arguments(url, "queue"),
                engine.psycopg_connection_class(),
            )
            async with open_queue(arguments, connection_class) as queue:
                yield queue
        case "auto" | "procrastinate":
            yield MemoryQueue()


@asynccontextmanager
async def _serve_web(
    sockets: tuple[socket, ...],
    residence: ReloadableRuntime,
    passes: PassQueue,
    service: Service,
    metrics: Metrics,
    stop: asyncio.Event,
) -> AsyncIterator[_WebServer]:
    """Serve it. A server that ends by itself takes the daemon along, which is started anew then."""
    if not sockets:
        yield _WebServer()
        return
    from reconciler.bootstrap.web import build_web_application
    from reconciler.web.hot_swap import HotSwapApp
    from reconciler.web.server import serve_app

    door = HotSwapApp()

    def renew() -> None:
        behind = build_web_application(
            residence.container, passes, metrics, lambda: service.is_alive, sockets
        )
        door.swap(behind, residence.lease)

    renew()
    async with serve_app(door, sockets) as running:
        host = sockets[0].getsockname()[0]
        log.info("listening", host=host, port=running.port)
        running.task.add_done_callback(lambda _: stop.set())
        yield _WebServer(replace_application=renew, task=running.task)


@asynccontextmanager
async def _background_task(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

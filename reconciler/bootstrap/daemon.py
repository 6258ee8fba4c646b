"""`reconcile daemon`: opens port, database, queue, web and service, and reloads the configuration.

In this order: a port that is in use is reported before anything is opened, and systemd gets READY after
database and schema were checked and the web answers.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from uuid import uuid4

from reconciler.bootstrap.container import SystemClock
from reconciler.bootstrap.runtime import ReloadableRuntime
from reconciler.config.settings import Settings
from reconciler.daemon.intervals import ServiceIntervals
from reconciler.daemon.memory_queue import MemoryQueue
from reconciler.daemon.pass_queue import PassQueue
from reconciler.daemon.service import Service
from reconciler.daemon.signals import handle_signals
from reconciler.daemon.systemd import SystemdNotifier, state_directory, take_inherited_sockets
from reconciler.errors import ConfigurationError, DatabaseError, ReconcilerError
from reconciler.logs import EventLogger
from reconciler.metrics import Metrics
from reconciler.model.secret import LearntSecrets
from reconciler.store.schema import engine
from reconciler.store.schema.engine import open_database, parse_url
from reconciler.store.schema.lock_proof import prove_session_locks

DATABASE_RETRY_SECONDS = 2.0
"""Pause between two attempts to open the database when the daemon starts."""
RESTART_ONLY_KEYS = (
    ("database", "url"),
    ("database", "insecure"),
    ("queue", "engine"),
    ("web", "enabled"),
    ("web", "host"),
    ("web", "port"),
    ("web", "trusted_proxies"),
)
"""Keys that a reload can't change, because database, queue and port are already open."""

ReloadedConfiguration = tuple[Settings, Callable[[], None]]
"""The new settings, and a function that applies them to the log."""

log = EventLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonArguments:
    """The arguments of the daemon."""

    settings: Settings
    read_configuration: Callable[
        [], ReloadedConfiguration
    ]  # reads the configuration again; raises ConfigurationError
    learnt: LearntSecrets  # learns every secret of an integration that is read, so that logs mask it
    environ: Mapping[str, str]  # used for systemd's variables only


async def run_daemon(start: DaemonArguments) -> None:
    """Run the daemon until SIGTERM. Raises ListenError, ConfigurationError, SchemaError."""
    settings, stop, reload_requested = start.settings, asyncio.Event(), asyncio.Event()
    notify = SystemdNotifier(start.environ)
    async with AsyncExitStack() as stack:
        sockets = _bind_sockets(settings, start.environ, stack)
        notify.store_sockets(sockets)
        stack.enter_context(handle_signals(stop, reload_requested.set))
        metrics = Metrics()
        runtime = ReloadableRuntime(start.learnt, metrics.count_github_answer)
        stack.push_async_callback(runtime.aclose)
        if not await _open_when_database_answers(runtime, settings, notify, stop):
            return
        passes = await stack.enter_async_context(_open_queue(settings))
        service = Service(
            runtime,
            passes,
            SystemClock(),
            notify,
            service_intervals(settings),
            new_id=uuid4,
            on_result=metrics.count_pass,
        )
        own_directory = state_directory(start.environ)
        web = await stack.enter_async_context(
            _serve_web(sockets, runtime, passes, service, metrics, stop, own_directory)
        )
        reload = _Reloader(
            start=start,
            runtime=runtime,
            service=service,
            replace_application=web.replace_application,
            systemd=notify,
        )
        await stack.enter_async_context(_run_in_background(reload.reload_when_requested(reload_requested)))
        notify.notify_ready()
        log.info("ready")
        await service.run(stop)
        web.check_running()
    log.info("stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class _WebServerHandle:
    """The web server, if there is one."""

    replace_application: Callable[[], None] = lambda: None  # builds the application for the current container
    task: asyncio.Task[None] | None = None

    def check_running(self) -> None:
        """Raise RuntimeError if the server has ended by itself."""
        if self.task is not None and self.task.done():
            raise RuntimeError("the web ended by itself") from self.task.exception()


def service_intervals(settings: Settings) -> ServiceIntervals:
    """Return the intervals from the configuration."""
    return ServiceIntervals(interval=settings.poll.interval_seconds, concurrency=settings.poll.concurrency)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reloader:
    """Reads the configuration again at SIGHUP, and applies the keys that can be changed."""

    start: DaemonArguments
    runtime: ReloadableRuntime
    service: Service
    replace_application: Callable[[], None]
    systemd: SystemdNotifier

    async def reload_when_requested(self, reload_requested: asyncio.Event) -> None:
        """Reload whenever it is requested, until cancelled."""
        while True:
            await reload_requested.wait()
            reload_requested.clear()
            self.systemd.notify_reloading()
            try:
                await self._reload_configuration()
            except ReconcilerError as error:
                # An expected error: its sentence is enough, without a traceback.
                log.error("the old configuration stays", kind=error.kind, reason=str(error))  # noqa: TRY400
            except Exception:  # a bug: the old configuration stays in use, and a later reload is possible
                log.exception("reload failed")
            finally:
                self.systemd.notify_ready()

    async def _reload_configuration(self) -> None:
        found, apply_to_log = self.start.read_configuration()
        settings, ignored = with_restart_only_keys_kept(self.runtime.settings, found)
        await self.runtime.reload(settings, self.replace_application)
        apply_to_log()
        self.service.apply_intervals(service_intervals(settings))
        log.info("configuration reloaded")
        if ignored:
            log.warning("a restart is needed for some changes", keys=ignored)


def with_restart_only_keys_kept(old: Settings, new: Settings) -> tuple[Settings, list[str]]:
    """Return the new configuration with the old values of restart-only keys, and the keys that differ."""
    ignored = []
    for section, key in RESTART_ONLY_KEYS:
        before, after = getattr(old, section), getattr(new, section)
        if getattr(before, key) != getattr(after, key):
            ignored.append(f"{section}.{key}")
            kept = after.model_copy(update={key: getattr(before, key)})
            new = new.model_copy(update={section: kept})
    return new, ignored


async def _open_when_database_answers(
    runtime: ReloadableRuntime, settings: Settings, notify: SystemdNotifier, stop: asyncio.Event
) -> bool:
    """Open the database, and retry until it answers. Returns False if stopped before."""
    while not stop.is_set():
        try:
            if not await _run_unless_stopped(stop, _prove_locks_and_open(runtime, settings)):
                return False
        except DatabaseError as error:
            notify.notify_slow_start(str(error))
            log.warning("waiting for the database", reason=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), DATABASE_RETRY_SECONDS)
        else:
            return True
    return False


async def _prove_locks_and_open(runtime: ReloadableRuntime, settings: Settings) -> None:
    """Prove that the database keeps project locks, for any number of daemons may share it, and open it.

    Raises what opening raises, and ConfigurationError where no lock is kept; then nothing was written.
    """
    database = open_database(settings.database.url.reveal())
    try:
        await prove_session_locks(database)
    finally:
        await database.aclose()
    await runtime.reload(settings)


async def _run_unless_stopped(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Run `work` until it ends, or cancel it when `stop` is set and return False.

    A connection attempt may otherwise wait without end.
    """
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
    """Return the listening sockets; empty without the web.

    Sockets of the previous process are used again if systemd kept them.
    Raises ListenError, ConfigurationError.
    """
    kept = take_inherited_sockets(environ)
    for listener in kept:
        stack.callback(listener.close)
    if not settings.web.enabled:
        return ()
    from reconciler.web.server import bind_sockets

    sockets = bind_sockets(settings.web.host, settings.web.port, kept)
    for listener in sockets:
        stack.callback(listener.close)
    return sockets


@asynccontextmanager
async def _open_queue(settings: Settings) -> AsyncIterator[PassQueue]:
    """Open the queue of passes. Raises ConfigurationError for an engine that needs another database."""
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
            from reconciler.daemon.procrastinate_queue import open_procrastinate_queue

            arguments, connection_class = (
                engine.psycopg_arguments(url, "queue"),
                engine.psycopg_connection_class(),
            )
            async with open_procrastinate_queue(arguments, connection_class) as queue:
                yield queue
        case "auto" | "procrastinate":
            yield MemoryQueue()


@asynccontextmanager
async def _serve_web(
    sockets: tuple[socket, ...],
    runtime: ReloadableRuntime,
    passes: PassQueue,
    service: Service,
    metrics: Metrics,
    stop: asyncio.Event,
    own_directory: Path | None,
) -> AsyncIterator[_WebServerHandle]:
    """Serve the web. If the server ends by itself, the daemon stops, and systemd restarts it."""
    if not sockets:
        yield _WebServerHandle()
        return
    from reconciler.bootstrap.web import build_web_application
    from reconciler.web.replaceable_app import ReplaceableApp
    from reconciler.web.server import serve_app

    application = ReplaceableApp()

    def replace_application() -> None:
        current = build_web_application(
            runtime.container, runtime.sessions, passes, metrics, service, sockets, own_directory
        )
        application.replace_app(current, runtime.lease)

    replace_application()
    proxies = runtime.settings.web.trusted_proxies_in_force
    async with serve_app(application, sockets, proxies) as running:
        host = sockets[0].getsockname()[0]
        log.info("listening", host=host, port=running.port)
        running.task.add_done_callback(lambda _: stop.set())
        yield _WebServerHandle(replace_application=replace_application, task=running.task)


@asynccontextmanager
async def _run_in_background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

"""Construction of the web application for one container."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from socket import socket
from typing import Protocol

from reconciler.bootstrap.app_setup import OperatorAppSetup
from reconciler.bootstrap.commands import WebCommands
from reconciler.bootstrap.container import Container, github_web_url
from reconciler.bootstrap.report_views import ComposedReportViews
from reconciler.bootstrap.settings_commands import ProjectSettingsCommands
from reconciler.config.settings import Settings
from reconciler.metrics import Metrics
from reconciler.model.health import Gauges, WorkGauges
from reconciler.ports import Queue, Stores
from reconciler.web.app import WebDependencies, build_web_app
from reconciler.web.probes import Probes
from reconciler.web.replaceable_app import WebApplication
from reconciler.web.security.sessions import OperatorSessions
from reconciler.web.site import Site


class DaemonHealth(Protocol):
    """What the daemon knows of its own work."""

    @property
    def is_alive(self) -> bool: ...
    @property
    def is_working(self) -> bool: ...
    def measure(self) -> WorkGauges: ...


def build_web_application(
    container: Container,
    sessions: OperatorSessions,
    queue: Queue,
    metrics: Metrics,
    health: DaemonHealth,
    sockets: Sequence[socket],
    state_directory: Path | None = None,
) -> WebApplication:
    """Build the web application.

    `sockets`: the listening sockets it is served on; `state_directory`: the service's own, if it has one.
    """
    stores, settings = container.stores, container.settings
    return build_web_app(
        WebDependencies(
            site=_build_site(settings, sockets),
            probes=Probes(
                is_alive=lambda: health.is_alive,
                is_working=lambda: health.is_working,
                check_ready=container.check_ready,
                measure_work=health.measure,
                read_gauges=lambda: _read_gauges(stores),
                metrics=metrics,
                clock=container.clock,
            ),
            webhooks=stores.webhooks,
            queue=queue,
            queries=stores.queries,
            report_views=ComposedReportViews(container),
            commands_of=lambda actor: WebCommands(container, queue, actor),
            settings=ProjectSettingsCommands(container, queue=queue),
            jwt_secret=settings.bugspark.jwt_secret,
            password_hash=settings.web.password_hash,
            app_setup=OperatorAppSetup(
                github_client=container.github_client,
                web_url=github_web_url(settings.github.api_url),
                state_directory=state_directory,
            ),
            app_webhook_secret=settings.github.app.webhook_secret,
            api_tokens=settings.web.api_tokens,
            sessions=sessions,
        )
    )


async def _read_gauges(stores: Stores) -> Gauges:
    """Read the numbers that are in the database. Raises DatabaseError."""
    return replace(await stores.queries.gauges(), locks=await stores.project_locks.count_held_locks())


def _build_site(settings: Settings, sockets: Sequence[socket]) -> Site:
    return Site(
        public_url=settings.web.public_url,
        dashboard_url=settings.bugspark.dashboard_url,
        preview_origins=frozenset(settings.bugspark.dashboard_origins),
        proxy_hosts=frozenset(settings.web.hosts),
        github_url=github_web_url(settings.github.api_url),
        host=settings.web.host,
        listen_addresses=tuple(str(listener.getsockname()[0]) for listener in sockets),
        has_sign_in=bool(settings.web.password_hash or settings.bugspark.jwt_secret),
        has_api_tokens=bool(settings.web.api_tokens),
    )

"""Construction of the web application for one container."""

from collections.abc import Sequence
from dataclasses import replace
from socket import socket
from typing import Protocol

from reconciler.bootstrap.application import Application
from reconciler.bootstrap.commands import WebCommands
from reconciler.bootstrap.container import Container, github_web_url
from reconciler.config.settings import Settings
from reconciler.errors import UsageError
from reconciler.metrics import Metrics
from reconciler.model.health import Gauges, WorkGauges
from reconciler.model.ids import ReportId
from reconciler.model.report_detail import ReportView
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


class ComposedReportViews:
    """`ports.ReportViews`: reports as pages and API show them."""

    def __init__(self, container: Container) -> None:
        self._application = Application(container)

    async def report_view(self, report_id: ReportId) -> ReportView | None:
        try:
            return await self._application.explain_report(str(report_id))
        except UsageError:
            return None


def build_web_application(
    container: Container,
    sessions: OperatorSessions,
    queue: Queue,
    metrics: Metrics,
    health: DaemonHealth,
    sockets: Sequence[socket],
) -> WebApplication:
    """Build the web application. `sockets`: the listening sockets it is served on."""
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
            commands=WebCommands(container, queue),
            jwt_secret=settings.bugspark.jwt_secret,
            password_hash=settings.web.password_hash,
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
        github_url=github_web_url(settings.github.api_url),
        host=settings.web.host,
        listen_addresses=tuple(str(listener.getsockname()[0]) for listener in sockets),
        has_sign_in=bool(settings.web.password_hash or settings.bugspark.jwt_secret),
    )

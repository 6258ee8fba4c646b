"""Construction of the web application for one container, with the views that need decisions or GitHub."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from socket import socket
from typing import Protocol

from reconciler.bootstrap.app_setup import OperatorAppSetup
from reconciler.bootstrap.application import Application
from reconciler.bootstrap.commands import WebCommands
from reconciler.bootstrap.container import Container, github_web_url
from reconciler.bootstrap.settings_commands import ProjectSettingsCommands
from reconciler.config.settings import Settings
from reconciler.errors import DatabaseError, ReconcilerError, UsageError
from reconciler.metrics import Metrics
from reconciler.model.fields import Side
from reconciler.model.health import Gauges, WorkGauges
from reconciler.model.ids import ProjectId, RemoteCommentId, ReportId
from reconciler.model.issue import RemoteComment
from reconciler.model.kinds import Kind
from reconciler.model.passes import NullProgress
from reconciler.model.report import Project, unescape_html
from reconciler.model.report_detail import ReportView
from reconciler.model.viewer import OPERATOR_ACTOR
from reconciler.model.views import IssuePreview, WithheldPage, WithheldRow
from reconciler.ports import Queue, Stores
from reconciler.web.app import WebDependencies, build_web_app
from reconciler.web.probes import Probes
from reconciler.web.replaceable_app import WebApplication
from reconciler.web.security.sessions import OperatorSessions
from reconciler.web.site import Site

CopiesById = dict[RemoteCommentId | None, RemoteComment]


class ComposedReportViews:
    """`ports.ReportViews`: reports, and withheld deletions, as pages and API show them."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._application = Application(container, OPERATOR_ACTOR)  # it only reads

    async def report_view(self, report_id: ReportId) -> ReportView | None:
        try:
            return await self._application.explain_report(str(report_id))
        except UsageError:
            return None

    async def preview_export(self, report_id: ReportId) -> IssuePreview:
        return await self._application.preview_export(report_id)

    async def report_states(self, report_ids: Sequence[ReportId]) -> tuple[ReportView, ...]:
        return await self._application.read_report_states(report_ids)

    async def withheld_page(
        self, project_id: ProjectId, limit: int, offset: int, *, reads_github: bool
    ) -> WithheldPage:
        stores = self._container.stores
        project = await self._application.find_project(str(project_id))
        digest = (await stores.queries.current_problems(project_id)).withheld
        rows = await stores.queries.withheld_deletions(project_id, limit, offset) if digest else ()
        copies, problem = await self._read_withheld_comments(project, rows) if reads_github else ({}, None)
        return WithheldPage(
            digest=digest, rows=tuple(_with_readable_text(row, copies) for row in rows), problem=problem
        )

    async def _read_withheld_comments(
        self, project: Project, rows: Sequence[WithheldRow]
    ) -> tuple[CopiesById, str | None]:
        """Read the comments on GitHub that would be deleted; if that fails, return nothing and the reason."""
        from reconciler.sync.comments.withheld_comments import read_comments_of_issues

        numbers = [
            row.number
            for row in rows
            if row.side is Side.GITHUB and row.number is not None and row.repository == project.repository
        ]
        if not numbers or project.integration is None:
            return {}, None
        try:
            context = await self._container.build_context(project, NullProgress(), manual=True)
            return await read_comments_of_issues(context.github, numbers), None
        except DatabaseError:
            raise
        except ReconcilerError as error:
            return {}, str(error)


def _with_readable_text(row: WithheldRow, copies: CopiesById) -> WithheldRow:
    """Return the row with the words of the person who wrote the comment; None where they are not known."""
    from reconciler.decide.plan_view import excerpt_of_original
    from reconciler.text import parse_import

    if row.side is Side.GITHUB:
        return replace(row, text=excerpt_of_original(copies.get(row.remote_id)) or None)
    if row.kind is Kind.END_LINK:
        return replace(row, text=None)
    form = parse_import(row.text) if row.text else None
    return replace(row, text=form[1] if form else unescape_html(row.text or "") or None)


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

"""The web application: all routes, with the middleware and error pages around them."""

from dataclasses import dataclass

from fastapi import FastAPI

from reconciler import __version__
from reconciler.model.secret import Secret
from reconciler.ports import Commands, Queries, Queue, ReportViews, Webhooks
from reconciler.web import probes
from reconciler.web.api import actions, routes
from reconciler.web.api.actions import MAX_COMMAND_BYTES, ApiActions
from reconciler.web.api.routes import SyncApi
from reconciler.web.middleware import RequestMiddleware
from reconciler.web.pages import overview, project, report, setup, sign_in, static_files
from reconciler.web.pages.error_pages import ErrorPages
from reconciler.web.pages.overview import OverviewPage
from reconciler.web.pages.page import PageResponder
from reconciler.web.pages.project import ProjectPage
from reconciler.web.pages.report import ReportPage
from reconciler.web.pages.setup import SetupPage
from reconciler.web.pages.sign_in import SignInPage
from reconciler.web.pages.templating import build_templates
from reconciler.web.probes import Probes
from reconciler.web.request_body import BodyReader
from reconciler.web.security.cross_origin import MAX_FORM_BYTES, CorsMiddleware, FormReader
from reconciler.web.security.passwords import PasswordChecker
from reconciler.web.security.sessions import OperatorSessions
from reconciler.web.security.sign_in import AccessControl
from reconciler.web.site import Site
from reconciler.web.webhooks import receiver
from reconciler.web.webhooks.receiver import WebhookReceiver
from reconciler.web.webhooks.signatures import SignatureChecker


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDependencies:
    """The parts of the program that the web uses."""

    site: Site
    probes: Probes
    webhooks: Webhooks
    queue: Queue
    queries: Queries
    report_views: ReportViews
    commands: Commands
    jwt_secret: Secret  # empty: BugSpark's users can't sign in
    password_hash: Secret  # empty: nobody signs in by password
    sessions: OperatorSessions


def build_web_app(dependencies: WebDependencies) -> FastAPI:
    """Build the application, to be served by `server.serve_app`. The database is not used yet."""
    app = FastAPI(
        title="BugSpark reconciler",
        version=__version__,
        docs_url=None,  # FastAPI's documentation pages load scripts from other hosts
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    clock, site, metrics = dependencies.probes.clock, dependencies.site, dependencies.probes.metrics
    app.state.access_control = access_control = _build_access_control(dependencies)
    api = SyncApi(
        site=site,
        access_control=access_control,
        queries=dependencies.queries,
        report_views=dependencies.report_views,
        clock=clock,
    )
    form_reader = FormReader(
        site=site, sessions=access_control.sessions, body_reader=BodyReader(max_bytes=MAX_FORM_BYTES)
    )
    static = static_files.read_static_files()
    templates = build_templates(site, static)
    frame = PageResponder(
        access_control=access_control, form_reader=form_reader, templates=templates, clock=clock
    )
    sign_in_page = SignInPage(
        access_control=access_control,
        form_reader=form_reader,
        password_checker=PasswordChecker(dependencies.password_hash, clock),
        templates=templates,
        has_password=bool(dependencies.password_hash),
    )
    app.include_router(receiver.router(_build_webhook_receiver(dependencies)))
    app.include_router(probes.router(dependencies.probes))
    app.include_router(routes.router(api))
    app.include_router(actions.router(_build_api_actions(dependencies, access_control)))
    app.include_router(sign_in.router(sign_in_page))
    app.include_router(overview.router(_build_overview_page(dependencies, frame)))
    app.include_router(setup.router(_build_project_setup_page(dependencies, frame)))
    app.include_router(project.router(_build_project_page(dependencies, frame)))
    app.include_router(report.router(_build_report_page(dependencies, frame)))
    app.include_router(static_files.router(static))
    ErrorPages(site=site, templates=templates).install_handlers(app)
    app.add_middleware(CorsMiddleware, site=site)
    app.add_middleware(RequestMiddleware, site=site, metrics=metrics, clock=clock)
    return app


def _build_access_control(dependencies: WebDependencies) -> AccessControl:
    clock = dependencies.probes.clock
    return AccessControl(
        site=dependencies.site,
        sessions=dependencies.sessions,
        queries=dependencies.queries,
        clock=clock,
        jwt_secret=dependencies.jwt_secret,
    )


def _build_api_actions(dependencies: WebDependencies, access_control: AccessControl) -> ApiActions:
    return ApiActions(
        access_control=access_control,
        commands=dependencies.commands,
        body_reader=BodyReader(max_bytes=MAX_COMMAND_BYTES),
    )


def _build_overview_page(dependencies: WebDependencies, frame: PageResponder) -> OverviewPage:
    return OverviewPage(frame=frame, queries=dependencies.queries)


def _build_project_page(dependencies: WebDependencies, frame: PageResponder) -> ProjectPage:
    return ProjectPage(
        frame=frame,
        queries=dependencies.queries,
        commands=dependencies.commands,
    )


def _build_report_page(dependencies: WebDependencies, frame: PageResponder) -> ReportPage:
    return ReportPage(
        frame=frame,
        report_views=dependencies.report_views,
        queries=dependencies.queries,
        commands=dependencies.commands,
    )


def _build_project_setup_page(dependencies: WebDependencies, frame: PageResponder) -> SetupPage:
    return SetupPage(frame=frame, queries=dependencies.queries, commands=dependencies.commands)


def _build_webhook_receiver(dependencies: WebDependencies) -> WebhookReceiver:
    clock = dependencies.probes.clock
    return WebhookReceiver(
        webhooks=dependencies.webhooks,
        queue=dependencies.queue,
        clock=clock,
        metrics=dependencies.probes.metrics,
        signature_checker=SignatureChecker(dependencies.webhooks, clock),
        body_reader=BodyReader(),
    )

"""The web application: all routes, with the middleware and error pages around them."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import FastAPI

from reconciler import __version__
from reconciler.model.secret import Secret
from reconciler.ports import (
    AppSetup,
    CommandsOf,
    Queries,
    Queue,
    ReportViews,
    SettingsCommands,
    Webhooks,
)
from reconciler.web import probes
from reconciler.web.actions import ActionRunner
from reconciler.web.api import action_routes, project_settings, routes
from reconciler.web.api.actions import MAX_COMMAND_BYTES, ApiActions
from reconciler.web.api.project_settings import MAX_SETTINGS_BYTES, SettingsApi
from reconciler.web.api.routes import SyncApi
from reconciler.web.embed import routes as embed_routes
from reconciler.web.embed.files import read_embed_files
from reconciler.web.middleware import RequestMiddleware
from reconciler.web.pages import (
    app_setup,
    export_preview,
    list_files,
    overview,
    project,
    report,
    setup,
    sign_in,
    static_files,
    withheld,
)
from reconciler.web.pages.app_setup import AppSetupPage
from reconciler.web.pages.error_pages import ErrorPages
from reconciler.web.pages.export_preview import ExportPreviewPage
from reconciler.web.pages.list_files import ListFiles
from reconciler.web.pages.overview import OverviewPage
from reconciler.web.pages.page import PageResponder
from reconciler.web.pages.project import ProjectPage
from reconciler.web.pages.project_settings import page as settings_page
from reconciler.web.pages.project_settings.page import SettingsPage
from reconciler.web.pages.report import ReportPage
from reconciler.web.pages.setup import SetupPage
from reconciler.web.pages.sign_in import SignInPage
from reconciler.web.pages.templating import build_templates
from reconciler.web.pages.withheld import WithheldDeletionsPage
from reconciler.web.probes import Probes
from reconciler.web.request_body import BodyReader
from reconciler.web.security.access_control import AccessControl
from reconciler.web.security.cross_origin import MAX_FORM_BYTES, CorsMiddleware, FormReader
from reconciler.web.security.passwords import PasswordChecker
from reconciler.web.security.sessions import OperatorSessions
from reconciler.web.site import Site
from reconciler.web.webhooks import app_receiver, receiver
from reconciler.web.webhooks.app_receiver import AppWebhookReceiver
from reconciler.web.webhooks.receiver import DeliveryHandler, WebhookReceiver
from reconciler.web.webhooks.rejected import RejectedDeliveries
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
    commands_of: CommandsOf
    settings: SettingsCommands
    jwt_secret: Secret  # empty: BugSpark's users can't sign in
    password_hash: Secret  # empty: nobody signs in by password
    app_setup: AppSetup
    app_webhook_secret: Secret  # empty: deliveries of a GitHub App are refused
    api_tokens: Mapping[str, str]  # web.api_tokens
    sessions: OperatorSessions


def build_web_app(dependencies: WebDependencies) -> FastAPI:
    """Build the application, to be served by `server.serve_app`. The database is not used yet."""
    app = FastAPI(
        title="BugSpark reconciler",
        version=__version__,
        docs_url=None,  # FastAPI's documentation pages load scripts from other hosts
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,  # Starlette would redirect to the address that the proxy asked for
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
    rejected = RejectedDeliveries()
    _include_webhook_receivers(app, dependencies, rejected)
    app.include_router(probes.router(dependencies.probes))
    app.include_router(routes.router(api))
    app.include_router(action_routes.router(_build_api_actions(dependencies, access_control)))
    app.include_router(project_settings.router(_build_settings_api(dependencies, access_control)))
    app.include_router(sign_in.router(sign_in_page))
    _include_pages(app, dependencies, frame, rejected)
    app.include_router(static_files.router(static))
    app.include_router(embed_routes.router(read_embed_files()))
    ErrorPages(site=site, templates=templates).install_handlers(app)
    app.add_middleware(CorsMiddleware, site=site)
    app.add_middleware(RequestMiddleware, site=site, metrics=metrics, clock=clock)
    return app


def _include_pages(
    app: FastAPI, dependencies: WebDependencies, frame: PageResponder, rejected: RejectedDeliveries
) -> None:
    """Add the pages of those who are signed in; those with a fixed last part of their path come first."""
    app.include_router(overview.router(_build_overview_page(dependencies, frame)))
    app.include_router(app_setup.router(AppSetupPage(frame=frame, setup=dependencies.app_setup)))
    app.include_router(setup.router(_build_project_setup_page(dependencies, frame, rejected)))
    app.include_router(settings_page.router(_build_settings_page(dependencies, frame)))
    app.include_router(list_files.router(ListFiles(frame=frame, queries=dependencies.queries)))
    app.include_router(withheld.router(_build_withheld_page(dependencies, frame)))
    app.include_router(project.router(_build_project_page(dependencies, frame)))
    app.include_router(
        export_preview.router(ExportPreviewPage(frame=frame, report_views=dependencies.report_views))
    )
    app.include_router(report.router(_build_report_page(dependencies, frame)))


def _build_access_control(dependencies: WebDependencies) -> AccessControl:
    clock = dependencies.probes.clock
    return AccessControl(
        site=dependencies.site,
        sessions=dependencies.sessions,
        queries=dependencies.queries,
        clock=clock,
        jwt_secret=dependencies.jwt_secret,
        api_tokens=dependencies.api_tokens,
    )


def _build_api_actions(dependencies: WebDependencies, access_control: AccessControl) -> ApiActions:
    return ApiActions(
        access_control=access_control,
        runner=_build_action_runner(dependencies),
        body_reader=BodyReader(max_bytes=MAX_COMMAND_BYTES),
        clock=dependencies.probes.clock,
    )


def _build_action_runner(dependencies: WebDependencies) -> ActionRunner:
    return ActionRunner(commands_of=dependencies.commands_of, queries=dependencies.queries)


def _build_settings_api(dependencies: WebDependencies, access_control: AccessControl) -> SettingsApi:
    return SettingsApi(
        access_control=access_control,
        commands=dependencies.settings,
        body_reader=BodyReader(max_bytes=MAX_SETTINGS_BYTES),
    )


def _build_overview_page(dependencies: WebDependencies, frame: PageResponder) -> OverviewPage:
    return OverviewPage(frame=frame, queries=dependencies.queries)


def _build_project_page(dependencies: WebDependencies, frame: PageResponder) -> ProjectPage:
    return ProjectPage(
        frame=frame,
        queries=dependencies.queries,
        actions=_build_action_runner(dependencies),
    )


def _build_withheld_page(dependencies: WebDependencies, frame: PageResponder) -> WithheldDeletionsPage:
    return WithheldDeletionsPage(
        frame=frame,
        queries=dependencies.queries,
        report_views=dependencies.report_views,
        actions=_build_action_runner(dependencies),
    )


def _build_report_page(dependencies: WebDependencies, frame: PageResponder) -> ReportPage:
    return ReportPage(
        frame=frame,
        report_views=dependencies.report_views,
        queries=dependencies.queries,
        actions=_build_action_runner(dependencies),
    )


def _build_project_setup_page(
    dependencies: WebDependencies, frame: PageResponder, rejected: RejectedDeliveries
) -> SetupPage:
    return SetupPage(
        frame=frame,
        queries=dependencies.queries,
        actions=_build_action_runner(dependencies),
        rejected=rejected,
    )


def _build_settings_page(dependencies: WebDependencies, frame: PageResponder) -> SettingsPage:
    return SettingsPage(frame=frame, queries=dependencies.queries, commands=dependencies.settings)


def _include_webhook_receivers(
    app: FastAPI, dependencies: WebDependencies, rejected: RejectedDeliveries
) -> None:
    clock, webhooks = dependencies.probes.clock, dependencies.webhooks
    recorder = DeliveryHandler(
        webhooks=webhooks, queue=dependencies.queue, clock=clock, metrics=dependencies.probes.metrics
    )
    body_reader = BodyReader()  # one for both: its bound is for all bodies together
    of_projects = WebhookReceiver(
        recorder=recorder,
        signature_checker=SignatureChecker(webhooks, clock),
        body_reader=body_reader,
        rejected=rejected,
    )
    of_app = AppWebhookReceiver(
        recorder=recorder,
        webhooks=webhooks,
        body_reader=body_reader,
        secret=dependencies.app_webhook_secret,
    )
    app.include_router(receiver.router(of_projects))
    app.include_router(app_receiver.router(of_app))

"""The web as one application: which routes there are, and what surrounds all of them."""

from dataclasses import dataclass

from fastapi import FastAPI

from reconciler import __version__
from reconciler.model.secret import Secret
from reconciler.ports import Commands, Listings, Queries, Queue, ReportViews, Setups, Webhooks
from reconciler.web import probes
from reconciler.web.api import routes
from reconciler.web.api.routes import SyncApi
from reconciler.web.middleware import RequestMiddleware
from reconciler.web.pages import overview, project, report, setup, sign_in, static_files
from reconciler.web.pages.error_pages import ErrorPages
from reconciler.web.pages.overview import OverviewPage
from reconciler.web.pages.page import PageFrame
from reconciler.web.pages.project import ProjectPage
from reconciler.web.pages.report import ReportPage
from reconciler.web.pages.setup import SetupPage
from reconciler.web.pages.sign_in import SignInPage
from reconciler.web.pages.templating import build_templates
from reconciler.web.probes import Probes
from reconciler.web.request_body import BodyReader
from reconciler.web.security.cors import CorsMiddleware
from reconciler.web.security.passwords import PasswordChecker
from reconciler.web.security.sessions import SessionCookies
from reconciler.web.security.sign_in import MAX_FORM_BYTES, AccessControl
from reconciler.web.site import Site
from reconciler.web.webhooks import receiver
from reconciler.web.webhooks.receiver import WebhookReceiver
from reconciler.web.webhooks.signatures import SignatureChecker


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDependencies:
    """All that the web needs of the rest of the program."""

    site: Site
    probes: Probes
    webhooks: Webhooks
    queue: Queue
    queries: Queries
    report_views: ReportViews
    listings: Listings
    setups: Setups
    commands: Commands
    jwt_secret: Secret  # empty: BugSpark's users can't sign in
    password_hash: Secret  # empty: nobody signs in by password
    session_key: Secret  # the same on every machine that shares the sessions


def build_web_app(parts: WebDependencies) -> FastAPI:
    """The application, to be served by `serve.serving`. Nothing is asked of the database yet."""
    app = FastAPI(
        title="BugSpark reconciler",
        version=__version__,
        docs_url=None,  # their pages load scripts from foreign hosts
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    clock, site, metrics = parts.probes.clock, parts.site, parts.probes.metrics
    app.state.entrance = entrance = _build_access_control(parts)
    api_ = SyncApi(
        site=site,
        access_control=entrance,
        queries=parts.queries,
        report_views=parts.report_views,
        clock=clock,
    )
    static = static_files.read_static_files()
    shown = build_templates(site, static)
    front = PageFrame(access_control=entrance, templates=shown, clock=clock)
    door = SignInPage(
        access_control=entrance,
        password_checker=PasswordChecker(parts.password_hash, clock),
        templates=shown,
        has_password=bool(parts.password_hash),
    )
    app.include_router(receiver.router(_build_webhook_receiver(parts)))
    app.include_router(probes.router(parts.probes))
    app.include_router(routes.router(api_))
    app.include_router(sign_in.router(door))
    app.include_router(overview.router(_build_overview_page(parts, front)))
    app.include_router(setup.router(_build_setup_page(parts, front)))
    app.include_router(project.router(_build_project_page(parts, front)))
    app.include_router(report.router(_build_report_page(parts, front)))
    app.include_router(static_files.router(static))
    ErrorPages(site=site, templates=shown).install(app)
    app.add_middleware(CorsMiddleware, site=site)
    app.add_middleware(RequestMiddleware, site=site, metrics=metrics, clock=clock)
    return app


def access_control_of(app: FastAPI) -> AccessControl:
    """The door that this application was built with."""
    found: AccessControl = app.state.entrance
    return found


def _build_access_control(parts: WebDependencies) -> AccessControl:
    clock = parts.probes.clock
    return AccessControl(
        site=parts.site,
        sessions=SessionCookies(parts.session_key, clock),
        queries=parts.queries,
        clock=clock,
        jwt_secret=parts.jwt_secret,
        body_reader=BodyReader(largest=MAX_FORM_BYTES),
    )


def _build_overview_page(parts: WebDependencies, front: PageFrame) -> OverviewPage:
    return OverviewPage(
        frame=front, queries=parts.queries, report_views=parts.report_views, listings=parts.listings
    )


def _build_project_page(parts: WebDependencies, front: PageFrame) -> ProjectPage:
    return ProjectPage(
        frame=front,
        queries=parts.queries,
        report_views=parts.report_views,
        listings=parts.listings,
        commands=parts.commands,
    )


def _build_report_page(parts: WebDependencies, front: PageFrame) -> ReportPage:
    return ReportPage(
        frame=front, report_views=parts.report_views, queries=parts.listings, commands=parts.commands
    )


def _build_setup_page(parts: WebDependencies, front: PageFrame) -> SetupPage:
    return SetupPage(
        frame=front, report_views=parts.report_views, queries=parts.setups, commands=parts.commands
    )


def _build_webhook_receiver(parts: WebDependencies) -> WebhookReceiver:
    clock = parts.probes.clock
    return WebhookReceiver(
        webhooks=parts.webhooks,
        queue=parts.queue,
        clock=clock,
        metrics=parts.probes.metrics,
        signature_checker=SignatureChecker(parts.webhooks, clock),
        body_reader=BodyReader(),
    )

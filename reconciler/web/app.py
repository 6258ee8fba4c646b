"""The web as one application: which routes there are, and what surrounds all of them."""

from dataclasses import dataclass

from fastapi import FastAPI

from reconciler import __version__
from reconciler.model.secret import Secret
from reconciler.ports import Deeds, Listings, Queue, Readings, Setups, Views, Webhooks
from reconciler.web import api, overview, probes, project, report, setup, sign_in, static_files, webhooks
from reconciler.web.api import Api
from reconciler.web.bodies import Bodies
from reconciler.web.entrance import FORM_BYTES, Entrance
from reconciler.web.front import Front
from reconciler.web.guard import Guard
from reconciler.web.origins import Cors
from reconciler.web.overview import Overview
from reconciler.web.passwords import Passwords
from reconciler.web.probes import Probes
from reconciler.web.project import ProjectPage
from reconciler.web.refusals import Refusals
from reconciler.web.report import ReportPage
from reconciler.web.sessions import Sessions
from reconciler.web.setup import SetupPage
from reconciler.web.sign_in import SignIn
from reconciler.web.signatures import Keyring
from reconciler.web.site import Site
from reconciler.web.templating import pages
from reconciler.web.webhooks import Receiver


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """All that the web needs of the rest of the program."""

    site: Site
    probes: Probes
    webhooks: Webhooks
    queue: Queue
    views: Views
    readings: Readings
    listings: Listings
    setups: Setups
    deeds: Deeds
    jwt_secret: Secret  # empty: BugSpark's users can't sign in
    password_hash: Secret  # empty: nobody signs in by password
    session_key: Secret  # the same on every machine that shares the sessions


def build(parts: WebParts) -> FastAPI:
    """The application, to be served by `serve.serving`. Nothing is asked of the database yet."""
    app = FastAPI(
        title="BugSpark reconciler",
        version=__version__,
        docs_url=None,  # their pages load scripts from foreign hosts
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    clock, site, metrics = parts.probes.clock, parts.site, parts.probes.metrics
    app.state.entrance = entrance = _entrance(parts)
    api_ = Api(site=site, entrance=entrance, views=parts.views, readings=parts.readings, clock=clock)
    static = static_files.read()
    shown = pages(site, static)
    front = Front(entrance=entrance, pages=shown, clock=clock)
    door = SignIn(
        entrance=entrance,
        passwords=Passwords(parts.password_hash, clock),
        pages=shown,
        by_password=bool(parts.password_hash),
    )
    app.include_router(webhooks.router(_receiver(parts)))
    app.include_router(probes.router(parts.probes))
    app.include_router(api.router(api_))
    app.include_router(sign_in.router(door))
    app.include_router(overview.router(_overview(parts, front)))
    app.include_router(setup.router(_setup(parts, front)))
    app.include_router(project.router(_project(parts, front)))
    app.include_router(report.router(_report(parts, front)))
    app.include_router(static_files.router(static))
    Refusals(site=site, pages=shown).install(app)
    app.add_middleware(Cors, site=site)
    app.add_middleware(Guard, site=site, metrics=metrics, clock=clock)
    return app


def entrance_of(app: FastAPI) -> Entrance:
    """The door that this application was built with."""
    found: Entrance = app.state.entrance
    return found


def _entrance(parts: WebParts) -> Entrance:
    clock = parts.probes.clock
    return Entrance(
        site=parts.site,
        sessions=Sessions(parts.session_key, clock),
        views=parts.views,
        clock=clock,
        jwt_secret=parts.jwt_secret,
        bodies=Bodies(largest=FORM_BYTES),
    )


def _overview(parts: WebParts, front: Front) -> Overview:
    return Overview(front=front, views=parts.views, readings=parts.readings, listings=parts.listings)


def _project(parts: WebParts, front: Front) -> ProjectPage:
    return ProjectPage(
        front=front,
        views=parts.views,
        readings=parts.readings,
        listings=parts.listings,
        deeds=parts.deeds,
    )


def _report(parts: WebParts, front: Front) -> ReportPage:
    return ReportPage(front=front, readings=parts.readings, listings=parts.listings, deeds=parts.deeds)


def _setup(parts: WebParts, front: Front) -> SetupPage:
    return SetupPage(front=front, readings=parts.readings, setups=parts.setups, deeds=parts.deeds)


def _receiver(parts: WebParts) -> Receiver:
    clock = parts.probes.clock
    return Receiver(
        webhooks=parts.webhooks,
        queue=parts.queue,
        clock=clock,
        metrics=parts.probes.metrics,
        keyring=Keyring(parts.webhooks, clock),
        bodies=Bodies(),
    )

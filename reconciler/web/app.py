"""The web as one application: which routes there are, and what surrounds all of them."""

from dataclasses import dataclass
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from reconciler import __version__
from reconciler.errors import DatabaseError
from reconciler.ports import Queue, Webhooks
from reconciler.web import probes, webhooks
from reconciler.web.bodies import Bodies
from reconciler.web.guard import Guard
from reconciler.web.probes import Probes
from reconciler.web.signatures import Keyring
from reconciler.web.site import Site
from reconciler.web.webhooks import Receiver


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """All that the web needs of the rest of the program."""

    site: Site
    probes: Probes
    webhooks: Webhooks
    queue: Queue


def build(parts: WebParts) -> FastAPI:
    """The application, to be served by `serve.serving`. Nothing is asked of the database yet."""
    app = FastAPI(
        title="BugSpark reconciler",
        version=__version__,
        docs_url=None,  # their pages load scripts from foreign hosts
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    clock, metrics = parts.probes.clock, parts.probes.metrics
    receiver = Receiver(
        webhooks=parts.webhooks,
        queue=parts.queue,
        clock=clock,
        metrics=metrics,
        keyring=Keyring(parts.webhooks, clock),
        bodies=Bodies(),
    )
    app.include_router(webhooks.router(receiver))
    app.include_router(probes.router(parts.probes))
    app.add_exception_handler(DatabaseError, _no_database)
    app.add_middleware(Guard, site=parts.site, metrics=metrics, clock=clock)
    return app


async def _no_database(_request: Request, _error: Exception) -> JSONResponse:
    """What exactly is wrong is told to the operator, by `/readyz` and the log."""
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse({"detail": "The database can't be used now."}, status, {"Retry-After": "10"})

"""The web over one configuration's parts."""

from collections.abc import Callable, Sequence
from socket import socket

from reconciler.config.settings import Settings
from reconciler.metrics import Metrics
from reconciler.model.gauges import Gauges
from reconciler.ports import Queue
from reconciler.web.app import WebParts, build
from reconciler.web.door import Application
from reconciler.web.probes import Probes
from reconciler.web.site import Site
from reconciler.wiring.parts import Parts


def application(
    parts: Parts, queue: Queue, metrics: Metrics, alive: Callable[[], bool], sockets: Sequence[socket]
) -> Application:
    """The web for these parts. `sockets`: the ones it is served on."""

    async def gauges() -> Gauges:
        return Gauges()

    probes = Probes(alive=alive, ready=parts.ready, gauges=gauges, metrics=metrics, clock=parts.clock)
    site = _site(parts.settings, sockets)
    return build(WebParts(site=site, probes=probes, webhooks=parts.stores.webhooks, queue=queue))


def _site(settings: Settings, sockets: Sequence[socket]) -> Site:
    return Site(
        public_url=settings.web.public_url,
        dashboard_url=settings.bugspark.dashboard_url,
        listens=tuple(str(each.getsockname()[0]) for each in sockets),
        sign_in=bool(settings.web.password_hash or settings.bugspark.jwt_secret),
    )

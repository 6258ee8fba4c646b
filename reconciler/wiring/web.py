"""The web over one configuration's parts."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from secrets import token_hex
from socket import socket

from reconciler.config.settings import Settings
from reconciler.decide.why import explain
from reconciler.errors import UsageError
from reconciler.metrics import Metrics
from reconciler.model.dossier import ReportShown
from reconciler.model.ids import ProjectId, ReportId
from reconciler.model.secret import Secret
from reconciler.model.snapshot import Health
from reconciler.ports import Queue
from reconciler.web.app import WebParts, build
from reconciler.web.door import Application
from reconciler.web.probes import Probes
from reconciler.web.site import Site
from reconciler.wiring.application import STORY
from reconciler.wiring.deeds import Doing
from reconciler.wiring.parts import Parts, web_url_of


class Composed:
    """`ports.Readings`: what the database says, and what is made of it."""

    def __init__(self, parts: Parts) -> None:
        self._stores = parts.stores
        self._policy = parts.settings.sync_policy()
        self._now = parts.clock.now

    async def health(self, project_id: ProjectId | None = None) -> tuple[Health, ...]:
        return await self._stores.projects.health(project_id)

    async def report(self, report_id: ReportId) -> ReportShown | None:
        try:
            project, _ = await self._stores.reports.find(str(report_id))
        except UsageError:
            return None
        dossier = await self._stores.stories.dossier(report_id, STORY)
        return explain(project.name, dossier, self._policy, self._now()) if dossier is not None else None


def application(
    parts: Parts, queue: Queue, metrics: Metrics, alive: Callable[[], bool], sockets: Sequence[socket]
) -> Application:
    """The web for these parts. `sockets`: the ones it is served on."""
    stores, settings = parts.stores, parts.settings
    return build(
        WebParts(
            site=_site(settings, sockets),
            probes=Probes(
                alive=alive,
                ready=parts.ready,
                gauges=stores.views.gauges,
                metrics=metrics,
                clock=parts.clock,
            ),
            webhooks=stores.webhooks,
            queue=queue,
            views=stores.views,
            listings=stores.listings,
            setups=stores.setups,
            readings=Composed(parts),
            deeds=Doing(parts, queue),
            jwt_secret=settings.bugspark.jwt_secret,
            password_hash=settings.web.password_hash,
            session_key=session_key(settings),
        )
    )


def session_key(settings: Settings) -> Secret:
    """What sessions and forms are signed with: made from all that is configured, so that another password
    ends every session, and every machine with this configuration has the same. Nothing configured: no two
    processes have the same.
    """
    own = (settings.web.password_hash, settings.bugspark.jwt_secret)
    more = (settings.bugspark.encryption_key, settings.sync.marker_key)
    if not any(own):
        return Secret(token_hex(32))
    text = "\0".join(each.reveal() for each in (*own, *more))
    return Secret(hmac.new(text.encode(), b"bugspark-reconciler sessions v1", hashlib.sha256).hexdigest())


def _site(settings: Settings, sockets: Sequence[socket]) -> Site:
    return Site(
        public_url=settings.web.public_url,
        dashboard_url=settings.bugspark.dashboard_url,
        github_url=web_url_of(settings.github.api_url),
        host=settings.web.host,
        listens=tuple(str(each.getsockname()[0]) for each in sockets),
        sign_in=bool(settings.web.password_hash or settings.bugspark.jwt_secret),
    )

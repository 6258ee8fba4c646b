"""Retention: what is older than `keep.days` is removed, now and then.

Source: docs/reference/contract.md, Configuration, [keep].

The machine's time, as `ports.Clock`.

Putting the parts together: database, connections, credentials, and a Context for each project.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from reconciler import __version__
from reconciler.alerts.post import AlertPoster
from reconciler.bootstrap.markers import InstanceMarkers, open_markers
from reconciler.config.settings import Settings
from reconciler.decide.mapping import field_of_label
from reconciler.decide.text import text_digest
from reconciler.errors import ConfigurationError, CredentialError
from reconciler.github.client import GitHubClient
from reconciler.github.credentials import AppCredential, Credential, MissingCredential, TokenCredential
from reconciler.github.transport import Transport
from reconciler.logs import EventLogger
from reconciler.model.report import Project
from reconciler.model.secret import Secret
from reconciler.model.views import Progress
from reconciler.ports import Clock, RateLimiter, Stores
from reconciler.store.connection import finish_shielded
from reconciler.store.schema.engine import MAX_CONNECTIONS, Database, open_database
from reconciler.store.schema.version import require_schema
from reconciler.store.stores import StoreSettings, build_stores
from reconciler.sync.context import Context
from reconciler.sync.send import CredentialLocks

log = EventLogger(__name__)


async def sweep_if_due(stores: Stores, now: datetime, kept: timedelta, every: timedelta) -> int:
    """Sweep, unless any process did less than `every` ago. How many rows went. Raises DatabaseError.

    `now` must be GitHub's time: a clock of ours that has jumped ahead would throw everything away.
    """
    if not await stores.maintenance.try_begin_cleanup(now, every):
        return 0
    gone = await stores.maintenance.delete_older_than(now - kept)
    if gone:
        log.info("old records removed", rows=gone, before=(now - kept).isoformat())
    return gone


class SystemClock:
    """`ports.Clock` of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            await asyncio.sleep(seconds)


USER_AGENT = f"bugspark-reconciler/{__version__}"


@dataclass(slots=True, kw_only=True)
class Container:
    """What all projects share, open until `Parts` is left."""

    settings: Settings
    database: Database
    stores: Stores
    markers: InstanceMarkers
    clock: Clock
    transport: Transport
    github_client: GitHubClient
    dry_run_github_client: GitHubClient  # for `plan`: its requests are admitted but not written down
    alert_poster: AlertPoster | None = None  # without `[alerts] url` nobody is told
    app_credentials: dict[str, AppCredential] = field(default_factory=dict)
    credential_locks: CredentialLocks = field(default_factory=CredentialLocks)

    async def check_ready(self) -> None:
        """Database and schema answer, and the file is at its place. Raises DatabaseError, SchemaError."""
        await require_schema(self.database)
        await self.stores.identity.read()

    async def delete_old_records(self, every: timedelta) -> int:
        """Remove what is older than `keep.days`, unless any process did so less than `every` ago; how many
        rows. Not before GitHub has told the time: see `cycle.keeping`. Raises DatabaseError.
        """
        if not self.github_client.time.is_known:
            return 0
        kept = timedelta(days=self.settings.keep.days)
        return await sweep_if_due(self.stores, self.github_client.time.now(), kept, every)

    async def build_context(
        self, project: Project, progress: Progress, *, by_hand: bool, looking: bool = False
    ) -> Context:
        """One project's pass. Raises ConfigurationError for an App key that can't be read."""
        doorway = self.dry_run_github_client if looking else self.github_client
        settings = self.settings
        identity = await self.stores.identity.read()
        memory = await self.stores.projects.get_state(project.id)
        same = memory.repository_id and memory.repository == project.repository
        labels = settings.sync.labels()
        return Context(
            project=project,
            github=doorway.repository(
                project.repository or "unknown/unknown",
                self._credential(project),
                repository_id=memory.repository_id if same else None,
                field_of=partial(field_of_label, mapping=labels),
            ),
            stores=self.stores,
            markers=self.markers.for_identity(identity),
            identity=identity,
            clock=self.clock,
            policy=settings.sync_policy(),
            guard=settings.guard_policy(),
            timing=settings.timing(),
            new_id=uuid4,
            random_fraction=random.random,
            progress=progress,
            image_hosts=_image_hosts(settings),
            dashboard_url=settings.bugspark.dashboard_url,
            alert_channel=self.alert_poster,
            manual=by_hand,
            credential_locks=self.credential_locks,
        )

    def _credential(self, project: Project) -> Credential:
        integration = project.integration
        if integration is not None and str(project.id) in self.settings.github.app.repositories:
            return self._app_credential(integration.owner, integration.repo)
        if integration is None or integration.token is None:
            return MissingCredential(project.problem or "The project has no token.")
        try:
            return TokenCredential(integration.token)
        except CredentialError as error:
            return MissingCredential(str(error))

    def _app_credential(self, owner: str, repo: str) -> AppCredential:
        name = f"{owner}/{repo}"
        if name not in self.app_credentials:
            app = self.settings.github.app
            self.app_credentials[name] = AppCredential(
                app_id=app.id,
                private_key=Secret(_read_private_key(app.private_key_file)),
                owner=owner,
                repository=repo,
                clock=self.clock,
            )
        return self.app_credentials[name]


@asynccontextmanager
async def open_container(
    settings: Settings,
    clock: Clock | None = None,
    learn: Callable[[Secret], None] = lambda _: None,
    *,
    connections: int = MAX_CONNECTIONS,
    answered: Callable[[int | None], None] = lambda _: None,
) -> AsyncIterator[Container]:
    """Open database and connections. `answered` is told the status of every answer of GitHub's.

    Raises SchemaError, DatabaseError, ConfigurationError.
    """
    clock = clock or SystemClock()
    database = open_database(settings.database.url.reveal(), connections=connections)
    transport = Transport(user_agent=USER_AGENT, answered=answered)
    try:
        await require_schema(database)
        stores = build_stores(database, _store_settings(settings, learn, dry=False), clock)
        looking = build_stores(database, _store_settings(settings, learn, dry=True), clock)
        markers = await open_markers(settings, stores.marker_keys)
        yield Container(
            settings=settings,
            database=database,
            stores=stores,
            markers=markers,
            clock=clock,
            transport=transport,
            github_client=_build_github_client(settings, clock, transport, stores.rate_limiter),
            dry_run_github_client=_build_github_client(settings, clock, transport, looking.rate_limiter),
            alert_poster=_build_alert_poster(settings),
        )
    finally:
        await finish_shielded(_close(transport, database))


async def _close(transport: Transport, database: Database) -> None:
    try:
        await transport.aclose()
    finally:
        await database.aclose()


def _build_alert_poster(settings: Settings) -> AlertPoster | None:
    return AlertPoster(settings.alerts.url, user_agent=USER_AGENT) if settings.alerts.url else None


def _build_github_client(
    settings: Settings, clock: Clock, transport: Transport, governor: RateLimiter
) -> GitHubClient:
    return GitHubClient(
        api_url=settings.github.api_url,
        api_version=settings.github.api_version,
        clock=clock,
        governor=governor,
        transport=transport,
        overlap_seconds=settings.poll.overlap_seconds,
        leave_within=settings.timing().send_within_seconds - settings.timing().claim_within_seconds,
    )


def _store_settings(settings: Settings, learn: Callable[[Secret], None], *, dry: bool) -> StoreSettings:
    return StoreSettings(
        digest=text_digest,
        encryption_keys=settings.bugspark.encryption_keys,
        pace=settings.rate_limits(),
        app_repositories=settings.github.app.repositories,
        web_url=github_web_url(settings.github.api_url),
        verify_every=timedelta(seconds=settings.poll.verify_seconds),
        notify_webhooks=settings.bugspark.notify_webhooks,
        dry_run=dry,
        on_secret_read=learn,
    )


def github_web_url(api_url: str) -> str:
    """Where people read issues: a server's API is below its web address, GitHub's own is beside it."""
    parts = urlsplit(api_url)
    host = parts.netloc.removeprefix("api.") if parts.path.strip("/") == "" else parts.netloc
    return f"{parts.scheme}://{host}"


def _image_hosts(settings: Settings) -> frozenset[str]:
    host = urlsplit(settings.bugspark.dashboard_url).netloc
    return frozenset({host}) if host else frozenset()


def _read_private_key(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"github.app.private_key_file: {path!r} can't be read ({error.strerror}); "
            "name a PEM file that this process may read"
        ) from error

"""Putting the parts together: database, connections, credentials, and a Context for each project."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from reconciler import __version__
from reconciler.alerts.post import Poster
from reconciler.config.settings import Settings
from reconciler.cycle import keeping
from reconciler.cycle.context import Context
from reconciler.cycle.turns import Turns
from reconciler.decide.mapping import field_of_label
from reconciler.decide.text import digest
from reconciler.errors import ConfigurationError, CredentialError
from reconciler.github.credentials import AppCredential, Credential, NoCredential, TokenCredential
from reconciler.github.repository import Doorway
from reconciler.github.transport import Transport
from reconciler.model.report import Project
from reconciler.model.secret import Secret
from reconciler.model.shown import Progress
from reconciler.ports import Clock, Governor, Stores
from reconciler.store.engine import CONNECTIONS, Database, open_engine
from reconciler.store.schema import require_schema
from reconciler.store.stores import StoreSettings, open_stores
from reconciler.wiring.clock import SystemClock
from reconciler.wiring.markers import InstanceMarkers, open_markers

USER_AGENT = f"bugspark-reconciler/{__version__}"


@dataclass(slots=True, kw_only=True)
class Parts:
    """What all projects share, open until `Parts` is left."""

    settings: Settings
    database: Database
    stores: Stores
    markers: InstanceMarkers
    clock: Clock
    transport: Transport
    doorway: Doorway
    looking: Doorway  # for `plan`: its requests are admitted but not written down
    alarms: Poster | None = None  # without `[alerts] url` nobody is told
    apps: dict[str, AppCredential] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)

    async def ready(self) -> None:
        """Database and schema answer, and the file is at its place. Raises DatabaseError, SchemaError."""
        await require_schema(self.database)
        await self.stores.identity.read()

    async def keep(self, every: timedelta) -> int:
        """Remove what is older than `keep.days`, unless any process did so less than `every` ago; how many
        rows. Not before GitHub has told the time: see `cycle.keeping`. Raises DatabaseError.
        """
        if not self.doorway.time.heard:
            return 0
        kept = timedelta(days=self.settings.keep.days)
        return await keeping.keep(self.stores, self.doorway.time.now(), kept, every)

    async def context(
        self, project: Project, progress: Progress, *, by_hand: bool, looking: bool = False
    ) -> Context:
        """One project's pass. Raises ConfigurationError for an App key that can't be read."""
        doorway = self.looking if looking else self.doorway
        settings = self.settings
        identity = await self.stores.identity.read()
        memory = await self.stores.projects.memory(project.id)
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
            markers=self.markers.of(identity),
            identity=identity,
            clock=self.clock,
            policy=settings.sync_policy(),
            guard=settings.guard_policy(),
            timing=settings.timing(),
            new_id=uuid4,
            dice=random.random,
            progress=progress,
            image_hosts=_image_hosts(settings),
            dashboard_url=settings.bugspark.dashboard_url,
            alarms=self.alarms,
            by_hand=by_hand,
            turns=self.turns,
        )

    def _credential(self, project: Project) -> Credential:
        integration = project.integration
        if integration is not None and str(project.id) in self.settings.github.app.repositories:
            return self._app(integration.owner, integration.repo)
        if integration is None or integration.token is None:
            return NoCredential(project.problem or "The project has no token.")
        try:
            return TokenCredential(integration.token)
        except CredentialError as error:
            return NoCredential(str(error))

    def _app(self, owner: str, repo: str) -> AppCredential:
        name = f"{owner}/{repo}"
        if name not in self.apps:
            app = self.settings.github.app
            self.apps[name] = AppCredential(
                app_id=app.id,
                private_key=Secret(_read_key(app.private_key_file)),
                owner=owner,
                repository=repo,
                clock=self.clock,
            )
        return self.apps[name]


@asynccontextmanager
async def open_parts(
    settings: Settings,
    clock: Clock | None = None,
    learn: Callable[[Secret], None] = lambda _: None,
    *,
    connections: int = CONNECTIONS,
    answered: Callable[[int | None], None] = lambda _: None,
) -> AsyncIterator[Parts]:
    """Open database and connections. `answered` is told the status of every answer of GitHub's.

    Raises SchemaError, DatabaseError, ConfigurationError.
    """
    clock = clock or SystemClock()
    database = open_engine(settings.database.url.reveal(), connections=connections)
    transport = Transport(user_agent=USER_AGENT, answered=answered)
    try:
        await require_schema(database)
        stores = open_stores(database, _store_settings(settings, learn, dry=False), clock)
        looking = open_stores(database, _store_settings(settings, learn, dry=True), clock)
        markers = await open_markers(settings, stores.keyring)
        yield Parts(
            settings=settings,
            database=database,
            stores=stores,
            markers=markers,
            clock=clock,
            transport=transport,
            doorway=_doorway(settings, clock, transport, stores.governor),
            looking=_doorway(settings, clock, transport, looking.governor),
            alarms=_alarms(settings),
        )
    finally:
        await transport.aclose()
        await database.aclose()


def _alarms(settings: Settings) -> Poster | None:
    return Poster(settings.alerts.url, user_agent=USER_AGENT) if settings.alerts.url else None


def _doorway(settings: Settings, clock: Clock, transport: Transport, governor: Governor) -> Doorway:
    return Doorway(
        api_url=settings.github.api_url,
        api_version=settings.github.api_version,
        clock=clock,
        governor=governor,
        transport=transport,
        overlap_seconds=settings.poll.overlap_seconds,
        leave_within=settings.timing().claim - settings.timing().handing,
    )


def _store_settings(settings: Settings, learn: Callable[[Secret], None], *, dry: bool) -> StoreSettings:
    return StoreSettings(
        digest=digest,
        keys=settings.bugspark.encryption_keys,
        pace=settings.pace(),
        app_repositories=settings.github.app.repositories,
        web_url=web_url_of(settings.github.api_url),
        verify=timedelta(seconds=settings.poll.verify_seconds),
        notify=settings.bugspark.notify_webhooks,
        dry=dry,
        learn=learn,
    )


def web_url_of(api_url: str) -> str:
    """Where people read issues: a server's API is below its web address, GitHub's own is beside it."""
    parts = urlsplit(api_url)
    host = parts.netloc.removeprefix("api.") if parts.path.strip("/") == "" else parts.netloc
    return f"{parts.scheme}://{host}"


def _image_hosts(settings: Settings) -> frozenset[str]:
    host = urlsplit(settings.bugspark.dashboard_url).netloc
    return frozenset({host}) if host else frozenset()


def _read_key(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"github.app.private_key_file: {path!r} can't be read ({error.strerror}); "
            "name a PEM file that this process may read"
        ) from error

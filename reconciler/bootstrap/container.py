"""The connected parts of the program: database, connections, credentials, and a `Context` per project."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

from reconciler import __version__
from reconciler.alerts.post import AlertPoster
from reconciler.bootstrap.github_app import AppCredentials
from reconciler.bootstrap.markers import InstanceMarkers, load_instance_markers
from reconciler.bootstrap.operator_settings import operator_settings
from reconciler.bootstrap.webhook_setup import PublicAddresses
from reconciler.config.settings import Settings
from reconciler.errors import CredentialError, ProjectError
from reconciler.github.client import GitHubClient
from reconciler.github.credentials import Credential, TokenCredential, UnusableCredential
from reconciler.github.transport import Transport
from reconciler.logs import EventLogger
from reconciler.model.passes import Progress
from reconciler.model.policy import SanitizationPolicy, SyncPolicy
from reconciler.model.report import Project
from reconciler.model.secret import LearntSecrets, NoLearntSecrets
from reconciler.model.snapshot import PassStart, StoredSettings
from reconciler.owner_settings.effective import OperatorSettings
from reconciler.owner_settings.history import decode_operator_history
from reconciler.ports import Clock, RateLimiter, Stores
from reconciler.store.bugspark.object_store import ObjectStore
from reconciler.store.connection import finish_shielded
from reconciler.store.schema.engine import MAX_CONNECTIONS, Database, open_database, require_writable
from reconciler.store.schema.version import require_schema
from reconciler.store.stores import StoreSettings, build_stores
from reconciler.sync.context import Context, CredentialLocks
from reconciler.sync.settings.in_force import project_policy, with_settings_in_force
from reconciler.text import text_digest

log = EventLogger(__name__)
USER_AGENT = f"bugspark-reconciler/{__version__}"


class SystemClock:
    """The machine's wall clock and monotonic clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            await asyncio.sleep(seconds)


@dataclass(slots=True, kw_only=True)
class Container:
    """The parts that all projects share; usable within `open_container`."""

    settings: Settings
    database: Database
    stores: Stores
    dry_run_stores: Stores  # for `plan`: requests are checked against the limits but not recorded
    markers: InstanceMarkers
    clock: Clock
    transport: Transport
    github_client: GitHubClient
    dry_run_github_client: GitHubClient
    app_credentials: AppCredentials
    dry_run_app_credentials: AppCredentials
    alert_poster: AlertPoster | None = None  # None without `[alerts] url`
    credential_locks: CredentialLocks = field(default_factory=CredentialLocks)

    async def check_ready(self) -> None:
        """Check that the database answers and takes writes, its schema fits, and a database file is still at
        its path.

        Raises DatabaseError, SchemaError.
        """
        await require_writable(self.database)
        await require_schema(self.database)
        await self.stores.identity.read()

    async def delete_old_records(self, every: timedelta) -> int:
        """Delete records older than `keep.days`, unless a process did so less than `every` ago.

        Returns the number of rows. Nothing is deleted before an answer of GitHub has given the time: with a
        local clock that is ahead, everything would be deleted. Raises DatabaseError.

        Source: docs/reference/contract.md, Configuration, [keep].
        """
        if not self.github_client.time.is_known:
            return 0
        now = self.github_client.time.now()
        if not await self.stores.maintenance.try_begin_cleanup(now, every):
            return 0
        oldest_kept = now - timedelta(days=self.settings.keep.days)
        rows = await self.stores.maintenance.delete_older_than(oldest_kept)
        rows += await self.stores.maintenance.delete_rows_of_deleted_projects(now, oldest_kept)
        if rows:
            log.info("old records deleted", rows=rows, before=oldest_kept.isoformat())
        return rows

    def public_addresses(self) -> PublicAddresses:
        """Return the address for GitHub's deliveries, and GitHub's own web address."""
        return PublicAddresses(
            public_url=self.settings.web.public_url, web_url=github_web_url(self.settings.github.api_url)
        )

    def sync_policy(self) -> SyncPolicy:
        """Return the policy of `decide` and `sync`, with the hosts and bots that texts are made inert for."""
        return replace(self.settings.sync_policy(), text=_text_policy(self.settings))

    def operator_settings(self) -> OperatorSettings:
        """Return the operator's part of projects' settings."""
        return operator_settings(self.settings, self.sync_policy())

    def policy_of_project(self, stored: StoredSettings | None) -> SyncPolicy:
        """Return the policy of a project, for showing; the operator's where its settings can't be used."""
        with suppress(ProjectError):
            return project_policy(self.operator_settings(), stored)
        return self.sync_policy()

    async def build_context(
        self, project: Project, progress: Progress, *, manual: bool, dry_run: bool = False
    ) -> Context:
        """Build the context of a project's pass.

        `manual`: a person started it; `dry_run`: it only plans.

        Raises ConfigurationError for an App key that can't be read.
        """
        start = PassStart(
            project=project,
            state=await self.stores.projects.get_state(project.id),
            identity=await self.stores.identity.read(),
        )
        return self.build_context_of_start(start, progress, manual=manual, dry_run=dry_run)

    def build_context_of_start(
        self, start: PassStart, progress: Progress, *, manual: bool, dry_run: bool = False
    ) -> Context:
        """Build the context of a pass from what was read for it. Raises what `build_context` raises."""
        client = self.dry_run_github_client if dry_run else self.github_client
        settings = self.settings
        project, project_state, identity = start.project, start.state, start.identity
        is_same_name = project_state.repository == project.repository
        context = Context(
            project=project,
            github=client.repository(
                project.repository or "unknown/unknown",
                self._credential_of_project(
                    project, self.dry_run_app_credentials if dry_run else self.app_credentials
                ),
                repository_id=project_state.repository_id or None if is_same_name else None,
            ),
            stores=self.dry_run_stores if dry_run else self.stores,
            markers=self.markers.for_identity(identity),
            identity=identity,
            clock=self.clock,
            policy=self.sync_policy(),
            operator=self.operator_settings().with_history(
                decode_operator_history(identity.comment_rules), self.clock.now()
            ),
            guard=settings.guard_policy(),
            timing=settings.timing(),
            new_id=uuid4,
            random_fraction=random.random,
            progress=progress,
            dashboard_url=settings.bugspark.dashboard_url,
            alert_channel=self.alert_poster,
            manual=manual,
            credential_locks=self.credential_locks,
        )
        with suppress(ProjectError):  # a pass says so, as its result
            context = with_settings_in_force(context, project_state)
        return context

    def _credential_of_project(self, project: Project, credentials: AppCredentials) -> Credential:
        integration = project.integration
        if integration is not None and str(project.id) in self.settings.github.app.repositories:
            return credentials.for_repository(integration.owner, integration.repo)
        if integration is None or integration.token is None:
            return UnusableCredential(project.problem or "The project has no token.")
        try:
            return TokenCredential(integration.token)
        except CredentialError as error:
            return UnusableCredential(str(error), error.remedy)


@asynccontextmanager
async def open_container(
    settings: Settings,
    clock: Clock | None = None,
    learnt: LearntSecrets | None = None,
    *,
    connections: int = MAX_CONNECTIONS,
    runs_many_passes: bool = False,
    on_github_answer: Callable[[int | None], None] = lambda _: None,
) -> AsyncIterator[Container]:
    """Open database and connections.

    `learnt`: learns every secret of an integration that is read, so that logs mask it;
    `runs_many_passes`: for a process that runs one pass after another; `on_github_answer`: called with the
    status of every response of GitHub (None: no response).

    Raises SchemaError, DatabaseError, ConfigurationError.
    """
    clock = clock or SystemClock()
    database = open_database(settings.database.url.reveal(), connections=connections)
    transport = Transport(
        user_agent=USER_AGENT,
        ca_file=settings.github.ca_file,
        proxy=settings.github.proxy or None,
        on_answer=on_github_answer,
    )
    store_settings = _build_store_settings(settings, learnt)
    stores = build_stores(database, replace(store_settings, runs_many_passes=runs_many_passes), clock)
    dry_run_limiter = build_stores(database, replace(store_settings, dry_run=True), clock).rate_limiter
    try:
        await require_schema(database)
        markers = await load_instance_markers(settings, stores.marker_keys)
        yield Container(
            settings=settings,
            database=database,
            stores=stores,
            dry_run_stores=replace(stores, rate_limiter=dry_run_limiter),
            markers=markers,
            clock=clock,
            transport=transport,
            github_client=_build_github_client(settings, clock, transport, stores.rate_limiter),
            dry_run_github_client=_build_github_client(settings, clock, transport, dry_run_limiter),
            app_credentials=AppCredentials(settings, clock, stores.webhooks.record_installation),
            dry_run_app_credentials=AppCredentials(settings, clock, None),
            alert_poster=_build_alert_poster(settings),
        )
    finally:
        await finish_shielded(_close_all(transport, stores, database))


async def _close_all(transport: Transport, stores: Stores, database: Database) -> None:
    try:
        await transport.aclose()
    finally:
        try:
            await stores.project_locks.aclose()
        finally:
            await database.aclose()


def _build_alert_poster(settings: Settings) -> AlertPoster | None:
    return AlertPoster(settings.alerts.url, user_agent=USER_AGENT) if settings.alerts.url else None


def _build_github_client(
    settings: Settings, clock: Clock, transport: Transport, rate_limiter: RateLimiter
) -> GitHubClient:
    return GitHubClient(
        api_url=settings.github.api_url,
        api_version=settings.github.api_version,
        clock=clock,
        rate_limiter=rate_limiter,
        transport=transport,
        overlap_seconds=settings.poll.overlap_seconds,
        send_within_seconds=settings.timing().send_within_seconds - settings.timing().claim_within_seconds,
    )


def _build_store_settings(settings: Settings, learnt: LearntSecrets | None) -> StoreSettings:
    return StoreSettings(
        digest=text_digest,
        encryption_keys=settings.bugspark.encryption_keys,
        pace=settings.rate_limits(),
        app_repositories=settings.github.app.repositories,
        web_url=github_web_url(settings.github.api_url),
        verify_every=timedelta(seconds=settings.poll.verify_seconds),
        busy_after=timedelta(seconds=2 * settings.poll.interval_seconds),
        notify_webhooks=settings.bugspark.notify_webhooks,
        screenshots=_build_object_store(settings),
        learnt=learnt or NoLearntSecrets(),
    )


def _build_object_store(settings: Settings) -> ObjectStore | None:
    s3 = settings.bugspark.s3
    if not s3.endpoint_url:
        return None
    return ObjectStore(
        endpoint_url=s3.endpoint_url,
        region=s3.signing_region,
        bucket=s3.bucket_name,
        access_key=s3.access_key,
        secret_key=s3.secret_key,
        lifetime_seconds=s3.lifetime_seconds,
    )


def integration_problem(project: Project) -> str:
    """Return why a project's integration can't be used."""
    return project.problem or "no usable github integration"


def github_web_url(api_url: str) -> str:
    """Return the web address of the GitHub server with this API address."""
    split_url = urlsplit(api_url)
    host = split_url.netloc.removeprefix("api.") if split_url.path.strip("/") == "" else split_url.netloc
    return f"{split_url.scheme}://{host}"


def _text_policy(settings: Settings) -> SanitizationPolicy:
    image_host = urlsplit(settings.bugspark.dashboard_url).netloc.lower()
    github_host = urlsplit(github_web_url(settings.github.api_url)).hostname or ""
    return SanitizationPolicy(
        image_hosts=frozenset({image_host} - {""}),
        github_hosts=SanitizationPolicy().github_hosts | ({github_host} - {""}),
        bots=frozenset(settings.sync.bots),
    )

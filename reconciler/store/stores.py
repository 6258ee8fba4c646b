"""All stores over one database: `ports.Stores`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from reconciler.model.policy import RateLimitPolicy
from reconciler.model.secret import LearntSecrets, NoLearntSecrets, Secret
from reconciler.ports import Clock, ProjectLocks, RateLimiter
from reconciler.store.bugspark.encryption import SecretCipher
from reconciler.store.bugspark.object_store import ObjectStore
from reconciler.store.bugspark.outgoing_webhooks import OutgoingWebhooks
from reconciler.store.bugspark.owner_mails import StoredOwnerMails
from reconciler.store.bugspark.reports import StoredReports
from reconciler.store.maintenance import StoredMaintenance
from reconciler.store.schema.database_identity import MarkerKeyStore, StoredIdentity
from reconciler.store.schema.engine import Database
from reconciler.store.sign_ins import StoredSignIns
from reconciler.store.sync.after_restore import StoredRestores
from reconciler.store.sync.apply_batch import StoreDependencies
from reconciler.store.sync.followers.stored_followers import StoredFollowers
from reconciler.store.sync.intents import StoredIntents
from reconciler.store.sync.ledger import StoredLedger
from reconciler.store.sync.limits.slices import SlicedRateLimiter
from reconciler.store.sync.locks.fences import ProjectFences
from reconciler.store.sync.locks.session_locks import AdvisoryProjectLocks
from reconciler.store.sync.locks.sqlite_locks import RowProjectLocks
from reconciler.store.sync.project_state import StoredProjects
from reconciler.store.sync.rate_limiter import DryRunRateLimiter, StoredRateLimiter
from reconciler.store.sync.settings.stored_settings import StoredSettingsVersions
from reconciler.store.sync.stale_plans import Digest
from reconciler.store.sync.webhook_deliveries import StoredWebhooks
from reconciler.store.views.queries import StoredQueries


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """What the stores need of the configuration."""

    digest: Digest  # of a comment's body, the one the ledger's digests are made with
    encryption_keys: tuple[Secret, ...] = ()  # BugSpark's ENCRYPTION_KEYs, newest first
    pace: RateLimitPolicy = field(default_factory=RateLimitPolicy)
    app_repositories: Mapping[str, str] = field(default_factory=dict)  # project id → owner/repo or owner/*
    web_url: str = "https://github.com"  # where people read issues
    verify_every: timedelta = timedelta(hours=6)  # poll.verify_seconds, for health
    busy_after: timedelta = timedelta(minutes=2)  # two poll.interval_seconds, for health
    notify_webhooks: bool = False  # bugspark.notify_webhooks
    screenshots: ObjectStore | None = None  # bugspark.s3
    # Many passes follow one another: the session of locks stays open between them, so that
    # `project_locks.aclose` must be called, and points of reads are reserved in slices.
    runs_many_passes: bool = False
    dry_run: bool = False  # `reconcile plan`: not even limits are written
    learnt: LearntSecrets = field(default_factory=NoLearntSecrets)  # learns each, so that logs mask it


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseStores:
    """The stores over one open database, which the caller closes."""

    projects: StoredProjects
    reports: StoredReports
    ledger: StoredLedger
    followers: StoredFollowers
    intents: StoredIntents
    rate_limiter: RateLimiter
    project_locks: ProjectLocks
    webhooks: StoredWebhooks
    queries: StoredQueries
    identity: StoredIdentity
    marker_keys: MarkerKeyStore
    restores: StoredRestores
    maintenance: StoredMaintenance
    sign_ins: StoredSignIns
    settings: StoredSettingsVersions
    owner_mails: StoredOwnerMails


def build_stores(
    database: Database, settings: StoreSettings, clock: Clock, new_id: Callable[[], UUID] = uuid4
) -> DatabaseStores:
    """Build the stores without asking the database. Raises ConfigurationError for a malformed key."""
    cipher = SecretCipher(settings.encryption_keys, settings.learnt)
    outgoing = OutgoingWebhooks(
        is_enabled=settings.notify_webhooks, screenshots=settings.screenshots, new_id=new_id
    )
    fences = ProjectFences(database, new_id())
    context = StoreDependencies(
        comment_digest=settings.digest,
        web_url=settings.web_url.rstrip("/"),
        outgoing_webhooks=outgoing,
        require_fence=fences.require_epoch,
    )
    limiter = StoredRateLimiter(database, settings.pace, clock)
    projects = StoredProjects(database, cipher, settings.app_repositories)
    return DatabaseStores(
        projects=projects,
        reports=StoredReports(database, projects),
        ledger=StoredLedger(database, clock, context, new_id),
        followers=StoredFollowers(database, context, new_id),
        intents=StoredIntents(database, context, limiter),
        rate_limiter=_build_rate_limiter(database, settings, clock, limiter),
        project_locks=(
            AdvisoryProjectLocks(database, clock, fences, keeps_session=settings.runs_many_passes)
            if database.dialect == "postgresql"
            else RowProjectLocks(database, clock, new_id, fences)
        ),
        webhooks=StoredWebhooks(database, clock, cipher, settings.app_repositories),
        queries=StoredQueries(database, clock, projects, settings.verify_every, settings.busy_after),
        identity=StoredIdentity(database, new_id),
        marker_keys=MarkerKeyStore(database, settings.encryption_keys),
        restores=StoredRestores(database),
        maintenance=StoredMaintenance(database, cipher, outgoing),
        sign_ins=StoredSignIns(database),
        settings=StoredSettingsVersions(database),
        owner_mails=StoredOwnerMails(database, new_id),
    )


def _build_rate_limiter(
    database: Database, settings: StoreSettings, clock: Clock, limiter: StoredRateLimiter
) -> RateLimiter:
    if settings.dry_run:
        return DryRunRateLimiter(database, settings.pace, clock)
    return SlicedRateLimiter(limiter, clock) if settings.runs_many_passes else limiter

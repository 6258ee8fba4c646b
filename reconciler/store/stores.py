"""The database doorway as a whole: `ports.Stores`."""

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import timedelta
from uuid import UUID, uuid4

from reconciler.model.policy import Pace
from reconciler.model.secret import Secret
from reconciler.model.values import dataclass
from reconciler.ports import Clock, Fences, Governor
from reconciler.store.apply import Ways
from reconciler.store.care import StoredCare
from reconciler.store.checks import Digest
from reconciler.store.customers import Customers
from reconciler.store.engine import Database
from reconciler.store.fence_rows import RowFences
from reconciler.store.fences import AdvisoryFences
from reconciler.store.governor import DryGovernor, StoredGovernor
from reconciler.store.identity import StoredIdentity
from reconciler.store.intents import StoredIntents
from reconciler.store.keyring import KeyRing
from reconciler.store.ledger import StoredLedger
from reconciler.store.listings import StoredListings
from reconciler.store.meta import Meta
from reconciler.store.projects import StoredProjects
from reconciler.store.recovery import StoredRecovery
from reconciler.store.reports import StoredReports
from reconciler.store.secrets import Vault
from reconciler.store.setups import StoredSetups
from reconciler.store.stories import StoredStories
from reconciler.store.views import StoredViews
from reconciler.store.webhooks import StoredWebhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """What the doorway needs to know of the configuration."""

    digest: Digest  # of a comment's body, the one the ledger's digests are made with
    keys: tuple[Secret, ...] = ()  # BugSpark's ENCRYPTION_KEYs, newest first
    pace: Pace = field(default_factory=Pace)
    app_repositories: Mapping[str, str] = field(default_factory=dict)  # project id → owner/repo
    web_url: str = "https://github.com"  # where people read issues
    verify: timedelta = timedelta(hours=6)  # poll.verify_seconds, for health
    notify: bool = False  # bugspark.notify_webhooks
    dry: bool = False  # `reconcile plan`: not even limits are written
    learn: Callable[[Secret], None] = lambda _: None  # told every secret that is read, for the logs' masks


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStores:
    """Everything over one open database, which stays the opener's to close."""

    projects: StoredProjects
    reports: StoredReports
    ledger: StoredLedger
    intents: StoredIntents
    governor: Governor
    fences: Fences
    stories: StoredStories
    webhooks: StoredWebhooks
    views: StoredViews
    listings: StoredListings
    setups: StoredSetups
    identity: StoredIdentity
    keyring: KeyRing
    recovery: StoredRecovery
    care: StoredCare
    meta: Meta
    vault: Vault


def open_stores(
    database: Database, settings: StoreSettings, clock: Clock, new_id: Callable[[], UUID] = uuid4
) -> OpenStores:
    """Raises ConfigurationError for a key that is none. Nothing is asked of the database yet."""
    vault = Vault(settings.keys, settings.learn)
    customers = Customers(wanted=settings.notify, new_id=new_id)
    ways = Ways(digest=settings.digest, web_url=settings.web_url.rstrip("/"), customers=customers)
    projects = StoredProjects(database, clock, vault, settings.app_repositories, settings.verify)
    ledger = StoredLedger(database, clock, ways, new_id)
    care = StoredCare(database, vault)
    governor = DryGovernor if settings.dry else StoredGovernor
    return OpenStores(
        projects=projects,
        reports=StoredReports(database, projects),
        ledger=ledger,
        intents=StoredIntents(database, ways),
        governor=governor(database, settings.pace, clock),
        fences=(
            AdvisoryFences(database, clock)
            if database.dialect == "postgresql"
            else RowFences(database, clock, new_id)
        ),
        stories=StoredStories(database, ledger, customers),
        webhooks=StoredWebhooks(database, clock, vault),
        views=StoredViews(database, clock, settings.verify),
        listings=StoredListings(database, clock),
        setups=StoredSetups(database, projects, care, clock),
        identity=StoredIdentity(database, new_id),
        keyring=KeyRing(database, settings.keys),
        recovery=StoredRecovery(database),
        care=care,
        meta=Meta(database),
        vault=vault,
    )

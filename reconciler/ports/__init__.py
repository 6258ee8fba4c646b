"""The Protocols between the cycle and its doorways: GitHub, the database, time.

In: values of the model. Out: values of the model, or an error from `errors`. Adapters live in `github/`
and `store/`; the cycle knows only these names. May import: model, errors.
"""

from reconciler.ports.alarms import AlertChannel
from reconciler.ports.care import EncryptionStatus, Maintenance
from reconciler.ports.clock import Clock
from reconciler.ports.commands import Commands
from reconciler.ports.github import GitHub, ListPage, Markers
from reconciler.ports.identity import DatabaseIdentity
from reconciler.ports.intents import Claim, Intents
from reconciler.ports.ledger import Ledger
from reconciler.ports.listings import Listings
from reconciler.ports.projects import Projects, Reports, Stories
from reconciler.ports.queue import Queue
from reconciler.ports.recovery import Restores
from reconciler.ports.setups import Setups
from reconciler.ports.stores import ProjectLock, ProjectLocks, RateLimiter, Stores
from reconciler.ports.views import Queries, ReportViews
from reconciler.ports.webhooks import PendingHints, WebhookDelivery, Webhooks

__all__ = [
    "AlertChannel",
    "Claim",
    "Clock",
    "Commands",
    "DatabaseIdentity",
    "EncryptionStatus",
    "GitHub",
    "Intents",
    "Ledger",
    "ListPage",
    "Listings",
    "Maintenance",
    "Markers",
    "PendingHints",
    "ProjectLock",
    "ProjectLocks",
    "Projects",
    "Queries",
    "Queue",
    "RateLimiter",
    "ReportViews",
    "Reports",
    "Restores",
    "Setups",
    "Stores",
    "Stories",
    "WebhookDelivery",
    "Webhooks",
]

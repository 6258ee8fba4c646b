"""The Protocols between a pass and what it works on: GitHub, the database, time.

In: values of the model. Out: values of the model, or an error from `errors`. `github/` and `store/` implement
them; `sync` uses only these names. May import: model, errors.
"""

from reconciler.ports.app_setup import AppSetup, NewApp
from reconciler.ports.commands import Commands, CommandsOf
from reconciler.ports.followers import Followers
from reconciler.ports.github import GitHub, ListPage, Markers
from reconciler.ports.ledger import Ledger, Restores
from reconciler.ports.projects import Projects, Reports
from reconciler.ports.queries import Queries, ReportViews
from reconciler.ports.services import AlertChannel, Clock, Queue
from reconciler.ports.settings import OwnerMails, SettingsCommands, SettingsVersions
from reconciler.ports.sign_ins import SignIns
from reconciler.ports.stores import (
    DatabaseIdentity,
    EncryptionStatus,
    Maintenance,
    OtherRoleAccess,
    ProjectLock,
    ProjectLocks,
    RateLimiter,
    Stores,
)
from reconciler.ports.webhooks import PendingHints, WebhookDelivery, Webhooks
from reconciler.ports.writes import Claim, Confirmation, Intents, NoWriteSlot

__all__ = [
    "AlertChannel",
    "AppSetup",
    "Claim",
    "Clock",
    "Commands",
    "CommandsOf",
    "Confirmation",
    "DatabaseIdentity",
    "EncryptionStatus",
    "Followers",
    "GitHub",
    "Intents",
    "Ledger",
    "ListPage",
    "Maintenance",
    "Markers",
    "NewApp",
    "NoWriteSlot",
    "OtherRoleAccess",
    "OwnerMails",
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
    "SettingsCommands",
    "SettingsVersions",
    "SignIns",
    "Stores",
    "WebhookDelivery",
    "Webhooks",
]

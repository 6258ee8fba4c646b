"""The Protocols between the cycle and its doorways: GitHub, the database, time.

In: values of the model. Out: values of the model, or an error from `errors`. Adapters live in `github/`
and `store/`; the cycle knows only these names. May import: model, errors.
"""

from reconciler.ports.alarms import Alarms
from reconciler.ports.care import Care, Keys
from reconciler.ports.clock import Clock
from reconciler.ports.deeds import Deeds
from reconciler.ports.github import GitHub, Markers, Page
from reconciler.ports.identity import Identities
from reconciler.ports.intents import Claim, Intents
from reconciler.ports.ledger import Ledger
from reconciler.ports.listings import Listings
from reconciler.ports.projects import Projects, Reports, Stories
from reconciler.ports.queue import Queue
from reconciler.ports.recovery import Recovery
from reconciler.ports.setups import Setups
from reconciler.ports.stores import Fence, Fences, Governor, Stores
from reconciler.ports.views import Readings, Views
from reconciler.ports.webhooks import Delivery, Named, Webhooks

__all__ = [
    "Alarms",
    "Care",
    "Claim",
    "Clock",
    "Deeds",
    "Delivery",
    "Fence",
    "Fences",
    "GitHub",
    "Governor",
    "Identities",
    "Intents",
    "Keys",
    "Ledger",
    "Listings",
    "Markers",
    "Named",
    "Page",
    "Projects",
    "Queue",
    "Readings",
    "Recovery",
    "Reports",
    "Setups",
    "Stores",
    "Stories",
    "Views",
    "Webhooks",
]

"""Everything a pass is given: doorways, policies, time and randomness. Nothing is reached for."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from reconciler.model.database_identity import DatabaseInstance
from reconciler.model.passes import Progress
from reconciler.model.policy import GuardPolicy, SyncPolicy, Timing
from reconciler.model.report import Project
from reconciler.ports import AlertChannel, Clock, GitHub, Markers, Stores
from reconciler.sync.send import CredentialLocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One project's pass."""

    project: Project
    github: GitHub
    stores: Stores
    markers: Markers
    identity: DatabaseInstance
    clock: Clock
    policy: SyncPolicy
    guard: GuardPolicy
    timing: Timing
    new_id: Callable[[], UUID]
    random_fraction: Callable[[], float]  # numbers in [0, 1)
    progress: Progress
    image_hosts: frozenset[str]  # where images in exported text may come from
    dashboard_url: str  # "" : no report links in exported issues
    credential_locks: CredentialLocks  # at writing with one credential
    alert_channel: AlertChannel | None  # who wants to be told of what needs a person
    manual: bool  # ignores our own back-off and quarantine, never GitHub's limits

"""Everything a pass is given: doorways, policies, time and randomness. Nothing is reached for."""

from collections.abc import Callable
from uuid import UUID

from reconciler.cycle.turns import Turns
from reconciler.model.identity import Identity
from reconciler.model.policy import GuardPolicy, SyncPolicy, Timing
from reconciler.model.report import Project
from reconciler.model.shown import Progress
from reconciler.model.values import dataclass
from reconciler.ports import Alarms, Clock, GitHub, Markers, Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One project's pass."""

    project: Project
    github: GitHub
    stores: Stores
    markers: Markers
    identity: Identity
    clock: Clock
    policy: SyncPolicy
    guard: GuardPolicy
    timing: Timing
    new_id: Callable[[], UUID]
    dice: Callable[[], float]  # numbers in [0, 1)
    progress: Progress
    image_hosts: frozenset[str]  # where images in exported text may come from
    dashboard_url: str  # "" : no report links in exported issues
    turns: Turns  # at writing with one credential
    alarms: Alarms | None  # who wants to be told of what needs a person
    by_hand: bool  # ignores our own back-off and quarantine, never GitHub's limits

"""What the database says of every project and credential, in numbers: for `/metrics`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model.ids import ProjectId
from reconciler.model.snapshot import CredentialLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectGauges:
    """One project's numbers."""

    project_id: ProjectId
    links: Mapping[str, int] = field(default_factory=dict)  # by link state
    verified: int = 0  # ACTIVE links compared whole within the time
    intents: Mapping[str, int] = field(default_factory=dict)  # by intent state
    oldest_intent: datetime | None = None
    last_pass_at: datetime | None = None
    last_success_at: datetime | None = None
    next_at: datetime | None = None
    last_delivery_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """All of it, read at one moment."""

    projects: tuple[ProjectGauges, ...] = ()
    limits: tuple[CredentialLimits, ...] = ()

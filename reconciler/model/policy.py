"""The operator's choices, in the shapes the rooms need them (docs/reference/contract.md, Configuration)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.model.fields import Category, Severity


class ConflictPolicy(StrEnum):
    """Who wins when both sides moved apart."""

    NEWEST = "newest"
    GITHUB = "github"
    BUGSPARK = "bugspark"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelMapping:
    """Label names per value. The first is written, all are read, case-insensitively."""

    severity: Mapping[Severity, tuple[str, ...]] = field(
        default_factory=lambda: {
            Severity.CRITICAL: ("critical",),
            Severity.HIGH: ("high-priority", "high"),
            Severity.MEDIUM: ("medium-priority", "medium"),
            Severity.LOW: ("low-priority", "low"),
        }
    )
    category: Mapping[Category, tuple[str, ...]] = field(
        default_factory=lambda: {
            Category.CRASH: ("crash",),
            Category.PERFORMANCE: ("performance",),
            Category.UI: ("ui",),
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPolicy:
    """What is synced, and who wins."""

    conflict: ConflictPolicy = ConflictPolicy.NEWEST
    export_all: bool = False
    discover: bool = True
    title: bool = False
    collaborators_only: bool = False
    delete_in_bugspark: bool = True
    delete_on_github: bool = True
    labels: LabelMapping = field(default_factory=LabelMapping)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardPolicy:
    """How much a pass may delete or create without being asked."""

    max_deletions: int = 20
    max_share: float = 0.1
    max_new_issues: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitPolicy:
    """What one credential may do: points (reads 1, writes 5), content per minute and hour, seconds apart."""

    points_per_minute: int = 800
    verify_points_per_minute: int = 300  # of them, for verification
    min_interval: float = 1.0
    content_per_minute: int = 80
    content_per_hour: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds that the pass reckons with."""

    overlap_seconds: float = 120.0
    settle_seconds: float = 60.0
    verify_seconds: float = 21_600.0  # every link is compared whole at least this often, if the budget allows
    interval_seconds: float = 60.0  # between two passes of an active project; what a back-off grows from
    max_observation_age_seconds: float = (
        10.0  # an observation older than this is read again before a state write
    )

    @property
    def send_within_seconds(self) -> float:
        """A write's bytes leave this soon after its claim, or it is given back (docs/design.md)."""
        return min(15.0, self.settle_seconds / 2)

    @property
    def claim_within_seconds(self) -> float:
        """Of it, what may pass until the claim is committed; the rest is for token, pool and connection."""
        return self.send_within_seconds / 3

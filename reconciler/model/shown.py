"""What the commands show: flat values made of text and numbers, and the progress of long work."""

from enum import StrEnum
from typing import Protocol

from reconciler.model.ids import ProjectId
from reconciler.model.passes import Failure
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionView:
    """One action of a plan as people and programs read it (docs/reference/contract.md, JSON of a plan)."""

    kind: str
    report: str | None  # its id
    tracking_id: str | None  # BUG-0001; for people, not part of the JSON
    issue: str | None  # owner/repo#12; None: it is yet to be created
    field: str | None
    base: str | None
    local: str | None
    remote: str | None
    to: str | None
    rule: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """What a pass over one project would do now, or why that can't be said."""

    project_id: ProjectId
    project_name: str
    repository: str | None
    hash: str
    actions: tuple[ActionView, ...] = ()
    error: Failure | None = None
    withheld: str | None = None  # the hash of deletions the guard holds back, for --accept
    withheld_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCandidate:
    """A report and an issue that BugSpark's button exported without storing the link."""

    report_tracking_id: str
    report_id: str
    issue: str  # owner/repo#12
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryResult:
    """What discovery found, what it linked (0 without --apply), what it cost, what it passed over and why."""

    candidates: tuple[LinkCandidate, ...]
    linked: int
    requests: int
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """A report's issue, or why there is none."""

    report: str  # as it was asked for
    url: str | None
    error: str | None


class CheckLevel(StrEnum):
    """How a check went."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One line of `reconcile check`."""

    name: str
    level: CheckLevel
    message: str
    remedy: str | None = None


class Progress(Protocol):
    """Told by long work how far it is; shown on a terminal, otherwise nothing."""

    def start(self, what: str, total: int | None) -> None:
        """A piece of work begins, of so many steps (None: unknown)."""
        ...

    def advance(self, steps: int = 1) -> None:
        """So many more steps are done."""
        ...

    def finish(self) -> None:
        """It ended."""
        ...

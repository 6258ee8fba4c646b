"""What of a project's attention has been told, as it is remembered between passes."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that needs a person."""

    what: str  # failing, withheld, public; of a link or write: Attention.what
    reason: str
    mark: str = ""  # tells one from the next of its kind: the hash of withheld deletions
    report_id: str | None = None
    report: str | None = None  # BUG-0001
    issue: str | None = None
    field: str | None = None

    @property
    def key(self) -> tuple[str, str, str | None, str | None]:
        """The same thing, whatever its reason says by now."""
        return (self.what, self.mark, self.report_id, self.field)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A concern began, or ceased."""

    entered: bool
    about: Problem
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertState:
    """What is remembered of a project's attention (`sync_projects.told`)."""

    known: tuple[Problem, ...] = ()
    owed: tuple[Notice, ...] = ()  # not taken yet by `[alerts] url`
    tries: int = 0  # at handing them over, all failed


NO_ALERT_STATE = AlertState()

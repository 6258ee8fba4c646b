"""The synced fields: their names, their values, and the members of reports, issues and bases for them."""

from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """A report's status (docs/reference/bugspark.md, Tables: `status_enum`)."""

    NEW = "new"
    TRIAGING = "triaging"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Severity(StrEnum):
    """A report's severity, most severe first (docs/reference/bugspark.md, Tables: `severity_enum`)."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Category(StrEnum):
    """A report's category (docs/reference/bugspark.md, Tables: `category_enum`)."""

    BUG = "bug"
    UI = "ui"
    PERFORMANCE = "performance"
    CRASH = "crash"
    OTHER = "other"


class IssueState(StrEnum):
    """An issue's state on GitHub."""

    OPEN = "open"
    CLOSED = "closed"


class Field(StrEnum):
    """What is kept equal between a report and its issue, comments aside."""

    STATUS = "status"
    SEVERITY = "severity"
    CATEGORY = "category"
    TITLE = "title"


class Side(StrEnum):
    """One of the two parties, as the configuration and the command name them."""

    BUGSPARK = "bugspark"
    GITHUB = "github"


LabelColours = tuple[tuple[str, str], ...]
"""Labels with their colours, six hexadecimal digits each, as far as GitHub told them. They are for display
only: no comparison looks at them, so that a label with a new colour is no change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFields:
    """What a report says of the synced fields. Each attribute has the name of its field."""

    title: str  # as stored: HTML-escaped when BugSpark wrote it, plain when we did
    status: Status
    severity: Severity
    category: Category


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueFields:
    """What an issue says of the synced fields, as GitHub spells it."""

    state: IssueState
    state_reason: str | None  # completed, not_planned, duplicate, reopened, or what GitHub invents next
    labels: tuple[str, ...]
    colours: LabelColours = field(default=(), compare=False)
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What both sides last agreed on, in each side's own spelling."""

    status: Status
    severity: Severity
    category: Category
    title: str  # BugSpark's text, as stored
    remote_title: str  # GitHub's text

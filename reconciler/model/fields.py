"""The values that reports and issues have in common, spelt as each side spells them."""

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

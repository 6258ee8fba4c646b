"""The values of a project's own settings. A value of None: the operator's value counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.fields import Category, Severity, Status
from reconciler.model.policy import ConflictPolicy, Direction, ExportFilter

Names = tuple[str, ...]


class SettingGroup(StrEnum):
    """The groups of settings that the operator gives to owners, or keeps (`[owners] may`)."""

    LABELS = "labels"
    STAGE = "stage"
    PEOPLE = "people"
    EXPORT = "export"
    CONTENT = "content"
    DIRECTIONS = "directions"


class SeverityAs(StrEnum):
    """Where GitHub has a report's severity."""

    LABEL = "label"
    PRIORITY = "priority"  # the organisation's issue field


class Export(StrEnum):
    """Which reports get an issue."""

    MANUAL = "manual"
    ALL = "all"


class CommentsFrom(StrEnum):
    """Whose comments are brought from GitHub."""

    EVERYONE = "everyone"
    COLLABORATORS = "collaborators"


class Redact(StrEnum):
    """Whether addresses, tokens and the like are removed from what goes to GitHub, weakest first."""

    OFF = "off"
    AUTO = "auto"  # on where the repository is public
    ON = "on"


class Section(StrEnum):
    """A part of an exported issue's body, in its order."""

    DESCRIPTION = "description"
    SCREENSHOT = "screenshot"
    CONSOLE = "console"
    ENVIRONMENT = "environment"
    REPORTER = "reporter"


class Synced(StrEnum):
    """What has a direction."""

    STATUS = "status"
    SEVERITY = "severity"
    CATEGORY = "category"
    STAGE = "stage"
    ASSIGNEE = "assignee"
    TITLE = "title"
    COMMENTS = "comments"


MAPPED_CATEGORIES = (Category.UI, Category.PERFORMANCE, Category.CRASH)
"""The categories that have labels; bug and other have none (docs/reference/bugspark.md)."""
STAGES = (Status.TRIAGING, Status.IN_PROGRESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSettings:
    """The settings of one project. Each attribute has the name of its key."""

    severity: Mapping[Severity, Names] | None = None  # for each value, the first name is written
    category: Mapping[Category, Names] | None = None
    stage: Mapping[Status, Names] | None = None
    severity_as: SeverityAs | None = None
    people: Mapping[str, str] | None = None  # id of a BugSpark user → login on GitHub
    people_may_ping: bool | None = None
    export: Export | None = None
    export_only: ExportFilter | None = None
    labels: Names | None = None  # of new issues, as the next three
    assignee: str | None = None
    milestone: int | None = None
    type: str | None = None
    link_comment: bool | None = None
    private_prefix: str | None = None
    redact: Redact | None = None
    sections: tuple[Section, ...] | None = None
    comments_from: CommentsFrom | None = None
    resolution_comment: bool | None = None
    mail: bool | None = None
    directions: Mapping[Synced, Direction] | None = None
    conflict: ConflictPolicy | None = None


NO_SETTINGS = ProjectSettings()

"""The synced fields: their names, their values, and their part of reports, issues and bases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
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
    """A field that is kept equal between a report and its issue."""

    STATUS = "status"
    STAGE = "stage"  # what an open status says besides: triaging, in progress
    SEVERITY = "severity"
    CATEGORY = "category"
    TITLE = "title"
    ASSIGNEE = "assignee"


class Side(StrEnum):
    """One of the two sides, as configuration and commands name them."""

    BUGSPARK = "bugspark"
    GITHUB = "github"


LabelColours = tuple[tuple[str, str], ...]
"""Names and colours of labels; a colour is six hexadecimal digits.

Only for display: no comparison uses them, so that a new colour is no change.
"""


Assignees = tuple[tuple[int, str], ...]
"""Numeric ids and logins of the accounts that are assigned to an issue. The id is the identity."""


Choices = tuple[tuple[int, str], ...]
"""The organisation's single-select fields that have a value on an issue: id of the field, name of the option.

Source: docs/reference/github.md, Fields and types.
"""

PRIORITY_NAME = "Priority"
"""The organisation's field that may have the severity, in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityField:
    """The organisation's field *Priority*, as GitHub has it."""

    id: int
    options: Mapping[Severity, str]  # the name of the option of every severity
    since: datetime  # in GitHub's time: what was chosen before is no change

    def value_of(self, choices: Choices | None) -> Severity | None:
        """Return the severity that an issue's choices give; None: none of the four, or it is not known."""
        chosen = {name.casefold() for field_id, name in choices or () if field_id == self.id}
        return next((value for value, name in self.options.items() if name.casefold() in chosen), None)

    def with_option(self, choices: Choices, option: str) -> Choices:
        """Return choices in which this field has this option."""
        return (*(each for each in choices if each[0] != self.id), (self.id, option))

    def text_of(self, value: str) -> str:
        """Return what people see on GitHub for a severity."""
        return f"{PRIORITY_NAME}: {self.options[Severity(value)]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFields:
    """The synced fields of a report. Each attribute has the name of its field; the status has the stage."""

    title: str  # as stored: HTML-escaped if BugSpark wrote it, plain if this program did
    status: Status
    severity: Severity
    category: Category
    assignee: str = ""  # the id of BugSpark's user, 32 hexadecimal digits; empty: nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueFields:
    """The synced fields of an issue, as GitHub spells them."""

    state: IssueState
    state_reason: str | None  # completed, not_planned, duplicate, reopened, or a value that GitHub adds later
    labels: tuple[str, ...]
    colours: LabelColours = field(default=(), compare=False)
    title: str
    # None: not known. Left out of comparisons, because it is stored only where people are mapped; a change
    # moves `updated_at` of the issue
    assignees: Assignees | None = field(default=None, compare=False)
    # None: not known. Left out of comparisons, because it is stored only where one of them is synced
    choices: Choices | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The values that both sides last agreed on, in each side's own spelling.

    Each field has a half for each side. They differ in meaning where a direction kept a change from the
    other side: it is then part of its own side's half alone. GitHub's half is as GitHub shows it, so that
    another mapping of labels is no change; None: the same as BugSpark's half. It changes only together
    with what GitHub showed last, so that comparing two bases leaves it out.
    """

    status: Status
    state: IssueState | None = field(default=None, compare=False)
    stage: Status | None = None  # None: stages are not synced, or both sides agree on `status`
    stage_labels: tuple[str, ...] | None = field(default=None, compare=False)  # all labels of the issue
    severity: Severity
    severity_labels: tuple[str, ...] | None = field(default=None, compare=False)  # all labels of the issue
    choices: Choices | None = field(default=None, compare=False)  # None: GitHub's half is not known
    category: Category
    category_labels: tuple[str, ...] | None = field(default=None, compare=False)
    title: str  # BugSpark's text, as stored
    remote_title: str  # GitHub's text
    assignee: str | None = None  # None: assignees are not synced
    assignees: Assignees | None = field(default=None, compare=False)  # all accounts that are assigned
    # labels of the issue are compared as if the base had been made with the mapping in force, as a person
    # wants it (*Apply to existing links*), until what is written for it has been confirmed
    adopts_mapping: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenamedLabel:
    """A label of the mapping that has another name on GitHub now, which the mapping does not have."""

    field: Field
    value: str
    name: str
    now: str
    names: tuple[str, ...]  # what the configuration has to say for this value

    @property
    def text(self) -> str:
        """What happened, what the program does, and what can be done, in a sentence."""
        return f"{self.problem}; {self.remedy}"

    @property
    def problem(self) -> str:
        """What happened, and what the program does."""
        return f"the label {self.name} is called {self.now} on GitHub now: {self.field} is not read from it"

    @property
    def remedy(self) -> str:
        """What can be done."""
        names = ", ".join(f'"{name}"' for name in self.names)
        return f"set sync.{self.field}: {self.value} = [{names}]"

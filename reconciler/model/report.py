"""BugSpark's side: a project with its integration, a report and its comments.

BugSpark stores text HTML-escaped; `unescape_html` undoes it (docs/reference/bugspark.md, Text). Pure.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html.entities import html5
from typing import Final

from reconciler.model.fields import Field, ReportFields
from reconciler.model.formatting import single_printable_line
from reconciler.model.ids import CommentId, ProjectId, ReportId
from reconciler.model.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueColumns:
    """The three columns of a report that name its issue (docs/reference/contract.md, Columns)."""

    repository: str  # "owner/repo"
    number: int
    url: str | None = None


_REPOSITORY_NAME = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
MAX_SHOWN_CHARS = 80
"""Characters of a column's text that a reason shows: anybody may have written it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkColumns:
    """The same three columns as they are stored: each may be empty, or hold anything."""

    number: int | None
    repository: str | None
    url: str | None

    def problem(self, connected: str | None) -> str | None:
        """Say why no link can be made of them, or None: they are empty, or name an issue of `connected`.

        `connected`: the "owner/repo" that the project is connected to, where that is known.
        """
        if self.number is None and not self.repository and not self.url:
            return None
        fault = self._fault(connected)
        return None if fault is None else f"its link columns can't be used: {fault}; {LINK_COLUMNS_ADVICE}"

    def _fault(self, connected: str | None) -> str | None:
        text = self.repository or ""
        shown = single_printable_line(text)[:MAX_SHOWN_CHARS]
        if not text:
            return "github_repo is empty"
        if "://" in text:
            return f"github_repo is an address ({shown}), not owner/repo"
        if text != text.strip():
            return f"github_repo begins or ends with a blank ({text[-MAX_SHOWN_CHARS:]!a})"
        if _REPOSITORY_NAME.fullmatch(text) is None:
            return f"github_repo is not of the form owner/repo ({shown!r})"
        if self.number is None:
            return "github_issue_number is empty"
        if self.number <= 0:
            return f"github_issue_number is {self.number}"
        if connected is not None and text.lower() != connected.lower():
            return f"they name {shown}#{self.number}, and the project is connected to {connected}"
        return None


LINK_COLUMNS_ADVICE = "correct or empty them in BugSpark's database, or run `reconcile link`"


@dataclass(frozen=True, slots=True, kw_only=True)
class MisnamedReport:
    """A report without a link whose columns name no issue that it could be linked to."""

    report_id: ReportId
    tracking_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(ReportFields):
    """A report's synced fields as one database snapshot showed them."""

    id: ReportId
    project_id: ProjectId
    tracking_id: str  # BUG-0001, unique only within its project
    created_at: datetime
    updated_at: datetime
    columns: IssueColumns | None = None


OTHER_PROJECTS_REPORT: Final = "a report of another project"
"""Text in place of a report's name for readers who may not see its project."""


def report_name(tracking_id: str, project: str) -> str:
    """Name a report as people of any project know it: its tracking id is unique only within its own."""
    return f'{tracking_id} of project "{project}"'


def unknown_values_reason(unknown: Mapping[Field, str]) -> str:
    """Say why a report is not synced."""
    values = ", ".join(f"{field.value} is {value!r}" for field, value in unknown.items())
    return f"in BugSpark its {values}, which this program does not know: nothing of it is synced"


MAX_STORED_TEXT_CHARS: Final = 262_144
"""Of a description or comment, as stored: more is neither read nor rendered. GitHub takes a quarter of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusableJson:
    """JSON of a report that exceeds a bound. `reason` follows its name: "is larger than …"."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDetails:
    """The parts of a report that only an export needs. Every value is untrusted."""

    description: str  # at most one character more than MAX_STORED_TEXT_CHARS
    screenshot_url: str | None
    console_logs: object  # JSON of any shape, or UnusableJson
    metadata: object  # the same
    reporter_identifier: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalComment:
    """A comment in BugSpark, where comments are never edited (docs/reference/bugspark.md)."""

    id: CommentId
    report_id: ReportId
    author: str | None  # a user's name; None is shown as "Unknown"
    body: str
    source: str | None  # "github" for imported comments
    created_at: datetime
    # where its report follows another one: that one, and the tracking id of its own
    lead_id: ReportId | None = None
    tracking_id: str | None = None
    author_id: str | None = None  # the user's id, 32 hexadecimal digits

    @property
    def issue_report_id(self) -> ReportId:
        """The report whose issue the comment goes to."""
        return self.lead_id or self.report_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """A project's github row in `integrations`, as its owner entered it, decrypted."""

    owner: str
    repo: str
    token: Secret | None
    unknown_keys: tuple[str, ...] = ()  # of its config: not read by this program

    @property
    def repository(self) -> str:
        """The repository as `owner/repo`."""
        return f"{self.owner}/{self.repo}"


ANY_REPOSITORY: Final = "*"
"""In `github.app.repositories`, in place of a name: the one of the owner's that the integration names."""


def is_app_pair_for(pair: str, repository: str) -> bool:
    """Return whether a pair of the operator's GitHub App, `owner/repo` or `owner/*`, is about a repository.

    GitHub's names ignore case. Source: docs/reference/contract.md, Configuration, `[github.app]`.
    """
    owner, _, name = pair.lower().partition("/")
    actual_owner, _, actual_name = repository.lower().partition("/")
    return owner == actual_owner and name in (ANY_REPOSITORY, actual_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A BugSpark project with an active github integration, or the reason why it can't be used."""

    id: ProjectId
    name: str
    integration: Integration | None
    problem: str | None = None  # a sentence for people when integration is None

    @property
    def repository(self) -> str | None:
        """The repository as `owner/repo`, if the integration names one."""
        return self.integration.repository if self.integration else None


_HTML_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);")


def unescape_html(text: str) -> str:
    """Undo one level of HTML escaping, as BugSpark stores text (`don&#x27;t`).

    Only complete entities are decoded, as in Markdown: `html.unescape` would turn `?a=1&copy=2` into
    `?a=1©=2`.
    """
    return _HTML_ENTITY.sub(_decode_entity, text)


def escape_literal_entities(text: str) -> str:
    """Return `text` so that `unescape_html` gives it back. What it would not change stays as it is."""
    return _HTML_ENTITY.sub(lambda entity: f"&amp;{entity[0][1:]}", text)


def _decode_entity(entity: re.Match[str]) -> str:
    found = entity[0]
    if found[1] == "#":
        return html.unescape(found)
    return html5.get(found[1:], found)

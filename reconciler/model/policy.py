"""The operator's choices (docs/reference/contract.md, Configuration), and a project's own settings."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from reconciler.model.fields import Assignees, Category, Field, PriorityField, Severity, Status


class ConflictPolicy(StrEnum):
    """Which side wins when both have changed."""

    NEWEST = "newest"
    GITHUB = "github"
    BUGSPARK = "bugspark"


class Direction(StrEnum):
    """Which way a field, or comments, go."""

    BOTH = "both"
    TO_GITHUB = "to_github"
    TO_BUGSPARK = "to_bugspark"
    OFF = "off"

    @property
    def writes_github(self) -> bool:
        """Whether BugSpark's changes go to GitHub."""
        return self in (Direction.BOTH, Direction.TO_GITHUB)

    @property
    def writes_bugspark(self) -> bool:
        """Whether GitHub's changes go to BugSpark."""
        return self in (Direction.BOTH, Direction.TO_BUGSPARK)

    def narrowed_to(self, other: "Direction") -> "Direction":
        """Return the direction in which both of them lead."""
        there = self.writes_github and other.writes_github
        back = self.writes_bugspark and other.writes_bugspark
        if there and back:
            return Direction.BOTH
        return Direction.TO_GITHUB if there else Direction.TO_BUGSPARK if back else Direction.OFF


MAX_LABEL_LENGTH = 50
"""Characters of a label's name on GitHub (docs/reference/github.md, Writes)."""


PREFIX_LENGTHS = (2, 32)
"""Characters of what private comments begin with: at least, at most."""
_FORBIDDEN_IN_PREFIX = frozenset("<>&'\"")


LOGIN_PATTERN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?")
"""A login on GitHub, without @."""
MAX_ISSUE_TYPE_LENGTH = 50
"""Characters of an issue type's name."""


def is_private_prefix(text: str) -> bool:
    """Whether private comments may begin with this: one line of visible text without blanks around it.

    BugSpark escapes < > & ' " when it stores a comment, so a prefix with one of them would never be found.
    """
    shortest, longest = PREFIX_LENGTHS
    is_visible = text == text.strip() and text.isprintable()
    return is_visible and shortest <= len(text) <= longest and not _FORBIDDEN_IN_PREFIX & set(text)


def label_key(name: str) -> str:
    """Return what two spellings of one label have in common: composed characters, case folded."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelMapping:
    """Label names by value. The first name is written, all are recognised, in upper or lower case."""

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
    stage: Mapping[Status, tuple[str, ...]] = field(default_factory=dict)  # empty: GitHub says nothing of it


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelHistory:
    """How a project's mapping came to be, as far as decisions about labels depend on it."""

    # by `label_key`: since when a label has had its present meaning; one that is not here has always had it
    since: Mapping[str, datetime] = field(default_factory=dict)
    # by `label_key`: the field that a label had a value of, which it has no more
    retired: Mapping[str, Field] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedPerson:
    """A user of BugSpark's and the GitHub account that the settings name for that user."""

    user: str  # the id, 32 hexadecimal digits
    login: str  # as the settings have it
    account: int | None = None  # the account's numeric id; None: it is not known, so nothing is synced
    since: datetime | None = None  # since when the settings say so; None: they always did


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who is who on both sides, one to one. Source: docs/reference/contract.md, Owners' settings."""

    by_user: Mapping[str, MappedPerson] = field(default_factory=dict)
    by_account: Mapping[int, str] = field(default_factory=dict)  # numeric id → id of the user
    may_ping: bool = False  # members' comments notify mapped people
    names: Mapping[str, str] = field(default_factory=dict)  # of users, as far as they have been read
    # users that BugSpark takes as assignees: the owner and accepted members; None: they have not been read
    members: frozenset[str] | None = None

    def users_of(self, assignees: Assignees) -> tuple[str, ...]:
        """Return the users whose accounts are assigned, in GitHub's order."""
        found = (self.by_account.get(account) for account, _ in assignees)
        return tuple(user for user in found if user is not None)

    def is_mapped(self, user: str) -> bool:
        """Whether the user has an account that is known by its id."""
        return user in self.by_user and self.by_user[user].account is not None

    def is_member(self, user: str) -> bool:
        """Whether BugSpark takes the user as an assignee."""
        return self.members is None or user in self.members

    def text_of(self, user: str) -> str:
        """Return a user as people read it: the login where there is one, else the name."""
        if not user:
            return NOBODY
        if user in self.by_user:
            return self.by_user[user].login
        return self.names.get(user, user)


NOBODY = "nobody"
"""The text for no assignee. A login may be the same word: it is looked for first."""


def people_of(persons: Iterable[MappedPerson], *, may_ping: bool = False) -> People:
    """Return people by both ids. Of several users with one account only the first one has it."""
    by_account: dict[int, str] = {}
    by_user: dict[str, MappedPerson] = {}
    for each in persons:
        is_first = each.account is None or by_account.setdefault(each.account, each.user) == each.user
        by_user[each.user] = each if is_first else replace(each, account=None)
    return People(by_user=by_user, by_account=by_account, may_ping=may_ping)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRules:
    """What keeps comments from the other side. `until`: when other rules took their place; None: in force."""

    direction: Direction = Direction.BOTH
    private_prefixes: tuple[str, ...] = ()
    until: datetime | None = None


OUTSIDE_EXPORT_FILTER = "not exported by itself: it is not among those that export_only names"
"""Why a report was passed over when it was first seen. It stays so when the settings change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFilter:
    """Which reports are exported by themselves; an empty tuple admits every value."""

    severity: tuple[Severity, ...] = ()
    category: tuple[Category, ...] = ()

    def admits(self, severity: Severity, category: Category) -> bool:
        """Return whether a report with these values is exported by itself."""
        is_severe = not self.severity or severity in self.severity
        return is_severe and (not self.category or category in self.category)


@dataclass(frozen=True, slots=True, kw_only=True)
class SanitizationPolicy:
    """What text for GitHub is made inert against. Hosts are `name`, those of images also `name:port`."""

    image_hosts: frozenset[str] = frozenset()  # images from there stay images
    github_hosts: frozenset[str] = frozenset({"github.com"})  # addresses there, and below, may be references
    redacts: bool = False  # addresses of people, tokens and the like are taken out
    bots: frozenset[str] = frozenset()  # logins of bots that act on raw text, besides the built-in ones
    mentions: frozenset[str] = frozenset()  # logins, in small letters, that a comment may notify


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPolicy:
    """What is synced, and which side wins a conflict."""

    conflict: ConflictPolicy = ConflictPolicy.NEWEST
    export_all: bool = False
    export_only: ExportFilter = ExportFilter()  # of what `export_all` exports
    discover: bool = True
    directions: Mapping[Field, Direction] = field(default_factory=lambda: {Field.TITLE: Direction.OFF})
    collaborators_only: bool = False
    delete_in_bugspark: bool = True
    delete_on_github: bool = True
    sections: frozenset[str] | None = None  # of an exported issue's body; None: all of them
    new_labels: tuple[str, ...] = ()  # further labels of new issues
    new_milestone: int | None = None  # of new issues, as the next one
    new_type: str | None = None
    resolution_comment: bool = False  # a comment in BugSpark says who closed an issue
    new_assignee: str | None = None  # the login that new issues are assigned to
    mails_owner: bool = False  # about trouble that lasts
    link_comment: bool = False  # an issue that is linked by command shows the report
    settle_seconds: float = 60.0  # between two readings that must agree
    labels: LabelMapping = field(default_factory=LabelMapping)
    label_history: LabelHistory = field(default_factory=LabelHistory)
    comments: CommentRules = CommentRules()
    earlier_comments: tuple[CommentRules, ...] = ()  # rules that were in force before
    text: SanitizationPolicy = SanitizationPolicy()
    people: People = People()
    wants_priority: bool = False  # the severity is to be the organisation's field, where there is one
    priority: PriorityField | None = None  # where the severity is; None: in labels

    def shows_section(self, name: str) -> bool:
        """Return whether an exported issue's body has this section."""
        return self.sections is None or name in self.sections

    def direction(self, synced: Field) -> Direction:
        """Return which way a field goes."""
        return self.directions.get(synced, Direction.BOTH)

    @property
    def carries_deletions_to_bugspark(self) -> bool:
        """Whether the copy of a comment that was deleted on GitHub is deleted too."""
        return self.delete_in_bugspark and self.comments.direction.writes_bugspark

    @property
    def carries_deletions_to_github(self) -> bool:
        """Whether the copy of a comment that was deleted in BugSpark is deleted too."""
        return self.delete_on_github and self.comments.direction.writes_github

    def comment_rules_since(self, moment: datetime) -> tuple[CommentRules, ...]:
        """Return the rules in force, and those that have been in force at this moment or later."""
        earlier = (each for each in self.earlier_comments if each.until is not None and each.until >= moment)
        return (self.comments, *earlier)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardPolicy:
    """How much a pass may delete or create without confirmation."""

    max_deletions: int = 20
    max_share: float = 0.1
    max_new_issues: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitPolicy:
    """The limits of one credential.

    A read costs 1 point, a write 5; `min_interval`: seconds between writes; `content_…`: objects created.
    """

    points_per_minute: int = 800
    verify_points_per_minute: int = 300  # of these points, for verification
    min_interval: float = 1.0
    content_per_minute: int = 80
    content_per_hour: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PassTiming:
    """The times, in seconds, that a pass is planned by."""

    overlap_seconds: float = 120.0
    settle_seconds: float = 60.0
    verify_seconds: float = 21_600.0  # every link is verified at least this often, if the limits allow
    # between two passes of an active project; waits after failures start from it
    interval_seconds: float = 60.0
    # an observation older than this is read again before a state write
    max_observation_age_seconds: float = 10.0

    @property
    def send_within_seconds(self) -> float:
        """How soon after its claim a write must begin to be sent, else it is released (docs/design.md)."""
        return min(15.0, self.settle_seconds / 2)

    @property
    def claim_within_seconds(self) -> float:
        """How much of that time the claim's commit may take; the rest is for token, pool and connection."""
        return self.send_within_seconds / 3


JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsVersion:
    """One version in the history."""

    version: int
    author: str | None  # a user's name, None if that is gone
    by_operator: bool
    at: datetime
    content: str  # JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingKeyView:
    """One key of the settings that this version of the program knows."""

    name: str
    group: str  # of `[owners] may`
    schema: JsonObject  # what a value looks like (JSON Schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsView:
    """The settings of one project. Source: docs/reference/contract.md, Owners' settings."""

    version: int  # 0: none were ever stored
    settings: JsonObject  # the project's own
    effective: JsonObject  # what is in force
    kept_groups: tuple[str, ...]  # that the operator keeps
    history: tuple[SettingsVersion, ...]  # the newest first
    problem: str | None = None  # why the stored settings can't be used, if so
    operator: JsonObject = field(default_factory=dict)  # the operator's values
    keys: tuple[SettingKeyView, ...] = ()  # in the order in which people see them

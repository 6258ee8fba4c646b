"""The data of the simulated GitHub as immutable rows: a change is a new row, so past states can be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

State = Literal["open", "closed"]
Reason = Literal["completed", "not_planned", "duplicate", "reopened"]


class Level(IntEnum):
    """What an account may do in a repository, weakest first."""

    NONE = 0
    READ = 1
    TRIAGE = 2
    WRITE = 3
    ADMIN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account of a user, an app or an organisation."""

    id: int
    login: str
    kind: Literal["User", "Bot", "Organization"] = "User"
    created: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label of one repository."""

    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue, or a pull request; times are seconds since the epoch."""

    id: int
    number: int
    title: str
    body: str | None
    author: int
    created: int
    updated: int
    state: State = "open"
    reason: Reason | None = None
    labels: tuple[int, ...] = ()
    assignees: tuple[int, ...] = ()
    comments: int = 0
    closed: int | None = None
    closed_by: int | None = None
    locked: bool = False
    lock_reason: str | None = None
    pull_request: bool = False
    via_app: bool = False
    milestone: int | None = None
    type: str | None = None
    choices: Mapping[int, str] = field(default_factory=dict)
    """The organisation's single-select fields that have a value: id of the field → name of the option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectField:
    """A single-select field that an organisation has for its issues."""

    id: int
    name: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment in the conversation of an issue or pull request."""

    id: int
    issue: int
    author: int
    body: str
    created: int
    updated: int
    via_app: bool = False
    minimized: str | None = None
    """Why it is folded or hidden: spam, abuse, off-topic, outdated, resolved, duplicate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of an issue's history."""

    id: int
    issue: int
    kind: str
    actor: int
    created: int
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A repository's webhook as it was set up; the secret never shows in a repr."""

    id: int
    url: str
    events: tuple[str, ...]
    content_type: Literal["json", "form"] = "form"
    secret: str | None = field(default=None, repr=False)
    insecure_ssl: str = "0"
    active: bool = True
    created: int = 0
    updated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What became of an issue that is no longer here: deleted, converted, or moved to another repository."""

    fate: Literal["deleted", "converted", "transferred"]
    repository: int = 0
    number: int = 0

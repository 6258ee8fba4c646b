"""The users of the pages and the API, what they may do, and what they and others did.

Source: docs/reference/bugspark.md, Dashboard sign-in.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from uuid import UUID

from reconciler.model.ids import ProjectId, ReportId


class Access(IntEnum):
    """What a user may do with one project; each level includes the ones before it."""

    NONE = 0  # may not even know that it exists
    SEE = 1  # accepted members
    CHANGE = 2  # owner, superadmins, the operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A BugSpark user, or the operator of this program."""

    user_id: UUID | None  # None: the operator
    name: str
    sees_all_projects: bool  # the operator, and BugSpark's superadmins
    may_change: bool = True  # False: of an API token for reading


OPERATOR = Viewer(user_id=None, name="operator", sees_all_projects=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who works on a project in BugSpark: its owner, or an accepted member."""

    user_id: UUID
    name: str


class ActorKind(StrEnum):
    """Who runs a command. The words are stored."""

    USER = "user"  # of BugSpark
    OPERATOR = "operator"  # signed in to the pages
    TOKEN = "token"  # noqa: S105  # an API token of the operator
    TERMINAL = "terminal"  # a user of the machine, by the command line


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who runs a command. `name`: of the token, or of the machine's user; else empty.

    Of a BugSpark user only the id is kept, so that the name goes with the account.
    """

    kind: ActorKind
    user_id: UUID | None = None
    name: str = ""


OPERATOR_ACTOR = Actor(kind=ActorKind.OPERATOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A command that a person, or a script of theirs, ran on a project or a report."""

    at: datetime
    project_id: ProjectId
    report_id: ReportId | None  # None: on the project
    what: str  # the name of the command, such as "unlink"
    by: str  # who, in words
    said: str  # the sentence about what was done


def actor_text(kind: ActorKind, name: str, user_name: str | None) -> str:
    """Name an actor. `user_name`: of the BugSpark user, None if there is no such user any more."""
    match kind:
        case ActorKind.USER:
            return user_name or "a former user"
        case ActorKind.OPERATOR:
            return "the operator"
        case ActorKind.TOKEN:
            return f"the API token {name}"
        case ActorKind.TERMINAL:
            return f"{name} on the command line"

"""The users of the pages and the API, and what they may do.

Source: docs/reference/bugspark.md, Dashboard sign-in.
"""

from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID


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


OPERATOR = Viewer(user_id=None, name="operator", sees_all_projects=True)

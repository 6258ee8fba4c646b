"""Who looks at the pages and the API, and how far that goes.

Source: docs/reference/bugspark.md, Dashboard sign-in.
"""

from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID


class Access(IntEnum):
    """What somebody may do with one project; each includes what is before it."""

    NONE = 0  # not even know that it exists
    SEE = 1  # accepted members
    CHANGE = 2  # owner, superadmins, the operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A BugSpark user, or the operator of this program."""

    user_id: UUID | None  # None: the operator
    name: str
    sees_all_projects: bool  # every project: the operator, and BugSpark's superadmins


OPERATOR = Viewer(user_id=None, name="operator", sees_all_projects=True)
